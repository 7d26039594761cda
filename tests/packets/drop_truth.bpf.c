/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the drop tracer is held to: a second count of the same tracepoint, made in another way, and frames that are
 * dropped by the million. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common {
    unsigned int inum;
};
struct net {
    struct ns_common ns;
};
#pragma clang attribute pop

const volatile __u32 truth_netns_inum = 0;
__u64 truth_skbs = 0; /* of packets that have a device of that network namespace */

SEC("tp_btf/kfree_skb")
int count_drop(__u64* ctx) {
    struct sk_buff* skb = (struct sk_buff*)ctx[0];
    if (skb->dev && skb->dev->nd_net.net->ns.inum == truth_netns_inum) __sync_fetch_and_add(&truth_skbs, 1);
    return 0;
}

/* Run with live frames, each of which then goes up the stack as one that arrived at lo. */
SEC("xdp")
int pass_frame(struct xdp_md* ctx) { return XDP_PASS; }

char drop_truth_license[] SEC("license") = "GPL";
