/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flow table: sets of eight slots in an array map, each slot with a lock of its own.
 *
 * Why not an LRU hash map: it costs four times as much per packet, and what it evicts is gone. Here the evicted
 * counters are handed to the caller, so that  sum of flows + untracked = ledger  stays exact (docs/ledger.md).
 *
 * A slot's `state` word holds a 31-bit tag of the key's hash and a lock bit. One compare-and-swap from `tag` to
 * `tag | locked` proves that the slot is free to take and (but for a tag collision, which the key comparison under the
 * lock finds) that it is the right one. All else in the slot is plain memory, written by the lock's holder only; who
 * looks for a victim reads counters and times beside the lock, where a stale value only makes a worse choice. The
 * programs run with bottom halves off, so a holder is never interrupted by another holder on its CPU; a CPU that finds
 * the lock taken tries WEIR_FLOW_SPINS times, about a microsecond, rather than wait for a holder that the hypervisor
 * has taken off its CPU: the caller then parks the packet (account.h), and the flow's next one takes it along.
 *
 * Two CPUs that bring in the same new flow at once could each take a slot; the reader adds equal keys up, so even then
 * every sum is right. Concurrency: any number of CPUs; readers copy slots without a lock (userspace/collect). */
#ifndef WEIR_BPF_LIB_FLOW_TABLE_H
#define WEIR_BPF_LIB_FLOW_TABLE_H

#include "../shared/abi.h"
#include "atomic.h"
#include "flow_key.h"
#include "flow_track.h"
#include "frame.h"
#include "parse.h"
#include "tcp_track.h"

#define WEIR_FLOW_SPINS 256

/* The blocks of one set. Where a flow cannot have something, that is null: addresses but for IPv6, track and result but
 * for what is tracked. The result is rarely touched, so under BPF it is looked up when needed. */
struct weir_flow_set {
    struct weir_flow_hot_set* hot;
    struct weir_flow_address_set* address;
    struct weir_flow_track_set* track;
#ifdef __bpf__
    void* map;
    __u32 result_index;
#else
    struct weir_flow_result_set* result;
#endif
};

/* What an update displaced: the counters of an evicted flow, both directions. All zero where nothing was evicted. */
struct weir_flow_evicted {
    struct weir_count direction[WEIR_DIRECTIONS];
    __u32 any;
    __u32 is_new; /* the flow that the packet belongs to began with it, as far as the table knows */
};

static __always_inline int weir_flow_try_lock(struct weir_flow_hot* slot, __u32 expected, __u32 locked) {
    return __sync_val_compare_and_swap(&slot->state, expected, locked) == expected;
}

/* Takes the lock of the slot that holds `tag`. Returns 0 if it does not any more, or was locked for too long. */
static __always_inline int weir_flow_lock(struct weir_flow_hot* slot, __u32 tag) {
    __u32 i;
    for (i = 0; i < WEIR_FLOW_SPINS; i++) {
        if (weir_flow_try_lock(slot, tag, tag | WEIR_FLOW_LOCKED)) return 1;
        if ((WEIR_READ_ONCE(slot->state) & ~WEIR_FLOW_LOCKED) != tag) return 0;
    }
    return 0;
}

static __always_inline void weir_flow_unlock(struct weir_flow_hot* slot, __u32 tag) {
#if !defined(__bpf__)
    __atomic_store_n(&slot->state, tag, __ATOMIC_RELEASE);
#elif defined(__TARGET_ARCH_x86) /* orders stores: a plain one releases a lock */
    asm volatile("" ::: "memory");
    WEIR_WRITE_ONCE(slot->state, tag);
#else
    __sync_lock_test_and_set(&slot->state, tag);
#endif
}

static __always_inline int weir_flow_is(const struct weir_flow_hot* hot, const struct weir_flow_address* address,
                                        const struct weir_flow_key* key) {
    if (hot->tenant_word != key->tenant_word || hot->peer_word != key->peer_word ||
        hot->tenant_port != key->tenant_port || hot->peer_port != key->peer_port || hot->protocol != key->protocol ||
        hot->family != key->family)
        return 0;
    if (address) {
        int i;
        for (i = 0; i < 4; i++)
            if (address->tenant[i] != key->tenant_address[i] || address->peer[i] != key->peer_address[i]) return 0;
    }
    return 1;
}

static __always_inline void weir_flow_add(struct weir_flow_hot* hot, __u32 direction, struct weir_count count,
                                          __u32 now_tick) {
    struct weir_count* to = &hot->direction[direction & 1];
    WEIR_WRITE_ONCE(to->packets, to->packets + count.packets);
    to->bytes += count.bytes;
    WEIR_WRITE_ONCE(hot->last_seen_tick, now_tick);
}

/* The way that holds `tag`, locked or not; WEIR_FLOW_WAYS if none does. */
static __always_inline __u32 weir_flow_find(struct weir_flow_hot_set* set, __u32 home, __u32 tag) {
    __u32 i;
    for (i = 0; i < WEIR_FLOW_WAYS; i++) {
        const __u32 way = (home + i) & (WEIR_FLOW_WAYS - 1);
        if ((WEIR_READ_ONCE(set->way[way].state) & ~WEIR_FLOW_LOCKED) == tag) return way;
    }
    return WEIR_FLOW_WAYS;
}

/* The way to put a new flow in: an empty one, else the longest idle one, and among equally idle ones the one with the
 * fewest packets, so that a spray of new flows displaces itself and not the long-lived. Another CPU's clock may be a
 * tick ahead: what it has just seen is not idle for years. */
