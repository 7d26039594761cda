// SPDX-License-Identifier: GPL-2.0-or-later
// The parser against the table of known frames, against a second parser, and against its own promise that a view which
// ends early is either enough or says so.
#include "lib/parse.h"
#include "support/frame_table.hpp"
#include "support/reference_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

namespace weir::test {
namespace {

// A copy that is as large as the frame and no larger, so that AddressSanitizer sees a read past its end.
struct Exact {
    Exact(const Bytes& bytes, std::size_t size) : memory(new std::uint8_t[size]) {
        std::copy_n(bytes.begin(), size, memory.get());
    }
    std::unique_ptr<std::uint8_t[]> memory;
};

weir_packet parse(const Bytes& bytes, std::size_t size, weir_view_kind kind, weir_frame_hint hint) {
    const Exact frame(bytes, size);
    weir_view view = {frame.memory.get(), frame.memory.get() + size, nullptr, nullptr, static_cast<__u8>(kind)};
    weir_packet packet;
    std::memset(&packet, 0xa5, sizeof packet);
    weir_parse(&view, &hint, &packet);
    return packet;
}

weir_packet parse(const KnownFrame& frame, weir_view_kind kind = WEIR_VIEW_WHOLE) {
    return parse(frame.bytes, frame.bytes.size(), kind, {frame.tags_outside, 0});
}

weir_packet parse(const Bytes& bytes, weir_frame_hint hint = {0, 0}) {
    return parse(bytes, bytes.size(), WEIR_VIEW_WHOLE, hint);
}

void expect_known(const KnownFrame& frame, const weir_packet& packet) {
    EXPECT_STREQ(class_name(packet.class_id), class_name(frame.expected));
    EXPECT_EQ(packet.has_flow, frame.has_flow());
    EXPECT_EQ(packet.family, frame.family);
    EXPECT_EQ(packet.src_port, frame.source_port);
    EXPECT_EQ(packet.dst_port, frame.destination_port);
    if (!frame.has_flow()) return;
    EXPECT_EQ(packet.protocol, frame.protocol);
    __u32 source[4] = {}, destination[4] = {};
    std::memcpy(source, frame.family == 4 ? source_v4.data() : source_v6.data(), frame.family == 4 ? 4 : 16);
    std::memcpy(destination, frame.family == 4 ? destination_v4.data() : destination_v6.data(),
                frame.family == 4 ? 4 : 16);
    EXPECT_EQ(std::memcmp(source, packet.src_address, 16), 0);
    EXPECT_EQ(std::memcmp(destination, packet.dst_address, 16), 0);
}

bool operator==(const weir_packet& a, const weir_packet& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

TEST(FrameTable, IsLargeAndNamesAreUnique) {
    std::set<std::string> names;
    std::set<int> classes;
    for (const KnownFrame& frame : frame_table()) {
        EXPECT_TRUE(names.insert(frame.name).second) << frame.name;
        classes.insert(frame.expected);
    }
    EXPECT_GE(names.size(), 200u);
    for (int id = 0; id < WEIR_CLASS_COUNT; id++)
        EXPECT_TRUE(classes.contains(id)) << "no frame of class " << class_name(static_cast<unsigned>(id));
}

TEST(FrameTable, SecondParserAgrees) {
    for (const KnownFrame& frame : frame_table()) {
        SCOPED_TRACE(frame.name);
        const Verdict v = reference_verdict(frame.bytes, frame.tags_outside, false);
        EXPECT_STREQ(class_name(v.class_id), class_name(frame.expected));
        EXPECT_EQ(v.family, frame.family);
        EXPECT_EQ(v.source_port, frame.source_port);
        EXPECT_EQ(v.destination_port, frame.destination_port);
        if (frame.has_flow()) {
            EXPECT_EQ(v.protocol, frame.protocol);
        }
    }
}

TEST(Parse, KnownFramesWhole) {
    for (const KnownFrame& frame : frame_table()) {
        SCOPED_TRACE(frame.name);
        expect_known(frame, parse(frame));
    }
}

// IPv6 extension headers, IPv4 options and AH are read by the slow way only, and nothing else is.
TEST(Parse, KnownFramesDirectUnlessItSaysTruncated) {
    for (const KnownFrame& frame : frame_table()) {
        SCOPED_TRACE(frame.name);
        const weir_packet packet = parse(frame, WEIR_VIEW_DIRECT);
        if (!weir_class_is_truncated(packet.class_id)) {
            expect_known(frame, packet);
        } else if (!weir_class_is_truncated(frame.expected)) {
            const bool has_chain = frame.name.starts_with("ipv6_") || frame.name.contains("ipv6_hop") ||
                                   frame.name.contains("ipv6_fragment");
            const bool has_options =
                frame.name.contains("_ah") || frame.name.contains("option") || frame.name.contains("ihl_15");
            EXPECT_TRUE(has_chain || has_options) << "left to the slow way";
        }
    }
}

// What the slow way through the parser rests on: the packet pointers show the linear part of an skb, wherever it ends,
// and the parser then either reads what it would read of the whole frame, or says that it ran out.
TEST(Parse, DirectViewThatEndsAnywhereIsEnoughOrSaysSo) {
    for (const KnownFrame& frame : frame_table()) {
        SCOPED_TRACE(frame.name);
        const weir_packet whole = parse(frame);
        for (std::size_t linear = WEIR_ETH_HEADER_BYTES; linear <= std::min<std::size_t>(frame.bytes.size(), 1200);
             linear++) {
            const weir_packet direct = parse(frame.bytes, linear, WEIR_VIEW_DIRECT, {frame.tags_outside, 0});
            if (weir_class_is_truncated(direct.class_id)) continue;
            ASSERT_TRUE(direct == whole) << "linear " << linear;
        }
    }
}

TEST(Parse, EveryCutOfEveryFrameAgreesWithTheSecondParser) {
    for (const KnownFrame& frame : frame_table()) {
        SCOPED_TRACE(frame.name);
        for (std::size_t size = 0; size <= std::min<std::size_t>(frame.bytes.size(), 1200); size++) {
            for (std::uint8_t gso : {0, 1}) {
                const weir_packet packet = parse(frame.bytes, size, WEIR_VIEW_WHOLE, {frame.tags_outside, gso});
                const Verdict v = reference_verdict(std::span(frame.bytes).first(size), frame.tags_outside, gso);
                ASSERT_STREQ(class_name(packet.class_id), class_name(v.class_id)) << "size " << size;
                ASSERT_EQ(packet.family, v.family) << "size " << size;
                ASSERT_EQ(packet.src_port, v.source_port) << "size " << size;
                ASSERT_EQ(packet.dst_port, v.destination_port) << "size " << size;
                if (v.family == 0) continue;
                ASSERT_EQ(packet.protocol, v.protocol) << "size " << size;
            }
        }
    }
}

TEST(Parse, LengthOf0MeansUnknownInAGsoFrame) {
    const Bytes four = FrameBuilder().eth().ipv4({.total_length = 0}).tcp().payload(100);
    EXPECT_EQ(parse(four).class_id, WEIR_CLASS_IPV4_MALFORMED);
    EXPECT_EQ(parse(four, {0, 1}).class_id, WEIR_CLASS_IPV4_TCP);
    const Bytes six = FrameBuilder().eth().ipv6({.payload_length = 0}).tcp().payload(100);
    EXPECT_EQ(parse(six).class_id, WEIR_CLASS_IPV6_L4_TRUNCATED);
    EXPECT_EQ(parse(six, {0, 1}).class_id, WEIR_CLASS_IPV6_TCP);
}

TEST(Parse, HeaderBytesEndBehindTheTransportHeader) {
    using F = FrameBuilder;
    EXPECT_EQ(parse(F().eth().ipv4().tcp().payload(9)).header_bytes, 14 + 20 + 20);
    EXPECT_EQ(parse(F().eth().vlan(1).ipv4({.option_words = 2}).tcp({.option_words = 3})).header_bytes, 18 + 28 + 32);
    EXPECT_EQ(parse(F().eth().qinq(1).vlan(1).ipv6().udp().payload(9)).header_bytes, 22 + 40 + 8);
    EXPECT_EQ(parse(F().eth().ipv6().hop_by_hop().ah(3).tcp()).header_bytes, 14 + 40 + 8 + 24 + 20);
    EXPECT_EQ(parse(F().eth().ipv4().sctp().payload(20)).header_bytes, 14 + 20 + 12);
    EXPECT_EQ(parse(F().eth().ipv4().icmp(8, 0, 1)).header_bytes, 0);
    EXPECT_EQ(parse(F().eth().arp()).header_bytes, 0);
    EXPECT_EQ(parse(F().eth().ipv4({.fragment_offset = 3}).tcp()).header_bytes, 0);
}

TEST(Parse, JumboHeaderIsNotedWhereSegmentationRemovesIt) {
    using F = FrameBuilder;
    const weir_frame_hint gso = {0, 1};
    const Bytes jumbo = F().eth().ipv6({.payload_length = 0}).jumbo(100000).tcp().payload(1000);
    EXPECT_EQ(parse(jumbo, gso).jumbo_bytes, 8);
    EXPECT_EQ(parse(jumbo, gso).header_bytes, 14 + 40 + 8 + 20);
    EXPECT_EQ(parse(jumbo).jumbo_bytes, 0);
    EXPECT_EQ(parse(F().eth().ipv6({.payload_length = 0}).hop_by_hop().tcp(), gso).jumbo_bytes, 0);
    // Only as the first header, and only right before TCP, does the kernel take it for its own.
    EXPECT_EQ(parse(F().eth().ipv6().destination_options().jumbo(100000).tcp(), gso).jumbo_bytes, 0);
    EXPECT_EQ(parse(F().eth().ipv6({.payload_length = 0}).jumbo(100000).udp(), gso).jumbo_bytes, 0);
}

// The longest headers there can be: two tags, IPv6, eight extension headers of 2,048 bytes, TCP with all its options.
TEST(Parse, ReachCoversTheLongestChain) {
    FrameBuilder frame;
    frame.eth().qinq(1).vlan(2).ipv6();
    for (int i = 0; i < WEIR_EXTENSIONS_MAX; i++)
        frame.destination_options(255);
    const weir_packet packet = parse(frame.tcp({.option_words = 10}));
    EXPECT_STREQ(class_name(packet.class_id), "ipv6_tcp");
    EXPECT_EQ(packet.dst_port, destination_port);
    EXPECT_EQ(packet.header_bytes, 22 + 40 + 8 * 2048 + 60);
}

TEST(Parse, TruncatedClassesAreThoseThatEndInsideAHeader) {
    const std::set<int> truncated = {WEIR_CLASS_VLAN_TRUNCATED,    WEIR_CLASS_IPV4_TRUNCATED,
                                     WEIR_CLASS_IPV4_L4_TRUNCATED, WEIR_CLASS_IPV6_TRUNCATED,
                                     WEIR_CLASS_IPV6_L4_TRUNCATED, WEIR_CLASS_IPV6_EXT_TRUNCATED};
    for (int id = 0; id < 256; id++)
        EXPECT_EQ(weir_class_is_truncated(static_cast<__u8>(id)) != 0, truncated.contains(id)) << id;
}

}  // namespace
}  // namespace weir::test
