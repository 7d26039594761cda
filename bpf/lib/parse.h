/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser: from a frame to its class and, where it has one, its 5-tuple. Pure, no allocation, no map.
 *
 * Example (host):
 *     struct weir_view view = {frame, frame + size, 0, 0, WEIR_VIEW_WHOLE};
 *     struct weir_frame_hint hint = {0, 0};
 *     struct weir_packet packet;
 *     weir_parse(&view, &hint, &packet);   // packet.class_id == WEIR_CLASS_IPV4_TCP, packet.src_port == 443, …
 *
 * Rules: nothing is guessed. Only the first fragment has ports; a header that ends early leaves the ports at 0; an
 * address pair is given when both addresses were readable and the header holding them was plausible (has_flow).
 *
 * Sources: IEEE 802.1Q and 802.3 (type field below 0x0600 is a length), RFC 791, RFC 8200 (IPv6 extension headers),
 * RFC 4302 section 2.2 (AH's length is in 4-byte words minus 2, unlike every other extension header), RFC 2675 (jumbo
 * payload option), RFC 792 and 4443 (echo identifiers). */
#ifndef WEIR_BPF_LIB_PARSE_H
#define WEIR_BPF_LIB_PARSE_H

#include "../shared/class.h"
#include "frame.h"

enum weir_echo_kind { WEIR_ECHO_NONE = 0, WEIR_ECHO_REQUEST = 1, WEIR_ECHO_REPLY = 2 };

/* AH without its integrity check value. A length field that says less is a lie. */
#define WEIR_AH_FIXED_BYTES 12

/* What is known of a frame beside its bytes. */
struct weir_frame_hint {
    __u8 tags_outside; /* VLAN tags that the skb carries outside the frame: 0 or 1 */
    __u8 is_gso;       /* IP length fields of 0 then mean 'more than 65,535' */
};

struct weir_packet {
    __u32 src_address[4]; /* network byte order; IPv4 uses the first word, the others are 0 */
    __u32 dst_address[4];
    __u16 src_port; /* host byte order; ICMP echo: the identifier as both */
    __u16 dst_port;
    __u16 l3_offset;
    __u16 l4_offset;
    __u16 header_bytes; /* from the frame's start to the end of the TCP, UDP or SCTP header; 0 for anything else */
    __u16 jumbo_bytes;  /* of header_bytes: a jumbo payload header that segmentation removes */
    __u8 class_id;      /* weir_class */
    __u8 family;        /* 4, 6, or 0 where the frame has no flow */
    __u8 protocol;      /* IP protocol number of the header at l4_offset */
    __u8 has_flow;
    __u32 available; /* bytes that the IP header promises from l4_offset on; ~0: it does not say */

    /* TCP and ICMP echo, host byte order */
    __u8 is_tcp;
    __u8 echo; /* weir_echo_kind */
    __u8 tcp_flags;
    __u8 tcp_has_timestamps;
    __u32 tcp_seq; /* ICMP echo: its sequence number */
    __u32 tcp_ack;
    __u32 tcp_tsval;
    __u32 tcp_tsecr;
    __u32 payload_bytes; /* of TCP, as the IP header has it; weir_bound_payload() (account.h) bounds it */
    __u16 tcp_window;
    __u8 is_group; /* to a broadcast or multicast address of layer 2 */

    __u64 now_ns; /* not the parser's: when the packet passed, CLOCK_MONOTONIC; 0: the clock was not read yet */
};

