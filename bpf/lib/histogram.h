/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a delay to its bucket and back. Pure; the same on both sides. Layout: bpf/shared/latency.h.
 *
 * Error: a percentile is given as the mean of the delays in its bucket, so it is off by less than the bucket is wide,
 * 12.5 %, and not at all where the bucket's delays are equal or there is one. */
#ifndef WEIR_BPF_LIB_HISTOGRAM_H
#define WEIR_BPF_LIB_HISTOGRAM_H

#include "../shared/latency.h"
#include "bits.h"

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
