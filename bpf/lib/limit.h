/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a limit decides of one frame. Pure: works on a weir_limit_direction that it is given, with 'now' as an argument.
 * docs/qos-method.md.
 *
 *     struct weir_limit_case one;
 *     one.share_cost = 0;                         // or what a byte costs by fair share
 *     weir_limit_open(limit, now_ns, bytes, packets, hash, &one);
 *     if (one.outcome == WEIR_LIMIT_SIGNAL) ...   // mark it CE, or else drop it for WEIR_DROP_AQM; if marked, go on
 *     weir_limit_close(limit, &one);              // for WEIR_LIMIT_SIGNAL and WEIR_LIMIT_QUEUE
 *
 * Between the two, because a packet that the AQM drops is not charged and one that it marks is. */
#ifndef WEIR_BPF_LIB_LIMIT_H
#define WEIR_BPF_LIB_LIMIT_H

#include "../shared/abi.h"
#include "aqm.h"
#include "atomic.h"
#include "bucket.h"

enum weir_limit_outcome {
    WEIR_LIMIT_PASS = 0, /* leaves at once; charged */
    WEIR_LIMIT_DROP,     /* for `reason`; not charged */
    WEIR_LIMIT_SIGNAL,   /* as QUEUE, and the AQM wants a mark */
    WEIR_LIMIT_QUEUE,    /* not charged yet: weir_limit_close() */
    WEIR_LIMIT_DELAY,    /* charged; leaves after delay_ns */
};

struct weir_limit_case {
    __u64 share_cost; /* of a byte, by fair share; 0: not under it. The rule's max is a cap even so */
    __u32 outcome;    /* weir_limit_outcome */
    __u32 reason;     /* weir_drop_reason */
    __u64 delay_ns;
    /* from one half to the other */
    __u64 now; /* fixed point */
    __u64 bytes;
    __u64 cost;
    __u64 flow_ahead; /* of the flow's own bucket, this frame not in it */
    __u32 place[WEIR_LIMIT_ROWS];
    __u32 use_before;
    __u8 is_shaped;    /* the limit delays packets, this one maybe by nothing */
    __u8 is_mark_only; /* what cannot be marked goes on */
    __u16 reserved;
};

static __always_inline const struct weir_limit_rule* weir_limit_rule_of(const struct weir_limit_direction* limit,
                                                                        __u32 use_before) {
    return use_before ? &limit->before : &limit->rule;
}

/* Layer 2 bytes, and what each packet takes besides, which may be less than nothing. */
static __always_inline __u64 weir_charged_bytes(__u64 bytes, __u64 packets, __s32 overhead_bytes) {
    const __s64 charged = (__s64)bytes + (__s64)packets * overhead_bytes;
    return charged > 0 ? (__u64)charged : 1;
}

/* The flow's bucket, emptier than it is only where two places are shared with busier flows. */
static __always_inline __u64 weir_flow_ahead(const struct weir_limit_direction* limit, const __u32* place, __u64 now) {
    const __u64 a = weir_bucket_ahead(WEIR_READ_ONCE(limit->flows[0][place[0] & (WEIR_LIMIT_ROW_PLACES - 1)]), now);
    const __u64 b = weir_bucket_ahead(WEIR_READ_ONCE(limit->flows[1][place[1] & (WEIR_LIMIT_ROW_PLACES - 1)]), now);
    return a < b ? a : b;
}

/* Raises both places to `ahead`. Two CPUs that write at once lose one packet's cost of a flow's share: it decides who
 * overtakes, not how much passes. */
static __always_inline void weir_flow_raise(struct weir_limit_direction* limit, const __u32* place, __u64 now,
                                            __u64 ahead) {
    __u64* word = &limit->flows[0][place[0] & (WEIR_LIMIT_ROW_PLACES - 1)];
    if (weir_bucket_ahead(WEIR_READ_ONCE(*word), now) < ahead) *word = now + ahead;
    word = &limit->flows[1][place[1] & (WEIR_LIMIT_ROW_PLACES - 1)];
    if (weir_bucket_ahead(WEIR_READ_ONCE(*word), now) < ahead) *word = now + ahead;
}

