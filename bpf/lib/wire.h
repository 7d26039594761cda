/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wire truth: what a frame that the kernel holds as one skb is on the wire.
 *
 * A GSO frame of `length` bytes becomes ceil(payload / gso_size) packets, and every packet carries the headers anew, so
 * bytes = length + (packets - 1) * headers. Weir computes this itself in both directions: at ingress the kernel gives
 * no wire_len, and at egress its figure (qdisc_pkt_len_init) knows neither a VLAN tag beside the frame nor, on older
 * kernels, tunnels. gso_segs is 0 for what a guest sent through a tap (SKB_GSO_DODGY), then it is computed too. */
#ifndef WEIR_BPF_LIB_WIRE_H
#define WEIR_BPF_LIB_WIRE_H

#include "../shared/count.h"

/* gso_size of an skb whose segments are its fragments (GSO_BY_FRAGS, include/linux/skbuff.h): no size to divide by. */
#define WEIR_GSO_BY_FRAGS 0xffff

/* In a frame no longer than this a jumbo payload option is the sender's own, and the kernel leaves it there
 * (GRO_LEGACY_MAX_SIZE, ipv6_has_hopopt_jumbo). */
#define WEIR_GSO_LEGACY_MAX_BYTES 65536

struct weir_wire_input {
    __u32 length;       /* of the frame in the skb, layer 2 header included */
    __u32 gso_size;     /* payload bytes a segment; 0: not a GSO frame */
    __u32 gso_segs;     /* 0: not computed by the kernel */
    __u32 header_bytes; /* to the end of the innermost transport header; 0: unknown */
    __u32 jumbo_bytes;  /* of these, a header that segmentation takes out */
    __u32 tag_bytes;    /* VLAN tag that the skb carries beside the frame */
};

static __always_inline struct weir_count weir_wire_count(const struct weir_wire_input* in) {
    struct weir_count count = {1, in->length + in->tag_bytes};
    __u32 length = in->length, header = in->header_bytes;

    if (in->gso_size == 0) return count;
    if (header > length) header = 0;
    if (length > WEIR_GSO_LEGACY_MAX_BYTES) {
        length -= in->jumbo_bytes;
        header -= header >= in->jumbo_bytes ? in->jumbo_bytes : 0;
    }
    count.packets = in->gso_segs;
    if (count.packets == 0) {
        const __u32 payload = length - header;
        if (in->gso_size != WEIR_GSO_BY_FRAGS && payload > in->gso_size)
            count.packets = (payload + in->gso_size - 1) / in->gso_size;
        else
            count.packets = 1;
    }
    count.bytes = length + in->tag_bytes + (count.packets - 1) * (header + in->tag_bytes);
    return count;
}

#endif
