/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Weighted max-min fair share, one tick of it, over entries of bpf/shared/share.h. Pure; the same on both sides.
 * Method, convergence and cost: docs/fair-share.md.
 *
 * Each tenant gets  grant = clamp(weight * level, floor, cap),  where cap = min(what it wants, its max) and floor =
 * min(its min, cap). A tick finds the level at which the grants add up to the capacity:
 *
 *     begin                        once
 *     measure                      for each tenant: what it wants; its levels near the last level into fine bins
 *     walk_fine                    for each fine bin
 *     if (!pick)                   the level is not near the last one:
 *         sort                     for each tenant: its levels into coarse bins
 *         walk_coarse              for each coarse bin
 *         pick_coarse              once: which coarse bin holds the level
 *         take                     for each tenant: its levels within that bin into fine bins
 *         walk_fine                for each fine bin
 *         pick_fine                once: the level
 *     settle                       for each tenant: grant, rate and cost
 *
 * Nothing is sorted by comparison and nothing iterates until it converges: two passes over the tenants, or four. Walks
 * leave the bins empty for the next tick.
 *
 * Units. u is a rate scaled so that the capacity lies between 2^40 and 2^41; a level is u a unit of weight. The weights
 * of 4,096 tenants add up to less than 2^22, so that weight times level fits 63 bits. Level: found to 0.2 % or better,
 * rounded down, and the target is 2^22 u (4 millionths) below the capacity, which is more than all rounding together.
 *
 * Concurrency: one caller at a time for a round and its entries. */
#ifndef WEIR_BPF_LIB_FAIR_SHARE_H
#define WEIR_BPF_LIB_FAIR_SHARE_H

#include "../shared/limit.h"
#include "../shared/share.h"
#include "bits.h"

#define WEIR_SHARE_CAPACITY_BITS 40
#define WEIR_SHARE_ROUNDING_U (1ull << 22)
#define WEIR_SHARE_BITS_NS 8000000000ull /* bytes in nanoseconds to bits per second */

/* How much of the weight of those who do not ask for their share is expected to begin to in one tick: 1/8. */
#define WEIR_SHARE_WAKING_SHIFT 3

/* Who is not held back may send an eighth more than it did before a tick has seen it, if there is as much to spare. */
#define WEIR_SHARE_ROOM (1u << 13)
#define WEIR_SHARE_ROOM_SHIFT 16

/* Who has a backlog and has used all that it was allowed to, but for an eighth, wants more. */
#define WEIR_SHARE_FULL_SHIFT 3

static __always_inline __u64 weir_share_min(__u64 a, __u64 b) { return a < b ? a : b; }
static __always_inline __u64 weir_share_max(__u64 a, __u64 b) { return a > b ? a : b; }

/* ns a byte << WEIR_COST_SHIFT of a rate; the rate is not below WEIR_SHARE_RATE_MIN_BPS. */
static __always_inline __u64 weir_share_cost(__u64 rate_bps) {
    return (WEIR_SHARE_BITS_NS << WEIR_COST_SHIFT) / weir_share_max(rate_bps, WEIR_SHARE_RATE_MIN_BPS);
}

/* A configured rate in u, at most the capacity. */
static __always_inline __u64 weir_share_unit(const struct weir_share_round* round, __u64 rate_bps) {
    return weir_share_min(rate_bps, round->capacity_bps) << round->shift;
}

/* So that the level of a rate is a multiplication: weight is 1 to WEIR_SHARE_WEIGHT_MAX. User space writes it beside
 * the weight. */
static __always_inline __u32 weir_share_inverse(__u32 weight) { return (1u << 31) / weight; }

/* u / weight, too low by one millionth, or by 512 u where u is small. Only orders tenants: grants are exact. */
static __always_inline __u64 weir_share_level(const struct weir_share_entry* entry, __u64 rate_u) {
    return (rate_u >> 9) * entry->weight_inverse >> 22;
}

static __always_inline __u32 weir_share_place(__u64 level) {
    __u32 octave;
    if (level < 1ull << WEIR_SHARE_FIRST_OCTAVE) return 0;
    if (level >= 1ull << WEIR_SHARE_END_OCTAVE) return WEIR_SHARE_COARSE - 1;
    octave = weir_log2(level);
    return 1 + ((octave - WEIR_SHARE_FIRST_OCTAVE) << WEIR_SHARE_SUB_BITS) +
           ((__u32)(level >> (octave - WEIR_SHARE_SUB_BITS)) & ((1u << WEIR_SHARE_SUB_BITS) - 1));
}

