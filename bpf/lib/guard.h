/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard: whether a frame's source address is one of the tenant's own. docs/guard.md.
 *
 * Pure. What has a source address is held against the list: IPv4 and IPv6 packets, and ARP. What has none (another
 * EtherType, a frame too short to hold it) passes: the guard knows nothing of it.
 *
 * Sources: RFC 826 and 5227 (ARP; a probe's sender address is 0.0.0.0), RFC 2131 section 4.1 (DHCP clients without an
 * address send from 0.0.0.0 to 255.255.255.255, port 67), RFC 4291 section 2.5.6 and RFC 4861 (link-local addresses),
 * RFC 4862 section 5.4.2 and RFC 3810 section 5.2.13 (ICMPv6 from the unspecified address). */
#ifndef WEIR_BPF_LIB_GUARD_H
#define WEIR_BPF_LIB_GUARD_H

#include "../shared/class.h"
#include "../shared/guard.h"
#include "frame.h"
#include "parse.h"

#define WEIR_DHCP_SERVER_PORT 67

/* From an ARP frame's EtherType to the end of its sender's IPv4 address. */
#define WEIR_ARP_TO_SENDER_BYTES 20

static __always_inline int weir_guard_has(const struct weir_guard* guard, __u32 family, const __u32* address) {
    __u32 i;
    for (i = 0; i < WEIR_GUARD_PREFIXES_MAX; i++) {
        const struct weir_guard_prefix* own = &guard->prefixes[i];
        if (!own->family) return 0;
        if (own->family == family &&
            !(((address[0] ^ own->address[0]) & own->mask[0]) | ((address[1] ^ own->address[1]) & own->mask[1]) |
              ((address[2] ^ own->address[2]) & own->mask[2]) | ((address[3] ^ own->address[3]) & own->mask[3])))
            return 1;
    }
    return 0;
}

static __always_inline int weir_guard_is_unspecified(const __u32* address) {
    return !(address[0] | address[1] | address[2] | address[3]);
}

/* What a host may send that has no address yet, or by IPv6's own rules from a link-local one. */
static __always_inline int weir_guard_is_exempt(const struct weir_packet* packet) {
    const __u8* first = (const __u8*)packet->src_address;

    if (packet->family == 6) {
        if (first[0] == 0xfe && (first[1] & 0xc0) == 0x80) return 1;
        return packet->protocol == WEIR_PROTOCOL_ICMPV6 && weir_guard_is_unspecified(packet->src_address);
    }
    return !packet->src_address[0] && packet->dst_address[0] == ~0u && packet->class_id == WEIR_CLASS_IPV4_UDP &&
           packet->dst_port == WEIR_DHCP_SERVER_PORT;
}

/* The sender's protocol address of an ARP frame for IPv4 over 6-byte link addresses: what every receiver on Ethernet
 * takes, whatever the hardware type says (arp_rcv, arp_process in net/ipv4/arp.c). RARP has none to hold it to. */
static __always_inline int weir_guard_allows_arp(const struct weir_guard* guard, struct weir_view* view,
                                                 __u32 l3_offset) {
    const __u8* at = weir_at(view, l3_offset - 2, WEIR_ARP_TO_SENDER_BYTES);
    __u32 sender[4] = {0, 0, 0, 0};

    if (!at || weir_be16(at) != WEIR_ETHERTYPE_ARP || weir_be16(at + 4) != WEIR_ETHERTYPE_IPV4 || at[6] != 6 ||
        at[7] != 4)
        return 1;
    sender[0] = weir_word(at + 16);
    return !sender[0] || weir_guard_has(guard, 4, sender);
}

/* An IPv4 header that the parser does not believe (a length of 0 in what XDP sees of a GSO frame is one that the kernel
 * does) has a source all the same. */
static __always_inline int weir_guard_allows_malformed(const struct weir_guard* guard, struct weir_view* view,
                                                       __u32 l3_offset) {
    const __u8* at = weir_at(view, l3_offset, WEIR_IPV4_HEADER_BYTES);
    __u32 source[4] = {0, 0, 0, 0};

    if (!at || at[0] >> 4 != 4) return 1;
    source[0] = weir_word(at + 12);
    return weir_guard_has(guard, 4, source);
}

/* Whether the frame may go on. `packet` is what the parser made of it; the view shows all of it. */
static __always_inline int weir_guard_allows(const struct weir_guard* guard, struct weir_view* view,
                                             const struct weir_packet* packet) {
    if (packet->has_flow)
        return weir_guard_has(guard, packet->family, packet->src_address) || weir_guard_is_exempt(packet);
    if (packet->class_id == WEIR_CLASS_ARP) return weir_guard_allows_arp(guard, view, packet->l3_offset);
    if (packet->class_id == WEIR_CLASS_IPV4_MALFORMED)
        return weir_guard_allows_malformed(guard, view, packet->l3_offset);
    return 1;
}

#endif
