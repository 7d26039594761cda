/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a packet to the place of its flow: the bidirectional key, its hash, its tag. Pure.
 *
 * The key is said from the tenant's view: on tx the tenant is the source, on rx the destination, so both directions of
 * a conversation meet in one entry. */
#ifndef WEIR_BPF_LIB_FLOW_KEY_H
#define WEIR_BPF_LIB_FLOW_KEY_H

#include "../shared/abi.h"
#include "bits.h"
#include "parse.h"

struct weir_flow_key {
    const __u32* tenant_address; /* four words each, in the packet that the key was made from */
    const __u32* peer_address;
    __u32 tenant_word; /* IPv4: the address; IPv6: its four words xored */
    __u32 peer_word;
    __u16 tenant_port;
    __u16 peer_port;
    __u8 protocol;
    __u8 family;
};

static __always_inline __u32 weir_fold_address(const __u32* address) {
    return address[0] ^ address[1] ^ address[2] ^ address[3];
}

/* `packet` has to outlive the key. Its unused address words are 0, so IPv4 folds to its one word. */
static __always_inline void weir_flow_key_of(const struct weir_packet* packet, __u32 direction,
                                             struct weir_flow_key* key) {
    const int tx = direction == WEIR_TX;
    key->tenant_address = tx ? packet->src_address : packet->dst_address;
    key->peer_address = tx ? packet->dst_address : packet->src_address;
    key->tenant_port = tx ? packet->src_port : packet->dst_port;
    key->peer_port = tx ? packet->dst_port : packet->src_port;
    key->tenant_word = weir_fold_address(key->tenant_address);
    key->peer_word = weir_fold_address(key->peer_address);
    key->protocol = packet->protocol;
    key->family = packet->family;
}

/* One round of a multiply-and-fold mix. The last factor is that of SplitMix64's finaliser (Steele et al. 2014). */
static __always_inline __u64 weir_mix(__u64 state, __u64 word) {
    state = (state ^ word) * WEIR_HASH_FACTOR;
    return state ^ (state >> 32);
}

static __always_inline __u64 weir_flow_hash(const struct weir_flow_key* key, __u64 seed) {
    __u64 hash = weir_mix(seed, (__u64)key->tenant_word << 32 | key->peer_word);
    if (key->family == 6) {
        hash = weir_mix(hash, (__u64)key->tenant_address[0] << 32 | key->tenant_address[1]);
        hash = weir_mix(hash, (__u64)key->tenant_address[2] << 32 | key->peer_address[0]);
        hash = weir_mix(hash, (__u64)key->peer_address[1] << 32 | key->peer_address[2]);
    }
    hash = weir_mix(hash, (__u64)key->tenant_port << 32 | (__u32)key->peer_port << 16 | (__u32)key->protocol << 8 |
                              key->family);
    hash *= 0xbf58476d1ce4e5b9ull;
    return hash ^ (hash >> 29);
}

/* The tag that marks a slot: 31 bits, never 0, bit 0 free for the lock. */
static __always_inline __u32 weir_flow_tag(__u64 hash) { return ((__u32)(hash >> 32) << 1) | 1u << 31; }

/* The set, and the way in it that the search begins with. */
static __always_inline __u32 weir_flow_set_of(__u64 hash, __u32 set_mask) { return (__u32)hash & set_mask; }
static __always_inline __u32 weir_flow_home_of(__u64 hash) { return (__u32)(hash >> 28) & (WEIR_FLOW_WAYS - 1); }

static __always_inline __u32 weir_flow_tick(__u64 jiffies) { return (__u32)(jiffies >> WEIR_FLOW_TICK_SHIFT); }

#endif
