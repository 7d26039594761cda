// SPDX-License-Identifier: GPL-2.0-or-later
// Known frames: IPv6 extension headers (RFC 8200, 4302, 5533, 6275, 7401, 7045).
#pragma once

#include "support/known_frame.hpp"

namespace weir::test {

inline Bytes destination_options_then_udp(int headers) {
    FrameBuilder frame;
    frame.eth().ipv6();
    for (int i = 0; i < headers; i++)
        frame.destination_options();
    return frame.udp().payload(12);
}

inline KnownFrames ipv6_chain_frames() {
    using F = FrameBuilder;
    const auto ip = [] { return F().eth().ipv6(); };
    constexpr auto tcp = WEIR_CLASS_IPV6_TCP;
    constexpr auto udp = WEIR_CLASS_IPV6_UDP;
    constexpr auto later = WEIR_CLASS_IPV6_FRAGMENT;
    const auto eight = [&] { return ip().hop_by_hop().destination_options().routing().mobility().shim6().hip().ah(); };
    return {
        flow6("ipv6_hop_by_hop_tcp", ip().hop_by_hop().tcp(), tcp, 6, usual_ports),
        flow6("ipv6_hop_by_hop_long_udp", ip().hop_by_hop(5).udp(), udp, 17, usual_ports),
        flow6("ipv6_hop_by_hop_icmp_mld", ip().hop_by_hop().icmpv6(143, 0, 0).payload(20), WEIR_CLASS_IPV6_ICMP, 58),
        flow6("ipv6_routing_udp", ip().routing(2).udp(), udp, 17, usual_ports),
        flow6("ipv6_destination_options_tcp", ip().destination_options().tcp(), tcp, 6, usual_ports),
        flow6("ipv6_destination_options_1024_bytes_udp", ip().destination_options(127).udp(), udp, 17, usual_ports),
        flow6("ipv6_mobility_no_next", ip().mobility().no_next(), WEIR_CLASS_IPV6_NO_NEXT, 59),
        flow6("ipv6_hip_no_next", ip().hip().no_next(), WEIR_CLASS_IPV6_NO_NEXT, 59),
        flow6("ipv6_shim6_udp", ip().shim6().udp(), udp, 17, usual_ports),
        flow6("ipv6_hop_by_hop_no_next", ip().hop_by_hop().no_next().payload(8), WEIR_CLASS_IPV6_NO_NEXT, 59),
        flow6("ipv6_hop_by_hop_esp", ip().hop_by_hop().esp(), WEIR_CLASS_IPV6_ESP, 50),
        flow6("ipv6_destination_options_4in6", ip().destination_options().ipv4().udp(), WEIR_CLASS_IPV6_TUNNEL, 4),
        flow6("ipv6_routing_gre", ip().routing().gre(), WEIR_CLASS_IPV6_GRE, 47),
        flow6("ipv6_destination_options_255", ip().destination_options().protocol(255), WEIR_CLASS_IPV6_OTHER, 255),

        // AH counts in words minus 2, every other header in 8 bytes minus 1: 24, 16 and 12 bytes here.
        flow6("ipv6_ah_24_bytes_tcp", ip().ah(3).tcp(), tcp, 6, usual_ports),
        flow6("ipv6_ah_16_bytes_udp", ip().ah(1).udp(), udp, 17, usual_ports),
        flow6("ipv6_ah_12_bytes_udp", ip().ah(0).udp(), udp, 17, usual_ports),
        flow6("ipv6_ah_icmp_echo", ip().ah(3).icmpv6(128, 0, 6), WEIR_CLASS_IPV6_ICMP, 58, {6, 6}),

        flow6("ipv6_fragment_first_udp", ip().fragment(0, true).udp({.length = 3000}).payload(1440), udp, 17,
              usual_ports),
        flow6("ipv6_fragment_atomic_tcp", ip().fragment(0, false).tcp(), tcp, 6, usual_ports),
        flow6("ipv6_fragment_later_udp", ip().fragment(181, true, 17).payload(64), later, 17),
        flow6("ipv6_fragment_last_tcp", ip().fragment(362, false, 6).payload(64), later, 6),
        flow6("ipv6_fragment_offset_1", ip().fragment(1, true, 6).payload(64), later, 6),
        flow6("ipv6_fragment_later_empty", ip().fragment(181, false, 17), later, 17),
        flow6("ipv6_hop_by_hop_fragment_later", ip().hop_by_hop().fragment(181, true, 17).payload(8), later, 17),
        // The fragment header names what the unfragmented packet has next, be it another extension header.
        flow6("ipv6_fragment_later_of_options", ip().fragment(181, true, 60).payload(64), later, 60),
        flow6("ipv6_fragment_first_options_udp", ip().fragment(0, true).destination_options().udp().payload(8), udp, 17,
              usual_ports),

        flow6("ipv6_chain_of_rfc_8200",
              ip().hop_by_hop().destination_options().routing().fragment(0, false).ah().destination_options(1).tcp(),
              tcp, 6, usual_ports),
        flow6("ipv6_chain_1_header", destination_options_then_udp(1), udp, 17, usual_ports),
        flow6("ipv6_chain_8_headers", destination_options_then_udp(8), udp, 17, usual_ports),
        flow6("ipv6_chain_8_kinds", eight().fragment(0, true).udp().payload(24), udp, 17, usual_ports),
        flow6("ipv6_chain_9_headers", destination_options_then_udp(9), WEIR_CLASS_IPV6_EXT_DEEP, 60),
        flow6("ipv6_chain_20_headers", destination_options_then_udp(20), WEIR_CLASS_IPV6_EXT_DEEP, 60),
        flow6("ipv6_chain_9th_is_fragment", eight().fragment(0, true).fragment(9, true, 17).payload(8),
              WEIR_CLASS_IPV6_EXT_DEEP, 44),
        flow6("ipv6_chain_4096_bytes", ip().destination_options(255).destination_options(255).udp(), udp, 17,
              usual_ports),
    };
}

inline KnownFrames ipv6_broken_chain_frames() {
    using F = FrameBuilder;
    const auto ip = [] { return F().eth().ipv6(); };
    const auto promising = [](std::uint16_t length) { return F().eth().ipv6({.payload_length = length}); };
    constexpr std::size_t l4 = 14 + 40;
    constexpr auto cut = WEIR_CLASS_IPV6_EXT_TRUNCATED;
    constexpr auto l4_cut = WEIR_CLASS_IPV6_L4_TRUNCATED;
    return {
        flow6("ipv6_hop_by_hop_truncated_at_0", ip().hop_by_hop().truncate(l4), cut, 0),
        flow6("ipv6_hop_by_hop_truncated_at_7", ip().hop_by_hop().truncate(l4 + 7), cut, 0),
        flow6("ipv6_routing_truncated_at_7", ip().routing().truncate(l4 + 7), cut, 43),
        flow6("ipv6_fragment_truncated_at_7", ip().fragment(0, true).udp().truncate(l4 + 7), cut, 44),
        flow6("ipv6_ah_truncated_at_11", ip().ah().tcp().truncate(l4 + 11), cut, 51),
        flow6("ipv6_mobility_truncated_at_7", ip().mobility().truncate(l4 + 7), cut, 135),
        flow6("ipv6_second_header_truncated", ip().hop_by_hop().destination_options().truncate(l4 + 8 + 3), cut, 60),
        flow6("ipv6_options_beyond_payload_length", ip().destination_options(9).tcp().truncate(l4 + 8 + 20), cut, 60),
        flow6("ipv6_payload_length_7_then_options", promising(7).destination_options().tcp(), cut, 60),
        flow6("ipv6_payload_length_below_options", promising(15).destination_options(1).tcp(), cut, 60),
        // The length fields are content; the frame ends inside the header, whatever would come next.
        flow6("ipv6_options_beyond_frame_then_tcp", promising(200).destination_options(9).tcp().truncate(l4 + 40), cut,
              60),
        flow6("ipv6_options_beyond_frame_then_255",
              promising(200).destination_options(9).protocol(255).truncate(l4 + 40), cut, 60),
        flow6("ipv6_options_beyond_frame_then_no_next",
              promising(80).destination_options(9).no_next().truncate(l4 + 79), cut, 60),
        flow6("ipv6_ah_beyond_frame_then_255", promising(200).ah(9).protocol(255).truncate(l4 + 20), cut, 51),
        // AH's fixed part is 12 bytes; a length field of 0 says 8.
        flow6("ipv6_ah_length_0", ip().ah(3, 0).tcp(), cut, 51),
        flow6("ipv6_payload_length_8_then_ah", promising(8).ah(0, 0).udp(), cut, 51),
        flow6("ipv6_chain_then_tcp_truncated", ip().hop_by_hop().tcp().truncate(l4 + 8 + 19), l4_cut, 6),
        flow6("ipv6_chain_then_tcp_missing", promising(8).hop_by_hop().tcp(), l4_cut, 6),
        flow6("ipv6_fragment_first_tcp_8_bytes", promising(16).fragment(0, true).tcp().truncate(l4 + 16), l4_cut, 6),
        flow6(
            "ipv6_8_headers_then_udp_truncated",
            [] {
                Bytes bytes = destination_options_then_udp(8);
                bytes.resize(l4 + 8 * 8 + 7);
                return bytes;
            }(),
            l4_cut, 17),
    };
}

}  // namespace weir::test
