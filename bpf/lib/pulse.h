/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one packet adds to its vNIC's pulse, and how a CPU hands on what it has. Layout: bpf/shared/pulse.h; reasons:
 * docs/noisy-method.md. Pure, with 'now' as an argument.
 *
 * Concurrency. A weir_pulse is its CPU's alone: the hooks run with bottom halves off. The ring is shared: sums by
 * atomic addition, peaks by compare-and-swap. Who brings a slot to its place again empties it first; meanwhile the
 * others go on with the slot that they have and try again a millisecond later, so nothing is ever lost or waited
 * for. */
#ifndef WEIR_BPF_LIB_PULSE_H
#define WEIR_BPF_LIB_PULSE_H

#include "../shared/abi.h"
#include "atomic.h"
#include "bits.h"
#include "parse.h"
#include "tcp_flags.h"

/* Sources that are learned of one vNIC at most. */
#define WEIR_PULSE_LEARN_MAX 16

/* The sum that the millisecond's cell has now, on all CPUs so far. Of a millisecond whose cell has gone to a later one:
 * what is added alone. */
static __always_inline __u64 weir_pulse_cell_add(__u64* cell, __u64 ms, __u64 amount) {
    const __u64 tag = ms << WEIR_PULSE_CELL_SHIFT;
    __u32 tries;
    WEIR_UNROLL
    for (tries = 0; tries < 4; tries++) {
        const __u64 old = WEIR_READ_ONCE(*cell), old_tag = old & ~WEIR_PULSE_CELL_SUM;
        const __u64 sum = old_tag == tag ? (old & WEIR_PULSE_CELL_SUM) + amount : amount;
        if (old_tag != tag && (__s64)(old_tag - tag) > 0) break;
        if (sum > WEIR_PULSE_CELL_SUM) break;
        if (__sync_val_compare_and_swap(cell, old, tag | sum) == old) return sum;
    }
    return amount;
}

static __always_inline void weir_pulse_raise(__u32* to, __u32 value) {
    __u32 tries;
    WEIR_UNROLL
    for (tries = 0; tries < 4; tries++) {
        const __u32 old = WEIR_READ_ONCE(*to);
        if (old >= value || __sync_val_compare_and_swap(to, old, value) == old) return;
    }
}

static __always_inline __u32 weir_pulse_short(__u64 time_ns) { return time_ns > ~0u ? ~0u : (__u32)time_ns; }

/* Closes the CPU's millisecond: from the first line into the slot, and into the cell that all CPUs share. `ring` may be
 * null. */
static __always_inline void weir_pulse_close_ms(struct weir_pulse* pulse, struct weir_pulse_ring* ring) {
    const __u64 ms = pulse->ms_end_ns / WEIR_PULSE_MS_NS - 1;
    __u32 i;
    WEIR_UNROLL
    for (i = 0; i < 2; i++) {
        struct weir_pulse_direction* to = &pulse->open.direction[i];
        __u64 bytes = pulse->ms_bytes[i], packets = pulse->ms_packets[i];
        if (!packets) continue;
        to->bytes += bytes;
        to->packets += (__u32)packets;
        to->small_packets += pulse->ms_small[i];
        if (ring) {
            bytes = weir_pulse_cell_add(&ring->cells[i][ms % WEIR_PULSE_CELLS][0], ms, bytes);
            packets = weir_pulse_cell_add(&ring->cells[i][ms % WEIR_PULSE_CELLS][1], ms, packets);
        }
        if (bytes > to->peak_bytes) to->peak_bytes = weir_pulse_short(bytes);
        if (packets > to->peak_packets) to->peak_packets = (__u32)packets;
        pulse->ms_bytes[i] = 0;
        pulse->ms_packets[i] = 0;
        pulse->ms_small[i] = 0;
    }
}

