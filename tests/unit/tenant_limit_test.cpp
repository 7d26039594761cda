// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/units.hpp"
#include "model/limit_use.hpp"

namespace weir {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000'000'000;

double ns(std::uint64_t fixed) { return static_cast<double>(fixed) / (1 << WEIR_TIME_SHIFT); }

Limit tx_limit(std::uint64_t bps, LimitMode mode = LimitMode::shape) {
    Limit limit;
    limit.tx.max_bps = bps;
    limit.mode = mode;
    return limit;
}

weir_limit_rule tx_rule(const Limit& limit) { return rule_of(limit, limit.tx); }

// The rate that a cost stands for, by its definition: time of a byte.
double rate_of_cost(std::uint64_t byte_cost) {
    return 8e9 * std::pow(2.0, WEIR_COST_SHIFT) / static_cast<double>(byte_cost);
}

TEST(LimitRule, RatesAreRightWithinATenThousandthOfAPercentFromTheLowestToTheHighest) {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> exponent(std::log10(64e3), std::log10(400e9));
    for (int i = 0; i < 100'000; i++) {
        const auto bps = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::pow(10.0, exponent(random))),
                                                   limit_min_bps, limit_max_bps);
        ASSERT_NEAR(rate_of_cost(byte_cost_of(bps)) / static_cast<double>(bps), 1, 1e-6) << bps;
    }
    for (const std::uint64_t bps : {limit_min_bps, limit_max_bps, std::uint64_t{1'000'000'007}})
        EXPECT_NEAR(rate_of_cost(byte_cost_of(bps)) / static_cast<double>(bps), 1, 1e-6) << bps;
    EXPECT_EQ(byte_cost_of(0), 0U);
    EXPECT_EQ(byte_cost_of(8'000'000), std::uint64_t{1000} << WEIR_COST_SHIFT);  // 1 µs a byte
}

TEST(LimitRule, AMebibyteAtTheLowestRateFits64Bits) {
    const auto cost = byte_cost_of(limit_min_bps);
    EXPECT_LE(cost, ~std::uint64_t{0} >> 20);
}

TEST(LimitRule, PacketRatesAreRight) {
    EXPECT_EQ(packet_cost_of(0), 0U);
    EXPECT_EQ(packet_cost_of(1), second << WEIR_TIME_SHIFT);
    EXPECT_EQ(packet_cost_of(1'000'000'000), 1U << WEIR_TIME_SHIFT);
    for (const std::uint64_t pps : {3, 7, 1'000, 123'457, 1'000'003, 49'999'999})
        EXPECT_NEAR(1e9 / ns(packet_cost_of(pps)) / static_cast<double>(pps), 1, 3e-5) << pps;
}

TEST(LimitRule, AHundredMbit) {
    const auto rule = tx_rule(tx_limit(100'000'000));
    EXPECT_EQ(rule.revert_at_ns, 0U);
    EXPECT_EQ(rule.byte_cost, std::uint64_t{80} << WEIR_COST_SHIFT);
    EXPECT_EQ(rule.packet_cost, 0U);
    EXPECT_EQ(ns(rule.burst), 2 * ms);
    EXPECT_EQ(ns(rule.horizon), 100 * ms);
    EXPECT_EQ(ns(rule.overload_horizon), 7.5 * ms);
    EXPECT_EQ(ns(rule.flow_burst), 8 * ms);
    EXPECT_EQ(rule.target_ns, 5 * ms);
    EXPECT_EQ(rule.interval_ns, 100 * ms);
    EXPECT_EQ(rule.mode, std::uint32_t{WEIR_LIMIT_SHAPE});
}

TEST(LimitRule, AQueueThatNothingHoldsIsNotShortened) {
    const auto limit = tx_limit(100'000'000);
    EXPECT_EQ(ns(rule_of(limit, limit.tx, {}, false).overload_horizon), 100 * ms);
}

TEST(LimitRule, ASlowLimitHasRoomForFullPackets) {
    const auto rule = tx_rule(tx_limit(64'000));
    constexpr double full_packet_ns = 1514 * 8 * 1e9 / 64e3;  // 189 ms
    EXPECT_NEAR(ns(rule.horizon), 20 * full_packet_ns, 1e3);
    EXPECT_NEAR(static_cast<double>(rule.target_ns), 1.5 * full_packet_ns, 1e3);
    EXPECT_NEAR(static_cast<double>(rule.interval_ns), 1.5 * full_packet_ns + 95 * ms, 1e3);
    EXPECT_NEAR(ns(rule.flow_burst), 16 * full_packet_ns, 1e3);
    EXPECT_EQ(ns(rule.burst), 2 * ms);
    EXPECT_NEAR(ns(tx_rule(tx_limit(64'000, LimitMode::police)).burst), 2 * full_packet_ns, 1e3);
}

TEST(LimitRule, AFastLimitKeepsTheHorizonThatAQueueNeeds) {
    EXPECT_EQ(ns(tx_rule(tx_limit(400'000'000'000)).horizon), 10 * ms);
    const auto rule = tx_rule(tx_limit(10'000'000'000));
    EXPECT_NEAR(ns(rule.horizon), (32 << 20) * 8 / 10.0, 1);  // 26.8 ms
}

TEST(LimitRule, BurstIsTheModesOwnUnlessSet) {
    EXPECT_EQ(ns(tx_rule(tx_limit(100'000'000, LimitMode::mark)).burst), 2 * ms);
    EXPECT_EQ(ns(tx_rule(tx_limit(100'000'000, LimitMode::police)).burst), 20 * ms);
    auto limit = tx_limit(100'000'000, LimitMode::police);
    limit.burst_ns = 7 * ms;
    EXPECT_EQ(ns(tx_rule(limit).burst), 7 * ms);
    limit.burst_ns = 1000;  // less than two packets: a police would let one through at a time
    EXPECT_NEAR(ns(tx_rule(limit).burst), 2 * 1514 * 80, 1);
    limit.mode = LimitMode::shape;
    EXPECT_EQ(ns(tx_rule(limit).burst), 1000);
}

TEST(LimitRule, PacketsOnly) {
    Limit limit;
    limit.rx.packets_per_second = 1000;
    limit.overhead_bytes = -14;
    const auto rule = rule_of(limit, limit.rx);
    EXPECT_EQ(rule.byte_cost, 0U);
    EXPECT_EQ(ns(rule.packet_cost), 1 * ms);
    EXPECT_EQ(ns(rule.packet_burst), 64 * ms);
    EXPECT_EQ(rule.overhead_bytes, -14);
    limit.rx.packets_per_second = 1'000'000;
    EXPECT_EQ(ns(rule_of(limit, limit.rx).packet_burst), 10 * ms);
    EXPECT_EQ(rule_of(limit, limit.tx).packet_cost, 0U);
}

TEST(Limit, AChangeLeavesTheRest) {
    Limit limit = tx_limit(5'000'000);
    limit.rx.packets_per_second = 9;
    limit.burst_ns = 3 * ms;
    LimitChange change;
    EXPECT_TRUE(change.is_empty());
    EXPECT_EQ(changed(limit, change), limit);
    change.rx_max_bps = 7'000'000;
    change.burst_ns = 0;
    EXPECT_FALSE(change.is_empty());
    Limit expected = limit;
    expected.rx.max_bps = 7'000'000;
    expected.burst_ns = 0;
    EXPECT_EQ(changed(limit, change), expected);
    change = {};
    change.tx_max_bps = 0;
    change.rx_pps = 0;
    EXPECT_FALSE(changed(limit, change).is_set());
}

TEST(Limit, IsKeptWhole) {
    const Limit limit{
        .tx = {1'000'000, 2}, .rx = {3'000'000, 4}, .burst_ns = 5, .mode = LimitMode::police, .overhead_bytes = -6};
    EXPECT_EQ(limit_of(wish_of(limit)), limit);
}

TEST(LimitState, RevertsWhenNobodyConfirmed) {
    weir_tenant_info info{};
    info.wish = wish_of(tx_limit(10'000'000));
    EXPECT_TRUE(limits_direction(info, WEIR_TX));
    EXPECT_FALSE(limits_direction(info, WEIR_RX));
    Limit before;
    before.rx.max_bps = 1'000'000;
    info.before = wish_of(before);
    EXPECT_FALSE(limits_direction(info, WEIR_RX)) << "nothing waits to come back";
    info.had_limits_before = 1;
    info.revert_at_ns = 100 * second;
    EXPECT_TRUE(limits_direction(info, WEIR_TX));
    EXPECT_TRUE(limits_direction(info, WEIR_RX));

    const auto pending = limit_state_of(info, 100 * second - 1);
    EXPECT_EQ(pending.limit, tx_limit(10'000'000));
    EXPECT_EQ(pending.revert_in_ns, 1U);
    EXPECT_EQ(pending.before, before);
    const auto over = limit_state_of(info, 100 * second);
    EXPECT_EQ(over.limit, before);
    EXPECT_EQ(over.revert_in_ns, 0U);
    EXPECT_EQ(over.before, std::nullopt);
    EXPECT_GE(over.reverted_ago_ns, 1U);

    EXPECT_EQ(settled(info, 100 * second - 1).revert_at_ns, 100 * second);
    const auto after = settled(info, 100 * second);
    EXPECT_EQ(after.revert_at_ns, 0U);
    EXPECT_EQ(limit_of(after.wish), before);
    info.had_limits_before = 0;
    EXPECT_FALSE(has_limits(settled(info, 101 * second)));
}

TEST(LimitWords, ForPeople) {
    EXPECT_EQ(limit_words({}), "no limits");
    EXPECT_EQ(limit_short({}), "-");
    Limit limit = tx_limit(100'000'000);
    EXPECT_EQ(limit_words(limit), "tx 100mbit, shape");
    EXPECT_EQ(limit_short(limit), "100mbit/- shape");
    limit.rx = {200'000'000, 5000};
    limit.burst_ns = 1'500'000;
    limit.overhead_bytes = 24;
    limit.mode = LimitMode::mark;
    EXPECT_EQ(limit_words(limit), "tx 100mbit, rx 200mbit and 5000 pps, mark, burst 1500us, overhead 24 B");
    EXPECT_EQ(limit_short(limit), "100mbit/200mbit+5000pps mark");
    EXPECT_EQ(limit_mode_from("police"), LimitMode::police);
    EXPECT_EQ(limit_mode_from("drop"), std::nullopt);
}

TEST(LimitUse, SumsATenantsInterfacesAndSaysWhatHeldIt) {
    LimitSnapshot snapshot;
    snapshot.limits = {{"web", {.limit = tx_limit(1'000'000), .revert_in_ns = 0, .before = {}, .reverted_ago_ns = 0}}};
    for (const char* name : {"a", "b"}) {
        VnicLedger entry;
        entry.vnic.interface = name;
        entry.vnic.tenant = "web";
        entry.ledger.tx.classes[WEIR_CLASS_IPV4_UDP] = {10, 1000};
        entry.ledger.tx.drops[WEIR_DROP_RATE] = {3, 300};
        entry.ledger.rx.drops[WEIR_DROP_PPS] = {1, 100};
        snapshot.ledgers.vnics.push_back(entry);
    }
    snapshot.ledgers.vnics.push_back({});
    const auto uses = uses_of(snapshot);
    ASSERT_EQ(uses.size(), 1U);
    EXPECT_EQ(uses[0].interfaces, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(passed(uses[0].ledger.tx), (Count{14, 1400}));
    EXPECT_EQ(held_by(uses[0].ledger.tx, {}), std::vector<std::string_view>{"max"});
    EXPECT_EQ(held_by(uses[0].ledger.rx, {}), std::vector<std::string_view>{"pps"});
    EXPECT_TRUE(held_by({}, {}).empty());
    Histogram shaping;
    shaping.add(0);
    EXPECT_TRUE(held_by({}, shaping).empty()) << "nothing waited";
    shaping.add(5000);
    EXPECT_EQ(held_by({}, shaping), std::vector<std::string_view>{"max"});
}

TEST(Times, AreReadAndPrinted) {
    const auto time_ns = [](const char* text) { return parse_time(text).value_or(~std::uint64_t{0}); };
    EXPECT_EQ(time_ns("0"), 0U);
    EXPECT_EQ(time_ns("2ms"), 2 * ms);
    EXPECT_EQ(time_ns("1.5ms"), 1'500'000U);
    EXPECT_EQ(time_ns("500us"), 500'000U);
    EXPECT_EQ(time_ns("0.001us"), 1U);
    EXPECT_EQ(time_ns("1s"), second);
    EXPECT_EQ(time_ns("0.123456789s"), 123'456'789U);
    for (const char* bad : {"", "5", "ms", "5 ms", "-5ms", "5.ms", ".5ms", "5m", "5ns", "5MS", "1e3us", "1.2.3ms",
                            "5ms ", "18446744073709551616us", "18446744073709s99"}) {
        const auto read = parse_time(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, Errc::usage);
    }
    EXPECT_EQ(parse_time("5").error().evidence, "a time needs its unit");
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1001}, 2 * ms, second,
                                      std::uint64_t{1'500'000}, std::uint64_t{999'999'999}})
        EXPECT_EQ(time_ns(print_time(value).c_str()), value) << print_time(value);
    EXPECT_EQ(print_time(2 * ms), "2ms");
    EXPECT_EQ(print_time(1'500'500), "1500.5us");
}

}  // namespace
}  // namespace weir
