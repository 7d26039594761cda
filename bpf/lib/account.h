/* The pipeline that every hook runs: vNIC, parse, wire truth, ledger, flow. Stateful: uses the maps. */
#ifndef WEIR_BPF_LIB_ACCOUNT_H
#define WEIR_BPF_LIB_ACCOUNT_H

#include "../maps.h"
#include "flow_table.h"
#include "interface.h"
#include "parse.h"
#include "wire.h"

/* The vNIC at `ifindex`, or null where Weir does not count it (any more). */
static __always_inline const struct weir_if_entry* weir_vnic_of(__u32 ifindex) {
    __u32 probe;
    for (probe = 0; probe < WEIR_IF_PROBES; probe++) {
        __u32 place = weir_if_place(ifindex, probe);
        const struct weir_if_entry* entry = bpf_map_lookup_elem(&vnics, &place);
        if (!entry) return 0;
        if (entry->ifindex == ifindex) return entry;
    }
    return 0;
}

static __always_inline void weir_count_add(struct weir_count* to, struct weir_count count) {
    to->packets += count.packets;
    to->bytes += count.bytes;
}

/* This CPU's ledger of the vNIC. Null only while a vNIC is being detached. */
static __always_inline struct weir_ledger* weir_ledger_of(const struct weir_if_entry* vnic) {
    __u32 slot = vnic->slot, zero = 0;
    void* map = bpf_map_lookup_elem(&ledgers, &slot);
    return map ? bpf_map_lookup_elem(map, &zero) : 0;
}

WEIR_STATIC_ASSERT(sizeof(struct weir_packet) <= sizeof(((struct weir_ledger*)0)->scratch), "scratch is too small");

/* Where a packet is parsed to: per-CPU memory, not the stack. The verifier follows every value that stands in a
 * register or on the stack through every path of the parser, and runs out of budget; what it reads back from here is
 * just a number to it (weir_forget_values, frame.h). */
static __always_inline struct weir_packet* weir_packet_of(struct weir_ledger* ledger) {
    return (struct weir_packet*)ledger->scratch;
}

/* Counts one frame: always in the ledger, and in a flow or as untracked. Per-CPU counters need no atomics: the hooks
 * run with bottom halves off, so nothing on this CPU comes between. */
static __always_inline void weir_account(const struct weir_if_entry* vnic, struct weir_ledger* ledger, __u32 direction,
                                         struct weir_count count) {
    const struct weir_packet* packet = weir_packet_of(ledger);
    struct weir_ledger_direction* to = &ledger->direction[direction & 1];
    __u32 slot = vnic->slot, index;
    struct weir_flow_evicted evicted;
    struct weir_flow_key key;
    union weir_flow_block *hot = 0, *cold = 0;
    void* flow_map;
    __u64 hash = 0;

    if (packet->has_flow) {
        weir_flow_key_of(packet, direction, &key);
        hash = weir_flow_hash(&key, vnic->hash_seed);
        index = weir_flow_set_of(hash, vnic->flow_set_mask);
        flow_map = bpf_map_lookup_elem(&flow_tables, &slot);
        if (flow_map) {
            hot = bpf_map_lookup_elem(flow_map, &index);
            /* The line is likely not in the cache: let it come while the ledger is written. */
            if (hot) (void)WEIR_READ_ONCE(hot->hot.way[weir_flow_home_of(hash)].state);
            if (packet->family == 6) {
                index += vnic->flow_set_mask + 1;
                cold = bpf_map_lookup_elem(flow_map, &index);
                if (!cold) hot = 0;
            }
        }
    }

    to->skbs += 1;
    weir_count_add(&to->classes[packet->class_id & (WEIR_CLASS_ROOM - 1)], count);
    if (!packet->has_flow) {
        weir_count_add(&to->untracked[WEIR_UNTRACKED_NO_FLOW], count);
    } else if (!hot || !weir_flow_account(&hot->hot, cold ? &cold->cold : 0, &key, hash, direction, count,
                                          weir_flow_tick(bpf_jiffies64()), &evicted)) {
        weir_count_add(&to->untracked[WEIR_UNTRACKED_BUSY], count);
    } else if (evicted.any) {
        weir_count_add(&ledger->direction[WEIR_TX].untracked[WEIR_UNTRACKED_EVICTED], evicted.direction[WEIR_TX]);
        weir_count_add(&ledger->direction[WEIR_RX].untracked[WEIR_UNTRACKED_EVICTED], evicted.direction[WEIR_RX]);
    }
}

#endif
