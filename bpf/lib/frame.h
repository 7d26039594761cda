/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of a frame, and the reader that never runs past the end.
 *
 * The parser is compiled over packet pointers (the fast way), over copies of single headers (the way for frames whose
 * headers are not in the linear part, or that need a loop), and on the host over frames that are whole in memory. All
 * access goes through weir_at(), which checks against the end and against the reach that the verifier wants bounded. */
#ifndef WEIR_BPF_LIB_FRAME_H
#define WEIR_BPF_LIB_FRAME_H

#include "../shared/types.h"

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

#include <bpf/bpf_endian.h>
#endif

/* Of headers without options. */
#define WEIR_ETH_HEADER_BYTES 14
#define WEIR_VLAN_TAG_BYTES 4
#define WEIR_IPV4_HEADER_BYTES 20
#define WEIR_IPV6_HEADER_BYTES 40
#define WEIR_TCP_HEADER_BYTES 20
#define WEIR_UDP_HEADER_BYTES 8
#define WEIR_SCTP_HEADER_BYTES 12

/* Tags followed, counted together whether they stand in the frame or in the skb. */
#define WEIR_VLAN_TAGS_MAX 2

/* IPv6 extension headers (and IPv4 AH) followed before a chain counts as too deep. */
#define WEIR_EXTENSIONS_MAX 8

/* Where the last header can begin: behind the tags, an IPv6 header and extension headers of 2,048 bytes. The verifier
 * wants a bound on every offset; this one turns no frame away. */
#define WEIR_HEADER_REACH_BYTES                                                                                        \
    (WEIR_ETH_HEADER_BYTES + WEIR_VLAN_TAGS_MAX * WEIR_VLAN_TAG_BYTES + WEIR_IPV6_HEADER_BYTES +                       \
     WEIR_EXTENSIONS_MAX * 2048)

/* What is read from memory after this is read anew: to the verifier it can then be any number, which keeps it from
 * following every value on every path. */
#define weir_forget_values() asm volatile("" ::: "memory")

enum weir_view_kind {
    WEIR_VIEW_DIRECT, /* packet pointers: only what is linear can be read, and chains are not followed */
    WEIR_VIEW_SKB,    /* headers copied out of an skb, wherever they stand */
    WEIR_VIEW_XDP,    /* the same out of an XDP buffer */
    WEIR_VIEW_WHOLE,  /* host only: all bytes of the frame are in memory */
};

/* Longest header read at once: IPv6's. */
#define WEIR_VIEW_BUFFER_BYTES WEIR_IPV6_HEADER_BYTES

struct weir_view {
    const __u8* data; /* DIRECT, WHOLE */
    const __u8* end;
    void* context; /* SKB, XDP */
    __u8* buffer;  /* SKB, XDP: WEIR_VIEW_BUFFER_BYTES, aligned to 8 */
    __u8 kind;     /* weir_view_kind, a constant wherever a view is made */
};

/* Pointer to `bytes` readable bytes at `offset`, or null. `bytes` must be a constant. Valid until the next call. */
static __always_inline const __u8* weir_at(struct weir_view* view, __u32 offset, __u32 bytes) {
    if (offset > WEIR_HEADER_REACH_BYTES) return 0;
#ifdef __bpf__
    if (view->kind == WEIR_VIEW_SKB)
        return bpf_skb_load_bytes(view->context, offset, view->buffer, bytes) ? 0 : view->buffer;
    if (view->kind == WEIR_VIEW_XDP)
        return bpf_xdp_load_bytes(view->context, offset, view->buffer, bytes) ? 0 : view->buffer;
    if (view->data + offset + bytes > view->end) return 0;
#else
    if ((__u64)(view->end - view->data) < (__u64)offset + bytes) return 0;
#endif
    return view->data + offset;
}

/* A word as it lies in memory, network byte order. Under BPF one load: the verifier refuses unaligned packet access
 * where the machine cannot do it, and a memcpy from bytes would become four loads. */
static __always_inline __u32 weir_word(const __u8* at) {
#ifdef __bpf__
    return *(const __u32*)at;
#else
    __u32 word;
    __builtin_memcpy(&word, at, 4);
    return word;
#endif
}

static __always_inline __u32 weir_be32(const __u8* at) {
#ifdef __bpf__
    return bpf_ntohl(*(const __u32*)at);
#else
    return (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];
#endif
}

static __always_inline __u16 weir_be16(const __u8* at) {
#ifdef __bpf__
    return bpf_ntohs(*(const __u16*)at);
#else
    return (__u16)((__u16)at[0] << 8 | at[1]);
#endif
}

#endif
