/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drop tracer: every packet that the kernel gives up by kfree_skb, counted by interface, reason and place.
 *
 * Kernel facts
 *   tracepoint kfree_skb   (skb, location) to 5.16, (skb, location, reason) from 5.17, (…, rx_sk) from 6.11: what is
 *                          read here stands at the same place in all of them
 *   skb->dev               shares its place with the socket queues' own words (dev_scratch, rbnode); a word that is no
 *                          device leads to no network namespace with the right cookie. TCP clears it before the socket
 *                          (tcp_v4_rcv), a local sender sets it after the LOCAL_OUT hook (ip_output)
 *   skb->skb_iif           set when a packet enters the stack (__netif_receive_skb_core), cleared when it changes the
 *                          network namespace (skb_scrub_packet); 0 for what this machine sends
 */
#include "drop_maps.h"
#include "lib/bits.h"
#include "shared/drops.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* What is needed of types whose closure vmlinux.h leaves out. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct net {
    __u64 net_cookie;
};
struct sock_common {
    possible_net_t skc_net;
};
struct sock {
    struct sock_common __sk_common;
};
struct dst_entry {
    struct net_device* dev;
};
#pragma clang attribute pop

#define DST_PTR_MASK (~7ul) /* _skb_refdst keeps flags in its lowest bits (SKB_DST_NOREF) */
#define NO_HEADER 0xffff    /* (typeof(skb->mac_header))~0U: not set */

/* Set before loading. */
const volatile __u64 weir_drop_netns = 0;     /* cookie of the network namespace that is looked at */
const volatile __u8 weir_drop_has_reason = 1; /* the tracepoint's third argument */

struct drop_place {
    __u32 ifindex;
    __u32 from_ifindex;
    __u32 way; /* weir_drop_way */
};

/* Whether a frame that never entered the stack arrives: on the way in the link header has been taken off already, on
 * the way out the frame begins with it or has none yet. */
static __always_inline int is_past_link_header(struct sk_buff* skb) {
    const __u16 mac_header = skb->mac_header;
    return mac_header != NO_HEADER && (long)skb->data - (long)skb->head > mac_header;
}

/* Returns 0 if the packet belongs to another network namespace. */
static __always_inline int find_place(struct sk_buff* skb, struct drop_place* place) {
    struct net_device* dev = skb->dev;
    struct dst_entry* dst;
    struct sock* sk;
    const __u32 iif = skb->skb_iif;
    __u64 cookie = dev ? dev->nd_net.net->net_cookie : 0;

    if (cookie == weir_drop_netns) {
        place->ifindex = dev->ifindex;
        if (iif != 0 && iif != place->ifindex) {
            place->way = WEIR_DROP_LEAVING;
            place->from_ifindex = iif;
        } else {
            place->way = iif != 0 || is_past_link_header(skb) ? WEIR_DROP_ARRIVING : WEIR_DROP_LEAVING;
        }
        return 1;
    }
    if (cookie != 0) return 0;

    dst = (struct dst_entry*)(skb->_skb_refdst & DST_PTR_MASK);
    if (dst) {
        struct net_device* out = BPF_CORE_READ(dst, dev);
        cookie = out ? BPF_CORE_READ(out, nd_net.net, net_cookie) : 0;
        if (cookie == weir_drop_netns) {
            place->ifindex = iif ? iif : BPF_CORE_READ(out, ifindex);
            place->way = iif ? WEIR_DROP_ARRIVING : WEIR_DROP_LEAVING;
            return 1;
        }
        if (cookie != 0) return 0;
    }

    sk = skb->sk;
    cookie = sk ? sk->__sk_common.skc_net.net->net_cookie : 0;
    if (cookie == weir_drop_netns) {
        place->ifindex = iif;
        place->way = iif ? WEIR_DROP_ARRIVING : WEIR_DROP_WAY_UNKNOWN;
        return 1;
    }
    if (cookie != 0) return 0;
    place->way = WEIR_DROP_NOWHERE;
    return 1;
}

