// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/flow.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "lib/flow_park.h"

namespace weir {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

Address address(std::string_view text) { return prefix_from(text).value().address; }

Prefix prefix(std::string_view text) { return prefix_from(text).value(); }

Flow flow(std::uint32_t id, Count tx, Count rx = {}) {
    Flow made;
    made.interface = "vnet0";
    made.tenant = "web";
    made.key.protocol = 6;
    made.key.tenant_address = address("10.0.0.2");
    made.key.peer_address = address("192.0.2.7");
    made.key.tenant_port = static_cast<std::uint16_t>(id);
    made.key.peer_port = 443;
    made.tx = tx;
    made.rx = rx;
    made.first_seen_ns = 10 * second;
    made.last_seen_ns = 20 * second;
    return made;
}

TEST(Address, PrintsBothFamilies) {
    EXPECT_EQ(to_string(address("10.0.0.2")), "10.0.0.2");
    EXPECT_EQ(to_string(address("2001:0db8:0000::0001")), "2001:db8::1");
    EXPECT_EQ(address("2001:db8::1").family, 6);
}

TEST(Prefix, ContainsByItsBits) {
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(address("10.255.255.255")));
    EXPECT_FALSE(prefix("10.0.0.0/8").contains(address("11.0.0.0")));
    EXPECT_TRUE(prefix("10.1.2.3/8").contains(address("10.9.9.9")));
    EXPECT_TRUE(prefix("172.16.0.0/12").contains(address("172.31.255.255")));
    EXPECT_FALSE(prefix("172.16.0.0/12").contains(address("172.32.0.0")));
    EXPECT_TRUE(prefix("10.0.0.1").contains(address("10.0.0.1")));
    EXPECT_FALSE(prefix("10.0.0.1").contains(address("10.0.0.0")));
    EXPECT_TRUE(prefix("0.0.0.0/0").contains(address("255.1.2.3")));
    EXPECT_TRUE(prefix("2001:db8::/33").contains(address("2001:db8:7fff::1")));
    EXPECT_FALSE(prefix("2001:db8::/33").contains(address("2001:db8:8000::1")));
    EXPECT_FALSE(prefix("2001:db8::1").contains(address("2001:db8::2")));
    // Families never mix, not even where the bits agree.
    EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::")));
    EXPECT_FALSE(prefix("::/0").contains(address("0.0.0.0")));
}

TEST(Prefix, RefusesWhatIsNone) {
    for (std::string_view text : {"", "/8", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8",
                                  "10.0.0.0/8/8", "10.0.0.0/8 ", "10.0.0.256", "010.0.0.1", "2001:db8::/129",
                                  "2001:db8:::1", "fe80::1%eth0", "web", "10.0.0.0/99999999999999999999"})
        EXPECT_EQ(prefix_from(text).has_value(), false) << text;
    EXPECT_FALSE(prefix_from(std::string_view("10.0.0.1\0", 9)));
    Error error = prefix_from("10.0.0.0/33").error();
    EXPECT_EQ(error.code, Errc::usage);
    EXPECT_EQ(to_line(error),
              "cannot read the address \"10.0.0.0/33\": \"33\" is not a prefix length of an IPv4 address "
              "(write a number from 0 to 32 after the slash)");
}

TEST(Protocol, NamesAreReadBack) {
    for (unsigned number = 0; number < 256; number++)
        EXPECT_EQ(protocol_from(protocol_name(static_cast<std::uint8_t>(number))), number);
    EXPECT_EQ(protocol_name(6), "tcp");
    EXPECT_EQ(protocol_name(17), "udp");
    EXPECT_EQ(protocol_name(58), "icmpv6");
    EXPECT_EQ(protocol_name(253), "253");
    EXPECT_EQ(protocol_from("icmp6"), 58);
    EXPECT_EQ(protocol_from("47"), 47);
    for (std::string_view word : {"", "256", "-1", "tcpx", "6x", "TCP6"})
        EXPECT_EQ(protocol_from(word), std::nullopt) << word;
}

struct Sums {
    Count tx;
    Count rx;
    friend bool operator==(const Sums&, const Sums&) = default;
};

Sums sums(const FlowSnapshot& snapshot) {
    Sums sums;
    for (const Flow& each : snapshot.flows) {
        sums.tx += each.tx;
        sums.rx += each.rx;
    }
    for (const auto& vnic : snapshot.untracked) {
        for (const Count& count : vnic.tx)
            sums.tx += count;
        for (const Count& count : vnic.rx)
            sums.rx += count;
    }
    return sums;
}

