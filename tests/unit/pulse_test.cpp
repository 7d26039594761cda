// SPDX-License-Identifier: GPL-2.0-or-later
// The pulse: sums and peaks over CPUs, slots that come again, source addresses.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "lib/pulse.h"

namespace {

constexpr std::uint64_t ms = WEIR_PULSE_MS_NS;

struct Cpu {
    weir_pulse pulse{};
    weir_pulse_ring* ring;

    explicit Cpu(weir_pulse_ring& shared) : ring(&shared) {}

    void packet(std::uint64_t now_ns, std::uint64_t bytes, std::uint64_t packets = 1,
                std::uint32_t direction = WEIR_TX) {
        if (now_ns >= pulse.ms_end_ns) weir_pulse_turn_to(&pulse, ring, now_ns);
        const weir_packet what{};
        weir_pulse_packet(&pulse, direction, &what, {packets, bytes}, 0);
    }
    void turn(std::uint64_t now_ns) { weir_pulse_turn_to(&pulse, ring, now_ns); }
};

const weir_pulse_direction& slot_of(const weir_pulse_ring& ring, std::uint64_t slot, int direction = WEIR_TX) {
    EXPECT_EQ(ring.slot_number[slot % WEIR_PULSE_SLOTS], slot + 1);
    return ring.slots[slot % WEIR_PULSE_SLOTS].direction[direction];
}

TEST(Pulse, CountsASlotAndItsPeak) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu cpu(*ring);
    const std::uint64_t begin = 1000 * WEIR_PULSE_SLOT_NS;
    cpu.packet(begin, 1000);
    cpu.packet(begin + ms / 2, 500);
    cpu.packet(begin + 7 * ms, 100, 2);
    cpu.turn(begin + WEIR_PULSE_SLOT_NS);
    const auto& slot = slot_of(*ring, 1000);
    EXPECT_EQ(slot.bytes, 1600U);
    EXPECT_EQ(slot.packets, 4U);
    EXPECT_EQ(slot.small_packets, 2U);
    EXPECT_EQ(slot.peak_bytes, 1500U);
    EXPECT_EQ(slot.peak_packets, 2U);
}

TEST(Pulse, APeakIsThatOfAllCpusTogether) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu first(*ring), second(*ring);
    const std::uint64_t begin = 5000 * WEIR_PULSE_SLOT_NS;
    first.packet(begin + 3 * ms, 1000);
    second.packet(begin + 3 * ms, 700);
    first.packet(begin + 50 * ms, 900);
    second.turn(begin + WEIR_PULSE_SLOT_NS);
    first.turn(begin + WEIR_PULSE_SLOT_NS);
    EXPECT_EQ(slot_of(*ring, 5000).peak_bytes, 1700U);
    EXPECT_EQ(slot_of(*ring, 5000).bytes, 2600U);
}

TEST(Pulse, ASlotThatComesAgainBeginsAtZero) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu cpu(*ring);
    for (const std::uint64_t slot : {100U, 100U + WEIR_PULSE_SLOTS}) {
        cpu.packet(slot * WEIR_PULSE_SLOT_NS, 1000);
        cpu.turn((slot + 1) * WEIR_PULSE_SLOT_NS);
        EXPECT_EQ(slot_of(*ring, slot).bytes, 1000U);
    }
}

TEST(Pulse, WhatComesTooLateForItsSlotIsLeftOut) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu early(*ring), late(*ring);
    late.packet(100 * WEIR_PULSE_SLOT_NS, 500);
    const std::uint64_t again = 100 + WEIR_PULSE_SLOTS;
    early.packet(again * WEIR_PULSE_SLOT_NS, 1000);
    early.turn((again + 1) * WEIR_PULSE_SLOT_NS);
    late.turn((again + 2) * WEIR_PULSE_SLOT_NS);
    EXPECT_EQ(slot_of(*ring, again).bytes, 1000U);
}

TEST(Pulse, WhileASlotIsBeingEmptiedTheCpuKeepsWhatItHas) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu cpu(*ring);
    cpu.packet(100 * WEIR_PULSE_SLOT_NS, 1000);
    ring->slot_number[100] = 101 | WEIR_PULSE_EMPTYING;
    cpu.packet(101 * WEIR_PULSE_SLOT_NS, 200);
    ring->slot_number[100] = 101;
    cpu.packet(101 * WEIR_PULSE_SLOT_NS + ms, 30);
    EXPECT_EQ(ring->slots[100].direction[WEIR_TX].bytes, 1200U);
    EXPECT_EQ(cpu.pulse.slot, 101U);
}

TEST(Pulse, NothingIsLostBetweenCpus) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    constexpr std::size_t cpus = 4, rounds = 20000;
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < cpus; ++n)
        threads.emplace_back([&ring, n] {
            Cpu cpu(*ring);
            std::mt19937 random(static_cast<unsigned>(n));
            std::uint64_t now_ns = 7000 * WEIR_PULSE_SLOT_NS;
            for (std::size_t i = 0; i < rounds; ++i) {
                cpu.packet(now_ns, 100, 1, i & 1);
                now_ns += random() % (2 * ms);
            }
            // One that finds its slot being emptied keeps what it has, and tries again.
            for (const auto last = cpu.pulse.slot; cpu.pulse.slot == last;)
                cpu.turn(now_ns += WEIR_PULSE_SLOT_NS);
        });
    for (auto& thread : threads)
        thread.join();
    std::uint64_t packets = 0;
    for (const auto& slot : ring->slots)
        packets += slot.direction[WEIR_TX].packets + slot.direction[WEIR_RX].packets;
    EXPECT_EQ(packets, cpus * rounds);
}

TEST(Pulse, LearnsOneSourceASlotAndKnowsItOnAllCpus) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu first(*ring), second(*ring);
    first.turn(10 * WEIR_PULSE_SLOT_NS);
    second.turn(10 * WEIR_PULSE_SLOT_NS);
    const __u32 own[4] = {0x0a000002, 0, 0, 0}, other[4] = {0x0a000003, 0, 0, 0};
    EXPECT_TRUE(weir_pulse_is_own_source(&first.pulse, own));
    EXPECT_FALSE(weir_pulse_is_own_source(&first.pulse, other));
    first.turn(11 * WEIR_PULSE_SLOT_NS);
    second.turn(11 * WEIR_PULSE_SLOT_NS);
    EXPECT_TRUE(weir_pulse_is_own_source(&second.pulse, own));
}

TEST(Pulse, AFloodOfForgedSourcesStaysForeign) {
    const auto ring = std::make_unique<weir_pulse_ring>();
    Cpu cpu(*ring);
    std::mt19937 random(1);
    std::size_t own = 0, all = 0;
    for (std::uint64_t slot = 0; slot < 100; ++slot) {
        cpu.turn((slot + 1) * WEIR_PULSE_SLOT_NS);
        for (int i = 0; i < 1000; ++i) {
            const __u32 address[4] = {static_cast<__u32>(random()), 0, 0, 0};
            own += static_cast<std::size_t>(weir_pulse_is_own_source(&cpu.pulse, address));
            ++all;
        }
    }
    EXPECT_LT(own * 100, all);
}

}  // namespace
