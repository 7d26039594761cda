/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tick of fair share: every few milliseconds, by a timer in the kernel, each tenant's rate anew. No process is
 * needed: the timer lives as long as its map is pinned. docs/fair-share.md.
 *
 * User space arms and stops it by running weir_tick (BPF_PROG_TEST_RUN); a program that is loaded later takes the timer
 * over in the same way. Ticks never run at the same time as each other: there is one timer. */
#include "lib/atomic.h"
#include "lib/bucket.h"
#include "lib/fair_share.h"
#include "lib/limit.h"
#include "maps.h"
#include "shared/abi.h"

#define WEIR_CLOCK_MONOTONIC 1
#define WEIR_EBUSY 16
#define WEIR_ENOENT 2

/* Tenants, or bins, a callback of bpf_loop: one at a time costs a fifth more, a rolled loop of sixteen costs the
 * verifier thirty times as much. */
#define WEIR_TICK_BATCH 4

/* What is the same for all tenants in one pass. */
struct weir_pass {
    __u32 way; /* weir_direction */
    __u32 takes_over;
    __u64 now_ns;
    __u64 next_revert_ns;
    __s64 sent_bytes; /* by all tenants since the last tick */
};

static __always_inline const struct weir_tick_settings* settings_of(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&tick_settings, &zero);
}

static __always_inline struct weir_tick* tick_of(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&tick, &zero);
}

static __always_inline struct weir_share_round* round_of(const struct weir_pass* pass) {
    __u32 way = pass->way & 1;
    return bpf_map_lookup_elem(&share_rounds, &way);
}

static __always_inline struct weir_share_entry* entry_of(const struct weir_pass* pass, __u32 slot) {
    __u32 at = (pass->way & 1) * WEIR_TENANTS_MAX + (slot & (WEIR_TENANTS_MAX - 1));
    return bpf_map_lookup_elem(&shares, &at);
}

static __always_inline struct weir_limit_direction* limit_at(const struct weir_pass* pass, __u32 slot) {
    __u32 zero = 0;
    struct weir_limit* limit;
    void* map;

    map = bpf_map_lookup_elem(&limits, &slot);
    if (!map) return 0;
    limit = bpf_map_lookup_elem(map, &zero);
    return limit ? &limit->direction[pass->way & 1] : 0;
}

/* The wishes of the rule in force, into the tick's table. */
static __always_inline void take_over(struct weir_pass* pass, struct weir_share_entry* entry,
                                      const struct weir_limit_direction* limit) {
    const __u64 revert_at_ns = WEIR_READ_ONCE(limit->rule.revert_at_ns);
    const struct weir_limit_rule* rule = weir_limit_rule_of(limit, weir_limit_is_reverted(limit, pass->now_ns));
    const __u64 weight = WEIR_READ_ONCE(rule->share_weight);

    if (revert_at_ns > pass->now_ns && (!pass->next_revert_ns || revert_at_ns < pass->next_revert_ns))
        pass->next_revert_ns = revert_at_ns;
    entry->min_bps = WEIR_READ_ONCE(rule->share_min_bps);
    entry->max_bps = WEIR_READ_ONCE(rule->share_max_bps);
    entry->fallback_cost = WEIR_READ_ONCE(rule->share_fallback_cost);
    entry->weight = entry->fallback_cost ? (__u32)weight : 0;
    entry->weight_inverse = (__u32)(weight >> 32);
}

/* What has left of what was admitted: only a shaped queue holds anything back. */
static __always_inline void note_sent(struct weir_pass* pass, struct weir_share_entry* entry,
                                      const struct weir_share_sample* sample, int is_shaped) {
    const __u64 queued =
        is_shaped ? weir_share_bytes(entry->rate_bps, weir_share_min(sample->backlog_ns, WEIR_SHARE_TIME_MAX_NS)) : 0;
    if (entry->is_primed)
        pass->sent_bytes += (__s64)(sample->offered_bytes - entry->offered_seen_bytes) -
                            (__s64)(sample->dropped_bytes - entry->dropped_seen_bytes) + (__s64)entry->queued_bytes -
                            (__s64)queued;
    entry->queued_bytes = queued;
}

