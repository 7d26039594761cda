// SPDX-License-Identifier: GPL-2.0-or-later
// Known frames: the IPv4 header and fragments (RFC 791, 815, 1858).
#pragma once

#include "support/known_frame.hpp"

namespace weir::test {

inline KnownFrames ipv4_frames() {
    using F = FrameBuilder;
    constexpr auto cut = WEIR_CLASS_IPV4_TRUNCATED;
    constexpr auto malformed = WEIR_CLASS_IPV4_MALFORMED;
    constexpr auto tcp = WEIR_CLASS_IPV4_TCP;
    const auto lie = [](const Ipv4Fields& fields) -> Bytes { return F().eth().ipv4(fields).tcp().payload(40); };
    return {
        no_flow("ipv4_truncated_at_0", F().eth().ipv4().truncate(14), cut),
        no_flow("ipv4_truncated_at_1", F().eth().ipv4().truncate(15), cut),
        no_flow("ipv4_truncated_at_19", F().eth().ipv4().truncate(33), cut),

        flow4("ipv4_options_1_word", lie({.option_words = 1}), tcp, 6, usual_ports),
        flow4("ipv4_options_10_words", lie({.option_words = 10}), tcp, 6, usual_ports),
        // The IHL promises options that the frame has not: it ends inside the IPv4 header.
        no_flow("ipv4_ihl_6_beyond_frame", F().eth().ipv4({.ihl = 6, .total_length = 60}), cut),
        no_flow("ipv4_ihl_15_beyond_frame", F().eth().ipv4({.ihl = 15, .total_length = 100}).tcp(), cut),
        no_flow("ipv4_ihl_15_one_byte_short",
                F().eth().ipv4({.total_length = 60, .option_words = 10}).protocol(255).truncate(14 + 59), cut),
        flow4("ipv4_ihl_15_ends_frame", F().eth().ipv4({.option_words = 10}).protocol(255), WEIR_CLASS_IPV4_OTHER, 255),
        no_flow("ipv4_ihl_15_beyond_frame_later_fragment",
                F().eth().ipv4({.ihl = 15, .total_length = 100, .fragment_offset = 8}).udp(), cut),

        no_flow("ipv4_ihl_0", lie({.ihl = 0}), malformed),
        no_flow("ipv4_ihl_4", lie({.ihl = 4}), malformed),
        no_flow("ipv4_version_0", lie({.version = 0}), malformed),
        no_flow("ipv4_version_6", lie({.version = 6}), malformed),
        no_flow("ipv4_version_15", lie({.version = 15}), malformed),
        no_flow("ipv4_total_length_0", lie({.total_length = 0}), malformed),
        no_flow("ipv4_total_length_19", lie({.total_length = 19}), malformed),
        no_flow("ipv4_total_length_below_ihl", lie({.total_length = 20, .option_words = 1}), malformed),

        // Cut short on its way: what can be read is still right.
        flow4("ipv4_total_length_beyond_frame", lie({.total_length = 1500}), tcp, 6, usual_ports),
        flow4("ipv4_total_length_65535", lie({.total_length = 65535}), tcp, 6, usual_ports),
        // What the IPv4 header does not count is no TCP header, however much it looks like one.
        flow4("ipv4_total_length_20_then_tcp", lie({.total_length = 20}), WEIR_CLASS_IPV4_L4_TRUNCATED, 6),
        flow4("ipv4_total_length_39_then_tcp", lie({.total_length = 39}), WEIR_CLASS_IPV4_L4_TRUNCATED, 6),
        flow4("ipv4_total_length_40_then_padding", lie({.total_length = 40}), tcp, 6, usual_ports),
        flow4("ipv4_udp_padded_to_60", F().eth().ipv4().udp().padding(18), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_empty", F().eth().ipv4().protocol(255), WEIR_CLASS_IPV4_OTHER, 255),
        flow4("ipv4_jumbo_9000", F().eth().ipv4({.dont_fragment = true}).udp().payload(9000 - 28), WEIR_CLASS_IPV4_UDP,
              17, usual_ports),
        flow4("ipv4_full_1500", F().eth().ipv4({.dont_fragment = true}).tcp().payload(1460), tcp, 6, usual_ports),
    };
}

inline KnownFrames ipv4_fragment_frames() {
    using F = FrameBuilder;
    constexpr auto later = WEIR_CLASS_IPV4_FRAGMENT;
    constexpr auto cut = WEIR_CLASS_IPV4_L4_TRUNCATED;
    return {
        flow4("ipv4_fragment_first_udp", F().eth().ipv4({.more_fragments = true}).udp({.length = 3000}).payload(1472),
              WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_fragment_first_tcp", F().eth().ipv4({.more_fragments = true}).tcp().payload(4), WEIR_CLASS_IPV4_TCP,
              6, usual_ports),
        flow4("ipv4_fragment_first_icmp_echo", F().eth().ipv4({.more_fragments = true}).icmp(8, 0, 77).payload(1472),
              WEIR_CLASS_IPV4_ICMP, 1, {77, 77}),
        flow4("ipv4_fragment_first_tcp_8_bytes",
              F().eth().ipv4({.total_length = 28, .more_fragments = true}).tcp().truncate(14 + 28), cut, 6),
        flow4("ipv4_fragment_first_udp_0_bytes", F().eth().ipv4({.more_fragments = true}).protocol(17), cut, 17),
        // The bytes at a later fragment's start look like ports and are none.
        flow4("ipv4_fragment_later_udp", F().eth().ipv4({.more_fragments = true, .fragment_offset = 185}).udp(), later,
              17),
        flow4("ipv4_fragment_last_tcp", F().eth().ipv4({.fragment_offset = 370}).tcp(), later, 6),
        flow4("ipv4_fragment_offset_1_tcp", F().eth().ipv4({.fragment_offset = 1}).tcp(), later, 6),
        flow4("ipv4_fragment_offset_8191", F().eth().ipv4({.fragment_offset = 8191}).udp(), later, 17),
        flow4("ipv4_fragment_later_icmp", F().eth().ipv4({.fragment_offset = 185}).icmp(8, 0, 77), later, 1),
        flow4("ipv4_fragment_later_esp", F().eth().ipv4({.fragment_offset = 185}).esp(), later, 50),
        flow4("ipv4_fragment_later_empty", F().eth().ipv4({.fragment_offset = 185}).protocol(17), later, 17),
        flow4("ipv4_fragment_later_options", F().eth().ipv4({.option_words = 3, .fragment_offset = 185}).udp(), later,
              17),
        flow4("ipv4_fragment_dont_fragment_set",
              F().eth().ipv4({.more_fragments = true, .dont_fragment = true}).udp().payload(16), WEIR_CLASS_IPV4_UDP,
              17, usual_ports),
        flow4("vlan_ipv4_fragment_later", F().eth().vlan(7).ipv4({.fragment_offset = 185}).udp(), later, 17),
    };
}

}  // namespace weir::test
