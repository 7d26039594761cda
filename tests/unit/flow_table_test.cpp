// SPDX-License-Identifier: GPL-2.0-or-later
// The flow table on the host, with real threads: nothing is ever lost, counted twice or mixed up.
#include "lib/flow_table.h"

#include "lib/flow_park.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

struct Totals {
    std::array<weir_count, WEIR_DIRECTIONS> direction{};
    void add(int way, weir_count count) {
        direction[way].packets += count.packets;
        direction[way].bytes += count.bytes;
    }
    void add(const weir_count (&counts)[WEIR_DIRECTIONS]) {
        for (int way : {WEIR_TX, WEIR_RX})
            add(way, counts[way]);
    }
    Totals& operator+=(const Totals& other) {
        for (int way : {WEIR_TX, WEIR_RX})
            add(way, other.direction[way]);
        return *this;
    }
};

void expect_equal(const Totals& a, const Totals& b) {
    for (int way : {WEIR_TX, WEIR_RX}) {
        EXPECT_EQ(a.direction[way].packets, b.direction[way].packets) << "direction " << way;
        EXPECT_EQ(a.direction[way].bytes, b.direction[way].bytes) << "direction " << way;
    }
}

weir_packet packet(__u8 family, __u32 source, __u32 destination, __u16 source_port = 1000, __u16 peer_port = 443) {
    weir_packet out{};
    out.family = family;
    out.protocol = 6;
    out.has_flow = 1;
    out.src_port = source_port;
    out.dst_port = peer_port;
    out.src_address[0] = source;
    out.dst_address[0] = destination;
    if (family == 6) {
        out.src_address[3] = source * 7;
        out.dst_address[2] = destination * 5;
    }
    return out;
}

// What one caller saw: what it sent, what left the table on its account, what the table had no time for.
struct Caller {
    Totals sent, evicted, busy;
};

struct Table {
    explicit Table(__u32 sets) : mask(sets - 1), hot(sets), address(sets), track(sets), result(sets) {}

    int account(const weir_packet& p, int direction, weir_count count, __u32 tick, Caller& caller) {
        weir_flow_key key{};
        weir_flow_key_of(&p, WEIR_TX, &key);
        return account(key, weir_flow_hash(&key, 99), direction, count, tick, caller);
    }

    int account(const weir_flow_key& key, __u64 hash, int direction, weir_count count, __u32 tick, Caller& caller) {
        const __u32 set = weir_flow_set_of(hash, mask);
        weir_flow_evicted evicted{};
        weir_packet tracked{};
        tracked.is_tcp = key.protocol == 6;
        tracked.now_ns = 1;
        weir_track_events events{};
        const weir_flow_set found{&hot[set], key.family == 6 ? &address[set] : nullptr, &track[set], &result[set]};
        const int counted = weir_flow_account(&found, &key, hash, static_cast<__u32>(direction), count, {}, tick,
                                              &tracked, &events, &evicted);
        caller.sent.add(direction, count);
        if (!counted) caller.busy.add(direction, count);
        if (evicted.any) caller.evicted.add(evicted.direction);
        return counted;
    }

    template <typename Visit>
    void for_each(Visit visit) const {
        for (std::size_t set = 0; set < hot.size(); set++) {
            for (int way = 0; way < WEIR_FLOW_WAYS; way++) {
                if (hot[set].way[way].state != 0) visit(hot[set].way[way], address[set].way[way]);
            }
        }
    }

    [[nodiscard]] Totals sum() const {
        Totals out;
        for_each([&](const weir_flow_hot& flow, const weir_flow_address&) { out.add(flow.direction); });
        return out;
    }

    [[nodiscard]] int flows() const {
        int out = 0;
        for_each([&](const weir_flow_hot&, const weir_flow_address&) { out++; });
        return out;
    }

    __u32 mask;
    std::vector<weir_flow_hot_set> hot;
    std::vector<weir_flow_address_set> address;
    std::vector<weir_flow_track_set> track;
    std::vector<weir_flow_result_set> result;
};

void expect_identity(const Table& table, const Caller& caller) {
    Totals held = table.sum();
    held += caller.evicted;
    held += caller.busy;
    expect_equal(held, caller.sent);
}