/* A bulk flow's bucket is not kept further ahead than that: it is sparse again when it has been quiet so long. */
static __always_inline __u64 weir_flow_capped(const struct weir_limit_rule* rule, __u64 ahead) {
    return ahead > 2 * rule->flow_burst ? 2 * rule->flow_burst : ahead;
}

/* Which of the two rules is in force. */
static __always_inline int weir_limit_is_reverted(const struct weir_limit_direction* limit, __u64 now_ns) {
    const __u64 revert_at_ns = WEIR_READ_ONCE(limit->rule.revert_at_ns);
    return revert_at_ns && now_ns >= revert_at_ns;
}

/* The packet rate, which drops and never delays. Whether they may go on; if so they are charged. */
static __always_inline int weir_limit_takes_packets(struct weir_limit_direction* limit,
                                                    const struct weir_limit_rule* rule, __u64 now, __u64 packets) {
    const __u64 packet_cost = WEIR_READ_ONCE(rule->packet_cost);
    return !packet_cost ||
           weir_bucket_take(&limit->packet_time, now, packets * packet_cost, rule->packet_burst).is_admitted;
}

/* How long a queue takes packets, fixed point. Senders that listen get room for their bursts. For those that do not,
 * more room is more delay and nothing else: their queue stays near the target, so that a new rate shows on the wire at
 * once. */
static __always_inline __u64 weir_limit_horizon(const struct weir_limit_direction* limit,
                                                const struct weir_limit_rule* rule) {
    return weir_aqm_is_overloaded(limit, rule) ? rule->overload_horizon : rule->horizon;
}

/* How far ahead the bucket of all that overtakes may be for a packet of that share, at most flow_burst, to fit whole into
 * it. A share below half a flow_burst gets room beyond it, the more the smaller it is: wherever full packets have filled
 * the bucket, small ones find some. */
static __always_inline __u64 weir_sparse_room(const struct weir_limit_rule* rule, __u64 share) {
    const __u64 half = rule->flow_burst >> 1;
    return rule->flow_burst - share + (share < half ? half - share : 0);
}