/* Numbers that the parser compares with. */
enum {
    WEIR_ETHERTYPE_MIN = 0x0600,
    WEIR_ETHERTYPE_IPV4 = 0x0800,
    WEIR_ETHERTYPE_ARP = 0x0806,
    WEIR_ETHERTYPE_RARP = 0x8035,
    WEIR_ETHERTYPE_VLAN = 0x8100,
    WEIR_ETHERTYPE_IPV6 = 0x86dd,
    WEIR_ETHERTYPE_MPLS = 0x8847,
    WEIR_ETHERTYPE_MPLS_MULTICAST = 0x8848,
    WEIR_ETHERTYPE_PPPOE_DISCOVERY = 0x8863,
    WEIR_ETHERTYPE_PPPOE_SESSION = 0x8864,
    WEIR_ETHERTYPE_EAPOL = 0x888e,
    WEIR_ETHERTYPE_QINQ = 0x88a8,
    WEIR_ETHERTYPE_LLDP = 0x88cc,
    WEIR_ETHERTYPE_MACSEC = 0x88e5,
    WEIR_ETHERTYPE_QINQ_OLD = 0x9100,

    WEIR_PROTOCOL_HOP_BY_HOP = 0,
    WEIR_PROTOCOL_ICMP = 1,
    WEIR_PROTOCOL_IGMP = 2,
    WEIR_PROTOCOL_IPV4 = 4,
    WEIR_PROTOCOL_TCP = 6,
    WEIR_PROTOCOL_UDP = 17,
    WEIR_PROTOCOL_DCCP = 33,
    WEIR_PROTOCOL_IPV6 = 41,
    WEIR_PROTOCOL_ROUTING = 43,
    WEIR_PROTOCOL_FRAGMENT = 44,
    WEIR_PROTOCOL_GRE = 47,
    WEIR_PROTOCOL_ESP = 50,
    WEIR_PROTOCOL_AH = 51,
    WEIR_PROTOCOL_ICMPV6 = 58,
    WEIR_PROTOCOL_NO_NEXT = 59,
    WEIR_PROTOCOL_DESTINATION = 60,
    WEIR_PROTOCOL_SCTP = 132,
    WEIR_PROTOCOL_MOBILITY = 135,
    WEIR_PROTOCOL_UDP_LITE = 136,
    WEIR_PROTOCOL_HIP = 139,
    WEIR_PROTOCOL_SHIM6 = 140,

    WEIR_OPTION_JUMBO = 0xc2,
    WEIR_TCP_TIMESTAMP_OPTION = 0x0101080a, /* NOP, NOP, kind 8, length 10 */
};

/* The class of an EtherType that Weir reads no further than its number. */
static __always_inline __u8 weir_class_of_ethertype(__u16 type) {
    switch (type) {
    case WEIR_ETHERTYPE_ARP:
    case WEIR_ETHERTYPE_RARP:
        return WEIR_CLASS_ARP;
    case WEIR_ETHERTYPE_LLDP:
        return WEIR_CLASS_LLDP;
    case WEIR_ETHERTYPE_MPLS:
    case WEIR_ETHERTYPE_MPLS_MULTICAST:
        return WEIR_CLASS_MPLS;
    case WEIR_ETHERTYPE_PPPOE_DISCOVERY:
    case WEIR_ETHERTYPE_PPPOE_SESSION:
        return WEIR_CLASS_PPPOE;
    case WEIR_ETHERTYPE_MACSEC:
        return WEIR_CLASS_MACSEC;
    case WEIR_ETHERTYPE_EAPOL:
        return WEIR_CLASS_EAPOL;
    default:
        return type < WEIR_ETHERTYPE_MIN ? WEIR_CLASS_LLC : WEIR_CLASS_ETHERTYPE_OTHER;
    }
}

/* What tracking needs of a TCP header at `at`. Timestamps only where every common stack puts them, at the head of the
 * options behind two NOPs (RFC 7323 appendix A): following the list costs more than it finds. */
