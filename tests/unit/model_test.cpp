// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/types.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

#include "model/ledger.hpp"

namespace weir {
namespace {

TEST(Words, AreReadBack) {
    for (Role role : {Role::vnic, Role::uplink, Role::guest})
        EXPECT_EQ(role_from(to_string(role)), role);
    for (IngressChoice choice : {IngressChoice::automatic, IngressChoice::tc, IngressChoice::xdp})
        EXPECT_EQ(ingress_choice_from(to_string(choice)), choice);
    for (TcWay way : {TcWay::automatic, TcWay::tcx, TcWay::clsact})
        EXPECT_EQ(tc_way_from(to_string(way)), way);
    for (std::string_view word : {"", "host", "VNIC", "vnic "})
        EXPECT_EQ(role_from(word), std::nullopt) << word;
    EXPECT_EQ(ingress_choice_from("tcx"), std::nullopt);
    EXPECT_EQ(tc_way_from("xdp"), std::nullopt);
}

TEST(Words, AreThoseOfTheJson) {
    EXPECT_EQ(to_string(Direction::tx), "tx");
    EXPECT_EQ(to_string(Direction::rx), "rx");
    EXPECT_EQ(to_string(IngressChoice::automatic), "auto");
    EXPECT_EQ(to_string(Hook::none), "none");
    EXPECT_EQ(to_string(Hook::tcx), "tcx");
    EXPECT_EQ(to_string(Hook::clsact), "clsact");
    EXPECT_EQ(to_string(Hook::xdp_native), "xdp");
    EXPECT_EQ(to_string(Hook::xdp_generic), "xdp-generic");
    EXPECT_EQ(to_string(static_cast<Hook>(99)), "unknown");
}

TEST(Names, FollowTheNumbersOfTheAbi) {
    EXPECT_EQ(class_name(WEIR_CLASS_L2_SHORT), "l2_short");
    EXPECT_EQ(class_name(WEIR_CLASS_IPV4_TCP), "ipv4_tcp");
    EXPECT_EQ(class_name(WEIR_CLASS_COUNT - 1), "ipv6_ext_deep");
    EXPECT_EQ(class_name(WEIR_CLASS_COUNT), "unknown");
    EXPECT_EQ(drop_reason_name(WEIR_DROP_RATE), "rate");
    EXPECT_EQ(drop_reason_name(WEIR_DROP_SPOOF), "spoof");
    EXPECT_EQ(drop_reason_name(WEIR_DROP_COUNT), "unknown");
    EXPECT_EQ(untracked_name(WEIR_UNTRACKED_NO_FLOW), "no_flow");
    EXPECT_EQ(untracked_name(WEIR_UNTRACKED_EVICTED), "evicted");
    EXPECT_EQ(untracked_name(WEIR_UNTRACKED_BUSY), "busy");
    EXPECT_EQ(untracked_name(WEIR_UNTRACKED_KINDS), "unknown");
}

TEST(Names, AreJsonKeysAndUnique) {
    std::set<std::string_view> names;
    for (std::size_t id = 0; id < WEIR_CLASS_COUNT; id++) {
        EXPECT_TRUE(names.insert(class_name(id)).second) << class_name(id);
        EXPECT_EQ(class_name(id).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos);
    }
}

weir_ledger random_cpu(std::mt19937_64& random) {
    weir_ledger cpu;
    std::memset(&cpu, 0, sizeof(cpu));
    for (auto& direction : cpu.direction) {
        auto fill = [&](weir_count* counts, std::size_t size) {
            for (std::size_t i = 0; i < size; i++)
                counts[i] = {random() >> 20, random() >> 20};
        };
        direction.skbs = random() >> 20;
        direction.ecn_marked_packets = random() >> 20;
        fill(direction.untracked, WEIR_UNTRACKED_KINDS);
        fill(direction.drops, WEIR_DROP_COUNT);
        fill(direction.classes, WEIR_CLASS_COUNT);
    }
    return cpu;
}

Count sum(const weir_count* counts, std::size_t size) {
    Count total;
    for (std::size_t i = 0; i < size; i++)
        total += Count{counts[i].packets, counts[i].bytes};
    return total;
}

TEST(Ledger, AddsUpTheCpusByDirectionAndClass) {
    std::mt19937_64 random(7);
    Ledger ledger;
    Count tx, rx, rx_drops, tx_untracked;
    std::uint64_t skbs = 0;
    std::uint64_t marked = 0;
    std::uint64_t arp_bytes = 0;
    for (int i = 0; i < 64; i++) {
        weir_ledger cpu = random_cpu(random);
        add_cpu(ledger, cpu);
        tx += sum(cpu.direction[WEIR_TX].classes, WEIR_CLASS_COUNT);
        rx += sum(cpu.direction[WEIR_RX].classes, WEIR_CLASS_COUNT);
        rx_drops += sum(cpu.direction[WEIR_RX].drops, WEIR_DROP_COUNT);
        tx_untracked += sum(cpu.direction[WEIR_TX].untracked, WEIR_UNTRACKED_KINDS);
        skbs += cpu.direction[WEIR_TX].skbs;
        marked += cpu.direction[WEIR_RX].ecn_marked_packets;
        arp_bytes += cpu.direction[WEIR_TX].classes[WEIR_CLASS_ARP].bytes;
    }
    EXPECT_EQ(ledger.tx.total(), tx);
    EXPECT_EQ(ledger.rx.total(), rx);
    EXPECT_EQ(ledger.rx.drop_total(), rx_drops);
    EXPECT_EQ(ledger.tx.untracked_total(), tx_untracked);
    EXPECT_EQ(ledger.tx.skbs, skbs);
    EXPECT_EQ(ledger.rx.ecn_marked_packets, marked);
    EXPECT_EQ(ledger.tx.classes[WEIR_CLASS_ARP].bytes, arp_bytes);
}

void expect_equal(const DirectionLedger& a, const DirectionLedger& b) {
    EXPECT_EQ(a.skbs, b.skbs);
    EXPECT_EQ(a.ecn_marked_packets, b.ecn_marked_packets);
    EXPECT_EQ(a.classes, b.classes);
    EXPECT_EQ(a.drops, b.drops);
    EXPECT_EQ(a.untracked, b.untracked);
}

TEST(Ledger, DifferenceUndoesTheSum) {
    std::mt19937_64 random(8);
    for (int round = 0; round < 100; round++) {
        Ledger before, gained, after;
        add_cpu(before, random_cpu(random));
        add_cpu(gained, random_cpu(random));
        after.tx = before.tx;
        after.rx = before.rx;
        after.tx += gained.tx;
        after.rx += gained.rx;
        Ledger window = after - before;
        expect_equal(window.tx, gained.tx);
        expect_equal(window.rx, gained.rx);
    }
}

TEST(Ledger, DifferenceIsModulo64Bits) {
    DirectionLedger earlier, later;
    earlier.skbs = ~0ULL;
    earlier.classes[0] = {~0ULL, ~0ULL - 99};
    later.skbs = 4;
    later.classes[0] = {4, 400};
    DirectionLedger window = later - earlier;
    EXPECT_EQ(window.skbs, 5U);
    EXPECT_EQ(window.total(), (Count{5, 500}));
}

VnicLedger vnic_ledger(std::uint32_t slot, std::uint32_t ifindex, std::uint64_t attached_ns, std::uint64_t packets) {
    VnicLedger entry;
    entry.vnic.slot = slot;
    entry.vnic.ifindex = ifindex;
    entry.vnic.attached_ns = attached_ns;
    entry.ledger.tx.classes[0] = {packets, packets * 60};
    return entry;
}

TEST(LedgerWindow, CountsWholeWhatWasAttachedInBetween) {
    LedgerSnapshot earlier{1000, {vnic_ledger(0, 5, 1, 10), vnic_ledger(1, 6, 1, 50), vnic_ledger(3, 9, 1, 1)}};
    LedgerSnapshot later{3000, {vnic_ledger(0, 5, 1, 17), vnic_ledger(1, 6, 2, 8), vnic_ledger(2, 7, 2, 3)}};
    LedgerSnapshot window = window_of(earlier, later);
    EXPECT_EQ(window.taken_ns, 3000U);
    ASSERT_EQ(window.vnics.size(), 3U);
    EXPECT_EQ(window.vnics[0].ledger.tx.total(), (Count{7, 420}));
    EXPECT_EQ(window.vnics[1].ledger.tx.total(), (Count{8, 480}));  // attached again: its ledger began anew
    EXPECT_EQ(window.vnics[2].ledger.tx.total(), (Count{3, 180}));
}

}  // namespace
}  // namespace weir