/* A frame that a guest sent through a tap has its size of a segment and not their number (SKB_GSO_DODGY). */
static __always_inline __u32 count_segments(struct sk_buff* skb, struct skb_shared_info* shared, __u32 gso_size) {
    const __u32 type = BPF_CORE_READ(shared, gso_type);
    const __u16 transport_header = skb->transport_header;
    __u32 header = 0;
    __u8 offset = 0;

    if (transport_header != NO_HEADER) {
        const long before = (long)skb->head + transport_header - (long)skb->data;
        if (before > 0) header = before;
        if (type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
            bpf_probe_read_kernel(&offset, sizeof(offset), skb->head + transport_header + 12);
            header += (offset >> 4) * 4;
        } else {
            header += sizeof(struct udphdr);
        }
    }
    if (skb->len <= header) return 1;
    return (skb->len - header + gso_size - 1) / gso_size;
}

static __always_inline __u32 count_packets(struct sk_buff* skb) {
    struct skb_shared_info* shared = (struct skb_shared_info*)(skb->head + skb->end);
    const __u16 gso_size = BPF_CORE_READ(shared, gso_size);
    __u32 packets;

    if (gso_size == 0) return 1;
    /* The frames of a list are freed, and counted, one by one. */
    if (BPF_CORE_READ(shared, gso_type) & SKB_GSO_FRAGLIST) return 1;
    packets = BPF_CORE_READ(shared, gso_segs);
    return packets ? packets : count_segments(skb, shared, gso_size);
}

static __always_inline void add(struct weir_drop_count* count, __u32 packets) {
    count->packets += packets;
    count->skbs += 1;
}

static __always_inline int is_same(const struct weir_drop_key* a, const struct weir_drop_key* b) {
    return a->location == b->location && a->ifindex == b->ifindex && a->from_ifindex == b->from_ifindex &&
           a->reason == b->reason && a->way == b->way;
}

static __always_inline __u32 home_of(const struct weir_drop_key* key) {
    const __u64 word = key->location ^ (__u64)key->ifindex << 32 ^ (__u64)key->from_ifindex << 16 ^
                       (__u64)key->reason << 48 ^ key->way;
    return word * WEIR_HASH_FACTOR >> (64 - WEIR_DROP_SLOT_BITS);
}

/* A slot is its CPU's alone, and a CPU runs a tracing program once at a time, whatever interrupts it. */
static __always_inline void count_drop(const struct weir_drop_key* key, __u32 packets) {
    const __u32 home = home_of(key);
    struct weir_drop_count* rest;
    __u32 place;

    WEIR_UNROLL
    for (__u32 probe = 0; probe < WEIR_DROP_PROBES; probe++) {
        struct weir_drop_slot* slot;
        place = (home + probe) & (WEIR_DROP_SLOTS - 1);
        slot = bpf_map_lookup_elem(&drop_slots, &place);
        if (!slot) return;
        if (slot->count.skbs == 0) {
            slot->key = *key;
            /* A barrier between the key and what says that there is one. */
            slot->count.packets = __sync_fetch_and_add(&slot->count.packets, 0) + packets;
            slot->count.skbs = 1;
            return;
        }
        if (is_same(&slot->key, key)) {
            add(&slot->count, packets);
            return;
        }
    }
    place = key->reason < WEIR_DROP_REST_ROOM - 1 ? key->reason : WEIR_DROP_REST_ROOM - 1;
    rest = bpf_map_lookup_elem(&drop_rest, &place);
    if (rest) add(rest, packets);
}

SEC("tp_btf/kfree_skb")
int weir_drop(__u64* ctx) {
    struct sk_buff* skb = (struct sk_buff*)ctx[0];
    struct drop_place place = {};
    struct weir_drop_key key;

    if (!find_place(skb, &place)) {
        const __u32 zero = 0;
        struct weir_drop_count* outside = bpf_map_lookup_elem(&drop_outside, &zero);
        if (outside) add(outside, 1);
        return 0;
    }
    key.location = ctx[1];
    key.ifindex = place.ifindex;
    key.from_ifindex = place.from_ifindex;
    key.reason = weir_drop_has_reason ? (__u32)ctx[2] : 0;
    key.way = place.way;
    count_drop(&key, count_packets(skb));
    return 0;
}

char weir_drop_license[] SEC("license") = "GPL";
