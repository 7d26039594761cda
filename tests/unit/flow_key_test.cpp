// SPDX-License-Identifier: GPL-2.0-or-later
// The key of a flow and its hash: both directions meet, everything counts, and what comes in sequence spreads.
#include "lib/flow_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <random>
#include <vector>

namespace weir::test {
namespace {

constexpr __u64 seed = 0x0123456789abcdefull;

weir_packet packet4(__u32 source, __u32 destination, __u16 source_port, __u16 destination_port, __u8 protocol = 6) {
    weir_packet packet{};
    packet.src_address[0] = source;
    packet.dst_address[0] = destination;
    packet.src_port = source_port;
    packet.dst_port = destination_port;
    packet.protocol = protocol;
    packet.family = 4;
    packet.has_flow = 1;
    return packet;
}

weir_packet packet6(__u32 low_source, __u32 low_destination, __u16 source_port = 1, __u16 destination_port = 2) {
    weir_packet packet = packet4(0, 0, source_port, destination_port);
    packet.family = 6;
    packet.src_address[0] = packet.dst_address[0] = 0xb80d0120;
    packet.src_address[3] = low_source;
    packet.dst_address[3] = low_destination;
    return packet;
}

weir_flow_key key_of(const weir_packet& packet, weir_direction direction = WEIR_TX) {
    weir_flow_key key{};
    weir_flow_key_of(&packet, direction, &key);
    return key;
}

__u64 hash_of(const weir_packet& packet, __u64 with_seed = seed) {
    const weir_flow_key key = key_of(packet);
    return weir_flow_hash(&key, with_seed);
}

weir_packet turned_round(weir_packet packet) {
    std::swap(packet.src_address, packet.dst_address);
    std::swap(packet.src_port, packet.dst_port);
    return packet;
}

TEST(FlowKey, BothDirectionsMeet) {
    for (const weir_packet& packet : {packet4(0x0100000a, 0x0200000a, 40000, 443), packet6(7, 9, 40000, 443)}) {
        const weir_packet reply = turned_round(packet);
        const weir_flow_key tx = key_of(packet, WEIR_TX), rx = key_of(reply, WEIR_RX);
        EXPECT_EQ(tx.tenant_port, 40000);
        EXPECT_EQ(tx.peer_port, 443);
        EXPECT_EQ(tx.tenant_word, rx.tenant_word);
        EXPECT_EQ(tx.peer_word, rx.peer_word);
        EXPECT_EQ(tx.tenant_port, rx.tenant_port);
        EXPECT_EQ(tx.peer_port, rx.peer_port);
        EXPECT_EQ(weir_flow_hash(&tx, seed), weir_flow_hash(&rx, seed));
        // The same packet the other way is another conversation: the tenant is the other one.
        const weir_flow_key other = key_of(packet, WEIR_RX);
        EXPECT_NE(weir_flow_hash(&tx, seed), weir_flow_hash(&other, seed));
    }
}

TEST(FlowKey, FoldOfIpv4IsTheAddress) {
    const weir_packet packet = packet4(0x0100000a, 0x0200000a, 1, 2);
    EXPECT_EQ(key_of(packet).tenant_word, 0x0100000au);
    EXPECT_EQ(key_of(packet).peer_word, 0x0200000au);
}

// Change any bit of the key, and about half the bits of the hash change; at least some in the set's and the tag's part.
TEST(FlowKey, EveryBitOfTheKeyReachesTheHash) {
    for (const weir_packet& packet : {packet4(0x0100000a, 0x0200000a, 40000, 443), packet6(7, 9, 40000, 443)}) {
        const __u64 hash = hash_of(packet);
        const auto check = [&](const std::function<void(weir_packet&)>& change, const char* what, int bit) {
            weir_packet changed = packet;
            change(changed);
            const __u64 difference = hash ^ hash_of(changed);
            EXPECT_GE(std::popcount(difference), 10) << what << " bit " << bit;
            EXPECT_NE(static_cast<__u32>(difference), 0u) << what << " bit " << bit;
            EXPECT_NE(difference >> 32, 0u) << what << " bit " << bit;
        };
        for (int bit = 0; bit < (packet.family == 6 ? 128 : 32); bit++) {
            check([&](weir_packet& p) { p.src_address[bit / 32] ^= 1u << bit % 32; }, "source", bit);
            check([&](weir_packet& p) { p.dst_address[bit / 32] ^= 1u << bit % 32; }, "destination", bit);
        }
        for (int bit = 0; bit < 16; bit++) {
            check([&](weir_packet& p) { p.src_port ^= static_cast<__u16>(1u << bit); }, "source port", bit);
            check([&](weir_packet& p) { p.dst_port ^= static_cast<__u16>(1u << bit); }, "destination port", bit);
        }
        for (int bit = 0; bit < 8; bit++)
            check([&](weir_packet& p) { p.protocol ^= static_cast<__u8>(1u << bit); }, "protocol", bit);
        EXPECT_NE(hash, hash_of(packet, seed ^ 1));
    }
}

// Two IPv6 addresses whose words fold to the same are still told apart by the hash.
TEST(FlowKey, EqualFoldsHashApart) {
    const weir_packet a = packet6(0x11, 0x22);
    for (int one = 0; one < 4; one++) {
        for (int other = one + 1; other < 4; other++) {
            weir_packet tenant = a, peer = a;
            tenant.src_address[one] ^= 0x5555;
            tenant.src_address[other] ^= 0x5555;
            peer.dst_address[one] ^= 0x5555;
            peer.dst_address[other] ^= 0x5555;
            EXPECT_EQ(key_of(a).tenant_word, key_of(tenant).tenant_word);
            EXPECT_EQ(key_of(a).peer_word, key_of(peer).peer_word);
            EXPECT_NE(hash_of(a), hash_of(tenant)) << one << " and " << other;
            EXPECT_NE(hash_of(a), hash_of(peer)) << one << " and " << other;
        }
    }
}

// Chi-squared: for a random spread its mean is places - 1. Twice that is more than chance gives and still a spread that
// costs a table nothing; a pattern that survives the hash misses it many times over.
void expect_spread(const std::vector<__u64>& hashes, const char* what) {
    constexpr __u32 sets = 1024;
    const auto chi_squared = [&](const std::function<__u32(__u64)>& place, __u32 places) {
        std::vector<double> counts(places);
        for (__u64 hash : hashes)
            counts[place(hash)] += 1;
        const double mean = static_cast<double>(hashes.size()) / places;
        double sum = 0;
        for (double count : counts)
            sum += (count - mean) * (count - mean) / mean;
        return sum;
    };
    EXPECT_LT(chi_squared([](__u64 hash) { return weir_flow_set_of(hash, sets - 1); }, sets), 2 * sets) << what;
    EXPECT_LT(chi_squared([](__u64 hash) { return weir_flow_home_of(hash); }, WEIR_FLOW_WAYS), 6 * WEIR_FLOW_WAYS)
        << what;
    EXPECT_LT(chi_squared([](__u64 hash) { return weir_flow_tag(hash) >> 1 & 1023; }, 1024), 2 * 1024) << what;
    // Two flows of one set are taken for each other if their tags are equal: 30 bits are left to tell them apart.
    std::vector<std::pair<__u32, __u32>> places;
    for (__u64 hash : hashes)
        places.emplace_back(weir_flow_set_of(hash, sets - 1), weir_flow_tag(hash));
    std::ranges::sort(places);
    EXPECT_LE(std::ranges::distance(std::ranges::unique(places)), 2) << what;
}

TEST(FlowKey, SequencesSpread) {
    constexpr int count = 65536;
    const auto spread = [](const char* what, const std::function<weir_packet(__u32)>& make) {
        for (__u64 with_seed : {seed, __u64{0}, __u64{1}}) {
            std::vector<__u64> hashes;
            for (__u32 i = 0; i < count; i++)
                hashes.push_back(hash_of(make(i), with_seed));
            expect_spread(hashes, what);
        }
    };
    // Addresses are in network byte order, so a sequence steps through the high byte on a little-endian machine.
    spread("source addresses", [](__u32 i) { return packet4(__builtin_bswap32(0x0a000000 + i), 0x0200000a, 4, 443); });
    spread("destination addresses", [](__u32 i) { return packet4(0x0100000a, __builtin_bswap32(i), 40000, 443); });
    spread("source ports", [](__u32 i) { return packet4(0x0100000a, 0x0200000a, static_cast<__u16>(i), 443); });
    spread("destination ports", [](__u32 i) { return packet4(0x0100000a, 0x0200000a, 9, static_cast<__u16>(i)); });
    spread("both together", [](__u32 i) {
        return packet4(__builtin_bswap32(0x0a000000 + i / 256), 0x0200000a, static_cast<__u16>(i % 256), 443);
    });
    spread("equal ports", [](__u32 i) { return packet4(1, 2, static_cast<__u16>(i), static_cast<__u16>(i), 1); });
    spread("IPv6 sources", [](__u32 i) { return packet6(__builtin_bswap32(i), 9); });
    spread("IPv6 destinations", [](__u32 i) { return packet6(9, i); });
    spread("IPv6 both alike", [](__u32 i) { return packet6(i, i); });
    spread("IPv6 high words", [](__u32 i) {
        weir_packet packet = packet6(1, 2);
        packet.src_address[1] = i;
        return packet;
    });
}

TEST(FlowKey, TagIsNeverEmptyNorLocked) {
    std::mt19937_64 random(11);
    for (__u64 hash : {__u64{0}, ~__u64{0}, __u64{1} << 31, __u64{1} << 32, __u64{1} << 63, __u64{3} << 62}) {
        EXPECT_NE(weir_flow_tag(hash), 0u);
        EXPECT_EQ(weir_flow_tag(hash) & WEIR_FLOW_LOCKED, 0u);
    }
    for (int i = 0; i < 1000000; i++) {
        const __u32 tag = weir_flow_tag(random());
        ASSERT_NE(tag, 0u);
        ASSERT_EQ(tag & WEIR_FLOW_LOCKED, 0u);
    }
}

TEST(FlowKey, SetIsInsideTheTable) {
    EXPECT_EQ(weir_flow_set_of(~__u64{0}, 0), 0u);
    EXPECT_EQ(weir_flow_set_of(~__u64{0}, 1023), 1023u);
    EXPECT_EQ(weir_flow_home_of(~__u64{0}), WEIR_FLOW_WAYS - 1u);
}

}  // namespace
}  // namespace weir::test