TEST(FlowTable, BothDirectionsOfAFlowAreOneSlot) {
    Table table(4);
    Caller caller;
    const weir_packet p = packet(4, 1, 2);
    EXPECT_EQ(table.account(p, WEIR_TX, {1, 100}, 5, caller), 1);
    EXPECT_EQ(table.account(p, WEIR_RX, {3, 4500}, 9, caller), 1);
    ASSERT_EQ(table.flows(), 1);
    table.for_each([](const weir_flow_hot& flow, const weir_flow_address&) {
        EXPECT_EQ(flow.tenant_word, 1u);
        EXPECT_EQ(flow.peer_word, 2u);
        EXPECT_EQ(flow.tenant_port, 1000);
        EXPECT_EQ(flow.peer_port, 443);
        EXPECT_EQ(flow.protocol, 6);
        EXPECT_EQ(flow.family, 4);
        EXPECT_EQ(flow.first_seen_tick, 5u);
        EXPECT_EQ(flow.last_seen_tick, 9u);
        EXPECT_EQ(flow.direction[WEIR_TX].bytes, 100u);
        EXPECT_EQ(flow.direction[WEIR_RX].packets, 3u);
        EXPECT_EQ(flow.state & WEIR_FLOW_LOCKED, 0u);
    });
    expect_identity(table, caller);
}

TEST(FlowTable, EvictedCountersAreHandedOver) {
    Table table(1);
    Caller caller;
    for (__u32 i = 0; i < 1000; i++)
        table.account(packet(i % 2 ? 4 : 6, i, 2), i % 3 ? WEIR_TX : WEIR_RX, {1 + i % 4, 100 + i}, i / 10, caller);
    EXPECT_EQ(table.flows(), WEIR_FLOW_WAYS);
    EXPECT_GT(caller.evicted.direction[WEIR_TX].packets, 100u);
    EXPECT_EQ(caller.busy.direction[WEIR_TX].packets, 0u);
    expect_identity(table, caller);
}

TEST(FlowTable, HeavyFlowSurvivesASprayOfOnePacketFlows) {
    Table table(1);
    Caller caller;
    const weir_packet heavy = packet(4, 77, 2, 7777);
    std::mt19937 random(3);
    table.account(heavy, WEIR_TX, {2, 3028}, 0, caller);  // one packet alone is not heavy yet
    for (__u32 i = 0; i < 100000; i++) {
        table.account(heavy, WEIR_TX, {1, 1514}, i / 1000, caller);
        for (int spray = 0; spray < 9; spray++)
            table.account(packet(4, random(), random()), WEIR_TX, {1, 60}, i / 1000, caller);
    }
    __u64 packets = 0;
    table.for_each([&](const weir_flow_hot& flow, const weir_flow_address&) {
        if (flow.tenant_port == 7777) packets += flow.direction[WEIR_TX].packets;
    });
    EXPECT_EQ(packets, 100002u);
    expect_identity(table, caller);
}

TEST(FlowTable, IdleFlowLeavesFirst) {
    Table table(1);
    Caller caller;
    for (__u32 i = 0; i < WEIR_FLOW_WAYS; i++)
        table.account(packet(4, i, 2, static_cast<__u16>(i)), WEIR_TX, {i == 3 ? 1000u : 1u, 60}, i == 3 ? 1 : 100,
                      caller);
    table.account(packet(4, 99, 2, 99), WEIR_TX, {1, 60}, 101, caller);
    EXPECT_EQ(caller.evicted.direction[WEIR_TX].packets, 1000u);
}

// Ticks wrap; and another CPU may be a tick ahead, which is not 'idle for years'.
TEST(FlowTable, AgeIsRightAcrossTheWrapAndAheadOfTime) {
    for (__u32 now : {100u, 2u, 0u, 0xffffffffu}) {
        Table table(1);
        Caller caller;
        for (__u32 i = 0; i < WEIR_FLOW_WAYS; i++) {
            const __u32 tick = i == 5 ? now - 50 : i == 2 ? now + 1 : now;
            table.account(packet(4, i, 2, static_cast<__u16>(i)), WEIR_TX, {10 + i, 60}, tick, caller);
        }
        table.account(packet(4, 99, 2, 99), WEIR_TX, {1, 60}, now, caller);
        EXPECT_EQ(caller.evicted.direction[WEIR_TX].packets, 15u) << "now " << now;
    }
}