FlowSnapshot snapshot(std::vector<Flow> flows, Count evicted_tx = {}) {
    FlowSnapshot made;
    made.taken_ns = 30 * second;
    made.flows = std::move(flows);
    made.untracked.push_back({"vnet0", "web", {}, {}});
    made.untracked[0].tx[WEIR_UNTRACKED_EVICTED] = evicted_tx;
    return made;
}

TEST(FlowParked, IsItsFlowsOrElseBusy) {
    FlowSnapshot state = snapshot({flow(1, {10, 1000}), flow(2, {5, 500})});
    auto& six = state.flows[1].key;
    six.tenant_address.family = six.peer_address.family = 6;
    for (std::size_t i = 0; i < 16; i++) {
        six.tenant_address.bytes.at(i) = static_cast<std::uint8_t>(i);
        six.peer_address.bytes.at(i) = static_cast<std::uint8_t>(3 * i);
    }
    weir_packet packet{};
    packet.family = 6;
    packet.protocol = six.protocol;
    packet.src_port = six.tenant_port;
    packet.dst_port = six.peer_port;
    std::memcpy(packet.src_address, six.tenant_address.bytes.data(), 16);
    std::memcpy(packet.dst_address, six.peer_address.bytes.data(), 16);
    weir_flow_key key{};
    weir_flow_key_of(&packet, WEIR_TX, &key);

    weir_ledger cpu{};
    weir_park(&cpu.direction[WEIR_TX], &key, 1, {7, 700});
    key.tenant_port++;
    weir_park(&cpu.direction[WEIR_RX], &key, 2, {1, 60});
    add_parked(state, state.untracked[0], six.slot, cpu);
    EXPECT_EQ(state.flows[0].tx, (Count{10, 1000}));
    EXPECT_EQ(state.flows[1].tx, (Count{12, 1200}));
    EXPECT_EQ(state.flows[1].rx, Count{});
    EXPECT_EQ(state.untracked[0].rx[WEIR_UNTRACKED_BUSY], (Count{1, 60}));
    EXPECT_EQ(state.untracked[0].tx[WEIR_UNTRACKED_BUSY], Count{});
    add_parked(state, state.untracked[0], six.slot + 1, cpu);
    EXPECT_EQ(state.flows[1].tx, (Count{12, 1200})) << "another vNIC's";
}

TEST(FlowWindow, HasWhatMovedAndNothingElse) {
    FlowSnapshot earlier = snapshot({flow(1, {10, 1000}), flow(2, {5, 500}, {1, 60})});
    FlowSnapshot later = snapshot({flow(1, {10, 1000}), flow(2, {5, 500}, {3, 190}), flow(3, {2, 120})});
    later.taken_ns = 40 * second;
    later.flows[1].last_seen_ns = 39 * second;
    FlowSnapshot window = window_of(earlier, later);
    EXPECT_EQ(window.taken_ns, 40 * second);
    ASSERT_EQ(window.flows.size(), 2U);
    EXPECT_EQ(window.flows[0].key.tenant_port, 2);
    EXPECT_EQ(window.flows[0].tx, Count{});
    EXPECT_EQ(window.flows[0].rx, (Count{2, 130}));
    EXPECT_EQ(window.flows[0].first_seen_ns, 10 * second);
    EXPECT_EQ(window.flows[0].last_seen_ns, 39 * second);
    EXPECT_EQ(window.flows[1].tx, (Count{2, 120}));
}

TEST(FlowWindow, AnEvictedFlowLeavesOnlyTheWindowsPackets) {
    // Flow 1 had 10 packets, sent 4 more and was evicted with 14.
    FlowSnapshot window = window_of(snapshot({flow(1, {10, 1000})}), snapshot({}, {14, 1400}));
    EXPECT_TRUE(window.flows.empty());
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_EVICTED], (Count{4, 400}));
}

TEST(FlowWindow, AFlowThatCameBackCountsWhole) {
    // Evicted with 14, came back and sent 6: fewer than it had.
    Flow back = flow(1, {6, 600});
    FlowSnapshot window = window_of(snapshot({flow(1, {10, 1000})}), snapshot({back}, {14, 1400}));
    ASSERT_EQ(window.flows.size(), 1U);
    EXPECT_EQ(window.flows[0].tx, (Count{6, 600}));
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_EVICTED], (Count{4, 400}));
    // The same with more than it had: its time tells.
    back = flow(1, {60, 6000});
    back.first_seen_ns = 25 * second;
    window = window_of(snapshot({flow(1, {10, 1000})}), snapshot({back}, {14, 1400}));
    EXPECT_EQ(window.flows[0].tx, (Count{60, 6000}));
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_EVICTED], (Count{4, 400}));
}

