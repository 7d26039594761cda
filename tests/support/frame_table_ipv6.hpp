// SPDX-License-Identifier: GPL-2.0-or-later
// Known frames: the IPv6 header by itself (RFC 8200, 2675).
#pragma once

#include "support/known_frame.hpp"

namespace weir::test {

inline KnownFrames ipv6_frames() {
    using F = FrameBuilder;
    constexpr auto cut = WEIR_CLASS_IPV6_TRUNCATED;
    constexpr auto malformed = WEIR_CLASS_IPV6_MALFORMED;
    const auto lie = [](const Ipv6Fields& fields) -> Bytes { return F().eth().ipv6(fields).tcp().payload(40); };
    return {
        no_flow("ipv6_truncated_at_0", F().eth().ipv6().truncate(14), cut),
        no_flow("ipv6_truncated_at_1", F().eth().ipv6().truncate(15), cut),
        no_flow("ipv6_truncated_at_39", F().eth().ipv6().truncate(53), cut),
        no_flow("ipv6_version_4", lie({.version = 4}), malformed),
        no_flow("ipv6_version_0", lie({.version = 0}), malformed),
        no_flow("ipv6_version_15", lie({.version = 15}), malformed),
        flow6("ipv6_payload_length_0_then_tcp", lie({.payload_length = 0}), WEIR_CLASS_IPV6_L4_TRUNCATED, 6),
        flow6("ipv6_payload_length_19_then_tcp", lie({.payload_length = 19}), WEIR_CLASS_IPV6_L4_TRUNCATED, 6),
        flow6("ipv6_payload_length_beyond_frame", lie({.payload_length = 1440}), WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        flow6("ipv6_payload_length_65535", lie({.payload_length = 65535}), WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        flow6("ipv6_udp_then_padding", F().eth().ipv6().udp().padding(6), WEIR_CLASS_IPV6_UDP, 17, usual_ports),
        flow6("ipv6_empty", F().eth().ipv6().protocol(255), WEIR_CLASS_IPV6_OTHER, 255),
        flow6("ipv6_jumbo_9000", F().eth().ipv6().udp().payload(9000 - 48), WEIR_CLASS_IPV6_UDP, 17, usual_ports),
        // A jumbogram says its length in an option, and 0 in the header; of this one the frame holds the start.
        flow6("ipv6_jumbogram_tcp", F().eth().ipv6({.payload_length = 0}).jumbo(100000).tcp().payload(1000),
              WEIR_CLASS_IPV6_TCP, 6, usual_ports),
        // Without the option it is an error for its receiver; the headers are there, and stacks follow them.
        flow6("ipv6_payload_length_0_hop_by_hop", F().eth().ipv6({.payload_length = 0}).hop_by_hop().tcp(),
              WEIR_CLASS_IPV6_TCP, 6, usual_ports),
    };
}

}  // namespace weir::test