// Equal hash, so equal set, way and tag: only the comparison of the keys is left to tell them apart. Every field.
TEST(FlowTable, EqualHashesAreNeverMixed) {
    constexpr __u64 hash = 0x1234567890abcdefull;
    const weir_packet base = packet(6, 0x11, 0x22);
    std::vector<weir_packet> others;
    for (int word = 0; word < 4; word++) {
        others.push_back(base);
        others.back().src_address[word] ^= 1;
        others.push_back(base);
        others.back().dst_address[word] ^= 1;
        // Two words changed alike: the fold is the same, the address is not.
        others.push_back(base);
        others.back().src_address[word] ^= 0x55;
        others.back().src_address[(word + 1) % 4] ^= 0x55;
        others.push_back(base);
        others.back().dst_address[word] ^= 0x55;
        others.back().dst_address[(word + 1) % 4] ^= 0x55;
    }
    others.insert(others.end(), 4, base);
    others[others.size() - 4].src_port ^= 1;
    others[others.size() - 3].dst_port ^= 1;
    others[others.size() - 2].protocol = 17;
    // IPv4, with the addresses that the IPv6 ones fold to.
    others[others.size() - 1] = packet(4, weir_fold_address(base.src_address), weir_fold_address(base.dst_address));

    Table table(2);
    Caller caller;
    const auto account = [&](const weir_packet& p) {
        weir_flow_key key{};
        weir_flow_key_of(&p, WEIR_TX, &key);
        return table.account(key, hash, WEIR_TX, {1, 60}, 1, caller);
    };
    EXPECT_EQ(account(base), 1);
    for (std::size_t i = 0; i < others.size(); i++)
        EXPECT_EQ(account(others[i]), 0) << "key " << i << " was taken for another";
    EXPECT_EQ(account(base), 1);
    EXPECT_EQ(table.flows(), 1);
    EXPECT_EQ(table.sum().direction[WEIR_TX].packets, 2u);
    EXPECT_EQ(caller.busy.direction[WEIR_TX].packets, others.size());
    expect_identity(table, caller);
}

TEST(FlowTable, HeldLockMakesAPacketBusyAndIsLeftAlone) {
    Table table(1);
    Caller caller;
    const weir_packet p = packet(4, 1, 2);
    table.account(p, WEIR_TX, {1, 60}, 1, caller);
    weir_flow_hot* held = nullptr;
    for (auto& way : table.hot[0].way) {
        if (way.state != 0) held = &way;
    }
    ASSERT_NE(held, nullptr);
    held->state |= WEIR_FLOW_LOCKED;
    EXPECT_EQ(table.account(p, WEIR_TX, {1, 60}, 2, caller), 0);
    EXPECT_EQ(held->direction[WEIR_TX].packets, 1u);
    EXPECT_NE(held->state & WEIR_FLOW_LOCKED, 0u);
    expect_identity(table, caller);

    // It is no victim either, however idle: another one goes.
    for (__u32 i = 10; i < 30; i++)
        EXPECT_EQ(table.account(packet(4, i, 2), WEIR_TX, {1, 60}, 100 + i, caller), 1);
    EXPECT_EQ(held->direction[WEIR_TX].packets, 1u);
    expect_identity(table, caller);

    // A set whose ways are all held has no victim.
    for (auto& way : table.hot[0].way)
        way.state = 0x80000010u | WEIR_FLOW_LOCKED;
    EXPECT_EQ(table.account(packet(4, 5, 6), WEIR_TX, {1, 60}, 2, caller), 0);
}

// `body(number, caller)` on so many threads at once; what all of them came to.
template <typename Body>
Caller together(int threads, Body body) {
    std::vector<Caller> callers(static_cast<std::size_t>(threads));
    std::vector<std::thread> running;
    for (int number = 0; number < threads; number++)
        running.emplace_back([&, number] { body(number, callers[static_cast<std::size_t>(number)]); });
    for (auto& thread : running)
        thread.join();
    Caller all;
    for (const Caller& caller : callers) {
        all.sent += caller.sent;
        all.evicted += caller.evicted;
        all.busy += caller.busy;
    }
    return all;
}

// Threads as CPUs: overlapping keys, a table much too small, evictions all the time.
void hammer(__u32 sets, __u32 keys, int threads, int packets) {
    Table table(sets);
    const Caller all = together(threads, [&](int thread, Caller& caller) {
        std::mt19937 random(static_cast<unsigned>(thread));
        for (int i = 0; i < packets; i++) {
            const __u32 key = random() % keys;
            const weir_packet p = packet(key % 3 == 0 ? 6 : 4, key, key * 13, static_cast<__u16>(key));
            const weir_count count = {1 + random() % 3, 60 + random() % 1455};
            table.account(p, static_cast<int>(random() & 1), count, static_cast<__u32>(i / 64), caller);
        }
    });
    expect_identity(table, all);
    // All locks are free, and every slot holds a key that was sent, whole: no half of one and half of another.
    table.for_each([&](const weir_flow_hot& flow, const weir_flow_address& address) {
        EXPECT_EQ(flow.state & WEIR_FLOW_LOCKED, 0u);
        const __u32 key = flow.family == 4 ? flow.tenant_word : address.tenant[0];
        const weir_packet p = packet(flow.family, key, key * 13, static_cast<__u16>(key));
        weir_flow_key expected{};
        weir_flow_key_of(&p, WEIR_TX, &expected);
        EXPECT_LT(key, keys);
        EXPECT_EQ(flow.family, key % 3 == 0 ? 6 : 4);
        EXPECT_EQ(weir_flow_is(&flow, flow.family == 6 ? &address : nullptr, &expected), 1);
    });
    EXPECT_GT(all.sent.direction[WEIR_TX].packets, 0u);
}

