/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pipeline that every hook runs: vNIC, parse, wire truth, ledger, flow. Stateful: uses the maps. */
#ifndef WEIR_BPF_LIB_ACCOUNT_H
#define WEIR_BPF_LIB_ACCOUNT_H

#include "../maps.h"
#include "../shared/abi.h"
#include "atomic.h"
#include "count.h"
#include "flow_key.h"
#include "flow_park.h"
#include "flow_table.h"
#include "flow_track.h"
#include "histogram.h"
#include "interface.h"
#include "parse.h"
#include "pulse.h"
#include "tcp_track.h"

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

/* This CPU's ledger of the vNIC. Null only while a vNIC is being detached. */
static __always_inline struct weir_ledger* weir_ledger_of(const struct weir_if_entry* vnic) {
    __u32 slot = vnic->slot, zero = 0;
    void* map = bpf_map_lookup_elem(&ledgers, &slot);
    return map ? bpf_map_lookup_elem(map, &zero) : 0;
}

/* What one packet needs on its way: per-CPU memory, not the stack. The verifier follows every value that stands in a
 * register or on the stack through every path of the parser and of tracking, and runs out of budget; what it reads back
 * from here is just a number to it (weir_forget_values, frame.h). */
struct weir_scratch {
    struct weir_packet packet;
    struct weir_track_events events;
    __u64 now_ns;     /* CLOCK_MONOTONIC, where the clock was read; else 0 */
    __u64 flow_hash;  /* 0: no flow */
    __u64 share_cost; /* with a limit only: of a byte, by fair share */
    struct weir_count count;
    __u64 is_new_flow;
};

WEIR_STATIC_ASSERT(sizeof(struct weir_scratch) <= sizeof(((struct weir_ledger*)0)->scratch), "scratch is too small");

static __always_inline struct weir_scratch* weir_scratch_of(struct weir_ledger* ledger) {
    return (struct weir_scratch*)ledger->scratch;
}

static __always_inline struct weir_packet* weir_packet_of(struct weir_ledger* ledger) {
    return &weir_scratch_of(ledger)->packet;
}

/* The payload cannot be more than what is behind the headers; of a GSO frame the IP header may not say how much. */
static __always_inline void weir_bound_payload(struct weir_packet* packet, __u32 length) {
    const __u32 most = length > packet->header_bytes ? length - packet->header_bytes : 0;
    if (packet->is_tcp && packet->payload_bytes > most) packet->payload_bytes = most;
}

/* The blocks of the flow's set: null where there is no table or the packet has no flow. */
static __always_inline int weir_flow_set_find(const struct weir_if_entry* vnic, const struct weir_packet* packet,
                                              __u64 hash, struct weir_flow_set* set) {
    __u32 slot = vnic->slot, sets = vnic->flow_set_mask + 1, home = weir_flow_set_of(hash, vnic->flow_set_mask), index;
    union weir_flow_block* block;

    set->address = 0;
    set->track = 0;
    set->map = bpf_map_lookup_elem(&flow_tables, &slot);
    if (!set->map) return 0;
    index = home;
    block = bpf_map_lookup_elem(set->map, &index);
    if (!block) return 0;
    set->hot = &block->hot;
    /* The line is likely not in the cache: let it come while the ledger is written. */
    (void)WEIR_READ_ONCE(set->hot->way[weir_flow_home_of(hash)].state);
    if (vnic->flags & WEIR_IF_RTT && weir_flow_is_tracked(packet)) {
        index = home + sets * WEIR_FLOW_REGION_TRACK;
        block = bpf_map_lookup_elem(set->map, &index);
        if (!block) return 0;
        set->track = &block->track;
        (void)WEIR_READ_ONCE(set->track->way[weir_flow_home_of(hash)].direction[0].flags);
        set->result_index = home + sets * WEIR_FLOW_REGION_RESULT;
    }
    if (packet->family == 6) {
        index = home / 2 + sets * WEIR_FLOW_REGION_ADDRESS;
        block = bpf_map_lookup_elem(set->map, &index);
        if (!block) return 0;
        set->address = &block->address[home & 1];
    }
    return 1;
}