static __always_inline void weir_parse_tcp(struct weir_view* view, const __u8* at, __u32 available, __u8 truncated,
                                           struct weir_packet* out) {
    const __u32 header = (at[12] >> 4) * 4u;

    if (header < WEIR_TCP_HEADER_BYTES || header > available) return; /* a lie: counted, not tracked */
    out->is_tcp = 1;
    out->tcp_flags = at[13];
    out->tcp_window = weir_be16(at + 14);
    out->tcp_seq = weir_be32(at + 4);
    out->tcp_ack = weir_be32(at + 8);
    out->payload_bytes = available - header;
    if (header < 32) return;
    at = weir_at(view, out->l4_offset, 32);
    if (!at && view->kind == WEIR_VIEW_DIRECT) out->class_id = truncated; /* they may stand beyond what is linear */
    if (!at || weir_be32(at + 20) != WEIR_TCP_TIMESTAMP_OPTION) return;
    out->tcp_has_timestamps = 1;
    out->tcp_tsval = weir_be32(at + 24);
    out->tcp_tsecr = weir_be32(at + 28);
}

static __always_inline void weir_parse_echo(const __u8* at, int is_request, struct weir_packet* out) {
    out->src_port = out->dst_port = weir_be16(at + 4);
    out->echo = is_request ? WEIR_ECHO_REQUEST : WEIR_ECHO_REPLY;
    out->tcp_seq = weir_be16(at + 6);
}

/* Ports, ICMP echo identifiers, and the header's length. `available` is what the IP header says is there. */
static __always_inline void weir_parse_l4(struct weir_view* view, __u32 available, struct weir_packet* out) {
    const __u32 offset = out->l4_offset;
    const __u8 v6 = out->family == 6;
    const __u8 truncated = v6 ? WEIR_CLASS_IPV6_L4_TRUNCATED : WEIR_CLASS_IPV4_L4_TRUNCATED;
    const __u8* at;

    switch (out->protocol) {
    case WEIR_PROTOCOL_TCP:
        at = available >= WEIR_TCP_HEADER_BYTES ? weir_at(view, offset, WEIR_TCP_HEADER_BYTES) : 0;
        if (!at) break;
        out->src_port = weir_be16(at);
        out->dst_port = weir_be16(at + 2);
        out->header_bytes = (__u16)(offset + (at[12] >> 4) * 4u);
        out->class_id = v6 ? WEIR_CLASS_IPV6_TCP : WEIR_CLASS_IPV4_TCP;
        weir_parse_tcp(view, at, available, truncated, out);
        return;
    case WEIR_PROTOCOL_UDP:
    case WEIR_PROTOCOL_UDP_LITE:
        at = available >= WEIR_UDP_HEADER_BYTES ? weir_at(view, offset, WEIR_UDP_HEADER_BYTES) : 0;
        if (!at) break;
        out->src_port = weir_be16(at);
        out->dst_port = weir_be16(at + 2);
        out->header_bytes = (__u16)(offset + WEIR_UDP_HEADER_BYTES);
        out->class_id = v6 ? WEIR_CLASS_IPV6_UDP : WEIR_CLASS_IPV4_UDP;
        return;
    case WEIR_PROTOCOL_SCTP:
    case WEIR_PROTOCOL_DCCP:
        at = available >= WEIR_SCTP_HEADER_BYTES ? weir_at(view, offset, WEIR_SCTP_HEADER_BYTES) : 0;
        if (!at) break;
        out->src_port = weir_be16(at);
        out->dst_port = weir_be16(at + 2);
        if (out->protocol == WEIR_PROTOCOL_SCTP) out->header_bytes = (__u16)(offset + WEIR_SCTP_HEADER_BYTES);
        out->class_id = v6 ? WEIR_CLASS_IPV6_SCTP : WEIR_CLASS_IPV4_SCTP;
        return;
    case WEIR_PROTOCOL_ICMP:
        if (v6) goto other;
        at = available >= 8 ? weir_at(view, offset, 8) : 0;
        if (!at) break;
        if (at[0] == 0 || at[0] == 8) weir_parse_echo(at, at[0] == 8, out);
        out->class_id = WEIR_CLASS_IPV4_ICMP;
        return;
    case WEIR_PROTOCOL_ICMPV6:
        if (!v6) goto other;
        at = available >= 4 ? weir_at(view, offset, 4) : 0;
        if (!at) break;
        if (at[0] == 128 || at[0] == 129) {
            at = available >= 8 ? weir_at(view, offset, 8) : 0;
            if (!at) break;
            weir_parse_echo(at, at[0] == 128, out);
        }
        out->class_id = WEIR_CLASS_IPV6_ICMP;
        return;
    case WEIR_PROTOCOL_IGMP:
        if (v6) goto other;
        if (available < 8 || !weir_at(view, offset, 8)) break;
        out->class_id = WEIR_CLASS_IPV4_IGMP;
        return;
    case WEIR_PROTOCOL_GRE:
        if (available < 4 || !weir_at(view, offset, 4)) break;
        out->class_id = v6 ? WEIR_CLASS_IPV6_GRE : WEIR_CLASS_IPV4_GRE;
        return;
    case WEIR_PROTOCOL_ESP:
        if (available < 8 || !weir_at(view, offset, 8)) break;
        out->class_id = v6 ? WEIR_CLASS_IPV6_ESP : WEIR_CLASS_IPV4_ESP;
        return;
    case WEIR_PROTOCOL_IPV4:
        if (available < WEIR_IPV4_HEADER_BYTES || !weir_at(view, offset, WEIR_IPV4_HEADER_BYTES)) break;
        out->class_id = v6 ? WEIR_CLASS_IPV6_TUNNEL : WEIR_CLASS_IPV4_TUNNEL;
        return;
    case WEIR_PROTOCOL_IPV6:
        if (available < WEIR_IPV6_HEADER_BYTES || !weir_at(view, offset, WEIR_IPV6_HEADER_BYTES)) break;
        out->class_id = v6 ? WEIR_CLASS_IPV6_TUNNEL : WEIR_CLASS_IPV4_TUNNEL;
        return;
    case WEIR_PROTOCOL_NO_NEXT:
        out->class_id = v6 ? WEIR_CLASS_IPV6_NO_NEXT : WEIR_CLASS_IPV4_OTHER;
        return;
    default:
    other:
        out->class_id = v6 ? WEIR_CLASS_IPV6_OTHER : WEIR_CLASS_IPV4_OTHER;
        return;
    }
    out->class_id = truncated;
}