TEST(FlowWindow, NeverGoesBelowZero) {
    // The eviction is seen in the flows and not yet in the ledger.
    FlowSnapshot window = window_of(snapshot({flow(1, {10, 1000})}), snapshot({flow(1, {2, 200})}));
    for (const Flow& each : window.flows)
        EXPECT_LE(each.tx.packets, 2U);
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_EVICTED], Count{});
    // Attached again: the ledger is younger than the window.
    window = window_of(snapshot({}, {50, 5000}), snapshot({}, {3, 300}));
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_EVICTED], (Count{3, 300}));
}

TEST(FlowWindow, AParkedPacketThatFoundItsFlowIsNoNewLedger) {
    FlowSnapshot before = snapshot({}, {50, 5000});
    before.untracked[0].tx[WEIR_UNTRACKED_BUSY] = {2, 120};
    FlowSnapshot window = window_of(before, snapshot({}, {53, 5300}));
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_EVICTED], (Count{3, 300}));
    EXPECT_EQ(window.untracked[0].tx[WEIR_UNTRACKED_BUSY], Count{});
}

// A table of a few slots under random traffic: the sum of a window is always what the ledger gained in it.
TEST(FlowWindow, SumsToWhatTheLedgerGained) {
    std::mt19937 random(4711);
    std::uint64_t now = second;
    std::vector<Flow> table;
    FlowSnapshot state = snapshot({});
    Sums ledger;
    FlowSnapshot earlier = state;
    Sums ledger_earlier;
    int came_back = 0;
    for (int step = 0; step < 20'000; step++) {
        now += random() % 300'000'000;
        auto id = static_cast<std::uint32_t>(random() % 12);
        Count count{1 + random() % 3, 60 + random() % 1500};
        auto at = std::ranges::find(table, id, [](const Flow& each) { return std::uint32_t{each.key.tenant_port}; });
        if (at == table.end()) {
            if (table.size() == 8) {
                auto victim = table.begin() + static_cast<std::ptrdiff_t>(random() % table.size());
                state.untracked[0].tx[WEIR_UNTRACKED_EVICTED] += victim->tx;
                state.untracked[0].rx[WEIR_UNTRACKED_EVICTED] += victim->rx;
                table.erase(victim);
            }
            at = table.insert(table.end(), flow(id, {}));
            at->first_seen_ns = now;
        }
        bool sends = random() % 2 == 0;
        (sends ? at->tx : at->rx) += count;
        (sends ? ledger.tx : ledger.rx) += count;
        at->last_seen_ns = now;
        if (random() % 10 == 0) {
            Count arp{1, 60};
            state.untracked[0].tx[WEIR_UNTRACKED_NO_FLOW] += arp;
            ledger.tx += arp;
        }
        if (random() % 20 != 0) continue;

        state.flows = table;
        state.taken_ns = now;
        FlowSnapshot window = window_of(earlier, state);
        Sums gained{ledger.tx - ledger_earlier.tx, ledger.rx - ledger_earlier.rx};
        ASSERT_EQ(sums(window), gained) << "step " << step;
        for (const Flow& each : window.flows) {
            ASSERT_LE(each.tx.packets, gained.tx.packets);
            ASSERT_LE(each.rx.bytes, gained.rx.bytes);
            if (each.first_seen_ns > earlier.taken_ns) came_back++;
        }
        earlier = state;
        ledger_earlier = ledger;
    }
    EXPECT_GT(came_back, 100);
}

