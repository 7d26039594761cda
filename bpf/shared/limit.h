/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits: what user space tells the programs, and what the programs remember of a tenant's buckets between two packets.
 * docs/qos-method.md.
 *
 * Units. Time in the buckets is fixed point: 2^WEIR_TIME_SHIFT to a nanosecond, in 64 bits that wrap after 208 days and
 * are only ever compared by difference. A cost is time a byte, with WEIR_COST_SHIFT bits behind the point: from
 * 64 kbit/s (125,000 ns a byte) to 400 Gbit/s (0.02 ns) times a mebibyte it fits 64 bits, with no division anywhere. */
#ifndef WEIR_BPF_SHARED_LIMIT_H
#define WEIR_BPF_SHARED_LIMIT_H

#include "direction.h"
#include "types.h"

#define WEIR_TIME_SHIFT 10
#define WEIR_COST_SHIFT 26

/* Tenants that a network namespace can have: every vNIC may belong to another. */
#define WEIR_TENANTS_MAX 4096
#define WEIR_TENANT_ROOM 64 /* of a name, with its final NUL */

/* The lowest rate of anything: what a mebibyte costs at it fits 64 bits. */
#define WEIR_LIMIT_MIN_BPS 64000ull
#define WEIR_LIMIT_MAX_BPS 400000000000ull

/* A packet as long as an Ethernet MTU of 1500 allows, and more than any frame is long. */
#define WEIR_FULL_PACKET_BYTES 1514
#define WEIR_FRAME_MAX_BYTES (1u << 20)

enum weir_limit_mode {
    WEIR_LIMIT_SHAPE = 0,  /* a departure time in each packet; the fq where it leaves holds it till then */
    WEIR_LIMIT_MARK = 1,   /* CE once the virtual queue is longer than the target; no delay */
    WEIR_LIMIT_POLICE = 2, /* drop beyond the burst */
};

/* One direction's limit, as a packet reads it. The first line is all that a packet needs that meets no queue. Fields
 * are written one by one while packets pass; each means the same with the old or the new value of any other. */
struct weir_limit_rule {
    __u64 revert_at_ns;   /* CLOCK_MONOTONIC: from then on the rule before this one is in force again; 0: never */
    __u64 byte_cost;      /* ns << WEIR_COST_SHIFT; 0: bytes are not limited */
    __u64 packet_cost;    /* ns << WEIR_TIME_SHIFT; 0: packets are not limited */
    __u64 burst;          /* ns << WEIR_TIME_SHIFT: how far ahead of the rate bytes may leave */
    __u64 packet_burst;   /* ns << WEIR_TIME_SHIFT */
    __u64 flow_burst;     /* ns << WEIR_TIME_SHIFT: what a flow may be ahead of its share and still pass as sparse */
    __u32 mode;           /* weir_limit_mode */
    __s32 overhead_bytes; /* added to each packet's layer 2 length */
    __u64 horizon;        /* ns << WEIR_TIME_SHIFT: a longer virtual queue takes no more packets */

    __u64 target_ns;   /* of the AQM: the virtual queue may be longer than that for an interval */
    __u64 interval_ns; /* of the AQM */

    /* What the tick of fair share is to know (bpf/shared/share.h); packets have it from its table. */
    __u64 share_min_bps;
    __u64 share_max_bps;       /* 0: none */
    __u64 share_fallback_cost; /* ns << WEIR_COST_SHIFT: when the tick has stopped; 0: not under fair share */
    __u64 share_weight;        /* the weight, and above it in the upper half weir_share_inverse() of it */
    __u64 overload_horizon;    /* as horizon, of a queue whose senders do not listen; 0 to horizon */
    __u64 reserved;
};

/* A flow's own bucket fills at 1/8 of the limit, and so does the one of all flows together that overtake the queue:
 * what overtakes is beyond the rate until the queue has left that it stands before, and meets that of others at the
 * link. */
#define WEIR_FLOW_SHARE_SHIFT 3