/* Both IP parsers return how many bytes the IP header promises from l4_offset on, or WEIR_NO_L4 where the class is
 * decided and there is nothing more to read. */
#define WEIR_NO_L4 (~0ull)

static __always_inline __u64 weir_parse_ipv4(struct weir_view* view, __u32 offset, __u8 is_gso,
                                             struct weir_packet* out) {
    const __u8* at = weir_at(view, offset, WEIR_IPV4_HEADER_BYTES);
    __u32 header, total, fragment;

    out->l3_offset = (__u16)offset;
    out->class_id = WEIR_CLASS_IPV4_TRUNCATED;
    if (!at) return WEIR_NO_L4;

    header = (at[0] & 15) * 4u;
    total = weir_be16(at + 2);
    if (total == 0 && is_gso) total = ~0u;
    out->class_id = WEIR_CLASS_IPV4_MALFORMED;
    if (at[0] >> 4 != 4 || header < WEIR_IPV4_HEADER_BYTES || total < header) return WEIR_NO_L4;
    if (header > WEIR_IPV4_HEADER_BYTES) {
        /* Options are rare, and a header of unknown length multiplies the verifier's work: the slow way has them. */
        out->class_id = WEIR_CLASS_IPV4_TRUNCATED;
        if (view->kind == WEIR_VIEW_DIRECT || !weir_at(view, offset + header - 1, 1)) return WEIR_NO_L4;
        at = weir_at(view, offset, WEIR_IPV4_HEADER_BYTES);
        if (!at) return WEIR_NO_L4;
    }

    fragment = weir_be16(at + 6) & 0x1fff;
    out->protocol = at[9];
    out->src_address[0] = weir_word(at + 12);
    out->dst_address[0] = weir_word(at + 16);
    out->family = 4;
    out->has_flow = 1;

    if (fragment) {
        out->class_id = WEIR_CLASS_IPV4_FRAGMENT;
        return WEIR_NO_L4;
    }
    total -= header;
    offset += header;
    if (out->protocol == WEIR_PROTOCOL_AH) {
        __u32 ah;
        __u8 next;
        out->class_id = WEIR_CLASS_IPV4_L4_TRUNCATED;
        if (view->kind == WEIR_VIEW_DIRECT) return WEIR_NO_L4;
        at = total >= WEIR_AH_FIXED_BYTES ? weir_at(view, offset, WEIR_AH_FIXED_BYTES) : 0;
        if (!at) return WEIR_NO_L4;
        ah = (at[1] + 2u) * 4u;
        next = at[0];
        if (ah < WEIR_AH_FIXED_BYTES || total < ah || !weir_at(view, offset + ah - 1, 1)) return WEIR_NO_L4;
        out->protocol = next;
        offset += ah;
        total -= ah;
    }
    out->l4_offset = (__u16)offset;
    return total;
}