/* Where a coarse bin begins; `place` is at most WEIR_SHARE_COARSE. */
static __always_inline __u64 weir_share_low(__u32 place) {
    __u32 octave;
    if (place == 0) return 0;
    octave = WEIR_SHARE_FIRST_OCTAVE + ((place - 1) >> WEIR_SHARE_SUB_BITS);
    return (1ull << octave) +
           ((__u64)((place - 1) & ((1u << WEIR_SHARE_SUB_BITS) - 1)) << (octave - WEIR_SHARE_SUB_BITS));
}

/* The fine bins stand for 2^width_bits of levels from `low` on. */
static __always_inline void weir_share_bracket(struct weir_share_round* round, __u64 low, __u32 width_bits) {
    round->low = low;
    round->high = low + (1ull << width_bits);
    round->fine_shift = width_bits > WEIR_SHARE_FINE_BITS ? width_bits - WEIR_SHARE_FINE_BITS : 0;
    round->bin_weight = 0;
    round->bin_constant = 0;
    round->is_found = 0;
}

/* A debt up to this much is the grain of packets and bursts: so long of the capacity, and so many packets. */
#define WEIR_SHARE_DEBT_FREE_NS 2000000ull
#define WEIR_SHARE_DEBT_FREE_BYTES (16ull * WEIR_FULL_PACKET_BYTES)
#define WEIR_SHARE_DEBT_MAX_NS 64000000ull
/* What is beyond it is paid back within so long, by at most a quarter of the capacity. */
#define WEIR_SHARE_PAYBACK_NS 16000000ull

/* Longer times are none of a tick. */
#define WEIR_SHARE_TIME_MAX_NS (1ull << 33)

/* Bytes of a rate in a time of at most WEIR_SHARE_TIME_MAX_NS. */
static __always_inline __u64 weir_share_bytes(__u64 rate_bps, __u64 time_ns) {
    return (time_ns >> 10) * (rate_bps >> 3) / 976562;
}

/* What all tenants together sent beyond the capacity while some of it was lent and asked back within one interval. The
 * uplink's queue has it; without this it would stay there. */
static __always_inline void weir_share_owe(struct weir_share_round* round, __u64 capacity_bps, __s64 sent_bytes) {
    const __s64 most = (__s64)weir_share_bytes(capacity_bps, WEIR_SHARE_DEBT_MAX_NS);
    __s64 debt = (__s64)round->debt_bytes + sent_bytes - (__s64)weir_share_bytes(capacity_bps, round->elapsed_ns);
    if (debt < 0) debt = 0;
    round->debt_bytes = (__u64)(debt > most ? most : debt);
}

/* What is shared in this tick: the capacity, less what is paid back. Not what mins hold of it: they are not lent. */
static __always_inline __u64 weir_share_payable(const struct weir_share_round* round, __u64 capacity_bps) {
    const __u64 free_bytes =
        weir_share_max(weir_share_bytes(capacity_bps, WEIR_SHARE_DEBT_FREE_NS), WEIR_SHARE_DEBT_FREE_BYTES);
    const __u64 held_bps = (round->floors_u >> round->shift) + (capacity_bps >> 16);
    __u64 payable_bps;

    if (round->debt_bytes <= free_bytes) return capacity_bps;
    payable_bps = (round->debt_bytes - free_bytes) * 8 * (1000000000ull / WEIR_SHARE_PAYBACK_NS);
    payable_bps = capacity_bps - weir_share_min(payable_bps, capacity_bps >> 2);
    return weir_share_max(payable_bps, weir_share_min(held_bps, capacity_bps));
}

