/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A limit at work on an skb at a tc hook. Stateful: maps, and the skb's own fields. */
#ifndef WEIR_BPF_LIB_LIMIT_SKB_H
#define WEIR_BPF_LIB_LIMIT_SKB_H

#include "../shared/abi.h"
#include "account.h"
#include "histogram.h"
#include "limit.h"

/* A departure time that somebody else has set, later than this one, stays. So does one by another clock than the
 * monotonic: fq would not know it. What cannot carry one (not IP) leaves at once, and is held by the horizon alone. */
static __always_inline void weir_set_departure(struct __sk_buff* skb, __u64 depart_ns) {
    __u64 time_ns = skb->tstamp;
    __u32 type = skb->tstamp_type, index = skb->tc_index;

    asm volatile("" : "+r"(time_ns), "+r"(type), "+r"(index));
    if (type > BPF_SKB_TSTAMP_DELIVERY_MONO) return;
    if (type == BPF_SKB_TSTAMP_DELIVERY_MONO && time_ns >= depart_ns) return;
    if (bpf_skb_set_tstamp(skb, depart_ns, BPF_SKB_TSTAMP_DELIVERY_MONO)) return;
    /* It is no arrival time any more. */
    if ((index & WEIR_STAMP_SIGN_MASK) == WEIR_STAMP_SIGN) skb->tc_index = 0;
}

enum weir_fate { WEIR_FATE_DROPPED = 0, WEIR_FATE_AT_ONCE = 1, WEIR_FATE_DELAYED = 2 };

/* Holds the frame that stands in the scratch memory against the limit: counts, marks, sets its departure time. Returns
 * its weir_fate. A global function: the verifier sees it once and by itself, and without a limit it costs nothing. */
__weak __noinline int weir_limit_skb(struct __sk_buff* skb, struct weir_limit_direction* limit,
                                     struct weir_ledger* ledger, __u32 direction) {
    struct weir_scratch* scratch;
    struct weir_limit_case one;
    struct weir_count count;
    __u64 now_ns;

    if (!limit || !ledger) return WEIR_FATE_AT_ONCE;
    scratch = weir_scratch_of(ledger);
    now_ns = scratch->now_ns;
    count = scratch->count;
    one.share_cost = scratch->share_cost;
    weir_limit_open(limit, now_ns, count.bytes, count.packets, scratch->flow_hash, &one);
    if (one.outcome == WEIR_LIMIT_SIGNAL) {
        /* Anything else: the packet's sender and receiver have not agreed on ECN. */
        if (bpf_skb_ecn_set_ce(skb) == 1) {
            ledger->direction[direction & 1].ecn_marked_packets += count.packets;
        } else if (!one.is_mark_only) {
            one.outcome = WEIR_LIMIT_DROP;
            one.reason = WEIR_DROP_AQM;
        }
    }
    if (one.outcome == WEIR_LIMIT_SIGNAL || one.outcome == WEIR_LIMIT_QUEUE) weir_limit_close(limit, &one);
    if (one.outcome == WEIR_LIMIT_DROP) {
        weir_note_drop(ledger, direction, one.reason, count);
        weir_limit_note_drop(limit, &one);
        return WEIR_FATE_DROPPED;
    }
    if (one.is_shaped) weir_histogram_add(&ledger->latency.shaping[direction & 1], one.delay_ns);
    if (one.outcome != WEIR_LIMIT_DELAY) return WEIR_FATE_AT_ONCE;
    ledger->pulse.open.direction[direction & 1].delayed_packets += (__u32)count.packets;
    weir_set_departure(skb, now_ns + one.delay_ns);
    return WEIR_FATE_DELAYED;
}

#endif
