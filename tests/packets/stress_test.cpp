// SPDX-License-Identifier: GPL-2.0-or-later
// The identity  sum of flows + untracked = ledger  under load: a spray of new flows, and two CPUs in one flow.
#include "packets/harness.hpp"
#include "packets/two_cpus.hpp"

#include <random>

namespace weir::test {
namespace {

void put32(Bytes& frame, std::size_t at, __u32 value) {
    for (int i = 0; i < 4; i++)
        frame[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> 8 * i);
}

TEST(Stress, AMillionRandomFlowsThroughATinyTable) {
    Machine machine;
    machine.add_vnic(1, 0, 0, 4);
    std::mt19937 random(1);
    Bytes four = FrameBuilder().eth().ipv4().udp().payload(20), six = FrameBuilder().eth().ipv6().udp().payload(20);
    __u64 packets = 0, bytes = 0;
    for (int i = 0; i < 1000000; i++) {
        Bytes& frame = i % 4 == 0 ? six : four;
        const std::size_t l3 = 14, addresses = l3 + (i % 4 == 0 ? 8 : 12), ports = l3 + (i % 4 == 0 ? 40 : 20);
        put32(frame, addresses, random());
        put32(frame, ports, random());
        ASSERT_EQ(Machine::run(machine.tc_in(), frame).error, 0);
        packets += 1;
        bytes += frame.size();
    }
    const weir_ledger ledger = machine.ledger();
    EXPECT_EQ(total_of(ledger.direction[WEIR_TX]).packets, packets);
    EXPECT_EQ(total_of(ledger.direction[WEIR_TX]).bytes, bytes);
    EXPECT_EQ(machine.flows().size(), 4u * WEIR_FLOW_WAYS);
    EXPECT_EQ(ledger.direction[WEIR_TX].untracked[WEIR_UNTRACKED_EVICTED].packets, packets - 4 * WEIR_FLOW_WAYS);
    EXPECT_EQ(ledger.direction[WEIR_TX].untracked[WEIR_UNTRACKED_BUSY].packets, 0u);
    expect_identity(machine);
}

TEST(Stress, TwoCpusInOneFlow) {
    Machine machine;
    machine.add_vnic(1);
    constexpr __u64 each = 2000000;
    const Bytes frame = FrameBuilder().eth().ipv6().udp().payload(20);
    on_two_cpus([&](int) { EXPECT_EQ(Machine::run(machine.tc_in(), frame, {.repeat = each}).error, 0); });
    if (testing::Test::IsSkipped()) return;
    const weir_ledger ledger = machine.ledger();
    EXPECT_EQ(total_of(ledger.direction[WEIR_TX]).packets, 2 * each);
    EXPECT_EQ(total_of(ledger.direction[WEIR_TX]).bytes, 2 * each * frame.size());
    EXPECT_EQ(ledger.direction[WEIR_TX].skbs, 2 * each);
    expect_identity(machine);
    RecordProperty("busy", static_cast<int>(ledger.direction[WEIR_TX].untracked[WEIR_UNTRACKED_BUSY].packets));
}

// Both CPUs bring in new flows all the time, in one set, in both directions.
TEST(Stress, TwoCpusThatEvictEachOther) {
    Machine machine;
    machine.add_vnic(1, 0, 0, 1);
    constexpr __u64 rounds = 100000;
    on_two_cpus([&](int cpu) {
        std::mt19937 random(static_cast<unsigned>(cpu));
        Bytes four = FrameBuilder().eth().ipv4().udp().payload(20), six = FrameBuilder().eth().ipv6().udp().payload(20);
        for (__u64 i = 0; i < rounds; i++) {
            put32(four, 14 + 20, random() % 40);
            put32(six, 14 + 40, random() % 40);
            ASSERT_EQ(Machine::run(machine.tc_in(), four).error, 0);
            ASSERT_EQ(Machine::run(machine.tc_out(), six).error, 0);
        }
    });
    if (testing::Test::IsSkipped()) return;
    const weir_ledger ledger = machine.ledger();
    EXPECT_EQ(total_of(ledger.direction[WEIR_TX]).packets, 2 * rounds);
    EXPECT_EQ(total_of(ledger.direction[WEIR_RX]).packets, 2 * rounds);
    EXPECT_GT(ledger.direction[WEIR_TX].untracked[WEIR_UNTRACKED_EVICTED].packets, 0u);
    expect_identity(machine);
    for (const auto& flow : machine.flows())
        EXPECT_EQ(flow.hot.state & WEIR_FLOW_LOCKED, 0u);
}

}  // namespace
}  // namespace weir::test