/* Begins a tick. `elapsed_ns` is the time since the one before, over which was measured. */
static __always_inline void weir_share_begin(struct weir_share_round* round, __u64 elapsed_ns) {
    __u64 capacity_bps = weir_share_max(round->capacity_bps, WEIR_SHARE_CAPACITY_MIN_BPS);
    __u32 room;

    capacity_bps = weir_share_min(capacity_bps, WEIR_SHARE_CAPACITY_MAX_BPS);
    if (round->capacity_bps != capacity_bps) round->capacity_bps = capacity_bps;
    round->shift = WEIR_SHARE_CAPACITY_BITS - weir_log2(capacity_bps);
    round->target_u = (capacity_bps << round->shift) - WEIR_SHARE_ROUNDING_U;

    /* 8e9 << 30 is just below 2^63. */
    elapsed_ns = weir_share_min(weir_share_max(elapsed_ns, 1000), WEIR_SHARE_TIME_MAX_NS);
    round->elapsed_ns = elapsed_ns;
    room = 30 - round->shift;
    round->demand_shift = room < 16 ? room : 16;
    round->demand_factor = (WEIR_SHARE_BITS_NS << (round->shift + round->demand_shift)) / elapsed_ns;
    round->bytes_full = (capacity_bps << (round->shift + 1 + round->demand_shift)) / (round->demand_factor | 1);
    round->backlog_factor = (1ull << 40) / elapsed_ns;

    round->total_weight = 0;
    round->asking_weight = 0;
    round->caps_u = 0;
    round->floors_u = 0;
    /* The level is looked for around the last one first; where there was none, above all that there can be, where it
     * is not. */
    if (round->level >> WEIR_SHARE_FINE_BITS) {
        const __u32 width_bits = weir_log2(round->level) - 2;
        weir_share_bracket(round, round->level - (1ull << (width_bits - 1)), width_bits);
    } else {
        weir_share_bracket(round, 1ull << WEIR_SHARE_END_OCTAVE, WEIR_SHARE_FINE_BITS);
    }
}

/* What one tenant's packets have left since the last tick. */
struct weir_share_sample {
    __u64 offered_bytes; /* all that arrived, what was then dropped too */
    __u64 dropped_bytes;
    __u64 backlog_ns; /* how long what was admitted will take to leave at the present rate */
};

/* What the tenant asked for, u. Without a backlog, that is what it offered, drops included. With one, what still waits
 * is wanted too; and if it has used what it was allowed, it wants more, and nobody knows how much, since a sender such
 * as TCP adapts to what it gets. Only one that goes on sending more than it is let, into drops, does not adapt: what it
 * offered is what it wants. */
static __always_inline __u64 weir_share_demand(const struct weir_share_round* round,
                                               const struct weir_share_entry* entry,
                                               const struct weir_share_sample* sample) {
    const __u64 rate_u = entry->rate_bps << round->shift;
    __u64 offered_u, all_u, backlog_ns;

    if (sample->offered_bytes >= round->bytes_full) return WEIR_SHARE_UNBOUNDED;
    offered_u = sample->offered_bytes * round->demand_factor >> round->demand_shift;
    if (!sample->backlog_ns) return offered_u;
    backlog_ns = weir_share_min(sample->backlog_ns, round->elapsed_ns);
    all_u = offered_u + ((rate_u >> 8) * (backlog_ns * round->backlog_factor >> 24) >> 8);
    if (sample->dropped_bytes && offered_u > rate_u) return all_u;
    return all_u >= rate_u - (rate_u >> WEIR_SHARE_FULL_SHIFT) ? WEIR_SHARE_UNBOUNDED : all_u;
}

/* Counts what the tenant takes below the bracket, and what changes within it. */
static __always_inline void weir_share_take(struct weir_share_round* round, const struct weir_share_entry* entry) {
    const __u32 shift = round->fine_shift & 63;
    __u64 at;

    if (entry->cap_level < round->low) {
        round->bin_constant += (__s64)entry->cap_u;
        return;
    }
    if (entry->floor_level >= round->high) {
        round->bin_constant += (__s64)entry->floor_u;
        return;
    }
    if (entry->floor_level < round->low || !entry->floor_u) {
        round->bin_weight += entry->weight;
    } else {
        round->bin_constant += (__s64)entry->floor_u;
        at = (entry->floor_level - round->low) >> shift;
        if (at < WEIR_SHARE_FINE) {
            round->fine[at].rise += entry->weight;
            round->fine[at].constant -= (__s64)entry->floor_u;
        }
    }
    if (entry->cap_level < round->high) {
        at = (entry->cap_level - round->low) >> shift;
        if (at < WEIR_SHARE_FINE) {
            round->fine[at].fall += entry->weight;
            round->fine[at].constant += (__s64)entry->cap_u;
        }
    }
}

