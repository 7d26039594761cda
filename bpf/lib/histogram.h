/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a delay to its bucket and back. Pure; the same on both sides. Layout: bpf/shared/latency.h.
 *
 * Error: a percentile is given as the mean of the delays in its bucket, so it is off by less than the bucket is wide,
 * 12.5 %, and not at all where the bucket's delays are equal or there is one. */
#ifndef WEIR_BPF_LIB_HISTOGRAM_H
#define WEIR_BPF_LIB_HISTOGRAM_H

#include "../shared/latency.h"

/* Position of the highest set bit; `value` is not 0. BPF has no instruction for it. */
static __always_inline __u32 weir_log2(__u64 value) {
#ifdef __bpf__
    __u32 result = 0, word, step;
    if (value >> 32) {
        result = 32;
        value >>= 32;
    }
    word = (__u32)value;
    step = (word > 0xffff) << 4;
    word >>= step;
    result += step;
    step = (word > 0xff) << 3;
    word >>= step;
    result += step;
    step = (word > 0xf) << 2;
    word >>= step;
    result += step;
    step = (word > 3) << 1;
    word >>= step;
    return result + step + (word >> 1);
#else
    return 63u - (__u32)__builtin_clzll(value);
#endif
}

static __always_inline __u32 weir_histogram_place(__u64 value_ns) {
    __u32 octave, sub;
    if (value_ns < 1ull << WEIR_HISTOGRAM_FIRST_OCTAVE) return 0;
    if (value_ns >= 1ull << WEIR_HISTOGRAM_END_OCTAVE) return WEIR_HISTOGRAM_BUCKETS - 1;
    octave = weir_log2(value_ns);
    sub = (__u32)(value_ns >> (octave - WEIR_HISTOGRAM_SUB_BITS)) & ((1u << WEIR_HISTOGRAM_SUB_BITS) - 1);
    return 1 + ((octave - WEIR_HISTOGRAM_FIRST_OCTAVE) << WEIR_HISTOGRAM_SUB_BITS) + sub;
}

/* The smallest value of a bucket, ns. The bucket after the last one would begin where all values end. */
static __always_inline __u64 weir_histogram_low_ns(__u32 bucket) {
    __u32 octave, sub;
    if (bucket == 0) return 0;
    if (bucket >= WEIR_HISTOGRAM_BUCKETS) return ~0ull;
    octave = WEIR_HISTOGRAM_FIRST_OCTAVE + ((bucket - 1) >> WEIR_HISTOGRAM_SUB_BITS);
    sub = (bucket - 1) & ((1u << WEIR_HISTOGRAM_SUB_BITS) - 1);
    return (1ull << octave) + ((__u64)sub << (octave - WEIR_HISTOGRAM_SUB_BITS));
}

/* Counts one delay. One writer at a time. */
static __always_inline void weir_histogram_add(struct weir_histogram* histogram, __u64 value_ns) {
    const __u32 bucket = weir_histogram_place(value_ns);
    if (bucket < WEIR_HISTOGRAM_BUCKETS) {
        histogram->buckets[bucket].count += 1;
        histogram->buckets[bucket].sum_ns += value_ns;
    }
    if (~value_ns > histogram->not_min_ns) histogram->not_min_ns = ~value_ns;
    if (value_ns > histogram->max_ns) histogram->max_ns = value_ns;
}

#endif