static __always_inline void weir_pulse_add(struct weir_pulse_direction* to, const struct weir_pulse_direction* from) {
#define WEIR_PULSE_SUM(field)                                                                                          \
    if (from->field) __sync_fetch_and_add(&to->field, from->field)
    WEIR_PULSE_SUM(bytes);
    WEIR_PULSE_SUM(rtt_sum_ns);
    WEIR_PULSE_SUM(host_sum_ns);
    WEIR_PULSE_SUM(packets);
    WEIR_PULSE_SUM(small_packets);
    WEIR_PULSE_SUM(new_flows);
    WEIR_PULSE_SUM(syns);
    WEIR_PULSE_SUM(syn_acks);
    WEIR_PULSE_SUM(resets);
    WEIR_PULSE_SUM(group_packets);
    WEIR_PULSE_SUM(arp_packets);
    WEIR_PULSE_SUM(foreign_flows);
    WEIR_PULSE_SUM(retransmits);
    WEIR_PULSE_SUM(unseen);
    WEIR_PULSE_SUM(drop_packets);
    WEIR_PULSE_SUM(delayed_packets);
    WEIR_PULSE_SUM(rtt_count);
    WEIR_PULSE_SUM(host_count);
#undef WEIR_PULSE_SUM
    if (from->peak_bytes) weir_pulse_raise(&to->peak_bytes, from->peak_bytes);
    if (from->peak_packets) weir_pulse_raise(&to->peak_packets, from->peak_packets);
    if (from->rtt_max_ns) weir_pulse_raise(&to->rtt_max_ns, from->rtt_max_ns);
    if (from->rtt_not_min_ns) weir_pulse_raise(&to->rtt_not_min_ns, from->rtt_not_min_ns);
    if (from->host_max_ns) weir_pulse_raise(&to->host_max_ns, from->host_max_ns);
}

/* Hands the CPU's slot to the ring. 0: its place is being emptied by another CPU, try again later. */
static __always_inline int weir_pulse_close_slot(struct weir_pulse* pulse, struct weir_pulse_ring* ring) {
    const __u64 wanted = pulse->slot + 1;
    __u32 place = (__u32)(pulse->slot % WEIR_PULSE_SLOTS);
    struct weir_pulse_slot* slot;
    __u64 *number, stands;

    /* The verifier does not know what a remainder is less than. */
    asm volatile("" : "+r"(place));
    if (place >= WEIR_PULSE_SLOTS) return 1;
    number = &ring->slot_number[place];
    slot = &ring->slots[place];
    stands = WEIR_READ_ONCE(*number);
    if (stands & WEIR_PULSE_EMPTYING) return 0;
    if (stands < wanted) {
        if (__sync_val_compare_and_swap(number, stands, wanted | WEIR_PULSE_EMPTYING) != stands) return 0;
        __builtin_memset(slot, 0, sizeof(*slot));
        __sync_lock_test_and_set(number, wanted);
    }
    /* Older than all that the ring has: nobody would look at it. */
    if (stands <= wanted) {
        weir_pulse_add(&slot->direction[0], &pulse->open.direction[0]);
        weir_pulse_add(&slot->direction[1], &pulse->open.direction[1]);
    }
    __builtin_memset(&pulse->open, 0, sizeof(pulse->open));
    return 1;
}

/* What this CPU has learned goes to the others and theirs comes here. */
static __always_inline void weir_pulse_share_sources(struct weir_pulse* pulse, struct weir_pulse_ring* ring) {
    __u32 i;
    if (pulse->has_learned) __sync_fetch_and_add(&ring->learned, 1);
    WEIR_UNROLL
    for (i = 0; i < WEIR_PULSE_SOURCE_WORDS; i++) {
        const __u64 theirs = WEIR_READ_ONCE(ring->sources[i]);
        if (pulse->has_learned && pulse->sources[i] & ~theirs)
            __sync_fetch_and_or(&ring->sources[i], pulse->sources[i]);
        pulse->sources[i] |= theirs;
    }
    pulse->has_learned = 0;
    pulse->may_learn = WEIR_READ_ONCE(ring->learned) < WEIR_PULSE_LEARN_MAX;
}