TEST(FlowTable, ThreadsInOneSetLoseNothing) { hammer(1, 64, 4, 200000); }
TEST(FlowTable, ThreadsOnOneFlowLoseNothing) { hammer(1, 1, 4, 200000); }
TEST(FlowTable, ThreadsInAFullTableLoseNothing) { hammer(16, 4096, 4, 200000); }
TEST(FlowTable, ThreadsInAnEmptyTableLoseNothing) { hammer(1024, 2000, 4, 200000); }

// Two threads that bring in the same flow at once may make two slots of it; their sum is what the reader shows.
TEST(FlowTable, SameNewFlowFromManyThreadsAddsUp) {
    for (int round = 0; round < 300; round++) {
        Table table(1);
        const Caller all = together(4, [&](int, Caller& caller) {
            for (int i = 0; i < 50; i++)
                table.account(packet(6, 7, 8), WEIR_RX, {1, 60}, 1, caller);
        });
        expect_identity(table, all);
        EXPECT_EQ(all.evicted.direction[WEIR_RX].packets, 0u);
        EXPECT_LE(table.flows(), 4);
    }
}

weir_flow_key key_of(const weir_packet& p) {
    weir_flow_key key{};
    weir_flow_key_of(&p, WEIR_TX, &key);
    return key;
}

TEST(FlowTable, WhatWasParkedComesAlongAndIsTrackedOnce) {
    Table table(4);
    Caller caller;
    const weir_packet p = packet(4, 1, 2);
    const weir_flow_key key = key_of(p);
    const __u64 hash = weir_flow_hash(&key, 99);
    table.account(p, WEIR_TX, {1, 100}, 1, caller);
    const __u32 set = weir_flow_set_of(hash, table.mask);
    weir_flow_hot* hot = nullptr;
    for (auto& way : table.hot[set].way)
        if (way.state != 0) hot = &way;
    ASSERT_NE(hot, nullptr);

    // Another CPU has the slot: nothing may change in it.
    hot->state |= WEIR_FLOW_LOCKED;
    EXPECT_EQ(table.account(p, WEIR_TX, {2, 300}, 2, caller), 0);
    EXPECT_EQ(hot->direction[WEIR_TX].packets, 1u);
    weir_ledger_direction ledger{};
    weir_park(&ledger, &key, hash, {2, 300});
    EXPECT_EQ(ledger.parked.count.packets, 2u);
    EXPECT_EQ(ledger.parked.tenant_word, 1u);
    EXPECT_EQ(ledger.parked.peer_port, 443);
    EXPECT_EQ(ledger.untracked[WEIR_UNTRACKED_BUSY].packets, 0u);
    EXPECT_EQ(weir_unpark(&ledger.parked, hash + 1).packets, 0u) << "another flow must not take it";

    hot->state &= ~WEIR_FLOW_LOCKED;
    const weir_count parked = weir_unpark(&ledger.parked, hash);
    EXPECT_EQ(parked.bytes, 300u);
    EXPECT_EQ(weir_unpark(&ledger.parked, hash).packets, 0u) << "it is taken once";
    weir_flow_evicted evicted{};
    weir_packet tracked{};
    weir_track_events events{};
    const weir_flow_set found{&table.hot[set], nullptr, &table.track[set], &table.result[set]};
    EXPECT_EQ(weir_flow_account(&found, &key, hash, WEIR_TX, {1, 100}, parked, 3, &tracked, &events, &evicted), 1);
    EXPECT_EQ(hot->direction[WEIR_TX].packets, 4u);
    EXPECT_EQ(hot->direction[WEIR_TX].bytes, 500u);
}

TEST(FlowTable, ParkingAnotherFlowDisplacesTheFirstAsBusy) {
    const weir_flow_key key = key_of(packet(4, 1, 2));
    weir_ledger_direction ledger{};
    weir_park(&ledger, &key, 5, {2, 300});
    weir_park(&ledger, &key, 6, {1, 60});
    EXPECT_EQ(ledger.untracked[WEIR_UNTRACKED_BUSY].packets, 2u);
    EXPECT_EQ(ledger.untracked[WEIR_UNTRACKED_BUSY].bytes, 300u);
    EXPECT_EQ(weir_unpark(&ledger.parked, 5).packets, 0u);
    EXPECT_EQ(weir_unpark(&ledger.parked, 6).bytes, 60u);
}

}  // namespace
}  // namespace weir::test
