/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A token bucket in one word: the generic cell rate algorithm (ITU-T I.371, annex A) on a theoretical arrival time that
 * is advanced by compare-and-swap. Pure: takes 'now' and works on memory that it is given, the same on both sides.
 *
 * The word says when all that was let through so far will have left at the rate. How far it is ahead of now is the
 * virtual queue. Exact under concurrency: every packet that is let through adds its cost to the word once, whichever
 * CPUs it races with. A clock that was read before another CPU's update cannot do harm: time only enters as a lower
 * bound of the word.
 *
 * Times are fixed point (bpf/shared/limit.h) and wrap, so they are compared by difference. A word that seems further
 * ahead than any packet could have brought it is one that was left long ago (208 days and more): it counts as past. */
#ifndef WEIR_BPF_LIB_BUCKET_H
#define WEIR_BPF_LIB_BUCKET_H

#include "../shared/limit.h"
#include "atomic.h"

/* Further ahead no word can be: 137 s. The longest legitimate one is a horizon and one frame of a mebibyte at
 * 64 kbit/s: 131 s. */
#define WEIR_BUCKET_AHEAD_MAX (1ull << (37 + WEIR_TIME_SHIFT))

/* Attempts to swap the word before its cost is added without looking. */
#define WEIR_BUCKET_TRIES 8

#define WEIR_NEVER_FULL (~0ull)

/* How far `word` is ahead of `now`; 0 if it is past. */
static __always_inline __u64 weir_bucket_ahead(__u64 word, __u64 now) {
    const __u64 ahead = word - now;
    return ahead > WEIR_BUCKET_AHEAD_MAX ? 0 : ahead;
}

static __always_inline __u64 weir_fixed_time(__u64 time_ns) { return time_ns << WEIR_TIME_SHIFT; }

/* Time that `bytes` take at `byte_cost`. */
static __always_inline __u64 weir_byte_time(__u64 bytes, __u64 byte_cost) {
    if (bytes > WEIR_FRAME_MAX_BYTES) bytes = WEIR_FRAME_MAX_BYTES;
    return bytes * byte_cost >> (WEIR_COST_SHIFT - WEIR_TIME_SHIFT);
}

struct weir_taken {
    __u64 ahead; /* of the word before: the virtual queue that this cost stands behind */
    int is_admitted;
};

/* Adds `cost` unless the word is ahead by more than `most`. */
static __always_inline struct weir_taken weir_bucket_take(__u64* word, __u64 now, __u64 cost, __u64 most) {
    struct weir_taken taken = {0, 0};
    __u32 attempt;

    WEIR_UNROLL
    for (attempt = 0; attempt < WEIR_BUCKET_TRIES; attempt++) {
        const __u64 seen = WEIR_READ_ONCE(*word);
        taken.ahead = weir_bucket_ahead(seen, now);
        if (taken.ahead > most) return taken;
        if (__sync_val_compare_and_swap(word, seen, now + taken.ahead + cost) == seen) {
            taken.is_admitted = 1;
            return taken;
        }
    }
    taken.is_admitted = 1;
    /* Whoever else is here keeps the word at now or later, so adding is enough. */
    taken.ahead = weir_bucket_ahead(__sync_fetch_and_add(word, cost), now);
    return taken;
}

#endif
