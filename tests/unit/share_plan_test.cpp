// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "core/result.hpp"
#include "lib/fair_share.h"
#include "model/limit.hpp"
#include "model/share_plan.hpp"
#include "model/share_use.hpp"

namespace weir {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mbit = 1'000'000;

weir_vnic_info vnic(const std::string& name, const std::string& tenant, weir_role role = WEIR_ROLE_VNIC) {
    weir_vnic_info info{};
    info.state = WEIR_VNIC_ATTACHED;
    info.role = role;
    name.copy(info.interface, sizeof(info.interface) - 1);
    tenant.copy(info.tenant, sizeof(info.tenant) - 1);
    return info;
}

weir_vnic_info uplink(std::uint64_t capacity_bps, std::uint64_t capacity_rx_bps = 0) {
    auto info = vnic("eth0", "eth0", WEIR_ROLE_UPLINK);
    info.capacity_bps = capacity_bps;
    info.capacity_rx_bps = capacity_rx_bps;
    return info;
}

weir_tenant_info tenant(const std::string& name, const Limit& limit) {
    weir_tenant_info info{};
    name.copy(info.tenant, sizeof(info.tenant) - 1);
    info.wish = wish_of(limit);
    return info;
}

Limit weighted(std::uint32_t weight) {
    Limit limit;
    limit.weight = weight;
    return limit;
}

TEST(SharePlan, EveryTenantWithAVnicShares) {
    const std::vector vnics{uplink(100 * mbit, 50 * mbit), vnic("a0", "a"), vnic("a1", "a"), vnic("b0", "b"),
                            vnic("g", "guest", WEIR_ROLE_GUEST)};
    const std::vector tenants{tenant("b", weighted(3)), tenant("absent", weighted(1000))};
    const auto shared = shared_tenants(vnics, tenants);
    ASSERT_EQ(shared.size(), 2U) << "a has two vNICs and no limits; who is not here has no part";
    EXPECT_EQ(shared[0].tenant, "a");
    EXPECT_EQ(shared[0].part[WEIR_TX].capacity_bps, 100 * mbit);
    EXPECT_NEAR(static_cast<double>(shared[0].part[WEIR_TX].fallback_bps), 25e6, 1e3);
    EXPECT_NEAR(static_cast<double>(shared[1].part[WEIR_TX].fallback_bps), 75e6, 1e3);
    EXPECT_EQ(shared[1].part[WEIR_RX].capacity_bps, 50 * mbit);
    EXPECT_NEAR(static_cast<double>(shared[1].part[WEIR_RX].fallback_bps), 37.5e6, 1e3);
}

TEST(SharePlan, ThereIsNoneWithoutACapacity) {
    EXPECT_TRUE(shared_tenants(std::vector{uplink(0), vnic("a0", "a")}, {}).empty());
    auto gone = uplink(100 * mbit);
    gone.state = WEIR_VNIC_DETACHING;
    EXPECT_TRUE(shared_tenants(std::vector{gone, vnic("a0", "a")}, {}).empty());
}

TEST(SharePlan, CapacitiesOfSeveralUplinksCountAsOne) {
    const auto sums = capacities_of(std::vector{uplink(100 * mbit), uplink(40 * mbit, 10 * mbit)});
    EXPECT_EQ(sums[WEIR_TX], 140 * mbit);
    EXPECT_EQ(sums[WEIR_RX], 110 * mbit);
}

TEST(SharePlan, MinsThatDoNotFitAreNamed) {
    Limit a, b;
    a.tx.min_bps = 60 * mbit;
    b.tx.min_bps = 50 * mbit;
    const std::vector vnics{uplink(100 * mbit), vnic("a0", "a"), vnic("b0", "b")};
    const auto refused = check_shares_fit(vnics, std::vector{tenant("a", a), tenant("b", b)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_THAT(to_line(refused.error()), HasSubstr("a 60mbit, b 50mbit"));
    EXPECT_THAT(to_line(refused.error()), HasSubstr("eth0"));
    EXPECT_TRUE(check_shares_fit(vnics, std::vector{tenant("a", a)}));
    EXPECT_TRUE(check_shares_fit(std::vector{vnics[0], vnics[1]}, std::vector{tenant("a", a), tenant("b", b)}))
        << "b has no vNIC: nothing is guaranteed to it";
}

TEST(ShareRule, CarriesWhatTheTickIsToKnow) {
    Limit limit = weighted(4);
    limit.tx.min_bps = 5 * mbit;
    const weir_share_part part{.capacity_bps = 100 * mbit, .fallback_bps = 8 * mbit};
    const auto rule = rule_of(limit, limit.tx, part);
    EXPECT_EQ(rule.byte_cost, 0U) << "no max";
    EXPECT_EQ(rule.share_min_bps, 5 * mbit);
    EXPECT_EQ(rule.share_fallback_cost, weir_share_cost(8 * mbit));
    EXPECT_EQ(rule.share_weight & 0xffffffff, 4U);
    EXPECT_EQ(rule.share_weight >> 32, weir_share_inverse(4));
    // What has to hold at the lowest rate is of the lowest rate: a flow may be two full packets ahead of its eighth.
    EXPECT_EQ(rule.flow_burst >> WEIR_TIME_SHIFT, 2U * 1514 * 8 * 8 * 1000 / 8);
    EXPECT_EQ(rule_of(limit, limit.tx).share_fallback_cost, 0U);
    weir_tenant_info info{};
    EXPECT_FALSE(limits_direction(info, WEIR_TX));
    info.share[WEIR_TX] = part;
    EXPECT_TRUE(limits_direction(info, WEIR_TX));
    EXPECT_FALSE(limits_direction(info, WEIR_RX));
    EXPECT_TRUE(has_limits(info));
    EXPECT_FALSE(has_wish(info));
}

// A tick every 4 ms of 100 Mbit/s: 50,000 bytes.
TEST(ShareDebt, IsPaidBackAndNeverMoreThanAQuarter) {
    const auto round = std::make_unique<weir_share_round>();
    const std::uint64_t capacity = 100 * mbit;
    round->elapsed_ns = 4'000'000;
    weir_share_owe(round.get(), capacity, 50'000);
    EXPECT_LT(round->debt_bytes, 60U) << "what the capacity carries leaves no debt";
    weir_share_owe(round.get(), capacity, 70'000);
    EXPECT_EQ(weir_share_payable(round.get(), capacity), capacity) << "the grain of packets and bursts is free";
    weir_share_owe(round.get(), capacity, 90'000);
    EXPECT_LT(weir_share_payable(round.get(), capacity), capacity);
    weir_share_owe(round.get(), capacity, 100'000'000);
    EXPECT_EQ(weir_share_payable(round.get(), capacity), capacity - capacity / 4);
    // Everybody sends what they may: the debt goes, but for its grain, and the capacity is there again.
    int ticks = 0;
    for (; weir_share_payable(round.get(), capacity) < capacity - capacity / 1000 && ticks < 1000; ticks++)
        weir_share_owe(
            round.get(), capacity,
            static_cast<std::int64_t>(weir_share_bytes(weir_share_payable(round.get(), capacity), round->elapsed_ns)));
    EXPECT_LT(ticks, 150);
    // Mins are not lent, so they pay nothing back.
    round->debt_bytes = 1'000'000;
    round->shift = 14;
    round->floors_u = 90 * mbit << round->shift;
    EXPECT_GE(weir_share_payable(round.get(), capacity), 90 * mbit);
    EXPECT_LT(weir_share_payable(round.get(), capacity), 91 * mbit);
    weir_share_owe(round.get(), capacity, -1'000'000);
    EXPECT_EQ(round->debt_bytes, 0U) << "what was not used is not saved up";
}

TenantShare part(const std::string& name, std::uint32_t weight, std::uint64_t fair, std::uint64_t grant,
                 ShareReason reason) {
    ShareUse use{.weight = weight, .fair_bps = fair, .rate_bps = grant, .grant_bps = grant, .reason = reason};
    if (reason == ShareReason::weight) use.wanted_bps = std::nullopt;
    return {.tenant = name, .use = {use, use}};
}

TEST(ShareWords, SayWhyATenantHasItsRate) {
    FairShare share;
    share.is_on = share.is_running = true;
    share.ticks = 5;
    share.capacity_bps = {10'000 * mbit, 10'000 * mbit};
    share.tenants = {part("web", 2, 2'500 * mbit, 5'000 * mbit, ShareReason::weight),
                     part("db", 2, 2'500 * mbit, 2'500 * mbit, ShareReason::weight),
                     part("idle", 2, 2'500 * mbit, 0, ShareReason::demand),
                     part("some", 2, 2'500 * mbit, 1'000 * mbit, ShareReason::demand)};
    share.tenants[3].use[0].wanted_bps = 1'000 * mbit;
    share.tenants[3].use[0].rate_bps = 2'600 * mbit;
    const auto words = [&](std::size_t i) { return share_words(share, share.tenants[i].use[0], Direction::tx); };
    EXPECT_EQ(words(0), "its share of 10gbit by weight 2 of 8, lent 2.5gbit by 2 idle tenants");
    EXPECT_EQ(words(1), "its share of 10gbit by weight 2 of 8");
    EXPECT_THAT(words(2), HasSubstr("asks for nothing; 2.5gbit lent"));
    EXPECT_EQ(words(3), "all that it asks for, 1gbit of 2.6gbit, 1.5gbit lent");
    auto use = share.tenants[0].use[0];
    use.reason = ShareReason::max;
    use.max_bps = 50 * mbit;
    EXPECT_EQ(share_words(share, use, Direction::tx), "its max of 50mbit");
    use.reason = ShareReason::min;
    use.min_bps = 40 * mbit;
    EXPECT_EQ(share_words(share, use, Direction::tx), "its min of 40mbit");
    EXPECT_EQ(fair_share_note(share), "");
    share.is_running = false;
    EXPECT_THAT(fair_share_note(share), HasSubstr("tick has stopped"));
}

}  // namespace
}  // namespace weir