static __always_inline void weir_limit_open(struct weir_limit_direction* limit, __u64 now_ns, __u64 bytes,
                                            __u64 packets, __u64 hash, struct weir_limit_case* one) {
    const __u64 now = weir_fixed_time(now_ns);
    const struct weir_limit_rule* rule;
    __u64 byte_cost, ahead, queue_ns, share;

    one->outcome = WEIR_LIMIT_PASS;
    one->delay_ns = 0;
    one->is_shaped = 0;
    one->is_mark_only = 0;
    one->now = now;
    one->use_before = (__u32)weir_limit_is_reverted(limit, now_ns);
    rule = weir_limit_rule_of(limit, one->use_before);

    if (!weir_limit_takes_packets(limit, rule, now, packets)) {
        one->outcome = WEIR_LIMIT_DROP;
        one->reason = WEIR_DROP_PPS;
        return;
    }
    byte_cost = WEIR_READ_ONCE(rule->byte_cost);
    if (one->share_cost > byte_cost) byte_cost = one->share_cost;
    if (!byte_cost) return;
    one->is_shaped = rule->mode == WEIR_LIMIT_SHAPE;
    one->is_mark_only = rule->mode == WEIR_LIMIT_MARK;

    one->bytes = weir_charged_bytes(bytes, packets, rule->overhead_bytes);
    one->cost = weir_byte_time(one->bytes, byte_cost);
    /* What the packet rate has dropped does not ask for a share. */
    if (one->share_cost) __sync_fetch_and_add(&limit->offered_bytes, one->bytes);
    one->place[0] = (__u32)hash;
    one->place[1] = (__u32)(hash >> 40);
    one->flow_ahead = weir_flow_ahead(limit, one->place, now);
    ahead = weir_bucket_ahead(WEIR_READ_ONCE(limit->byte_time), now);
    if (ahead <= rule->burst) {
        one->outcome = WEIR_LIMIT_QUEUE;
        /* Below its target the AQM only has to know that. */
        if (rule->mode == WEIR_LIMIT_SHAPE && WEIR_READ_ONCE(limit->aqm_above_ns))
            weir_aqm_signal(limit, rule, now_ns, 0);
        return;
    }

    share = one->cost << WEIR_FLOW_SHARE_SHIFT;
    if (one->flow_ahead + share <= rule->flow_burst &&
        weir_bucket_take(&limit->sparse_time, now, share, weir_sparse_room(rule, share)).is_admitted) {
        weir_bucket_take(&limit->byte_time, now, one->cost, WEIR_NEVER_FULL);
        weir_flow_raise(limit, one->place, now, one->flow_ahead + share);
        return;
    }
    if (rule->mode == WEIR_LIMIT_POLICE) {
        one->outcome = WEIR_LIMIT_DROP;
        one->reason = WEIR_DROP_RATE;
        return;
    }
    if (ahead - rule->burst > weir_limit_horizon(limit, rule)) {
        one->outcome = WEIR_LIMIT_DROP;
        one->reason = WEIR_DROP_HORIZON;
        return;
    }
    queue_ns = (ahead - rule->burst) >> WEIR_TIME_SHIFT;
    one->outcome = WEIR_LIMIT_QUEUE;
    if (rule->mode == WEIR_LIMIT_MARK ? queue_ns > rule->target_ns : weir_aqm_signal(limit, rule, now_ns, queue_ns))
        one->outcome = WEIR_LIMIT_SIGNAL;
}

/* Charges the frame and sets its delay. Others may have filled the bucket since: then it is dropped after all. */
static __always_inline void weir_limit_close(struct weir_limit_direction* limit, struct weir_limit_case* one) {
    const struct weir_limit_rule* rule = weir_limit_rule_of(limit, one->use_before);
    const int is_policed = rule->mode == WEIR_LIMIT_POLICE;
    const __u64 most = rule->burst + (is_policed ? 0 : rule->horizon), now = one->now;
    const struct weir_taken taken = weir_bucket_take(&limit->byte_time, now, one->cost, most);
    __u64 flow_ahead = weir_flow_capped(rule, one->flow_ahead + (one->cost << WEIR_FLOW_SHARE_SHIFT));
    __u64 delay;

    if (!taken.is_admitted) {
        one->outcome = WEIR_LIMIT_DROP;
        one->reason = is_policed ? WEIR_DROP_RATE : WEIR_DROP_HORIZON;
        return;
    }
    /* It leaves when the rate has earned all of it but the burst. */
    delay = taken.ahead + one->cost;
    delay = rule->mode == WEIR_LIMIT_SHAPE && delay > rule->burst ? delay - rule->burst : 0;
    /* A flow with packets in the queue overtakes none of its own: it is not sparse before the last one has left. */
    if (delay && flow_ahead < delay + rule->flow_burst) flow_ahead = delay + rule->flow_burst;
    weir_flow_raise(limit, one->place, now, flow_ahead);
    one->outcome = delay ? WEIR_LIMIT_DELAY : WEIR_LIMIT_PASS;
    one->delay_ns = delay >> WEIR_TIME_SHIFT;
}

/* For a frame that is dropped in the end: fair share has to know of what asked to pass and did not. */
static __always_inline void weir_limit_note_drop(struct weir_limit_direction* limit,
                                                 const struct weir_limit_case* one) {
    if (one->share_cost && one->reason != WEIR_DROP_PPS) __sync_fetch_and_add(&limit->dropped_bytes, one->bytes);
}

#endif