/* A flow's own bucket stands in two rows, at two places by its hash; the emptier one counts (a count-min sketch of
 * buckets). */
#define WEIR_LIMIT_ROWS 2
#define WEIR_LIMIT_ROW_PLACES 512

/* One direction of a tenant's limit. The words of buckets are times: when all that was let through so far will have
 * left at the rate (GCRA's theoretical arrival time). */
struct weir_limit_direction {
    struct weir_limit_rule rule;
    struct weir_limit_rule before; /* in force again after rule.revert_at_ns */
    __u64 byte_time;
    __u64 packet_time;
    __u64 sparse_time; /* of what overtook the queue */
    /* Under fair share: the bytes that asked to pass, as the bucket charges them, dropped ones too. Only grows. */
    __u64 offered_bytes;
    __u64 reserved[4];
    __u64 aqm_above_ns; /* since when the queue has been longer than the target; 0: it is not */
    __u64 aqm_next_ns;  /* when the next packet is to be marked or dropped */
    __u64 aqm_count;    /* of the present series */
    __u64 aqm_is_dropping;
    __u64 dropped_bytes; /* of offered_bytes, those that were then dropped */
    __u64 reserved2[3];
    __u64 flows[WEIR_LIMIT_ROWS][WEIR_LIMIT_ROW_PLACES];
};

/* A tenant's, shared by all its vNICs: the value of the inner map at its slot of `limits`. */
struct weir_limit {
    struct weir_limit_direction direction[WEIR_DIRECTIONS];
};

/* What was asked for one direction, before anything is computed from it. */
struct weir_limit_wish {
    __u64 max_bps; /* 0: no limit */
    __u64 min_bps;
    __u64 packets_per_second; /* 0: no limit */
    __u64 reserved;
};

/* A tenant's limits as the user put them. */
struct weir_tenant_wish {
    struct weir_limit_wish direction[WEIR_DIRECTIONS];
    __u64 burst_ns; /* 0: the mode's own */
    __u32 mode;     /* weir_limit_mode */
    __s32 overhead_bytes;
    __u32 weight; /* 0: not set, counts as 1 */
    __u32 reserved;
};

/* One direction of a tenant that shares an uplink's capacity. */
struct weir_share_part {
    __u64 capacity_bps; /* of all uplinks together; 0: there is none, and no fair share */
    __u64 fallback_bps; /* the tenant's part if everybody asked */
};

/* What user space remembers of a tenant with limits, or under fair share. Written under the lock of the state directory
 * only. */
struct weir_tenant_info {
    char tenant[WEIR_TENANT_ROOM];  /* empty: a free slot */
    struct weir_tenant_wish wish;   /* in force */
    struct weir_tenant_wish before; /* in force again after revert_at_ns */
    __u64 revert_at_ns;             /* CLOCK_MONOTONIC; 0: nothing waits to be confirmed */
    __u32 had_limits_before;        /* what comes back is `before`; 0: no limits at all */
    __u32 is_paced;                 /* Weir's fq stands where packets leave: follows from what pacing found */
    struct weir_share_part share[WEIR_DIRECTIONS]; /* follows from who is attached and what they wish */
};

WEIR_STATIC_ASSERT(sizeof(struct weir_limit_rule) == 128, "weir_limit_rule is part of the pinned state");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_limit_rule, target_ns) == 64,
                   "what every packet reads of a limit is one cache line");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_limit_direction, byte_time) == 256,
                   "a bucket's words stand in a line of their own");
WEIR_STATIC_ASSERT(sizeof(struct weir_limit_direction) == 384 + 8 * WEIR_LIMIT_ROWS * WEIR_LIMIT_ROW_PLACES,
                   "weir_limit_direction is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_limit) == 17152, "weir_limit is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_limit_wish) == 32, "weir_limit_wish is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_share_part) == 16, "weir_share_part is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_tenant_wish) == 88, "weir_tenant_wish is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_tenant_info) == 288, "weir_tenant_info is part of the pinned state");

#endif
