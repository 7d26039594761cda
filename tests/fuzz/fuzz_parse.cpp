// SPDX-License-Identifier: GPL-2.0-or-later
// The parser under libFuzzer: against a second parser, against itself through a view that ends early, and against its
// own bounds.
//
// An input is 3 bytes of circumstances, then the frame: bit 0 a tag outside, bit 1 GSO; then how much of the frame is
// linear. New inputs also start from the table of known frames, so no corpus of seeds is needed.
#include "lib/parse.h"
#include "support/frame_table.hpp"
#include "support/reference_parser.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace weir::test;

constexpr std::size_t prefix_bytes = 3;

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                               \
            std::abort();                                                                                              \
        }                                                                                                              \
    } while (0)

weir_packet parse(std::span<const std::uint8_t> frame, weir_view_kind kind, weir_frame_hint hint) {
    // A copy of just that size, so that a read past the end is seen.
    std::vector<std::uint8_t> exact(frame.begin(), frame.end());
    weir_view view = {exact.data(), exact.data() + exact.size(), nullptr, nullptr, static_cast<__u8>(kind)};
    weir_packet packet;
    std::memset(&packet, 0xa5, sizeof packet);
    weir_parse(&view, &hint, &packet);
    return packet;
}

bool same(const weir_packet& a, const weir_packet& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

void check_bounds(const weir_packet& packet) {
    REQUIRE(packet.class_id < WEIR_CLASS_COUNT);
    REQUIRE(packet.has_flow <= 1);
    REQUIRE(packet.has_flow ? packet.family == 4 || packet.family == 6 : packet.family == 0);
    REQUIRE(packet.header_bytes <= WEIR_HEADER_REACH_BYTES + 60);
    REQUIRE(packet.header_bytes == 0 || packet.header_bytes >= packet.l4_offset);
    REQUIRE(packet.jumbo_bytes == 0 || packet.jumbo_bytes == 8);
    if (packet.has_flow) return;
    const __u32 nothing[8] = {};
    REQUIRE(std::memcmp(packet.src_address, nothing, sizeof nothing) == 0);
    REQUIRE(packet.src_port == 0 && packet.dst_port == 0 && packet.header_bytes == 0);
}

void check_reference(const weir_packet& packet, std::span<const std::uint8_t> frame, weir_frame_hint hint) {
    const Verdict verdict = reference_verdict(frame, hint.tags_outside, hint.is_gso);
    REQUIRE(packet.class_id == verdict.class_id);
    REQUIRE(packet.family == verdict.family);
    REQUIRE(packet.src_port == verdict.source_port);
    REQUIRE(packet.dst_port == verdict.destination_port);
    REQUIRE(!packet.has_flow || packet.protocol == verdict.protocol);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < prefix_bytes) return 0;
    const weir_frame_hint hint = {static_cast<__u8>(data[0] & 1), static_cast<__u8>(data[0] >> 1 & 1)};
    const std::span<const std::uint8_t> frame(data + prefix_bytes, size - prefix_bytes);
    const std::size_t linear = std::min<std::size_t>(frame.size(), static_cast<std::size_t>(data[1] << 8 | data[2]));

    const weir_packet whole = parse(frame, WEIR_VIEW_WHOLE, hint);
    check_bounds(whole);
    check_reference(whole, frame, hint);

    const weir_packet direct = parse(frame, WEIR_VIEW_DIRECT, hint);
    check_bounds(direct);
    REQUIRE(weir_class_is_truncated(direct.class_id) || same(direct, whole));

    // The linear part always holds an Ethernet header.
    if (linear < WEIR_ETH_HEADER_BYTES) return 0;
    const weir_packet early = parse(frame.first(linear), WEIR_VIEW_DIRECT, hint);
    check_bounds(early);
    REQUIRE(weir_class_is_truncated(early.class_id) || same(early, whole));
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    if (seed % 32 == 0 && max_size > prefix_bytes) {
        const KnownFrame& frame = frame_table()[seed / 32 % frame_table().size()];
        const std::size_t bytes = std::min(frame.bytes.size(), max_size - prefix_bytes);
        data[0] = static_cast<std::uint8_t>(seed >> 16);
        data[1] = 0;
        data[2] = static_cast<std::uint8_t>(seed >> 24);
        std::copy_n(frame.bytes.begin(), bytes, data + prefix_bytes);
        size = prefix_bytes + bytes;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
