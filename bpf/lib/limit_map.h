/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a tenant's limit is found, and what a byte costs it by fair share. Stateful: maps. */
#ifndef WEIR_BPF_LIB_LIMIT_MAP_H
#define WEIR_BPF_LIB_LIMIT_MAP_H

#include "../maps.h"
#include "../shared/abi.h"
#include "atomic.h"

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

/* What a byte costs this direction of the vNIC's tenant by fair share; 0: it is not under it. The tick's rate where a
 * tick has come by in time, or else the tenant's part if everybody asked. */
static __always_inline __u64 weir_share_cost_of(const struct weir_if_entry* vnic, __u32 direction, __u64 now_ns) {
    __u32 way = direction & 1, at = way * WEIR_TENANTS_MAX + vnic->tenant;
    const struct weir_share_entry* entry = bpf_map_lookup_elem(&shares, &at);
    const struct weir_share_round* round;
    __u64 fallback_cost, cost;

    if (!entry) return 0;
    fallback_cost = WEIR_READ_ONCE(entry->fallback_cost);
    if (!fallback_cost) return 0;
    round = bpf_map_lookup_elem(&share_rounds, &way);
    if (!round || now_ns >= WEIR_READ_ONCE(round->valid_until_ns)) return fallback_cost;
    cost = WEIR_READ_ONCE(entry->byte_cost);
    return cost ? cost : fallback_cost;
}

#endif
