// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/traffic.hpp"

#include <algorithm>
#include <unordered_set>

namespace weir::bench {
namespace {

void put_be16(Frame& frame, std::size_t at, std::uint32_t value) {
    frame[at] = static_cast<std::uint8_t>(value >> 8);
    frame[at + 1] = static_cast<std::uint8_t>(value);
}

void put_be32(Frame& frame, std::size_t at, std::uint32_t value) {
    put_be16(frame, at, value >> 16);
    put_be16(frame, at + 2, value & 0xffff);
}

}  // namespace

const std::vector<Traffic>& traffics() {
    static const std::vector<Traffic> all{
        {{"IPv4 UDP, 1 flow", 1}, 4, 17, 0, WEIR_CLASS_IPV4_UDP},
        {{"IPv4 TCP, 1 flow", 1}, 4, 6, 0, WEIR_CLASS_IPV4_TCP},
        {{"IPv6 UDP, 1 flow", 1}, 6, 17, 0, WEIR_CLASS_IPV6_UDP},
        {{"IPv4 UDP, 4,096 flows", 4096}, 4, 17, 0, WEIR_CLASS_IPV4_UDP},
        {{"IPv4 UDP, 65,536 flows", 65536}, 4, 17, 1, WEIR_CLASS_IPV4_UDP},
        {{"IPv6 UDP, 65,536 flows", 65536}, 6, 17, 2, WEIR_CLASS_IPV6_UDP},
        {{"IPv4 TCP, 65,536 flows", 65536}, 4, 6, 4, WEIR_CLASS_IPV4_TCP},
        {{"IPv4 UDP, every packet new", 0}, 4, 17, 3, WEIR_CLASS_IPV4_UDP},
    };
    return all;
}

Frame frame_of(const Traffic& traffic, std::uint32_t index) {
    const bool v6 = traffic.family == 6;
    const std::size_t l4 = v6 ? 54 : 34;
    const std::uint32_t word = traffic.base() + (index & traffic.mask());
    Frame frame{};

    frame[0] = frame[6] = 2;  // locally administered addresses
    frame[11] = 1;
    put_be16(frame, 12, v6 ? WEIR_ETHERTYPE_IPV6 : WEIR_ETHERTYPE_IPV4);
    if (v6) {
        frame[14] = 0x60;
        put_be16(frame, 18, frame_bytes - l4);
        frame[20] = traffic.protocol;
        frame[21] = 64;
        put_be32(frame, 22, 0x20010db8);
        put_be32(frame, 34, word);
        put_be32(frame, 38, 0x20010db8);
        put_be32(frame, 50, 1);
    } else {
        frame[14] = 0x45;
        put_be16(frame, 16, traffic.protocol == 6 ? 40 + traffic.payload_bytes() : frame_bytes - 14);
        frame[22] = 64;
        frame[23] = traffic.protocol;
        put_be32(frame, 26, word);
        put_be32(frame, 30, 0xc0000201);
    }
    put_be16(frame, l4, 40000);
    put_be16(frame, l4 + 2, 443);
    if (traffic.protocol == 6) {
        frame[l4 + 12] = 5 << 4;
        frame[l4 + 13] = 0x10;           // ACK
        put_be16(frame, l4 + 14, 1000);  // window
    } else {
        put_be16(frame, l4 + 4, static_cast<std::uint32_t>(frame_bytes - l4));
    }
    return frame;
}

std::uint64_t flows_expected(std::span<const Traffic* const> together, std::uint32_t direction, std::uint64_t seed,
                             std::uint32_t sets) {
    std::unordered_set<std::uint64_t> hashes;
    for (const Traffic* traffic : together) {
        if (traffic->every_new()) return std::uint64_t{sets} * WEIR_FLOW_WAYS;
        for (std::uint32_t index = 0; index < traffic->shown.live_flows; ++index) {
            const Frame frame = frame_of(*traffic, index);
            weir_view view{frame.data(), frame.data() + frame.size(), nullptr, nullptr, WEIR_VIEW_WHOLE};
            const weir_frame_hint hint{0, 0};
            weir_packet packet;
            weir_flow_key key;
            weir_parse(&view, &hint, &packet);
            weir_flow_key_of(&packet, direction, &key);
            hashes.insert(weir_flow_hash(&key, seed));
        }
    }
    std::vector<std::uint32_t> in_set(sets);
    for (const std::uint64_t hash : hashes)
        ++in_set[weir_flow_set_of(hash, sets - 1)];
    std::uint64_t flows = 0;
    for (const std::uint32_t count : in_set)
        flows += std::min<std::uint32_t>(count, WEIR_FLOW_WAYS);
    return flows;
}

}  // namespace weir::bench
