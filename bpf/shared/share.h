/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fair share: what the tick knows of each tenant, and its working memory. docs/fair-share.md.
 *
 * One table of entries a direction, by tenant slot: two cache lines each, so that the tick walks memory in order. What
 * packets count (offered bytes) and the bucket's word are the limit's own and stand elsewhere. */
#ifndef WEIR_BPF_SHARED_SHARE_H
#define WEIR_BPF_SHARED_SHARE_H

#include "direction.h"
#include "limit.h"
#include "types.h"

#define WEIR_SHARE_WEIGHT_MAX 1000

/* Capacities that the arithmetic holds. */
#define WEIR_SHARE_CAPACITY_MIN_BPS WEIR_LIMIT_MIN_BPS
#define WEIR_SHARE_CAPACITY_MAX_BPS (1ull << 40)

/* No tenant's rate is set below this, so that a cost stays within its 64 bits and no tenant is ever cut off. */
#define WEIR_SHARE_RATE_MIN_BPS WEIR_LIMIT_MIN_BPS

/* Why a tenant has the rate it has. */
enum weir_share_reason {
    WEIR_SHARE_NONE = 0,   /* no tick has come by yet */
    WEIR_SHARE_DEMAND = 1, /* asks for less than its share; the rest is lent */
    WEIR_SHARE_WEIGHT = 2, /* asks for more; its share by weight */
    WEIR_SHARE_MIN = 3,    /* asks for more; its min, which is more than its share by weight */
    WEIR_SHARE_MAX = 4,    /* its max */
};

/* One tenant in one direction. Rates are bits per second. */
struct weir_share_entry {
    /* Written by the tick only, read by packets and readers. */
    __u64 byte_cost;  /* of rate_bps: ns a byte << WEIR_COST_SHIFT; 0: no tick has come by yet */
    __u64 rate_bps;   /* what its packets are limited to */
    __u64 grant_bps;  /* its part of the capacity; the sum over all tenants is never more than that */
    __u64 wanted_bps; /* what it asked for; WEIR_SHARE_UNBOUNDED: more than it got */
    /* From the rule of the limit that is in force: the tick takes it over when user space says that it has changed. */
    __u64 min_bps; /* 0: none */
    __u64 max_bps; /* 0: none */
    /* In force when the tick has stopped: ns a byte << WEIR_COST_SHIFT; 0: not under fair share. User space writes it
     * too, for packets that come before a tick does. */
    __u64 fallback_cost;
    __u32 weight;         /* 1 to WEIR_SHARE_WEIGHT_MAX; 0: no such tenant */
    __u32 weight_inverse; /* weir_share_inverse(weight) */

    /* The tick's own memory. Levels are u a unit of weight, u is a normalised rate (bpf/lib/fair_share.h). */
    __u64 offered_seen_bytes; /* the counters as the last tick saw them */
    __u64 dropped_seen_bytes;
    __u64 floor_u;
    __u64 cap_u;
    __u64 floor_level;  /* from here on it has more than its floor */
    __u64 cap_level;    /* from here on it has all it wants */
    __u32 reason;       /* weir_share_reason */
    __u32 is_primed;    /* what was seen is valid */
    __u64 queued_bytes; /* of what was admitted, what had not left yet */
};

#define WEIR_SHARE_UNBOUNDED (~0ull)

/* Bins of levels: coarse ones by size, eight an octave; fine ones are 128 equal parts of one bracket. */
#define WEIR_SHARE_FIRST_OCTAVE 8
#define WEIR_SHARE_END_OCTAVE 41
#define WEIR_SHARE_SUB_BITS 3
#define WEIR_SHARE_COARSE (1 + ((WEIR_SHARE_END_OCTAVE - WEIR_SHARE_FIRST_OCTAVE) << WEIR_SHARE_SUB_BITS))
#define WEIR_SHARE_FINE_BITS 7
#define WEIR_SHARE_FINE (1 << WEIR_SHARE_FINE_BITS)

/* What changes where the level crosses a bin. */
struct weir_share_bin {
    __u64 rise;     /* weight that begins to take part: leaves its floor */
    __u64 fall;     /* weight that ceases to: has all it wants */
    __s64 constant; /* what is then taken whatever the level */
    __u64 reserved;
};

/* The working memory of one tick of one direction, and what it found. Zero but for the capacity before the first. */
struct weir_share_round {
    __u64 capacity_bps;   /* of weir_tick_settings */
    __u64 valid_until_ns; /* CLOCK_MONOTONIC, written by the tick: past it, packets pay fallback_cost */
    __u64 last_tick_ns;   /* CLOCK_MONOTONIC */
    __u64 unused[2];
    __u64 level;   /* u a unit of weight; 0: there is enough for everybody, or too little for the mins */
    __u32 shift;   /* u = bits per second << shift */
    __u32 outcome; /* weir_share_outcome */
    __u64 target_u;