/* First pass. The bytes of `now` are counters that only grow. */
static __always_inline void weir_share_measure(struct weir_share_round* round, struct weir_share_entry* entry,
                                               const struct weir_share_sample* now) {
    const __u32 weight = entry->weight;
    __u64 demand_u = 0, cap_u, floor_u;

    if (entry->is_primed) {
        struct weir_share_sample since = {now->offered_bytes - entry->offered_seen_bytes,
                                          now->dropped_bytes - entry->dropped_seen_bytes, now->backlog_ns};
        demand_u = weir_share_demand(round, entry, &since);
    }
    entry->offered_seen_bytes = now->offered_bytes;
    entry->dropped_seen_bytes = now->dropped_bytes;
    entry->is_primed = 1;
    entry->wanted_bps = demand_u == WEIR_SHARE_UNBOUNDED ? demand_u : demand_u >> round->shift;

    cap_u = weir_share_min(demand_u, weir_share_unit(round, entry->max_bps ? entry->max_bps : ~0ull));
    floor_u = weir_share_min(weir_share_unit(round, entry->min_bps), cap_u);
    entry->cap_u = cap_u;
    entry->floor_u = floor_u;
    round->total_weight += weight;
    round->asking_weight += cap_u ? weight : 0;
    round->floors_u += floor_u;
    round->caps_u += cap_u;
    entry->cap_level = weir_share_level(entry, cap_u);
    entry->floor_level = floor_u ? weir_share_level(entry, floor_u) : 0;
    if (cap_u && weight) weir_share_take(round, entry);
}

/* One step of a walk: whether the grants reach the target before the bin ends at `high`. Empties the bin. */
static __always_inline void weir_share_step(struct weir_share_round* round, struct weir_share_bin* bin, __u32 place,
                                            __u64 high) {
    const __u64 weight = round->bin_weight;
    const __s64 constant = round->bin_constant;

    round->bin_weight = weight + bin->rise - bin->fall;
    round->bin_constant = constant + bin->constant;
    if (!round->is_found && round->bin_constant + (__s64)(round->bin_weight * high) > (__s64)round->target_u) {
        round->is_found = 1;
        round->place = place;
        round->from_weight = weight;
        round->from_constant = constant;
        round->steepest = weight + bin->rise;
    }
    bin->rise = 0;
    bin->fall = 0;
    bin->constant = 0;
}

static __always_inline void weir_share_walk_fine(struct weir_share_round* round, __u32 at) {
    if (at >= WEIR_SHARE_FINE) return;
    weir_share_step(round, &round->fine[at], at, round->low + ((__u64)(at + 1) << (round->fine_shift & 63)));
}

/* The level: from the start of the fine bin on, as far as the target is away at the steepest slope within the bin. */
static __always_inline void weir_share_pick_fine(struct weir_share_round* round) {
    __u64 taken;

    if (!round->is_found) { /* by rounding only: at the very end of the bracket */
        round->place = WEIR_SHARE_FINE;
        round->from_weight = round->bin_weight;
        round->from_constant = round->bin_constant;
        round->steepest = round->bin_weight;
    }
    round->level = round->low + ((__u64)round->place << (round->fine_shift & 63));
    taken = (__u64)round->from_constant + round->from_weight * round->level;
    if (round->target_u > taken && round->steepest) round->level += (round->target_u - taken) / round->steepest;
    round->active_weight = round->from_weight;
    round->free_u = round->target_u - weir_share_min((__u64)round->from_constant, round->target_u);
    round->outcome = WEIR_SHARE_LEVEL;
}

/* After the first pass and walk: whether that settled it. */
static __always_inline int weir_share_pick(struct weir_share_round* round) {
    const __u64 sleeping = round->total_weight - round->asking_weight;

    round->asking_level = round->target_u / (round->asking_weight + (sleeping >> WEIR_SHARE_WAKING_SHIFT) + 1);
    round->room = WEIR_SHARE_ROOM;
    if (round->caps_u <= round->target_u || round->floors_u > round->target_u) {
        round->outcome = round->caps_u <= round->target_u ? WEIR_SHARE_ENOUGH : WEIR_SHARE_SHORT;
        round->level = 0;
        round->active_weight = 0;
        round->free_u = round->outcome == WEIR_SHARE_ENOUGH ? round->target_u - round->caps_u : 0;
        round->room =
            weir_share_min(round->room, (round->free_u << WEIR_SHARE_ROOM_SHIFT >> 6) / ((round->caps_u >> 6) | 1));
        round->short_ratio = (round->target_u << 20) / (round->floors_u | 1);
        return 1;
    }
    if (round->is_found && round->from_constant + (__s64)(round->from_weight * round->low) <= (__s64)round->target_u) {
        weir_share_pick_fine(round);
        return 1;
    }
    round->bin_weight = 0;
    round->bin_constant = (__s64)round->floors_u;
    round->is_found = 0;
    return 0;
}