static __always_inline __u8 weir_is_extension(__u8 next) {
    switch (next) {
    case WEIR_PROTOCOL_HOP_BY_HOP:
    case WEIR_PROTOCOL_ROUTING:
    case WEIR_PROTOCOL_FRAGMENT:
    case WEIR_PROTOCOL_AH:
    case WEIR_PROTOCOL_DESTINATION:
    case WEIR_PROTOCOL_MOBILITY:
    case WEIR_PROTOCOL_HIP:
    case WEIR_PROTOCOL_SHIM6:
        return 1;
    default:
        return 0;
    }
}

static __always_inline __u64 weir_parse_ipv6(struct weir_view* view, __u32 offset, __u8 is_gso,
                                             struct weir_packet* out) {
    const __u8* at = weir_at(view, offset, WEIR_IPV6_HEADER_BYTES);
    __u32 available, step, depth;
    __u8 next, following;

    out->l3_offset = (__u16)offset;
    out->class_id = WEIR_CLASS_IPV6_TRUNCATED;
    if (!at) return WEIR_NO_L4;
    out->class_id = WEIR_CLASS_IPV6_MALFORMED;
    if (at[0] >> 4 != 6) return WEIR_NO_L4;

    available = weir_be16(at + 4);
    next = at[6];
    out->src_address[0] = weir_word(at + 8);
    out->src_address[1] = weir_word(at + 12);
    out->src_address[2] = weir_word(at + 16);
    out->src_address[3] = weir_word(at + 20);
    out->dst_address[0] = weir_word(at + 24);
    out->dst_address[1] = weir_word(at + 28);
    out->dst_address[2] = weir_word(at + 32);
    out->dst_address[3] = weir_word(at + 36);
    out->family = 6;
    out->has_flow = 1;
    /* A payload length of 0 is real only with nothing behind the header; otherwise a jumbogram or a GSO frame. */
    if (available == 0 && (is_gso || next == WEIR_PROTOCOL_HOP_BY_HOP)) available = ~0u;
    offset += WEIR_IPV6_HEADER_BYTES;

    out->protocol = next;
    out->l4_offset = (__u16)offset;
    if (!weir_is_extension(next)) return available;
    out->class_id = WEIR_CLASS_IPV6_EXT_TRUNCATED;
    if (view->kind == WEIR_VIEW_DIRECT) return WEIR_NO_L4;

    /* Every round begins from what is written in `out`, of which the verifier knows nothing: so each round is the same
     * to it, and eight cost eight times one, not one to the eighth. */
    out->available = available;
    WEIR_UNROLL
    for (depth = 0; depth < WEIR_EXTENSIONS_MAX; depth++) {
        weir_forget_values();
        if (!weir_is_extension(out->protocol)) return out->available;
        weir_forget_values();
        next = out->protocol;
        offset = out->l4_offset;
        available = out->available;
        at = available >= 8 ? weir_at(view, offset, 8) : 0;
        if (!at) return WEIR_NO_L4;
        following = at[0];
        step = (at[1] + 1u) * 8u;
        if (next == WEIR_PROTOCOL_FRAGMENT) {
            step = 8;
            if (weir_be16(at + 2) & 0xfff8) {
                out->protocol = following;
                out->class_id = WEIR_CLASS_IPV6_FRAGMENT;
                return WEIR_NO_L4;
            }
        } else if (next == WEIR_PROTOCOL_AH) {
            step = (at[1] + 2u) * 4u;
            if (step < WEIR_AH_FIXED_BYTES) return WEIR_NO_L4;
        } else if (depth == 0 && next == WEIR_PROTOCOL_HOP_BY_HOP && is_gso && at[1] == 0 &&
                   at[2] == WEIR_OPTION_JUMBO && following == WEIR_PROTOCOL_TCP) {
            out->jumbo_bytes = 8; /* what the kernel takes for its own: ipv6_has_hopopt_jumbo */
        }
        if (available < step || !weir_at(view, offset + step - 1, 1)) return WEIR_NO_L4;
        out->protocol = following;
        out->l4_offset = (__u16)(offset + step);
        out->available = available - step;
    }
    weir_forget_values();
    if (!weir_is_extension(out->protocol)) return out->available;
    out->class_id = WEIR_CLASS_IPV6_EXT_DEEP;
    return WEIR_NO_L4;
}

