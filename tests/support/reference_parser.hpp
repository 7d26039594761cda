// SPDX-License-Identifier: GPL-2.0-or-later
// A second opinion on what a frame is, written for clarity from the standards and sharing nothing with bpf/lib/parse.h
// but the names of the classes. Slow, recursive, allocation-free.
#pragma once

#include "shared/class.h"

#include <cstdint>
#include <span>

namespace weir::test {

struct Verdict {
    weir_class class_id = WEIR_CLASS_COUNT;
    int family = 0;
    int protocol = 0;
    int source_port = 0;
    int destination_port = 0;
};

namespace reference {

using View = std::span<const std::uint8_t>;

inline int be16(View view, std::size_t at) { return view[at] * 256 + view[at + 1]; }

inline View drop(View view, std::size_t bytes) { return view.subspan(bytes); }

// `seen` is what is left of the frame, `promised` how much of it the IP header counts (more than `seen` if cut short).
struct Rest {
    View seen;
    std::uint64_t promised;
    [[nodiscard]] bool has(std::size_t bytes) const { return seen.size() >= bytes && promised >= bytes; }
    [[nodiscard]] Rest after(std::size_t bytes) const { return {drop(seen, bytes), promised - bytes}; }
};

inline Verdict transport(Verdict v, Rest rest) {
    const bool six = v.family == 6;
    const auto either = [&](weir_class four_class, weir_class six_class) {
        v.class_id = six ? six_class : four_class;
        return v;
    };
    const auto cut = [&] { return either(WEIR_CLASS_IPV4_L4_TRUNCATED, WEIR_CLASS_IPV6_L4_TRUNCATED); };
    const auto ports = [&](int source, int destination) {
        v.source_port = source;
        v.destination_port = destination;
    };
    const auto first_ports = [&] { ports(be16(rest.seen, 0), be16(rest.seen, 2)); };

    if (v.protocol == 6) {
        if (!rest.has(20)) return cut();
        first_ports();
        return either(WEIR_CLASS_IPV4_TCP, WEIR_CLASS_IPV6_TCP);
    }
    if (v.protocol == 17 || v.protocol == 136) {
        if (!rest.has(8)) return cut();
        first_ports();
        return either(WEIR_CLASS_IPV4_UDP, WEIR_CLASS_IPV6_UDP);
    }
    if (v.protocol == 132 || v.protocol == 33) {
        if (!rest.has(12)) return cut();
        first_ports();
        return either(WEIR_CLASS_IPV4_SCTP, WEIR_CLASS_IPV6_SCTP);
    }
    if (v.protocol == 1 && !six) {
        if (!rest.has(8)) return cut();
        const bool echo = rest.seen[0] == 8 || rest.seen[0] == 0;
        if (echo) ports(be16(rest.seen, 4), be16(rest.seen, 4));
        return either(WEIR_CLASS_IPV4_ICMP, WEIR_CLASS_COUNT);
    }
    if (v.protocol == 58 && six) {
        if (!rest.has(4)) return cut();
        const bool echo = rest.seen[0] == 128 || rest.seen[0] == 129;
        if (echo && !rest.has(8)) return cut();
        if (echo) ports(be16(rest.seen, 4), be16(rest.seen, 4));
        return either(WEIR_CLASS_COUNT, WEIR_CLASS_IPV6_ICMP);
    }
    if (v.protocol == 2 && !six) return rest.has(8) ? either(WEIR_CLASS_IPV4_IGMP, WEIR_CLASS_COUNT) : cut();
    if (v.protocol == 47) return rest.has(4) ? either(WEIR_CLASS_IPV4_GRE, WEIR_CLASS_IPV6_GRE) : cut();
    if (v.protocol == 50) return rest.has(8) ? either(WEIR_CLASS_IPV4_ESP, WEIR_CLASS_IPV6_ESP) : cut();
    if (v.protocol == 4) return rest.has(20) ? either(WEIR_CLASS_IPV4_TUNNEL, WEIR_CLASS_IPV6_TUNNEL) : cut();
    if (v.protocol == 41) return rest.has(40) ? either(WEIR_CLASS_IPV4_TUNNEL, WEIR_CLASS_IPV6_TUNNEL) : cut();
    if (v.protocol == 59 && six) return either(WEIR_CLASS_COUNT, WEIR_CLASS_IPV6_NO_NEXT);
    return either(WEIR_CLASS_IPV4_OTHER, WEIR_CLASS_IPV6_OTHER);
}

inline Verdict ipv4(View view, bool is_gso) {
    if (view.size() < 20) return {WEIR_CLASS_IPV4_TRUNCATED};
    const std::size_t header = 4u * (view[0] % 16);
    const std::size_t total = be16(view, 2) == 0 && is_gso ? ~0u : static_cast<std::size_t>(be16(view, 2));
    if (view[0] / 16 != 4 || header < 20 || total < header) return {WEIR_CLASS_IPV4_MALFORMED};
    if (view.size() < header) return {WEIR_CLASS_IPV4_TRUNCATED};

    Verdict v{WEIR_CLASS_COUNT, 4, view[9]};
    if (be16(view, 6) % 8192 != 0) {
        v.class_id = WEIR_CLASS_IPV4_FRAGMENT;
        return v;
    }
    Rest rest{drop(view, header), total - header};
    if (v.protocol == 51) {
        const std::size_t size = rest.has(12) ? 4u * (rest.seen[1] + 2u) : 0;
        if (size < 12 || !rest.has(size)) {
            v.class_id = WEIR_CLASS_IPV4_L4_TRUNCATED;
            return v;
        }
        v.protocol = rest.seen[0];
        rest = rest.after(size);
    }
    return transport(v, rest);
}

// One extension header a call.
inline Verdict ipv6_chain(Verdict v, Rest rest, int followed) {
    switch (v.protocol) {
    case 0:
    case 43:
    case 44:
    case 51:
    case 60:
    case 135:
    case 139:
    case 140:
        break;
    default:
        return transport(v, rest);
    }
    if (followed == 8) {
        v.class_id = WEIR_CLASS_IPV6_EXT_DEEP;
        return v;
    }
    v.class_id = WEIR_CLASS_IPV6_EXT_TRUNCATED;
    if (!rest.has(8)) return v;
    std::size_t size = 8u * (rest.seen[1] + 1u);
    if (v.protocol == 51) size = 4u * (rest.seen[1] + 2u);
    if (v.protocol == 44) size = 8;
    if (!rest.has(size) || (v.protocol == 51 && size < 12)) return v;

    const bool later = v.protocol == 44 && be16(rest.seen, 2) / 8 != 0;
    v.protocol = rest.seen[0];
    if (later) {
        v.class_id = WEIR_CLASS_IPV6_FRAGMENT;
        return v;
    }
    return ipv6_chain(v, rest.after(size), followed + 1);
}

inline Verdict ipv6(View view, bool is_gso) {
    if (view.size() < 40) return {WEIR_CLASS_IPV6_TRUNCATED};
    if (view[0] / 16 != 6) return {WEIR_CLASS_IPV6_MALFORMED};
    std::uint64_t promised = static_cast<std::uint64_t>(be16(view, 4));
    if (promised == 0 && (is_gso || view[6] == 0)) promised = ~0u;
    return ipv6_chain({WEIR_CLASS_COUNT, 6, view[6]}, {drop(view, 40), promised}, 0);
}

inline Verdict link(int type, View view, int tags, bool is_gso) {
    if (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
        if (tags == 2) return {WEIR_CLASS_VLAN_DEEP};
        if (view.size() < 4) return {WEIR_CLASS_VLAN_TRUNCATED};
        return link(be16(view, 2), drop(view, 4), tags + 1, is_gso);
    }
    if (type < 1536) return {WEIR_CLASS_LLC};
    if (type == 0x0800) return ipv4(view, is_gso);
    if (type == 0x86dd) return ipv6(view, is_gso);
    if (type == 0x0806 || type == 0x8035) return {WEIR_CLASS_ARP};
    if (type == 0x88cc) return {WEIR_CLASS_LLDP};
    if (type == 0x8847 || type == 0x8848) return {WEIR_CLASS_MPLS};
    if (type == 0x8863 || type == 0x8864) return {WEIR_CLASS_PPPOE};
    if (type == 0x88e5) return {WEIR_CLASS_MACSEC};
    if (type == 0x888e) return {WEIR_CLASS_EAPOL};
    return {WEIR_CLASS_ETHERTYPE_OTHER};
}

}  // namespace reference

inline Verdict reference_verdict(std::span<const std::uint8_t> frame, int tags_outside, bool is_gso) {
    if (frame.size() < 14) return {WEIR_CLASS_L2_SHORT};
    return reference::link(reference::be16(frame, 12), reference::drop(frame, 14), tags_outside, is_gso);
}

}  // namespace weir::test