/* What tracking found, into the vNIC's own histograms, sums and pulse. */
static __always_inline void weir_note_events(struct weir_ledger* ledger, __u32 direction,
                                             const struct weir_track_events* events) {
    struct weir_latency* latency = &ledger->latency;
    struct weir_tcp_trouble* trouble = &latency->trouble[direction & 1];
    struct weir_pulse_slot* open = &ledger->pulse.open;
    /* Seen in this direction, the answer is to what went the other way: an rx packet ends the network's round trip. */
    if (events->rtt_ns) {
        weir_histogram_add(&latency->rtt[direction == WEIR_RX ? WEIR_RTT_NETWORK : WEIR_RTT_TENANT], events->rtt_ns);
        weir_pulse_note_rtt(&open->direction[(direction & 1) ^ 1], events->rtt_ns);
    }
    open->direction[direction & 1].retransmits += events->retransmits;
    open->direction[direction & 1].unseen += events->unseen;
    trouble->retransmits += events->retransmits;
    trouble->unseen += events->unseen;
    trouble->out_of_order += events->out_of_order;
    trouble->zero_windows += events->zero_windows;
}

/* Counts one frame: always in the ledger, and in a flow or as untracked. Per-CPU counters need no atomics: the hooks
 * run with bottom halves off, so nothing on this CPU comes between. */
static __always_inline void weir_account(const struct weir_if_entry* vnic, struct weir_ledger* ledger, __u32 direction,
                                         struct weir_count count) {
    const struct weir_packet* packet = weir_packet_of(ledger);
    struct weir_ledger_direction* to = &ledger->direction[direction & 1];
    struct weir_track_events* events = &weir_scratch_of(ledger)->events;
    struct weir_flow_evicted evicted;
    struct weir_flow_key key;
    struct weir_flow_set set;
    struct weir_count parked;
    int has_set;
    __u64 hash;

    weir_scratch_of(ledger)->flow_hash = 0;
    weir_scratch_of(ledger)->is_new_flow = 0;
    if (!packet->has_flow) {
        to->skbs += 1;
        weir_count_add(&to->classes[packet->class_id & (WEIR_CLASS_ROOM - 1)], count);
        weir_count_add(&to->untracked[WEIR_UNTRACKED_NO_FLOW], count);
        return;
    }
    weir_flow_key_of(packet, direction, &key);
    hash = weir_flow_hash(&key, vnic->hash_seed);
    weir_scratch_of(ledger)->flow_hash = hash;
    has_set = weir_flow_set_find(vnic, packet, hash, &set);

    to->skbs += 1;
    weir_count_add(&to->classes[packet->class_id & (WEIR_CLASS_ROOM - 1)], count);
    parked = weir_unpark(&to->parked, hash);
    if (!has_set || !weir_flow_account(&set, &key, hash, direction, count, parked, weir_flow_tick(bpf_jiffies64()),
                                       packet, events, &evicted)) {
        weir_count_add(&parked, count);
        weir_park(to, &key, hash, parked);
        return;
    }
    weir_scratch_of(ledger)->is_new_flow = evicted.is_new;
    if (evicted.any) {
        weir_count_add(&ledger->direction[WEIR_TX].untracked[WEIR_UNTRACKED_EVICTED], evicted.direction[WEIR_TX]);
        weir_count_add(&ledger->direction[WEIR_RX].untracked[WEIR_UNTRACKED_EVICTED], evicted.direction[WEIR_RX]);
    }
    if (set.track && weir_track_any(events)) weir_note_events(ledger, direction, events);
}

/* The frame that was just accounted, in the vNIC's pulse. */
static __always_inline void weir_count_pulse(struct weir_ledger* ledger, __u32 direction) {
    const struct weir_scratch* scratch = weir_scratch_of(ledger);
    weir_pulse_packet(&ledger->pulse, direction, &scratch->packet, scratch->count, (__u32)scratch->is_new_flow);
}

/* What Weir itself did not let through, in the ledger and in the pulse. */
static __always_inline void weir_note_drop(struct weir_ledger* ledger, __u32 direction, __u32 reason,
                                           struct weir_count count) {
    weir_count_add(&ledger->direction[direction & 1].drops[reason & (WEIR_DROP_ROOM - 1)], count);
    ledger->pulse.open.direction[direction & 1].drop_packets += (__u32)count.packets;
}

#endif
