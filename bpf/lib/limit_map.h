/* Where a tenant's limit is found, and where its drops are counted. Stateful: maps. */
#ifndef WEIR_BPF_LIB_LIMIT_MAP_H
#define WEIR_BPF_LIB_LIMIT_MAP_H

#include "account.h"
#include "limit.h"

static __always_inline int weir_is_limited(const struct weir_if_entry* vnic, __u32 direction) {
    return (vnic->flags & (WEIR_IF_LIMIT_TX << (direction & 1))) != 0;
}

/* The limit that this direction of the vNIC's tenant has, or null. For those that have one. */
static __always_inline struct weir_limit_direction* weir_limit_of(const struct weir_if_entry* vnic, __u32 direction) {
    __u32 tenant = vnic->tenant, zero = 0;
    struct weir_limit* limit;
    void* map;

    map = bpf_map_lookup_elem(&limits, &tenant);
    if (!map) return 0;
    limit = bpf_map_lookup_elem(map, &zero);
    return limit ? &limit->direction[direction & 1] : 0;
}

static __always_inline void weir_note_drop(struct weir_ledger* ledger, __u32 direction, __u32 reason,
                                           struct weir_count count) {
    weir_count_add(&ledger->direction[direction & 1].drops[reason & (WEIR_DROP_ROOM - 1)], count);
}

#endif
