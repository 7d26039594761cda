// SPDX-License-Identifier: GPL-2.0-or-later
// Limits in the real programs: two CPUs on one bucket, what is dropped is counted, both hooks, both directions.
#include "packets/harness.hpp"
#include "packets/two_cpus.hpp"

#include <cstdio>
#include <ctime>

#include "lib/bucket.h"
#include "lib/histogram.h"
#include "model/limit.hpp"

namespace weir::test {
namespace {

constexpr int tc_next = -1, tc_drop = 2, xdp_drop = 1, xdp_pass = 2;
// However long this program waits for a CPU, the clock does not reach what is so far ahead of it. 137 s is the most that a
// bucket's word can be ahead.
constexpr std::uint64_t a_minute_ns = 60'000'000'000;

std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

__u64 packets_of(const weir_ledger_direction& direction) { return total_of(direction).packets; }
__u64 dropped(const weir_ledger_direction& direction, weir_drop_reason reason) {
    return direction.drops[reason].packets;
}

Limit police(std::uint64_t bps, std::uint64_t burst_ns) {
    Limit limit;
    limit.tx.max_bps = bps;
    limit.rx.max_bps = bps;
    limit.mode = LimitMode::police;
    limit.burst_ns = burst_ns;
    return limit;
}

// No lost update: the word has advanced by what was let through, to the last unit, and that is rate x time + burst.
TEST(Limits, TwoCpusOnOneBucketLoseNoUpdate) {
    Machine machine;
    machine.add_vnic(1, 0, WEIR_IF_LIMIT_TX);
    weir_limit_direction& limit = machine.add_limit().direction[WEIR_TX];
    constexpr std::uint64_t bps = 400'000'000, burst_ns = 1'000'000'000;
    const Limit asked = police(bps, burst_ns);
    limit.rule = rule_of(asked, asked.tx);
    limit.rule.flow_burst = 0;  // nobody overtakes
    const Bytes frame = FrameBuilder().eth().ipv4().udp().payload(1458);
    ASSERT_EQ(frame.size(), 1500U);

    // Ahead from the start, so that no moment of idleness hides in the sum.
    const std::uint64_t begin_ns = now_ns();
    limit.byte_time = weir_fixed_time(begin_ns + burst_ns / 2);
    on_two_cpus([&](int) { EXPECT_EQ(Machine::run(machine.tc_in(), frame, {.repeat = 8'000'000}).error, 0); });
    if (testing::Test::IsSkipped()) return;
    const double time_s = static_cast<double>(now_ns() - begin_ns) / 1e9;

    const weir_ledger ledger = machine.ledger();
    const auto& tx = ledger.direction[WEIR_TX];
    const __u64 admitted = packets_of(tx) - dropped(tx, WEIR_DROP_RATE);
    EXPECT_EQ(packets_of(tx), 16'000'000U);
    EXPECT_GT(dropped(tx, WEIR_DROP_RATE), 1'000'000U);
    EXPECT_EQ(limit.byte_time - weir_fixed_time(begin_ns + burst_ns / 2),
              admitted * weir_byte_time(1500, limit.rule.byte_cost));
    const double most_bytes = static_cast<double>(bps) / 8 * (time_s + static_cast<double>(burst_ns) / 2e9);
    const double admitted_bytes = static_cast<double>(admitted * 1500);
    std::printf("two CPUs: admitted %.0f bytes, rate x time + burst %.0f, ratio %.5f\n", admitted_bytes, most_bytes,
                admitted_bytes / most_bytes);
    EXPECT_LE(admitted_bytes, most_bytes * 1.001);
}

TEST(Limits, EveryDirectionHasItsOwn) {
    const Bytes frame = FrameBuilder().eth().ipv4().udp().payload(1000);
    for (const __u32 flags : {0u, static_cast<__u32>(WEIR_IF_EGRESS_IS_TX)}) {
        Machine machine;
        machine.add_vnic(1, 0, flags | WEIR_IF_LIMIT_TX | WEIR_IF_LIMIT_RX);
        weir_limit& limit = machine.add_limit();
        const Limit asked = police(WEIR_LIMIT_MIN_BPS, 1);
        limit.direction[WEIR_TX].rule = rule_of(asked, asked.tx);
        const bool egress_is_tx = (flags & WEIR_IF_EGRESS_IS_TX) != 0;
        const int limited = egress_is_tx ? machine.tc_out() : machine.tc_in();
        const int free = egress_is_tx ? machine.tc_in() : machine.tc_out();
        // One finds the bucket full; the others find it empty, and that of what overtakes.
        ASSERT_EQ(Machine::run(limited, frame).verdict, tc_next);
        limit.direction[WEIR_TX].byte_time = weir_fixed_time(now_ns() + a_minute_ns);
        limit.direction[WEIR_TX].sparse_time = limit.direction[WEIR_TX].byte_time;
        ASSERT_EQ(Machine::run(limited, frame, {.repeat = 99}).verdict, tc_drop);
        ASSERT_EQ(Machine::run(free, frame, {.repeat = 100}).verdict, tc_next);
        const weir_ledger ledger = machine.ledger();
        EXPECT_EQ(packets_of(ledger.direction[WEIR_TX]), 100U);
        EXPECT_EQ(packets_of(ledger.direction[WEIR_RX]), 100U);
        EXPECT_EQ(dropped(ledger.direction[WEIR_TX], WEIR_DROP_RATE), 99U);
        EXPECT_EQ(dropped(ledger.direction[WEIR_RX], WEIR_DROP_RATE), 0U);
        expect_identity(machine);
    }
}

TEST(Limits, PacketRateDropsInXdp) {
    Machine machine;
    machine.add_vnic(1, 0, WEIR_IF_LIMIT_TX | WEIR_IF_XDP_ACCOUNTS);
    weir_limit& limit = machine.add_limit();
    Limit asked;
    asked.tx.packets_per_second = 1000;
    limit.direction[WEIR_TX].rule = rule_of(asked, asked.tx);
    const Bytes frame = FrameBuilder().eth().ipv4().udp().payload(20);
    const std::uint64_t begin_ns = now_ns();
    EXPECT_EQ(Machine::run(machine.xdp(), frame).verdict, xdp_pass);
    EXPECT_EQ(Machine::run(machine.xdp(), frame, {.repeat = 10'000}).error, 0);
    const std::uint64_t took_ms = (now_ns() - begin_ns) / 1'000'000 + 1;
    const __u64 admitted = 10'001 - dropped(machine.ledger().direction[WEIR_TX], WEIR_DROP_PPS);
    EXPECT_GE(admitted, 64U);
    EXPECT_LE(admitted, 64 + 1 + took_ms);
    limit.direction[WEIR_TX].packet_time = weir_fixed_time(now_ns() + a_minute_ns);
    EXPECT_EQ(Machine::run(machine.xdp(), frame).verdict, xdp_drop);
    EXPECT_EQ(packets_of(machine.ledger().direction[WEIR_TX]), 10'002U);
}

// GSO: a packet rate counts segments.
TEST(Limits, PacketRateCountsSegments) {
    Machine machine;
    machine.add_vnic(1, 0, WEIR_IF_LIMIT_TX);
    weir_limit& limit = machine.add_limit();
    Limit asked;
    asked.tx.packets_per_second = 1;
    limit.direction[WEIR_TX].rule = rule_of(asked, asked.tx);
    const Bytes frame = FrameBuilder().eth().ipv4().tcp().payload(1000);
    // 64 packets may come at once; each frame is ten.
    for (int i = 0; i < 20; i++)
        EXPECT_EQ(Machine::run(machine.tc_in(), frame, {.gso_size = 100, .gso_segs = 10}).error, 0);
    const weir_ledger ledger = machine.ledger();
    EXPECT_EQ(packets_of(ledger.direction[WEIR_TX]), 200U);
    EXPECT_EQ(dropped(ledger.direction[WEIR_TX], WEIR_DROP_PPS) % 10, 0U);
    EXPECT_GE(dropped(ledger.direction[WEIR_TX], WEIR_DROP_PPS), 100U);  // the others come 30 s later
    EXPECT_LE(dropped(ledger.direction[WEIR_TX], WEIR_DROP_PPS), 140U);
}

TEST(Limits, ShapeCountsTheDelayOfEveryFrame) {
    Machine machine;
    machine.add_vnic(1, 0, WEIR_IF_LIMIT_RX);
    weir_limit& limit = machine.add_limit();
    Limit asked;
    asked.rx.max_bps = 100'000'000;
    constexpr unsigned frames = 100'000;  // 12 s of that rate
    limit.direction[WEIR_RX].rule = rule_of(asked, asked.rx);
    const Bytes frame = FrameBuilder().eth().ipv4().udp().payload(1458);
    EXPECT_EQ(Machine::run(machine.tc_out(), frame, {.repeat = frames}).error, 0);
    const weir_ledger ledger = machine.ledger();
    const weir_histogram& shaping = ledger.latency.shaping[WEIR_RX];
    __u64 count = 0;
    for (const auto& bucket : shaping.buckets)
        count += bucket.count;
    const auto& rx = ledger.direction[WEIR_RX];
    const __u64 drops = dropped(rx, WEIR_DROP_HORIZON) + dropped(rx, WEIR_DROP_AQM);
    EXPECT_GT(drops, frames / 2);
    EXPECT_EQ(count + drops, frames);
    EXPECT_GT(shaping.buckets[weir_histogram_place(50'000'000)].count, 10U);
}

// Without the flag nobody looks, and what a tenant without limits sends is not touched.
TEST(Limits, NoFlagNoLimit) {
    Machine machine;
    machine.add_vnic(1);
    weir_limit& limit = machine.add_limit();
    const Limit asked = police(WEIR_LIMIT_MIN_BPS, 1);
    limit.direction[WEIR_TX].rule = rule_of(asked, asked.tx);
    const Bytes frame = FrameBuilder().eth().ipv4().udp().payload(1000);
    EXPECT_EQ(Machine::run(machine.tc_in(), frame, {.repeat = 100}).verdict, tc_next);
    EXPECT_EQ(limit.direction[WEIR_TX].byte_time, 0U);
}

}  // namespace
}  // namespace weir::test