    __u64 elapsed_ns;
    __u64 demand_factor; /* bytes * factor >> demand_shift: u */
    __u64 bytes_full;    /* as many bytes or more: twice the capacity */
    __u64 backlog_factor;
    __u32 demand_shift;
    __u32 fine_shift;
    __u64 low; /* the bracket: levels from low to below high are in the fine bins */
    __u64 high;
    __u64 total_weight;

    __u64 caps_u;
    __u64 floors_u;
    __u64 short_ratio; /* 2^20: all of it */
    __u64 bin_weight;  /* sums of what the level up to here takes: weight times level, and constant */
    __s64 bin_constant;
    __u64 from_weight; /* the same before the bin that was found */
    __s64 from_constant;
    __u64 steepest; /* the most weight that can take part within that bin */

    __u64 asking_weight; /* of those who want anything */
    __u64 asking_level;  /* what a unit of their weight would get if all of them wanted all there is */
    __u64 room;          /* 2^16: as much again as what was sent */
    __u64 active_weight; /* of those whose rate the level decides */
    __u64 free_u;        /* what these have between them, and what nobody has */
    __u32 place;         /* the bin that was found */
    __u32 is_found;
    __u64 debt_bytes; /* sent beyond the capacity and not paid back yet */
    __u64 reserved;

    struct weir_share_bin coarse[WEIR_SHARE_COARSE];
    struct weir_share_bin fine[WEIR_SHARE_FINE];
};

enum weir_share_outcome {
    WEIR_SHARE_LEVEL = 0,  /* somebody wants more: the level says how much each gets */
    WEIR_SHARE_ENOUGH = 1, /* everybody gets what they want */
    WEIR_SHARE_SHORT = 2,  /* the mins that are asked for are more than the capacity: each gets a part of its min */
};

/* A tick is every so long, or every twice as long for more than half of all tenants that there can be. */
#define WEIR_TICK_INTERVAL_NS 4000000ull
#define WEIR_TICK_INTERVAL_MANY_NS 8000000ull

/* What a tick has computed holds for so many intervals. */
#define WEIR_TICK_VALID_INTERVALS 10

/* Written by user space, word by word. */
struct weir_tick_settings {
    __u64 interval_ns;
    __u64 capacity_bps[WEIR_DIRECTIONS]; /* 0: no fair share */
    __u64 slots;                         /* tenants have slots below this one */
    __u64 generation;                    /* raised after any of this, or of a limit's share, has changed */
};

/* Written by the tick. Times are CLOCK_MONOTONIC. */
struct weir_tick_state {
    __u64 generation;     /* as it was when all tenants' rules were taken over */
    __u64 next_revert_ns; /* when the next rule reverts, and all are taken over again; 0: none does */
    __u64 ticks;
    __u64 last_ns;
    __u64 busy_ns;  /* all ticks took together */
    __u64 worst_ns; /* the longest one */
    __u64 reserved[2];
};

/* The value of the map `tick`. */
struct weir_tick {
#ifdef __bpf__
    struct bpf_timer timer;
#else
    __u64 timer[2];
#endif
    struct weir_tick_state state;
};

/* What user space asks of the program weir_tick, as its context. */
enum weir_tick_order { WEIR_TICK_START = 0, WEIR_TICK_STOP = 1, WEIR_TICK_ONCE = 2 /* now, in this call */ };

struct weir_tick_call {
    __u64 order; /* weir_tick_order */
    __s64 error; /* 0, or a negative errno */
};

WEIR_STATIC_ASSERT(sizeof(struct weir_tick) == 80, "weir_tick is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_tick_state) == 64, "weir_tick_state is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_tick_settings) == 40, "weir_tick_settings is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_tick_call) == 16, "weir_tick_call is what a running program is asked with");
WEIR_STATIC_ASSERT(sizeof(struct weir_share_entry) == 128, "weir_share_entry is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_share_bin) == 32, "weir_share_bin is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_share_round) == 256 + 32 * (WEIR_SHARE_COARSE + WEIR_SHARE_FINE),
                   "weir_share_round is part of the pinned state");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_share_round, coarse) == 256,
                   "weir_share_round is part of the pinned state");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_share_entry, offered_seen_bytes) == 64,
                   "what the tick alone writes every time stands in a line of its own");

#endif
