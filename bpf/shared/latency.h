/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms of delays, and what a vNIC keeps of them: part of its ledger, one copy a CPU. docs/latency-method.md. */
#ifndef WEIR_BPF_SHARED_LATENCY_H
#define WEIR_BPF_SHARED_LATENCY_H

#include "direction.h"
#include "types.h"

/* A vNIC's slot travels with its packets through the host (bpf/lib/host_latency.h), so its bits are counted. */
#define WEIR_SLOT_BITS 12

/* What weir_tc_in leaves in skb->tc_index, 16 bits: three of signature, whether the packet came in by an uplink, and
 * the slot that it came in by. */
#define WEIR_STAMP_UPLINK (1u << WEIR_SLOT_BITS)
#define WEIR_STAMP_SIGN (5u << (WEIR_SLOT_BITS + 1))
#define WEIR_STAMP_SIGN_MASK (7u << (WEIR_SLOT_BITS + 1))

/* Log-linear: every octave from 64 ns (2^6) to 137 s (2^37) has 8 buckets of equal width, so a bucket is at most 1/8 as
 * wide as its lower bound is high. One bucket more below, one above. */
#define WEIR_HISTOGRAM_FIRST_OCTAVE 6
#define WEIR_HISTOGRAM_END_OCTAVE 37
#define WEIR_HISTOGRAM_SUB_BITS 3
#define WEIR_HISTOGRAM_BUCKETS                                                                                         \
    (((WEIR_HISTOGRAM_END_OCTAVE - WEIR_HISTOGRAM_FIRST_OCTAVE) << WEIR_HISTOGRAM_SUB_BITS) + 2)

/* The sum says where in its bucket a lone delay stood, or many equal ones: exactly. */
struct weir_histogram_bucket {
    __u64 count;
    __u64 sum_ns;
};

struct weir_histogram {
    __u64 not_min_ns; /* ~minimum, so that memory full of zeros is an empty histogram */
    __u64 max_ns;
    struct weir_histogram_bucket buckets[WEIR_HISTOGRAM_BUCKETS];
};

/* Whose round-trip time: from the vNIC to the tenant's guest and back, or to the peer and back. */
enum weir_rtt_side { WEIR_RTT_TENANT = 0, WEIR_RTT_NETWORK = 1, WEIR_RTT_SIDES = 2 };

/* Why a packet was not stamped on its way into the host. */
enum weir_host_left_out {
    WEIR_HOST_FUTURE = 0,  /* it carried a departure time that has not come yet */
    WEIR_HOST_FOREIGN = 1, /* its tc_index is somebody else's */
    WEIR_HOST_NOT_IP = 2,  /* the kernel lets only IP packets carry a stamp */
    WEIR_HOST_LEFT_OUT_KINDS = 3,
};

/* What TCP had to do again, packets, by the direction that they were sent in. */
struct weir_tcp_trouble {
    __u64 retransmits;
    __u64 unseen; /* of these, not seen here before: lost on the sender's side of the vNIC */
    __u64 out_of_order;
    __u64 zero_windows;
};

struct weir_latency {
    struct weir_histogram host[WEIR_DIRECTIONS];
    struct weir_histogram shaping[WEIR_DIRECTIONS];
    struct weir_histogram rtt[WEIR_RTT_SIDES];
    struct weir_tcp_trouble trouble[WEIR_DIRECTIONS];
    __u64 host_left_out[WEIR_DIRECTIONS][4]; /* packets, by weir_host_left_out; the fourth is unused */
};

WEIR_STATIC_ASSERT(WEIR_SLOT_BITS + 4 <= 16, "a stamp has to fit skb->tc_index");
WEIR_STATIC_ASSERT(sizeof(struct weir_histogram_bucket) == 16, "weir_histogram_bucket is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_tcp_trouble) == 32, "weir_tcp_trouble is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_histogram) == 4016, "weir_histogram is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_latency) == 6 * 4016 + 64 + 64, "weir_latency is part of the pinned state");

#endif