static __always_inline void weir_share_sort(struct weir_share_round* round, const struct weir_share_entry* entry) {
    __u32 place;
    if (!entry->cap_u || !entry->weight) return;
    place = weir_share_place(entry->cap_level);
    if (place < WEIR_SHARE_COARSE) {
        round->coarse[place].fall += entry->weight;
        round->coarse[place].constant += (__s64)entry->cap_u;
    }
    place = entry->floor_u ? weir_share_place(entry->floor_level) : 0;
    if (place < WEIR_SHARE_COARSE) {
        round->coarse[place].rise += entry->weight;
        round->coarse[place].constant -= (__s64)entry->floor_u;
    }
}

static __always_inline void weir_share_walk_coarse(struct weir_share_round* round, __u32 place) {
    if (place >= WEIR_SHARE_COARSE) return;
    weir_share_step(round, &round->coarse[place], place, weir_share_low(place + 1));
}

static __always_inline void weir_share_pick_coarse(struct weir_share_round* round) {
    const __u32 place = round->is_found ? round->place : WEIR_SHARE_COARSE - 1;
    const __u32 octave = WEIR_SHARE_FIRST_OCTAVE + ((place - 1) >> WEIR_SHARE_SUB_BITS);
    weir_share_bracket(round, weir_share_low(place), place ? octave - WEIR_SHARE_SUB_BITS : WEIR_SHARE_FIRST_OCTAVE);
}

/* What a tenant that does not ask for its share would get if it did: the rate at which it is charged until a tick has
 * seen it, so that it is never held below it. All of these together can be more than the capacity, for a tick. */
static __always_inline __u64 weir_share_standby(const struct weir_share_round* round,
                                                const struct weir_share_entry* entry) {
    const __u64 certain = round->active_weight + entry->weight;
    const __u64 others = round->total_weight - weir_share_min(round->total_weight, certain);
    const __u64 standby_u =
        entry->weight * (round->free_u + entry->cap_u) / (certain + (others >> WEIR_SHARE_WAKING_SHIFT));
    return entry->cap_u ? weir_share_max(standby_u, entry->weight * round->asking_level) : standby_u;
}

/* Last pass. */
static __always_inline void weir_share_settle(struct weir_share_round* round, struct weir_share_entry* entry) {
    const __u64 max_u = weir_share_unit(round, entry->max_bps ? entry->max_bps : ~0ull);
    const __u64 min_u = weir_share_unit(round, entry->min_bps);
    const __u64 by_weight = entry->weight * round->level;
    __u64 grant_u = entry->cap_u, rate_u, rate_bps;
    __u32 reason;

    if (!entry->weight) return;
    if (round->outcome == WEIR_SHARE_LEVEL)
        grant_u = weir_share_max(weir_share_min(by_weight, entry->cap_u), entry->floor_u);
    else if (round->outcome == WEIR_SHARE_SHORT)
        grant_u = entry->floor_u * round->short_ratio >> 20;

    if (grant_u < entry->cap_u) {
        rate_u = grant_u;
        reason = grant_u > by_weight ? WEIR_SHARE_MIN : WEIR_SHARE_WEIGHT;
    } else {
        rate_u = weir_share_max(grant_u + ((grant_u >> 8) * round->room >> (WEIR_SHARE_ROOM_SHIFT - 8)),
                                weir_share_standby(round, entry));
        rate_u = weir_share_min(weir_share_max(rate_u, min_u), max_u);
        reason = grant_u == max_u ? WEIR_SHARE_MAX : WEIR_SHARE_DEMAND;
    }
    rate_bps = weir_share_max(rate_u >> round->shift, WEIR_SHARE_RATE_MIN_BPS);
    entry->reason = reason;
    entry->grant_bps = grant_u >> round->shift;
    if (entry->rate_bps != rate_bps || !entry->byte_cost) {
        entry->rate_bps = rate_bps;
        entry->byte_cost = weir_share_cost(rate_bps);
    }
}

#endif
