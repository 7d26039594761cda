// SPDX-License-Identifier: GPL-2.0-or-later
// Known frames: what IPv4 and IPv6 carry (RFC 768, 792, 2784, 3828, 4302, 4303, 4340, 4443, 9260, 9293).
#pragma once

#include "support/known_frame.hpp"

namespace weir::test {

inline KnownFrames ipv4_l4_frames() {
    using F = FrameBuilder;
    const auto ip = [] { return F().eth().ipv4(); };
    const auto promising = [](std::uint16_t length) { return F().eth().ipv4({.total_length = length}); };
    constexpr std::size_t l4 = 14 + 20;  // where the header above begins
    constexpr auto cut = WEIR_CLASS_IPV4_L4_TRUNCATED;
    constexpr auto other = WEIR_CLASS_IPV4_OTHER;
    return {
        flow4("ipv4_tcp_syn", ip().tcp({.flags = 2, .option_words = 5}), WEIR_CLASS_IPV4_TCP, 6, usual_ports),
        flow4("ipv4_tcp_timestamps", ip().tcp({.data_offset = 8}).raw({1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 3}).payload(9),
              WEIR_CLASS_IPV4_TCP, 6, usual_ports),
        flow4("ipv4_tcp_no_payload", ip().tcp(), WEIR_CLASS_IPV4_TCP, 6, usual_ports),
        flow4("ipv4_tcp_port_0", ip().tcp({.source_port = 0, .destination_port = 65535}), WEIR_CLASS_IPV4_TCP, 6,
              {0, 65535}),
        flow4("ipv4_tcp_data_offset_4", ip().tcp({.data_offset = 4}).payload(8), WEIR_CLASS_IPV4_TCP, 6, usual_ports),
        flow4("ipv4_tcp_data_offset_beyond_frame", ip().tcp({.data_offset = 15}), WEIR_CLASS_IPV4_TCP, 6, usual_ports),
        flow4("ipv4_tcp_truncated_at_0", ip().tcp().truncate(l4), cut, 6),
        flow4("ipv4_tcp_truncated_at_4", ip().tcp().truncate(l4 + 4), cut, 6),
        flow4("ipv4_tcp_truncated_at_19", ip().tcp().truncate(l4 + 19), cut, 6),
        flow4("ipv4_udp", ip().udp().payload(100), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_udp_no_payload", ip().udp(), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_udp_length_0", ip().udp({.length = 0}).payload(10), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_udp_length_beyond_frame", ip().udp({.length = 9999}), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_udp_truncated_at_7", ip().udp().truncate(l4 + 7), cut, 17),
        flow4("ipv4_udp_lite", ip().udp_lite().payload(10), WEIR_CLASS_IPV4_UDP, 136, usual_ports),
        flow4("ipv4_icmp_echo_request", ip().icmp(8, 0, 0x1234).payload(56), WEIR_CLASS_IPV4_ICMP, 1, {0x1234, 0x1234}),
        flow4("ipv4_icmp_echo_reply", ip().icmp(0, 0, 0x1234).payload(56), WEIR_CLASS_IPV4_ICMP, 1, {0x1234, 0x1234}),
        flow4("ipv4_icmp_unreachable", ip().icmp(3, 3, 0x1234).payload(28), WEIR_CLASS_IPV4_ICMP, 1),
        flow4("ipv4_icmp_time_exceeded", ip().icmp(11, 0, 0x1234).payload(28), WEIR_CLASS_IPV4_ICMP, 1),
        flow4("ipv4_icmp_truncated_at_7", ip().icmp(8, 0, 0x1234).truncate(l4 + 7), cut, 1),
        flow4("ipv4_igmp", ip().igmp(), WEIR_CLASS_IPV4_IGMP, 2),
        flow4("ipv4_igmp_truncated_at_7", ip().igmp().truncate(l4 + 7), cut, 2),
        flow4("ipv4_sctp", ip().sctp().payload(20), WEIR_CLASS_IPV4_SCTP, 132, usual_ports),
        flow4("ipv4_sctp_truncated_at_11", ip().sctp().truncate(l4 + 11), cut, 132),
        flow4("ipv4_dccp", ip().dccp().payload(4), WEIR_CLASS_IPV4_SCTP, 33, usual_ports),
        flow4("ipv4_gre_ipv4", ip().gre().ipv4().tcp(), WEIR_CLASS_IPV4_GRE, 47),
        flow4("ipv4_gre_truncated_at_3", ip().gre().truncate(l4 + 3), cut, 47),
        flow4("ipv4_esp", ip().esp().payload(40), WEIR_CLASS_IPV4_ESP, 50),
        flow4("ipv4_esp_truncated_at_7", ip().esp().truncate(l4 + 7), cut, 50),
        flow4("ipv4_ipip", ip().ipv4().tcp(), WEIR_CLASS_IPV4_TUNNEL, 4),
        flow4("ipv4_ipip_truncated_at_19", ip().ipv4().truncate(l4 + 19), cut, 4),
        flow4("ipv4_6in4", ip().ipv6().tcp(), WEIR_CLASS_IPV4_TUNNEL, 41),
        flow4("ipv4_6in4_truncated_at_39", ip().ipv6().truncate(l4 + 39), cut, 41),
        flow4("ipv4_protocol_0", ip().protocol(0).payload(20), other, 0),
        flow4("ipv4_protocol_58_icmpv6", ip().icmpv6(128, 0, 5), other, 58),
        flow4("ipv4_protocol_59_no_next", ip().no_next().payload(20), other, 59),
        flow4("ipv4_protocol_60_destination_options", ip().destination_options().tcp(), other, 60),
        flow4("ipv4_protocol_89_ospf", ip().protocol(89).payload(44), other, 89),
        flow4("ipv4_protocol_255", ip().protocol(255).payload(20), other, 255),

        flow4("ipv4_ah_tcp", ip().ah().tcp(), WEIR_CLASS_IPV4_TCP, 6, usual_ports),
        flow4("ipv4_ah_without_icv_udp", ip().ah(0).udp(), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_ah_16_byte_icv_icmp_echo", ip().ah(4).icmp(8, 0, 9), WEIR_CLASS_IPV4_ICMP, 1, {9, 9}),
        flow4("ipv4_ah_longest_udp", ip().ah(254).udp(), WEIR_CLASS_IPV4_UDP, 17, usual_ports),
        flow4("ipv4_ah_ipip", ip().ah().ipv4().tcp(), WEIR_CLASS_IPV4_TUNNEL, 4),
        flow4("ipv4_ah_esp", ip().ah().esp(), WEIR_CLASS_IPV4_ESP, 50),
        flow4("ipv4_ah_protocol_255", ip().ah().protocol(255), other, 255),
        flow4("ipv4_options_ah_udp", F().eth().ipv4({.option_words = 6}).ah().udp(), WEIR_CLASS_IPV4_UDP, 17,
              usual_ports),
        flow4("ipv4_ah_then_tcp_truncated", ip().ah().tcp().truncate(l4 + 24 + 19), cut, 6),
        flow4("ipv4_ah_truncated_at_11", ip().ah().tcp().truncate(l4 + 11), cut, 51),
        flow4("ipv4_ah_icv_beyond_frame", promising(200).ah().protocol(255).truncate(l4 + 20), cut, 51),
        flow4("ipv4_ah_beyond_total_length", ip().ah(3, 60).tcp(), cut, 51),
        // AH's fixed part is 12 bytes; a length field of 0 says 8.
        flow4("ipv4_ah_length_0", ip().ah(3, 0).tcp(), cut, 51),
    };
}

inline KnownFrames ipv6_l4_frames() {
    using F = FrameBuilder;
    const auto ip = [] { return F().eth().ipv6(); };
    constexpr std::size_t l4 = 14 + 40;
    constexpr auto cut = WEIR_CLASS_IPV6_L4_TRUNCATED;
    constexpr auto other = WEIR_CLASS_IPV6_OTHER;
    return {
        flow6("ipv6_tcp", ip().tcp({.option_words = 3}).payload(100), WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        flow6("ipv6_tcp_timestamps", ip().tcp({.data_offset = 8}).raw({1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 3}).payload(9),
              WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        flow6("ipv6_tcp_no_payload", ip().tcp(), WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        flow6("ipv6_tcp_truncated_at_0", ip().tcp().truncate(l4), cut, 6),
        flow6("ipv6_tcp_truncated_at_19", ip().tcp().truncate(l4 + 19), cut, 6),
        flow6("ipv6_udp", ip().udp().payload(100), WEIR_CLASS_IPV6_UDP, 17, usual_ports),
        flow6("ipv6_udp_length_0", ip().udp({.length = 0}).payload(4), WEIR_CLASS_IPV6_UDP, 17, usual_ports),
        flow6("ipv6_udp_truncated_at_7", ip().udp().truncate(l4 + 7), cut, 17),
        flow6("ipv6_udp_lite", ip().udp_lite().payload(4), WEIR_CLASS_IPV6_UDP, 136, usual_ports),
        flow6("ipv6_icmp_echo_request", ip().icmpv6(128, 0, 0x4321).payload(56), WEIR_CLASS_IPV6_ICMP, 58,
              {0x4321, 0x4321}),
        flow6("ipv6_icmp_echo_reply", ip().icmpv6(129, 0, 0x4321).payload(56), WEIR_CLASS_IPV6_ICMP, 58,
              {0x4321, 0x4321}),
        flow6("ipv6_icmp_neighbour_solicitation", ip().icmpv6(135, 0, 0).payload(24), WEIR_CLASS_IPV6_ICMP, 58),
        flow6("ipv6_icmp_too_big", ip().icmpv6(2, 0, 0x4321).payload(48), WEIR_CLASS_IPV6_ICMP, 58),
        flow6("ipv6_icmp_4_bytes", F().eth().ipv6({.payload_length = 4}).icmpv6(135, 0, 0).truncate(l4 + 4),
              WEIR_CLASS_IPV6_ICMP, 58),
        flow6("ipv6_icmp_truncated_at_3", ip().icmpv6(135, 0, 0).truncate(l4 + 3), cut, 58),
        flow6("ipv6_icmp_echo_truncated_at_7", ip().icmpv6(128, 0, 7).truncate(l4 + 7), cut, 58),
        flow6("ipv6_sctp", ip().sctp().payload(20), WEIR_CLASS_IPV6_SCTP, 132, usual_ports),
        flow6("ipv6_sctp_truncated_at_11", ip().sctp().truncate(l4 + 11), cut, 132),
        flow6("ipv6_dccp", ip().dccp().payload(4), WEIR_CLASS_IPV6_SCTP, 33, usual_ports),
        flow6("ipv6_gre", ip().gre(0x86dd).ipv6().tcp(), WEIR_CLASS_IPV6_GRE, 47),
        flow6("ipv6_gre_truncated_at_3", ip().gre().truncate(l4 + 3), cut, 47),
        flow6("ipv6_esp", ip().esp().payload(40), WEIR_CLASS_IPV6_ESP, 50),
        flow6("ipv6_esp_truncated_at_7", ip().esp().truncate(l4 + 7), cut, 50),
        flow6("ipv6_4in6", ip().ipv4().tcp(), WEIR_CLASS_IPV6_TUNNEL, 4),
        flow6("ipv6_4in6_truncated_at_19", ip().ipv4().truncate(l4 + 19), cut, 4),
        flow6("ipv6_6in6", ip().ipv6().udp(), WEIR_CLASS_IPV6_TUNNEL, 41),
        flow6("ipv6_6in6_truncated_at_39", ip().ipv6().truncate(l4 + 39), cut, 41),
        flow6("ipv6_no_next", ip().no_next(), WEIR_CLASS_IPV6_NO_NEXT, 59),
        flow6("ipv6_no_next_then_bytes", ip().no_next().payload(30), WEIR_CLASS_IPV6_NO_NEXT, 59),
        flow6("ipv6_protocol_1_icmpv4", ip().icmp(8, 0, 5), other, 1),
        flow6("ipv6_protocol_2_igmp", ip().igmp(), other, 2),
        flow6("ipv6_protocol_89_ospf", ip().protocol(89).payload(36), other, 89),
        flow6("ipv6_protocol_255", ip().protocol(255).payload(20), other, 255),
    };
}

}  // namespace weir::test
