/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser's slow way, alone: what it makes of a frame, for frames that the fast way would have read, too. */
#include "lib/account_skb.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct weir_packet);
} parsed SEC(".maps");

SEC("tc")
int slow_skb(struct __sk_buff* skb) {
    __u32 key = 0;
    struct weir_packet* out = bpf_map_lookup_elem(&parsed, &key);
    return out ? weir_parse_skb(skb, out) : 1;
}

__noinline int parse_xdp(struct xdp_md* ctx, struct weir_packet* out) {
    __u8 buffer[WEIR_VIEW_BUFFER_BYTES] __attribute__((aligned(8)));
    struct weir_view view = {0, 0, ctx, buffer, WEIR_VIEW_XDP};
    struct weir_frame_hint hint = {0, 0};

    if (!out) return 0;
    weir_parse(&view, &hint, out);
    return 0;
}

SEC("xdp.frags")
int slow_xdp(struct xdp_md* ctx) {
    __u32 key = 0;
    struct weir_packet* out = bpf_map_lookup_elem(&parsed, &key);
    return out ? parse_xdp(ctx, out) : 1;
}

char slow_way_license[] SEC("license") = "GPL";