static __always_inline __u32 weir_flow_victim(struct weir_flow_hot_set* set, __u32 home, __u32 now_tick) {
    __u32 i, idle, best = WEIR_FLOW_WAYS;
    __u64 best_score = 0;

    for (i = 0; i < WEIR_FLOW_WAYS; i++) {
        const __u32 way = (home + i) & (WEIR_FLOW_WAYS - 1);
        const struct weir_flow_hot* hot = &set->way[way];
        const __u32 state = WEIR_READ_ONCE(hot->state);
        __u64 packets, score;

        if (state == 0) return way;
        if (state & WEIR_FLOW_LOCKED) continue;
        packets = WEIR_READ_ONCE(hot->direction[0].packets) + WEIR_READ_ONCE(hot->direction[1].packets);
        if (packets > 0xfffffffe) packets = 0xfffffffe;
        idle = now_tick - WEIR_READ_ONCE(hot->last_seen_tick);
        if (idle > 0xffffff00) idle = 0;
        score = (__u64)idle << 32 | (0xffffffff - packets);
        if (score > best_score) {
            best_score = score;
            best = way;
        }
    }
    return best;
}

static __always_inline struct weir_flow_result* weir_flow_result_of(const struct weir_flow_set* set, __u32 way) {
#ifdef __bpf__
    __u32 index = set->result_index;
    union weir_flow_block* block = bpf_map_lookup_elem(set->map, &index);
    return block ? &block->result.way[way & (WEIR_FLOW_WAYS - 1)] : 0;
#else
    return &set->result->way[way];
#endif
}

/* Tracks the packet, if it can be. Under the slot's lock. */
static __always_inline void weir_flow_track_in(const struct weir_flow_set* set, __u32 way, __u32 direction,
                                               const struct weir_packet* packet, __u32 packets,
                                               struct weir_track_events* events) {
    struct weir_flow_track* track;
    if (!set->track) return;
    track = &set->track->way[way];
    if (!set->hot->way[way].is_tracked) {
        __builtin_memset(track, 0, sizeof(*track));
        set->hot->way[way].is_tracked = 1;
    }
    __builtin_memset(events, 0, sizeof(*events));
    weir_track_packet(track, direction, packet, packets, events);
    weir_forget_values();
    if (weir_track_any(events)) weir_flow_note(track, weir_flow_result_of(set, way), direction, events);
}

/* Counts a packet in its flow, with what was parked of the same flow before, bringing the flow in if needed, and tracks
 * the packet if the set says so. Returns 1 if all of it is now in the flow, 0 if none is. `evicted` says what had to
 * leave; the caller counts that as untracked (evicted). */
static __always_inline int weir_flow_account(const struct weir_flow_set* set, const struct weir_flow_key* key,
                                             __u64 hash, __u32 direction, struct weir_count count,
                                             struct weir_count parked, __u32 now_tick, const struct weir_packet* packet,
                                             struct weir_track_events* events, struct weir_flow_evicted* evicted) {
    const __u32 tag = weir_flow_tag(hash), home = weir_flow_home_of(hash);
    const struct weir_count both = {count.packets + parked.packets, count.bytes + parked.bytes};
    struct weir_flow_hot* hot;
    __u32 way, i, state;
    int same;

    evicted->any = 0;
    evicted->is_new = 0;
    way = weir_flow_find(set->hot, home, tag);
    if (way < WEIR_FLOW_WAYS) {
        hot = &set->hot->way[way];
        if (!weir_flow_lock(hot, tag)) return 0;
        same = weir_flow_is(hot, set->address ? &set->address->way[way] : 0, key);
        if (same) {
            weir_flow_add(hot, direction, both, now_tick);
            weir_flow_track_in(set, way, direction, packet, (__u32)count.packets, events);
        }
        weir_flow_unlock(hot, tag);
        return same;
    }

    way = weir_flow_victim(set->hot, home, now_tick);
    if (way >= WEIR_FLOW_WAYS) return 0;
    hot = &set->hot->way[way];
    state = WEIR_READ_ONCE(hot->state);
    if (state & WEIR_FLOW_LOCKED || !weir_flow_try_lock(hot, state, tag | WEIR_FLOW_LOCKED)) return 0;
    evicted->is_new = 1;
    if (state) {
        evicted->direction[WEIR_TX] = hot->direction[WEIR_TX];
        evicted->direction[WEIR_RX] = hot->direction[WEIR_RX];
        evicted->any = 1;
    }
    hot->tenant_port = key->tenant_port;
    hot->peer_port = key->peer_port;
    hot->tenant_word = key->tenant_word;
    hot->peer_word = key->peer_word;
    hot->protocol = key->protocol;
    hot->family = key->family;
    hot->first_seen_tick = now_tick;
    for (i = 0; i < WEIR_DIRECTIONS; i++) {
        WEIR_WRITE_ONCE(hot->direction[i].packets, 0);
        hot->direction[i].bytes = 0;
    }
    if (set->address) {
        __builtin_memcpy(set->address->way[way].tenant, key->tenant_address, 16);
        __builtin_memcpy(set->address->way[way].peer, key->peer_address, 16);
    }
    weir_flow_add(hot, direction, both, now_tick);
    hot->is_tracked = 0;
    weir_flow_track_in(set, way, direction, packet, (__u32)count.packets, events);
    weir_flow_unlock(hot, tag);
    return 1;
}

#endif
