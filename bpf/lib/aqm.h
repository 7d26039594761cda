/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the virtual queue of a limit asks for a mark or a drop: CoDel's law (RFC 8289; Nichols and Jacobson 2012) on a
 * queue that is known when a packet arrives. Pure; 'now' is an argument.
 *
 * CoDel looks at a packet's sojourn time when it leaves. Here the departure is decided on arrival, so the same time is
 * known a queue earlier, and the sender hears of it a queue sooner.
 *
 * Several CPUs may ask at once. Whoever swaps the time of the next signal gives it; the other fields are then written
 * by one, and reading them a moment old moves a signal by a packet. */
#ifndef WEIR_BPF_LIB_AQM_H
#define WEIR_BPF_LIB_AQM_H

#include "../shared/limit.h"
#include "atomic.h"
#include "bits.h"

/* A series that begins within so many intervals after the last one goes on where that one stood. */
#define WEIR_AQM_MEMORY_INTERVALS 8

#define WEIR_AQM_COUNT_MAX (1u << 16)

/* After so many signals in a row, which takes 1.6 s at an interval of 100 ms, the senders are taken not to listen. */
#define WEIR_AQM_OVERLOAD_COUNT 64

/* 2^32 / sqrt(count), by Newton's iteration x' = x (3 - count x^2) / 2 from the power of two below. count >= 1. */
static __always_inline __u64 weir_inverse_sqrt(__u64 count) {
    __u64 x = (1ull << 32) >> ((weir_log2(count) + 1) / 2);
    __u32 step;

    if (count <= 1) return 1ull << 32;
    WEIR_UNROLL
    for (step = 0; step < 5; step++) {
        /* x^2 in Q32 is below 2^33 / count, so the product stays below 2^34. */
        const __u64 square = x * x >> 32;
        x = x * (((3ull << 32) - count * square) >> 2) >> 31;
    }
    return x;
}

/* From one signal to the next. */
static __always_inline __u64 weir_aqm_step_ns(__u64 interval_ns, __u64 count) {
    return interval_ns * weir_inverse_sqrt(count) >> 32;
}

/* Whether the queue stands again less than an interval after the last series of signals would have gone on. */
static __always_inline int weir_aqm_is_same_queue(const struct weir_limit_rule* rule, __u64 above_ns, __u64 next_ns) {
    return (__s64)(above_ns - next_ns) < (__s64)rule->interval_ns;
}

/* Whether signals have not helped: what comes is more than the rate, and goes on coming. Breaks shorter than an
 * interval, as of a sender that has to wait for a CPU, do not end it. */
static __always_inline int weir_aqm_is_overloaded(const struct weir_limit_direction* limit,
                                                  const struct weir_limit_rule* rule) {
    const __u64 above_ns = WEIR_READ_ONCE(limit->aqm_above_ns);

    return above_ns && WEIR_READ_ONCE(limit->aqm_count) >= WEIR_AQM_OVERLOAD_COUNT &&
           (WEIR_READ_ONCE(limit->aqm_is_dropping) ||
            weir_aqm_is_same_queue(rule, above_ns, WEIR_READ_ONCE(limit->aqm_next_ns)));
}

/* Where a series begins that comes `now_ns - next_ns` after the last one: the rate of signals that held the queue last
 * time is a better guess than none; that of an overload is none for those who come after it. */
static __always_inline __u64 weir_aqm_first_count(const struct weir_limit_rule* rule, __u64 now_ns, __u64 above_ns,
                                                  __u64 next_ns, __u64 count) {
    const __u64 most = WEIR_AQM_OVERLOAD_COUNT - (weir_aqm_is_same_queue(rule, above_ns, next_ns) ? 0 : 2);

    if (now_ns - next_ns >= WEIR_AQM_MEMORY_INTERVALS * rule->interval_ns || count <= 2) return 1;
    return count >= WEIR_AQM_OVERLOAD_COUNT ? most : count - 2;
}

/* Whether a packet that arrives now, behind a queue of `queue_ns`, is to be marked, or dropped if it cannot be. */
static __always_inline int weir_aqm_signal(struct weir_limit_direction* limit, const struct weir_limit_rule* rule,
                                           __u64 now_ns, __u64 queue_ns) {
    const __u64 interval_ns = rule->interval_ns;
    __u64 above_ns = WEIR_READ_ONCE(limit->aqm_above_ns), next_ns, count;

    if (queue_ns < rule->target_ns) {
        if (above_ns) {
            limit->aqm_above_ns = 0;
            limit->aqm_is_dropping = 0;
        }
        return 0;
    }
    if (!above_ns) {
        limit->aqm_above_ns = now_ns;
        return 0;
    }
    next_ns = WEIR_READ_ONCE(limit->aqm_next_ns);
    count = WEIR_READ_ONCE(limit->aqm_count);
    if (!WEIR_READ_ONCE(limit->aqm_is_dropping)) {
        /* An interval's patience, but not until there is no room: one signal now saves a burst of drops. */
        if ((__s64)(now_ns - above_ns) < (__s64)interval_ns && queue_ns <= rule->horizon >> (WEIR_TIME_SHIFT + 1))
            return 0;
        count = weir_aqm_first_count(rule, now_ns, above_ns, next_ns, count);
        if (__sync_val_compare_and_swap(&limit->aqm_next_ns, next_ns, now_ns + weir_aqm_step_ns(interval_ns, count)) !=
            next_ns)
            return 0;
        limit->aqm_count = count;
        limit->aqm_is_dropping = 1;
        return 1;
    }
    if ((__s64)(now_ns - next_ns) < 0) return 0;
    if (count < WEIR_AQM_COUNT_MAX) count += 1;
    /* Packets may have been rare: no debt of signals of more than an interval. */
    above_ns = now_ns - next_ns > interval_ns ? now_ns : next_ns;
    if (__sync_val_compare_and_swap(&limit->aqm_next_ns, next_ns, above_ns + weir_aqm_step_ns(interval_ns, count)) !=
        next_ns)
        return 0;
    limit->aqm_count = count;
    return 1;
}

#endif