static __always_inline void measure_one(struct weir_pass* pass, struct weir_share_round* round, __u32 slot) {
    struct weir_share_entry* entry = entry_of(pass, slot);
    struct weir_limit_direction* limit;
    struct weir_share_sample sample;
    __u64 ahead;

    if (!entry || (!entry->weight && !pass->takes_over)) return;
    limit = limit_at(pass, slot);
    if (!limit) {
        entry->weight = 0;
        entry->cap_u = 0;
        return;
    }
    if (pass->takes_over) take_over(pass, entry, limit);
    if (!entry->weight) {
        entry->cap_u = 0;
        entry->is_primed = 0;
        return;
    }
    ahead = weir_bucket_ahead(WEIR_READ_ONCE(limit->byte_time), weir_fixed_time(pass->now_ns));
    /* What waits is what is beyond the burst; where nothing can wait, nothing does. */
    if (limit->rule.mode == WEIR_LIMIT_POLICE || ahead <= limit->rule.burst)
        ahead = 0;
    else
        ahead -= limit->rule.burst;
    sample.backlog_ns = ahead >> WEIR_TIME_SHIFT;
    sample.offered_bytes = WEIR_READ_ONCE(limit->offered_bytes);
    sample.dropped_bytes = WEIR_READ_ONCE(limit->dropped_bytes);
    note_sent(pass, entry, &sample, limit->rule.mode == WEIR_LIMIT_SHAPE);
    weir_share_measure(round, entry, &sample);
}

static long measure_some(__u32 batch, struct weir_pass* pass) {
    struct weir_share_round* round = round_of(pass);
    __u32 i;
    if (!round) return 1;
    WEIR_UNROLL
    for (i = 0; i < WEIR_TICK_BATCH; i++)
        measure_one(pass, round, batch * WEIR_TICK_BATCH + i);
    return 0;
}

static long sort_some(__u32 batch, struct weir_pass* pass) {
    struct weir_share_round* round = round_of(pass);
    __u32 i;
    if (!round) return 1;
    WEIR_UNROLL
    for (i = 0; i < WEIR_TICK_BATCH; i++) {
        const struct weir_share_entry* entry = entry_of(pass, batch * WEIR_TICK_BATCH + i);
        if (entry) weir_share_sort(round, entry);
    }
    return 0;
}

static long take_some(__u32 batch, struct weir_pass* pass) {
    struct weir_share_round* round = round_of(pass);
    __u32 i;
    if (!round) return 1;
    WEIR_UNROLL
    for (i = 0; i < WEIR_TICK_BATCH; i++) {
        const struct weir_share_entry* entry = entry_of(pass, batch * WEIR_TICK_BATCH + i);
        if (entry && entry->weight && entry->cap_u) weir_share_take(round, entry);
    }
    return 0;
}

static long settle_some(__u32 batch, struct weir_pass* pass) {
    struct weir_share_round* round = round_of(pass);
    __u32 i;
    if (!round) return 1;
    WEIR_UNROLL
    for (i = 0; i < WEIR_TICK_BATCH; i++) {
        struct weir_share_entry* entry = entry_of(pass, batch * WEIR_TICK_BATCH + i);
        if (entry) weir_share_settle(round, entry);
    }
    return 0;
}

static long walk_fine_some(__u32 batch, struct weir_pass* pass) {
    struct weir_share_round* round = round_of(pass);
    __u32 i;
    if (!round) return 1;
    WEIR_UNROLL
    for (i = 0; i < WEIR_TICK_BATCH; i++)
        weir_share_walk_fine(round, batch * WEIR_TICK_BATCH + i);
    return 0;
}

static long walk_coarse_some(__u32 batch, struct weir_pass* pass) {
    struct weir_share_round* round = round_of(pass);
    __u32 i;
    if (!round) return 1;
    WEIR_UNROLL
    for (i = 0; i < WEIR_TICK_BATCH; i++) {
        __u32 place = batch * WEIR_TICK_BATCH + i;
        asm volatile("" : "+r"(place)); /* the compiler would check the first of four and the verifier see none */
        weir_share_walk_coarse(round, place);
    }
    return 0;
}

static __always_inline __u32 batches_of(__u32 count) { return (count + WEIR_TICK_BATCH - 1) / WEIR_TICK_BATCH; }

/* One direction's tick. A global function: the verifier sees it once, not once a caller and direction. Returns whether
 * the direction has a capacity. */
