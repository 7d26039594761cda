/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benchmark's programs and user space share: the prologue's modes and the reference map's entries. */
#ifndef WEIR_BENCH_ABI_H
#define WEIR_BENCH_ABI_H

#include "lib/flow_key.h"

/* How the prologue picks the source address of the next packet. */
enum bench_mode {
    BENCH_RANDOM = 0,     /* one of the live flows, at random (xorshift) */
    BENCH_SEQUENTIAL = 1, /* the live flows one after the other: a warm-up that meets each */
    BENCH_EVERY_NEW = 2,  /* no address comes twice within 2^32 packets: a counter times an odd number */
};

/* What a prologue returns that was not followed by its target, and a reference that could not do its work. */
#define BENCH_NO_TARGET 77

/* The reference: what a flow program with an LRU hash keeps of a flow. */
struct bench_lru_key4 {
    __u32 src_address;
    __u32 dst_address;
    __u16 src_port;
    __u16 dst_port;
    __u32 protocol;
};

struct bench_lru_key6 {
    __u32 src_address[4];
    __u32 dst_address[4];
    __u16 src_port;
    __u16 dst_port;
    __u32 protocol;
};

struct bench_lru_value {
    __u64 packets;
    __u64 bytes;
    __u64 last_seen_ns;
};

/* One CPU's working memory of the reference programs. */
struct bench_scratch {
    struct weir_packet packet;
    __u64 packets;
};

#endif
