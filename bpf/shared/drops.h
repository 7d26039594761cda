/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the drop tracer (bpf/weir_drop.bpf.c) and user space share: plain structures, valid as C and as C++.
 *
 * The tracer is an object of its own, with maps of its own (bpf/drop_maps.h), so that nothing that attaches to
 * interfaces depends on whether this kernel lets drops be traced. A tracer that was told to go on lives under
 * /sys/fs/bpf/weir/v<schema>/drops<WEIR_DROP_SCHEMA>-<cookie>/; a change of any layout here raises WEIR_DROP_SCHEMA.
 *
 * Maps:
 *   drop_slots     per-CPU array of weir_drop_slot, open addressed: each CPU puts its own keys where it finds room, and
 *                  never takes one out
 *   drop_rest      per-CPU array of weir_drop_count by reason: what found no place in drop_slots; the last one takes
 *                  the reasons that have no place of their own
 *   drop_outside   per-CPU array of one weir_drop_count: other network namespaces
 *   drop_settings  array of one weir_drop_settings
 *   drop_own       hash from weir_drop_own_key to packets: what Weir itself had dropped when a tracer was kept, so that
 *                  totals since then can be told from the ledger's; user space only
 */
#ifndef WEIR_BPF_SHARED_DROPS_H
#define WEIR_BPF_SHARED_DROPS_H

#include "types.h"

#define WEIR_DROP_SCHEMA 2

/* Kinds of drop that have a line of their own: interface, reason and place. A key stands at one of WEIR_DROP_PROBES
 * slots from its home on. */
#define WEIR_DROP_SLOT_BITS 13
#define WEIR_DROP_SLOTS (1 << WEIR_DROP_SLOT_BITS)
#define WEIR_DROP_PROBES 8
#define WEIR_DROP_REST_ROOM 256

enum weir_drop_way {
    WEIR_DROP_WAY_UNKNOWN = 0,
    WEIR_DROP_ARRIVING = 1, /* came in by the interface */
    WEIR_DROP_LEAVING = 2,  /* was to leave by the interface */
    WEIR_DROP_NOWHERE = 3,  /* nothing in the packet tells its network namespace; then ifindex is 0 */
};

struct weir_drop_key {
    __u64 location;     /* return address of the call that freed the packet */
    __u32 ifindex;      /* 0: none could be told */
    __u32 from_ifindex; /* LEAVING: the interface by which it had arrived; 0: sent by this machine */
    __u32 reason;       /* enum skb_drop_reason of the running kernel; 0 where it has none (before 5.17) */
    __u32 way;          /* weir_drop_way */
};

struct weir_drop_count {
    __u64 packets; /* what the wire would have carried: the segments of a GSO frame, each one */
    __u64 skbs;    /* calls of the tracepoint */
};

/* The count before the key: who reads a slot in order and finds skbs, finds the key whole. */
struct weir_drop_slot {
    struct weir_drop_count count; /* skbs 0: an empty slot */
    struct weir_drop_key key;
};

struct weir_drop_settings {
    __u64 started_ns; /* CLOCK_MONOTONIC */
};

struct weir_drop_own_key {
    __u64 attached_ns; /* as in weir_vnic_info: a vNIC that was attached anew has begun at 0 */
    __u32 slot;
    __u16 direction; /* weir_direction */
    __u16 reason;    /* weir_drop_reason */
};

WEIR_STATIC_ASSERT(sizeof(struct weir_drop_own_key) == 16, "weir_drop_own_key has no padding");
WEIR_STATIC_ASSERT(sizeof(struct weir_drop_key) == 24, "weir_drop_key has no padding");
WEIR_STATIC_ASSERT(sizeof(struct weir_drop_slot) == 40, "weir_drop_slot is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_drop_count) == 16, "weir_drop_count is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_drop_settings) == 8, "weir_drop_settings is part of the pinned state");

#endif