/* The millisecond that the CPU was in has ended. */
static __always_inline void weir_pulse_turn_to(struct weir_pulse* pulse, struct weir_pulse_ring* ring, __u64 now_ns) {
    const __u64 ms = now_ns / WEIR_PULSE_MS_NS, slot = ms / WEIR_PULSE_SLOT_MS;

    if (pulse->ms_end_ns) weir_pulse_close_ms(pulse, ring);
    if ((slot != pulse->slot || !pulse->ms_end_ns) && (!pulse->ms_end_ns || weir_pulse_close_slot(pulse, ring))) {
        weir_pulse_share_sources(pulse, ring);
        pulse->slot = slot;
    }
    pulse->ms_end_ns = (ms + 1) * WEIR_PULSE_MS_NS;
}

/* Whether a flow that begins with this source address comes from one of the vNIC's own. Learns at most one a slot. */
static __always_inline int weir_pulse_is_own_source(struct weir_pulse* pulse, const __u32* address) {
    const __u64 word = (address[0] ^ (__u64)address[1] << 32) * WEIR_HASH_FACTOR ^
                       (address[2] ^ (__u64)address[3] << 32) * 0xc2b2ae3d27d4eb4full;
    const __u64 hash = word * WEIR_HASH_FACTOR;
    const __u32 a = (__u32)(hash >> 55), b = (__u32)(hash >> 46) & 511;
    __u64* first = &pulse->sources[a >> 6 & (WEIR_PULSE_SOURCE_WORDS - 1)];
    __u64* second = &pulse->sources[b >> 6 & (WEIR_PULSE_SOURCE_WORDS - 1)];

    if (*first >> (a & 63) & 1 && *second >> (b & 63) & 1) return 1;
    if (!pulse->may_learn || pulse->has_learned) return 0;
    *first |= 1ull << (a & 63);
    *second |= 1ull << (b & 63);
    pulse->has_learned = 1;
    return 1;
}

static __always_inline void weir_pulse_note_rtt(struct weir_pulse_direction* to, __u64 rtt_ns) {
    const __u32 rtt = weir_pulse_short(rtt_ns);
    to->rtt_sum_ns += rtt_ns;
    to->rtt_count += 1;
    if (rtt > to->rtt_max_ns) to->rtt_max_ns = rtt;
    if (~rtt > to->rtt_not_min_ns) to->rtt_not_min_ns = ~rtt;
}

static __always_inline void weir_pulse_note_host(struct weir_pulse_direction* to, __u64 delay_ns) {
    const __u32 delay = weir_pulse_short(delay_ns);
    to->host_sum_ns += delay_ns;
    to->host_count += 1;
    if (delay > to->host_max_ns) to->host_max_ns = delay;
}

/* What is not so of most packets. */
static __always_inline void weir_pulse_note_kind(struct weir_pulse* pulse, __u32 direction,
                                                 const struct weir_packet* packet, struct weir_count count,
                                                 __u32 is_new) {
    struct weir_pulse_direction* to = &pulse->open.direction[direction & 1];
    const __u32 packets = (__u32)count.packets;
    if (packet->is_tcp && packet->tcp_flags & WEIR_TCP_SYN) {
        if (packet->tcp_flags & WEIR_TCP_ACK)
            to->syn_acks += packets;
        else
            to->syns += packets;
    }
    if (packet->is_tcp && packet->tcp_flags & WEIR_TCP_RST) to->resets += packets;
    if (packet->is_group) to->group_packets += packets;
    if (packet->class_id == WEIR_CLASS_ARP) to->arp_packets += packets;
    if (!is_new) return;
    to->new_flows += 1;
    if (direction == WEIR_TX && !weir_pulse_is_own_source(pulse, packet->src_address)) to->foreign_flows += 1;
}

/* Counts a frame in its millisecond. Call weir_pulse_keep_time() before. */
static __always_inline void weir_pulse_packet(struct weir_pulse* pulse, __u32 direction,
                                              const struct weir_packet* packet, struct weir_count count, __u32 is_new) {
    const __u32 i = direction & 1;
    pulse->ms_bytes[i] += (__u32)count.bytes;
    pulse->ms_packets[i] += (__u32)count.packets;
    if (count.bytes <= count.packets * WEIR_PULSE_SMALL_BYTES) pulse->ms_small[i] += (__u32)count.packets;
    if ((packet->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_RST)) | packet->is_group | is_new)
        weir_pulse_note_kind(pulse, direction, packet, count, is_new);
}

#endif