/* The classes in which reading stopped at the end of what the view shows. */
static __always_inline __u8 weir_class_is_truncated(__u8 class_id) {
    switch (class_id) {
    case WEIR_CLASS_VLAN_TRUNCATED:
    case WEIR_CLASS_IPV4_TRUNCATED:
    case WEIR_CLASS_IPV4_L4_TRUNCATED:
    case WEIR_CLASS_IPV6_TRUNCATED:
    case WEIR_CLASS_IPV6_L4_TRUNCATED:
    case WEIR_CLASS_IPV6_EXT_TRUNCATED:
        return 1;
    default:
        return 0;
    }
}

/* Reads one frame. `out` is always filled and class_id always valid. A truncated class out of a WEIR_VIEW_DIRECT may
 * only mean that the view ended; the frame then has to be read again through a view that sees all of it. */
static __always_inline void weir_parse(struct weir_view* view, const struct weir_frame_hint* hint,
                                       struct weir_packet* out) {
    const __u8* at = weir_at(view, 0, WEIR_ETH_HEADER_BYTES);
    __u32 offset = WEIR_ETH_HEADER_BYTES, tags = hint->tags_outside, i;
    __u64 available;
    __u16 type;

    __builtin_memset(out, 0, sizeof(*out));
    out->class_id = WEIR_CLASS_L2_SHORT;
    if (!at) return;
    out->is_group = at[0] & 1;
    type = weir_be16(at + 12);

    for (i = 0; i <= WEIR_VLAN_TAGS_MAX; i++) {
        if (type != WEIR_ETHERTYPE_VLAN && type != WEIR_ETHERTYPE_QINQ && type != WEIR_ETHERTYPE_QINQ_OLD) break;
        out->class_id = WEIR_CLASS_VLAN_DEEP;
        if (++tags > WEIR_VLAN_TAGS_MAX) return;
        out->class_id = WEIR_CLASS_VLAN_TRUNCATED;
        at = weir_at(view, offset, WEIR_VLAN_TAG_BYTES);
        if (!at) return;
        type = weir_be16(at + 2);
        offset += WEIR_VLAN_TAG_BYTES;
    }

    if (type == WEIR_ETHERTYPE_IPV4) {
        available = weir_parse_ipv4(view, offset, hint->is_gso, out);
    } else if (type == WEIR_ETHERTYPE_IPV6) {
        available = weir_parse_ipv6(view, offset, hint->is_gso, out);
    } else {
        out->l3_offset = (__u16)offset;
        out->class_id = weir_class_of_ethertype(type);
        return;
    }
    if (available == WEIR_NO_L4) return;
    out->available = (__u32)available;
    weir_parse_l4(view, (__u32)available, out);
}

#endif
