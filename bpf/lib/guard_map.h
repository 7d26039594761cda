/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard at work at a hook: where a vNIC's list is found, and where what it drops is counted. Stateful: maps. */
#ifndef WEIR_BPF_LIB_GUARD_MAP_H
#define WEIR_BPF_LIB_GUARD_MAP_H

#include "../maps.h"
#include "../shared/abi.h"
#include "account.h"
#include "frame.h"
#include "guard.h"

/* The vNIC's list, or null. For those that have WEIR_IF_GUARD: nobody else pays for the look. */
static __always_inline struct weir_guard* weir_guard_of(const struct weir_if_entry* vnic) {
    __u32 slot = vnic->slot, zero = 0;
    void* map = bpf_map_lookup_elem(&guards, &slot);
    return map ? bpf_map_lookup_elem(map, &zero) : 0;
}

/* Whether the frame that stands in the scratch memory may go on; else it is counted. `view` is of one of the kinds that
 * see all of the frame. */
static __always_inline int weir_guard_takes(const struct weir_guard* guard, struct weir_ledger* ledger,
                                            struct weir_view* view) {
    struct weir_scratch* scratch = weir_scratch_of(ledger);

    if (weir_guard_allows(guard, view, &scratch->packet)) return 1;
    weir_note_drop(ledger, WEIR_TX, WEIR_DROP_SPOOF, scratch->count);
    return 0;
}

#endif
