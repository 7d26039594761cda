// SPDX-License-Identifier: GPL-2.0-or-later
// Known frames: the link layer (IEEE 802.3, 802.1Q, 802.1AB, 802.1AE, 802.1X; RFC 826, 903, 2516, 3032).
#pragma once

#include "support/known_frame.hpp"

namespace weir::test {

inline KnownFrames link_frames() {
    using F = FrameBuilder;
    const auto typed = [](std::uint16_t type, std::size_t bytes) { return F().eth({.type = type}).payload(bytes); };
    return {
        no_flow("runt_0", F().eth().truncate(0), WEIR_CLASS_L2_SHORT),
        no_flow("runt_1", F().eth().truncate(1), WEIR_CLASS_L2_SHORT),
        no_flow("runt_13", F().eth().truncate(13), WEIR_CLASS_L2_SHORT),
        no_flow("minimal_14", F().eth(), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("arp_request", F().eth().arp().padding(18), WEIR_CLASS_ARP),
        no_flow("arp_reply", F().eth().arp(2).padding(18), WEIR_CLASS_ARP),
        no_flow("arp_truncated", F().eth().arp().truncate(20), WEIR_CLASS_ARP),
        no_flow("rarp_request", F().eth().rarp().padding(18), WEIR_CLASS_ARP),
        no_flow("lldp", F().eth({.destination = {1, 0x80, 0xc2, 0, 0, 0x0e}}).lldp(), WEIR_CLASS_LLDP),
        no_flow("mpls_unicast", F().eth().mpls(16).ipv4().udp().payload(20), WEIR_CLASS_MPLS),
        no_flow("mpls_multicast", F().eth().mpls(16, true).payload(40), WEIR_CLASS_MPLS),
        no_flow("pppoe_discovery", F().eth().pppoe_discovery(), WEIR_CLASS_PPPOE),
        no_flow("pppoe_session", F().eth().pppoe_session().ipv4().udp().payload(20), WEIR_CLASS_PPPOE),
        no_flow("macsec", F().eth().macsec(), WEIR_CLASS_MACSEC),
        no_flow("eapol", F().eth().eapol(), WEIR_CLASS_EAPOL),
        no_flow("llc_stp", F().eth({.destination = {1, 0x80, 0xc2, 0, 0, 0}}).stp().padding(8), WEIR_CLASS_LLC),
        no_flow("llc_snap_ipv4", F().eth().snap(0x0800).ipv4().udp().payload(8), WEIR_CLASS_LLC),
        no_flow("llc_length_0", typed(0, 46), WEIR_CLASS_LLC),
        no_flow("llc_length_beyond_frame", typed(1500, 46), WEIR_CLASS_LLC),
        // 802.3 leaves 1501 to 1535 undefined; no EtherType is below 1536.
        no_flow("llc_undefined_1535", typed(0x05ff, 46), WEIR_CLASS_LLC),
        no_flow("ethertype_smallest_1536", typed(0x0600, 46), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("ethertype_unknown", typed(0x88b6, 46), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("ethertype_loopback", typed(0x9000, 46), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("ethertype_ptp", typed(0x88f7, 44), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("ethertype_ffff", typed(0xffff, 46), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("ethertype_other_9000", typed(0x88b6, 9000), WEIR_CLASS_ETHERTYPE_OTHER),
    };
}

inline KnownFrames tagged_frames() {
    using F = FrameBuilder;
    const auto udp = [](FrameBuilder frame) -> Bytes { return frame.ipv4().udp().payload(30); };
    constexpr auto is_udp = WEIR_CLASS_IPV4_UDP;
    return {
        flow4("vlan_udp", udp(F().eth().vlan(7)), is_udp, 17, usual_ports),
        flow4("vlan_priority_tag_udp", udp(F().eth().vlan(0)), is_udp, 17, usual_ports),
        flow4("qinq_88a8_8100_udp", udp(F().eth().qinq(3).vlan(7)), is_udp, 17, usual_ports),
        flow4("qinq_8100_8100_udp", udp(F().eth().vlan(3).vlan(7)), is_udp, 17, usual_ports),
        flow4("qinq_9100_8100_udp", udp(F().eth().vlan(3, 0x9100).vlan(7)), is_udp, 17, usual_ports),
        flow6("vlan_ipv6_tcp", F().eth().vlan(7).ipv6().tcp(), WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        flow6("qinq_ipv6_hop_by_hop_udp", F().eth().qinq(3).vlan(7).ipv6().hop_by_hop().udp().payload(9),
              WEIR_CLASS_IPV6_UDP, 17, usual_ports),
        no_flow("vlan_arp", F().eth().vlan(7).arp().padding(14), WEIR_CLASS_ARP),
        no_flow("vlan_llc", F().eth().vlan(7).llc(0x42, 0x42).payload(35), WEIR_CLASS_LLC),
        no_flow("vlan_unknown_ethertype", F().eth().vlan(7).payload(46), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("vlan_ends_after_tag", F().eth().vlan(7), WEIR_CLASS_ETHERTYPE_OTHER),
        no_flow("vlan_truncated_at_0", F().eth().vlan(7).truncate(14), WEIR_CLASS_VLAN_TRUNCATED),
        no_flow("vlan_truncated_at_3", F().eth().vlan(7).truncate(17), WEIR_CLASS_VLAN_TRUNCATED),
        no_flow("vlan_inner_truncated_at_0", F().eth().vlan(3).vlan(7).truncate(18), WEIR_CLASS_VLAN_TRUNCATED),
        no_flow("qinq_inner_truncated_at_2", F().eth().qinq(3).vlan(7).truncate(20), WEIR_CLASS_VLAN_TRUNCATED),
        no_flow("vlan_ipv4_truncated", F().eth().vlan(7).ipv4().truncate(18 + 19), WEIR_CLASS_IPV4_TRUNCATED),
        no_flow("vlan_three_tags", udp(F().eth().vlan(1).vlan(2).vlan(3)), WEIR_CLASS_VLAN_DEEP),
        no_flow("vlan_three_tags_of_kinds", udp(F().eth().vlan(1, 0x9100).qinq(2).vlan(3)), WEIR_CLASS_VLAN_DEEP),
        no_flow("vlan_five_tags", udp(F().eth().qinq(1).qinq(2).vlan(3).vlan(4).vlan(5)), WEIR_CLASS_VLAN_DEEP),
        // That there is a third tag is known from the second one's type, even if the frame then ends.
        no_flow("vlan_third_tag_missing", F().eth().vlan(1).vlan(2).vlan(3).truncate(22), WEIR_CLASS_VLAN_DEEP),

        with_tag_outside(flow4("tag_outside_udp", udp(F().eth()), is_udp, 17, usual_ports)),
        with_tag_outside(flow4("tag_outside_and_inside_udp", udp(F().eth().vlan(7)), is_udp, 17, usual_ports)),
        with_tag_outside(no_flow("tag_outside_and_two_inside", udp(F().eth().vlan(1).vlan(2)), WEIR_CLASS_VLAN_DEEP)),
        with_tag_outside(no_flow("tag_outside_arp", F().eth().arp(), WEIR_CLASS_ARP)),
        with_tag_outside(flow6("tag_outside_ipv6_fragment", F().eth().ipv6().fragment(9, true, 17).payload(16),
                               WEIR_CLASS_IPV6_FRAGMENT, 17)),
        with_tag_outside(
            no_flow("tag_outside_inner_truncated", F().eth().vlan(7).truncate(16), WEIR_CLASS_VLAN_TRUNCATED)),
    };
}

}  // namespace weir::test
