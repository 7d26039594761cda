// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/pacing.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

using Vnics = std::vector<weir_vnic_info>;
using Tenants = std::vector<weir_tenant_info>;
using Wants = std::vector<bool>;

constexpr std::uint64_t mbit = 1'000'000;

weir_vnic_info vnic(const std::string& tenant, weir_role role = WEIR_ROLE_VNIC,
                    weir_vnic_state state = WEIR_VNIC_ATTACHED) {
    weir_vnic_info info{};
    info.state = state;
    info.role = role;
    tenant.copy(info.tenant, sizeof(info.tenant) - 1);
    return info;
}

weir_tenant_wish wish(std::uint64_t tx_bps, std::uint64_t rx_bps, weir_limit_mode mode = WEIR_LIMIT_SHAPE) {
    weir_tenant_wish wish{};
    wish.direction[WEIR_TX].max_bps = tx_bps;
    wish.direction[WEIR_RX].max_bps = rx_bps;
    wish.mode = mode;
    return wish;
}

weir_tenant_info limited(const std::string& tenant, const weir_tenant_wish& wish) {
    weir_tenant_info info{};
    tenant.copy(info.tenant, sizeof(info.tenant) - 1);
    info.wish = wish;
    return info;
}

const Vnics host{vnic("net", WEIR_ROLE_UPLINK), vnic("web"), vnic("db"), vnic("", WEIR_ROLE_VNIC, WEIR_VNIC_FREE)};

TEST(Pacing, IsNotWantedWithoutLimits) {
    EXPECT_FALSE(pacing_need(host, {}).is_wanted());
    EXPECT_FALSE(pacing_need(host, Tenants(WEIR_TENANTS_MAX)).is_wanted());
    EXPECT_FALSE(pacing_need({}, Tenants{limited("web", wish(mbit, mbit))}).is_wanted());
}

TEST(Pacing, WhatATenantSendsMayLeaveAnywhere) {
    EXPECT_EQ(pacing_need(host, Tenants{limited("web", wish(mbit, 0))}).wants_fq, (Wants{true, true, true, false}));
}

TEST(Pacing, WhatATenantReceivesLeavesByItsOwnVnics) {
    EXPECT_EQ(pacing_need(host, Tenants{limited("web", wish(0, mbit))}).wants_fq, (Wants{false, true, false, false}));
}

TEST(Pacing, WhatComesInByTheUplinkLeavesByAnyVnic) {
    EXPECT_EQ(pacing_need(host, Tenants{limited("net", wish(0, mbit))}).wants_fq, (Wants{false, true, true, false}));
}

TEST(Pacing, AGuestPacesWhatItSendsAndNotWhatItReceives) {
    const Vnics guest{vnic("eth0", WEIR_ROLE_GUEST)};
    EXPECT_EQ(pacing_need(guest, Tenants{limited("eth0", wish(mbit, 0))}).wants_fq, Wants{true});
    EXPECT_EQ(pacing_need(guest, Tenants{limited("eth0", wish(0, mbit))}).wants_fq, Wants{false});
}

TEST(Pacing, OtherModesAndPacketRatesGiveNoDepartureTimes) {
    for (const auto mode : {WEIR_LIMIT_MARK, WEIR_LIMIT_POLICE})
        EXPECT_FALSE(pacing_need(host, Tenants{limited("web", wish(mbit, mbit, mode))}).is_wanted()) << mode;
    auto packets = wish(0, 0);
    packets.direction[WEIR_TX].packets_per_second = 1000;
    EXPECT_FALSE(pacing_need(host, Tenants{limited("web", packets)}).is_wanted());
}

TEST(Pacing, OfATenantThatIsNotAttachedNothingPasses) {
    EXPECT_FALSE(pacing_need(host, Tenants{limited("mail", wish(mbit, mbit))}).is_wanted());
    const Vnics leaving{vnic("web", WEIR_ROLE_VNIC, WEIR_VNIC_DETACHING), vnic("db")};
    EXPECT_FALSE(pacing_need(leaving, Tenants{limited("web", wish(mbit, mbit))}).is_wanted());
}

TEST(Pacing, ALimitThatMayComeBackFindsItsFq) {
    auto tenant = limited("web", wish(mbit, 0, WEIR_LIMIT_POLICE));
    tenant.before = wish(mbit, 0);
    EXPECT_FALSE(pacing_need(host, Tenants{tenant}).is_wanted());
    tenant.revert_at_ns = 1;
    EXPECT_FALSE(pacing_need(host, Tenants{tenant}).is_wanted());
    tenant.had_limits_before = 1;
    EXPECT_TRUE(pacing_need(host, Tenants{tenant}).is_wanted());
}

TEST(Pacing, SizesHoldAHorizonOfTheSmallestPackets) {
    const auto limit = [](std::uint64_t tx_bps, std::uint64_t rx_bps) {
        const auto sizes = pacing_need(host, Tenants{limited("web", wish(tx_bps, rx_bps))}).sizes;
        EXPECT_EQ(sizes.limit_packets, sizes.flow_limit_packets);
        return sizes.limit_packets;
    };
    EXPECT_EQ(limit(mbit, 0), fq_limit_min_packets);
    EXPECT_EQ(limit(100 * mbit, 0), 1'250'000 / 60);
    EXPECT_EQ(limit(100 * mbit, 100 * mbit), 2 * (1'250'000 / 60));
    EXPECT_EQ(limit(WEIR_LIMIT_MAX_BPS, WEIR_LIMIT_MAX_BPS), fq_limit_max_packets);
}

TEST(Pacing, ManyTenantsAddUp) {
    Vnics vnics;
    Tenants tenants;
    for (int i = 0; i < 1000; ++i) {
        vnics.push_back(vnic("t" + std::to_string(i)));
        tenants.push_back(limited("t" + std::to_string(i), wish(WEIR_LIMIT_MIN_BPS, 0)));
    }
    EXPECT_EQ(pacing_need(vnics, tenants).sizes.limit_packets, 1000 * (20 * 1514 / 60));
}

}  // namespace
}  // namespace weir