__weak __noinline int weir_tick_way(__u32 way, __u32 takes_over, __u64 now_ns) {
    struct weir_pass pass = {way & 1, takes_over, now_ns, 0, 0};
    struct weir_share_round* round = round_of(&pass);
    const struct weir_tick_settings* wished = settings_of();
    struct weir_tick* one = tick_of();
    __u64 capacity_bps, slots;
    __u32 batches;

    if (!round || !wished || !one) return 0;
    capacity_bps = WEIR_READ_ONCE(wished->capacity_bps[way & 1]);
    if (!capacity_bps) {
        round->valid_until_ns = 0;
        return 0;
    }
    slots = WEIR_READ_ONCE(wished->slots);
    batches = batches_of(slots < WEIR_TENANTS_MAX ? (__u32)slots : WEIR_TENANTS_MAX);
    round->capacity_bps = weir_share_payable(round, capacity_bps);
    weir_share_begin(round, now_ns - round->last_tick_ns);
    round->last_tick_ns = now_ns;
    bpf_loop(batches, measure_some, &pass, 0);
    weir_share_owe(round, capacity_bps, pass.sent_bytes);
    bpf_loop(batches_of(WEIR_SHARE_FINE), walk_fine_some, &pass, 0);
    if (!weir_share_pick(round)) {
        bpf_loop(batches, sort_some, &pass, 0);
        bpf_loop(batches_of(WEIR_SHARE_COARSE), walk_coarse_some, &pass, 0);
        weir_share_pick_coarse(round);
        bpf_loop(batches, take_some, &pass, 0);
        bpf_loop(batches_of(WEIR_SHARE_FINE), walk_fine_some, &pass, 0);
        weir_share_pick_fine(round);
    }
    bpf_loop(batches, settle_some, &pass, 0);
    if (pass.next_revert_ns && (!one->state.next_revert_ns || pass.next_revert_ns < one->state.next_revert_ns))
        one->state.next_revert_ns = pass.next_revert_ns;
    round->valid_until_ns = now_ns + WEIR_TICK_VALID_INTERVALS * WEIR_READ_ONCE(wished->interval_ns);
    return 1;
}

static __always_inline void tick_once(struct weir_tick* one, const struct weir_tick_settings* wished) {
    const __u64 now_ns = bpf_ktime_get_ns(), revert_ns = one->state.next_revert_ns;
    /* Read before the rules: what changes from here on is taken over by the next tick. */
    const __u64 generation = WEIR_READ_ONCE(wished->generation);
    const __u32 takes_over = generation != one->state.generation || (revert_ns && now_ns >= revert_ns);
    __u64 busy_ns;

    if (takes_over) one->state.next_revert_ns = 0;
    weir_tick_way(WEIR_TX, takes_over, now_ns);
    weir_tick_way(WEIR_RX, takes_over, now_ns);
    one->state.generation = generation;
    busy_ns = bpf_ktime_get_ns() - now_ns;
    one->state.busy_ns += busy_ns;
    if (busy_ns > one->state.worst_ns) one->state.worst_ns = busy_ns;
    one->state.ticks++;
    one->state.last_ns = now_ns;
}

static int on_timer(void* map, __u32* key, struct weir_tick* one) {
    const struct weir_tick_settings* wished = settings_of();
    __u64 interval_ns;

    if (!wished) return 0;
    interval_ns = WEIR_READ_ONCE(wished->interval_ns);
    bpf_timer_start(&one->timer, interval_ns > 1000000 ? interval_ns : 1000000, 0);
    tick_once(one, wished);
    return 0;
}

SEC("syscall")
int weir_tick(struct weir_tick_call* call) {
    const struct weir_tick_settings* wished = settings_of();
    struct weir_tick* one = tick_of();
    long error;

    call->error = -WEIR_ENOENT;
    if (!one || !wished) return 0;
    if (call->order == WEIR_TICK_ONCE) {
        tick_once(one, wished);
        call->error = 0;
        return 0;
    }
    if (call->order == WEIR_TICK_STOP) {
        error = bpf_timer_cancel(&one->timer);
        call->error = error < 0 ? error : 0;
        return 0;
    }
    /* Busy: it has been armed before, maybe by another program; the callback is then this one's. */
    error = bpf_timer_init(&one->timer, &tick, WEIR_CLOCK_MONOTONIC);
    if (!error || error == -WEIR_EBUSY) error = bpf_timer_set_callback(&one->timer, on_timer);
    if (!error) error = bpf_timer_start(&one->timer, 0, 0);
    call->error = error;
    return 0;
}

char weir_tick_license[] SEC("license") = "GPL";
