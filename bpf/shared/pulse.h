/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pulse of a vNIC: what happened in each tenth of a second of the last minute. docs/noisy-method.md.
 *
 * Every CPU counts for itself (weir_pulse, in its ledger). Once a millisecond in which it had packets it adds them to
 * the millisecond's cell, which all CPUs share and which so knows the true peak; once in a slot's 100 ms it adds what
 * it has to the slot. Both are done by the first packet that comes after: an idle vNIC costs nothing. A reader adds
 * what the CPUs still have for themselves. */
#ifndef WEIR_BPF_SHARED_PULSE_H
#define WEIR_BPF_SHARED_PULSE_H

#include "direction.h"
#include "types.h"

#define WEIR_PULSE_MS_NS 1000000ull
#define WEIR_PULSE_SLOT_MS 100
#define WEIR_PULSE_SLOT_NS (WEIR_PULSE_SLOT_MS * WEIR_PULSE_MS_NS)

/* A minute, and what a reader may need for it meanwhile. */
#define WEIR_PULSE_SLOTS 640

/* A packet of at most so many bytes is small: what a packet-rate flood is made of. */
#define WEIR_PULSE_SMALL_BYTES 128

/* Milliseconds for which the CPUs' shares of a peak are added up. A CPU that is later has its own share only. */
#define WEIR_PULSE_CELLS 256

/* A cell word: the low bits of the millisecond's number above, a sum below, up to 2 Tbit/s. */
#define WEIR_PULSE_CELL_SHIFT 28
#define WEIR_PULSE_CELL_SUM ((1ull << WEIR_PULSE_CELL_SHIFT) - 1)

/* Source addresses that a vNIC is known to have: two bits of 512 each (a Bloom filter: of 16 addresses' worth, a forged
 * one passes for known four times in a thousand). */
#define WEIR_PULSE_SOURCE_WORDS 8

/* One direction in one slot. Packets are segments, bytes layer 2, as in the ledger. */
struct weir_pulse_direction {
    __u64 bytes;
    __u64 rtt_sum_ns;  /* round trips of what was sent in this direction: tx the network's side, rx the tenant's */
    __u64 host_sum_ns; /* way through the host */
    __u32 packets;
    __u32 small_packets; /* at most WEIR_PULSE_SMALL_BYTES each */
    __u32 peak_bytes;    /* most in one millisecond */
    __u32 peak_packets;
    __u32 new_flows; /* begun by a packet of this direction */
    __u32 syns;      /* without ACK */
    __u32 syn_acks;
    __u32 resets;
    __u32 group_packets; /* to a broadcast or multicast address */
    __u32 arp_packets;
    __u32 foreign_flows; /* of the new ones, from a source address that is not the vNIC's own; tx only */
    __u32 retransmits;
    __u32 unseen;          /* of these, lost on the sender's side of the vNIC */
    __u32 drop_packets;    /* by Weir */
    __u32 delayed_packets; /* by a limit */
    __u32 rtt_count;
    __u32 rtt_max_ns;     /* 4.29 s stands for all that is longer */
    __u32 rtt_not_min_ns; /* ~minimum, so that zero is none */
    __u32 host_count;
    __u32 host_max_ns;
    __u32 reserved[2];
};

struct weir_pulse_slot {
    struct weir_pulse_direction direction[WEIR_DIRECTIONS];
};

/* What one CPU has of the millisecond and of the slot that it is in. The first cache line is all that a usual packet
 * needs. */
struct weir_pulse {
    __u64 ms_end_ns; /* CLOCK_MONOTONIC: the first packet from then on closes the millisecond */
    __u64 slot;      /* number of the slot that `open` belongs to: CLOCK_MONOTONIC / WEIR_PULSE_SLOT_NS */
    __u32 ms_bytes[WEIR_DIRECTIONS];
    __u32 ms_packets[WEIR_DIRECTIONS];
    __u32 ms_small[WEIR_DIRECTIONS];
    __u32 tick;        /* jiffies at the last packet that had to look at the clock itself */
    __u16 has_learned; /* a source address, in this slot */
    __u16 may_learn;   /* the vNIC has not too many already */
    struct weir_pulse_slot open;
    __u64 sources[WEIR_PULSE_SOURCE_WORDS]; /* what the ring had at the slot's beginning, and what was learned since */
};

/* One a vNIC, shared by all CPUs. */
struct weir_pulse_ring {
    __u64 sources[WEIR_PULSE_SOURCE_WORDS];
    __u32 learned; /* addresses in it, or a few more: CPUs may learn the same one at once */
    __u32 reserved[15];
    __u64 slot_number[WEIR_PULSE_SLOTS]; /* of the slot at that place, + 1; its highest bit: being emptied */
    __u64 cells[WEIR_DIRECTIONS][WEIR_PULSE_CELLS][2]; /* bytes, packets */
    struct weir_pulse_slot slots[WEIR_PULSE_SLOTS];
};

#define WEIR_PULSE_EMPTYING (1ull << 63)

WEIR_STATIC_ASSERT(sizeof(struct weir_pulse_direction) == 112, "weir_pulse_direction is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_pulse) == 336, "weir_pulse is part of the pinned state");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_pulse, open) == 48, "weir_pulse is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_pulse_ring) ==
                       128 + 8 * WEIR_PULSE_SLOTS + 32 * WEIR_PULSE_CELLS + 224 * WEIR_PULSE_SLOTS,
                   "weir_pulse_ring is part of the pinned state");

#endif
