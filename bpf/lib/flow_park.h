/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a packet stays whose flow's slot is locked by another CPU: in this CPU's ledger, until the flow's next packet
 * takes it along. Pure.
 *
 * A holder keeps the lock for some 100 ns, but a hypervisor can take its CPU away for milliseconds meanwhile; without a
 * place to park, everything that the other CPUs have for the flow would be missing from it. One place per CPU and
 * direction is enough: it is one slot that is locked so long. A reader adds what is parked to its flow
 * (userspace/model/flow_parked.cpp). Concurrency: as the ledger, this CPU's program only. */
#ifndef WEIR_BPF_LIB_FLOW_PARK_H
#define WEIR_BPF_LIB_FLOW_PARK_H

#include "../shared/abi.h"
#include "count.h"
#include "flow_key.h"

/* Keeps what could not be brought to its flow. There is one place for it: what another flow has there stays out of the
 * flows. */
static __always_inline void weir_park(struct weir_ledger_direction* to, const struct weir_flow_key* key, __u64 hash,
                                      struct weir_count count) {
    struct weir_parked* parked = &to->parked;
    if (parked->count.packets) weir_count_add(&to->untracked[WEIR_UNTRACKED_BUSY], parked->count);
    parked->hash = hash;
    parked->count = count;
    parked->tenant_word = key->tenant_word;
    parked->peer_word = key->peer_word;
    parked->tenant_port = key->tenant_port;
    parked->peer_port = key->peer_port;
    parked->protocol = key->protocol;
    parked->family = key->family;
}

/* What is parked of the flow; it is then no longer. */
static __always_inline struct weir_count weir_unpark(struct weir_parked* parked, __u64 hash) {
    struct weir_count count = {0, 0};
    if (parked->count.packets && parked->hash == hash) {
        count = parked->count;
        parked->count.packets = 0;
        parked->count.bytes = 0;
    }
    return count;
}

#endif