TEST(FlowFilter, MatchesEitherEnd) {
    Flow each = flow(5000, {1, 60});
    auto matches = [&](auto change) {
        FlowFilter filter;
        change(filter);
        return filter.matches(each);
    };
    EXPECT_TRUE(FlowFilter{}.matches(each));
    EXPECT_TRUE(matches([](FlowFilter& f) { f.address = prefix("10.0.0.0/24"); }));
    EXPECT_TRUE(matches([](FlowFilter& f) { f.address = prefix("192.0.2.7"); }));
    EXPECT_FALSE(matches([](FlowFilter& f) { f.address = prefix("192.0.2.8"); }));
    EXPECT_TRUE(matches([](FlowFilter& f) { f.port = 5000; }));
    EXPECT_TRUE(matches([](FlowFilter& f) { f.port = 443; }));
    EXPECT_FALSE(matches([](FlowFilter& f) { f.port = 80; }));
    EXPECT_TRUE(matches([](FlowFilter& f) { f.protocol = 6; }));
    EXPECT_FALSE(matches([](FlowFilter& f) { f.protocol = 17; }));
    EXPECT_TRUE(matches([](FlowFilter& f) { f.tenant = "web"; }));
    EXPECT_FALSE(matches([](FlowFilter& f) { f.tenant = "we"; }));
    EXPECT_FALSE(matches([](FlowFilter& f) { f.port = 443, f.protocol = 17; }));
}

TEST(FlowRate, IsOverTheWindowOrTheLife) {
    Flow each = flow(1, {1, 4000}, {1, 1000});
    EXPECT_DOUBLE_EQ(flow_rate(each, 0), 500);
    EXPECT_DOUBLE_EQ(flow_rate(each, 2 * second), 2500);
    each.last_seen_ns = each.first_seen_ns + 1000;  // over a second, not over a microsecond
    EXPECT_DOUBLE_EQ(flow_rate(each, 0), 5000);
    each.last_seen_ns = each.first_seen_ns - 1000;
    EXPECT_DOUBLE_EQ(flow_rate(each, 0), 5000);
}

std::vector<int> order(const FlowSnapshot& all, FlowSort sort, std::size_t limit, std::uint64_t window_ns = 0) {
    std::vector<int> ports;
    for (const Flow& each : select(all, {}, sort, limit, window_ns))
        ports.push_back(each.key.tenant_port);
    return ports;
}

TEST(Select, SortsByEachMeasure) {
    FlowSnapshot all = snapshot({flow(1, {50, 3000}), flow(2, {2, 9000}), flow(3, {30, 2000}, {30, 2000})});
    all.flows[0].first_seen_ns = 19 * second;
    all.flows[1].first_seen_ns = 5 * second;
    EXPECT_EQ(order(all, FlowSort::bytes, 0), (std::vector{2, 3, 1}));
    EXPECT_EQ(order(all, FlowSort::packets, 0), (std::vector{3, 1, 2}));
    EXPECT_EQ(order(all, FlowSort::rate, 0), (std::vector{1, 2, 3}));
    EXPECT_EQ(order(all, FlowSort::rate, 0, second), (std::vector{2, 3, 1}));
    EXPECT_EQ(order(all, FlowSort::age, 0), (std::vector{2, 3, 1}));
    EXPECT_EQ(order(all, FlowSort::bytes, 2), (std::vector{2, 3}));
    EXPECT_EQ(order(all, FlowSort::bytes, 99).size(), 3U);
    EXPECT_EQ(flow_sort_from("rate"), FlowSort::rate);
    EXPECT_EQ(flow_sort_from("size"), std::nullopt);
}

TEST(Select, TellsLargeCountsApart) {
    std::uint64_t large = (1ULL << 53) * 16;
    FlowSnapshot all = snapshot({flow(1, {1, large}), flow(2, {1, large + 1})});
    EXPECT_EQ(order(all, FlowSort::bytes, 0), (std::vector{2, 1}));
}

TEST(Select, OrderIsTheSameWhateverTheInput) {
    std::mt19937 random(99);
    std::vector<Flow> flows;
    for (std::uint32_t id = 0; id < 300; id++) {
        flows.push_back(flow(id, {random() % 3, random() % 4}));
        flows.back().key.slot = random() % 2;
        flows.back().first_seen_ns += random() % 3;
    }
    for (FlowSort sort : {FlowSort::bytes, FlowSort::packets, FlowSort::rate, FlowSort::age}) {
        std::vector<int> expected = order(snapshot(flows), sort, 0);
        ASSERT_EQ(expected.size(), flows.size());
        for (int round = 0; round < 10; round++) {
            std::ranges::shuffle(flows, random);
            EXPECT_EQ(order(snapshot(flows), sort, 0), expected);
            std::vector<int> first(expected.begin(), expected.begin() + 17);
            EXPECT_EQ(order(snapshot(flows), sort, 17), first);
        }
    }
}

}  // namespace
}  // namespace weir
