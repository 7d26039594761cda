/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data that the BPF programs and user space share: plain structures, valid as C and as C++.
 *
 * Everything here lives in maps pinned under /sys/fs/bpf/weir/v<WEIR_SCHEMA>/, so a change of any layout raises
 * WEIR_SCHEMA. Sizes and offsets are asserted below, in both languages.
 *
 * Maps (bpf/maps.h):
 *   vnics        array of weir_if_entry: which interface belongs to which slot; read once per packet
 *   vnic_info    array of weir_vnic_info by slot: what user space must remember; the programs never read it
 *   ledgers      array of maps by slot: one per-CPU weir_ledger each, with its histograms; never evicts
 *   flow_tables  array of maps by slot: an array of weir_flow_block each, sized by --flows
 *   pulses       array of maps by slot: an array of one weir_pulse_ring each
 *   limits       array of maps by tenant slot: an array of one weir_limit each, for tenants with limits
 *   tenant_info  array of weir_tenant_info by tenant slot: what user space must remember of limits
 *   guards       array of maps by slot: an array of one weir_guard each, for vNICs with WEIR_IF_GUARD
 *   shares       array of weir_share_entry by direction and tenant slot: rates of fair share
 *   share_rounds array of weir_share_round by direction: the tick's working memory
 *   tick         array of one weir_tick: the timer
 *   tick_settings array of one weir_tick_settings
 *   settings     array of one weir_settings
 */
#ifndef WEIR_BPF_SHARED_ABI_H
#define WEIR_BPF_SHARED_ABI_H

#include "class.h"
#include "guard.h"
#include "latency.h"
#include "limit.h"
#include "pulse.h"
#include "share.h"
#include "types.h"

#define WEIR_SCHEMA 4

/* How many vNICs one network namespace can have attached. */
#define WEIR_VNICS_MAX (1 << WEIR_SLOT_BITS)

/* The interface table is open addressed: an interface stands at one of WEIR_IF_PROBES places from its home on. */
#define WEIR_IF_TABLE_SIZE 16384
#define WEIR_IF_PROBES 8

/* The tenant's view. */
enum weir_direction { WEIR_TX = 0, WEIR_RX = 1, WEIR_DIRECTIONS = 2 };

/* weir_if_entry.flags */
enum weir_if_flag {
    WEIR_IF_EGRESS_IS_TX = 1 << 0, /* roles guest and uplink: what leaves by the interface is the tenant's tx */
    WEIR_IF_XDP_ACCOUNTS = 1 << 1, /* weir_xdp is the ingress hook that counts; weir_tc_in then only stamps */
    WEIR_IF_IS_UPLINK = 1 << 2,
    WEIR_IF_HOST_LATENCY = 1 << 3, /* packets are stamped at ingress and their stamps read at egress */
    WEIR_IF_RTT = 1 << 4,          /* round-trip times of TCP and ICMP echo are measured */
    WEIR_IF_LIMIT_TX = 1 << 5,     /* the tenant has a limit in this direction: shift by weir_direction */
    WEIR_IF_LIMIT_RX = 1 << 6,
    WEIR_IF_GUARD = 1 << 7, /* role vnic: tx is held against the vNIC's own list of addresses */
};

/* One attached interface, as the programs see it. ifindex 0 is an empty place. */
struct weir_if_entry {
    __u32 ifindex;
    __u32 slot;          /* index into ledgers, flow_tables and vnic_info */
    __u32 flow_set_mask; /* number of sets - 1; the number is a power of two */
    __u32 flags;         /* weir_if_flag */
    __u64 hash_seed;     /* random per vNIC, so that nobody can aim at a set of the table */
    __u32 tenant;        /* index into limits; means nothing without WEIR_IF_LIMIT_* */
    __u32 reserved;
};

/* Why a packet is in the ledger and in no flow. */
enum weir_untracked {
    WEIR_UNTRACKED_NO_FLOW = 0, /* no address pair: ARP, LLDP, a frame that cannot be parsed */
    WEIR_UNTRACKED_EVICTED = 1, /* was in a flow that made room for another: moved here, exactly */
    WEIR_UNTRACKED_BUSY = 2,    /* its slot was in use by another CPU, and so was the next flow's (weir_parked) */
    WEIR_UNTRACKED_KINDS = 3,
};

/* Why Weir dropped a packet. X(IDENTIFIER, name, meaning). */
#define WEIR_DROP_TABLE(X)                                                                                             \
    X(RATE, "rate", "over the rate and burst of the limit")                                                            \
    X(AQM, "aqm", "the limit's virtual queue stood too long")                                                          \
    X(HORIZON, "horizon", "its departure would have been beyond the horizon")                                          \
    X(PPS, "pps", "over the limit of packets per second")                                                              \
    X(SPOOF, "spoof", "a source address that is not the vNIC's own")

#define WEIR_DROP_ENUM(identifier, name, meaning) WEIR_DROP_##identifier,
enum weir_drop_reason { WEIR_DROP_TABLE(WEIR_DROP_ENUM) WEIR_DROP_COUNT };
#undef WEIR_DROP_ENUM
#define WEIR_DROP_ROOM 8

struct weir_count {
    __u64 packets; /* what the wire carries: the segments of a GSO frame, each one */
    __u64 bytes;   /* layer 2, every segment's headers included, no FCS, no preamble */
};

/* What belongs to a flow whose slot another CPU had locked: the next packet of that flow on this CPU takes it there.
 * The words are those of weir_flow_hot, for a reader; the program knows the flow by its hash. */
struct weir_parked {
    __u64 hash;
    struct weir_count count; /* 0 packets: nothing is parked */
    __u32 tenant_word;
    __u32 peer_word;
    __u16 tenant_port;
    __u16 peer_port;
    __u8 protocol;
    __u8 family;
    __u16 reserved;
};

/* One direction's exact counters on one CPU. Packets and bytes in total are the sums over the classes. Dropped packets
 * are in their class too: the ledger says what the tenant sent, drops say what of it Weir did not let through. */
struct weir_ledger_direction {
    __u64 skbs; /* frames as the kernel handed them, GSO unexpanded */
    __u64 ecn_marked_packets;
    struct weir_parked parked;
    __u64 reserved;
    struct weir_count untracked[4]; /* by weir_untracked; the fourth is unused */
    struct weir_count drops[WEIR_DROP_ROOM];
    struct weir_count classes[WEIR_CLASS_ROOM];
};

struct weir_ledger {
    struct weir_ledger_direction direction[WEIR_DIRECTIONS];
    __u64 scratch[24]; /* working memory of the program that runs on this CPU; means nothing to a reader */
    struct weir_pulse pulse;
    struct weir_latency latency;
};

/* Flow times are jiffies divided by 4, in 32 bits: 16 ms at HZ=250, 4 ms at HZ=1000, so that an age is right modulo 2.1
 * years or 198 days. Jiffies because reading them costs nothing (the verifier turns bpf_jiffies64 into a load), while a
 * clock read is half of what all else costs. User space learns the present tick from weir_clock. */
#define WEIR_FLOW_TICK_SHIFT 2

/* What the syscall program weir_clock fills in. */
struct weir_clock_sample {
    __u64 jiffies;
    __u64 monotonic_ns;
};

/* weir_flow_hot.state: 0 is an empty slot; otherwise bits 31..1 are the tag (never all zero), bit 0 is the lock. */
#define WEIR_FLOW_LOCKED 1u

/* The part of a flow that every packet needs: one cache line, and all that an IPv4 UDP flow has. */
struct weir_flow_hot {
    __u32 state;
    __u16 tenant_port; /* host byte order; an ICMP echo has its identifier here */
    __u16 peer_port;
    __u32 tenant_word; /* network byte order: the IPv4 address, or the four words of the IPv6 one xored */
    __u32 peer_word;
    __u8 protocol;    /* IP protocol number */
    __u8 family;      /* 4 or 6 */
    __u16 is_tracked; /* the track line is this flow's */
    __u32 first_seen_tick;
    __u32 last_seen_tick;
    __u32 reserved2;
    struct weir_count direction[WEIR_DIRECTIONS];
};

/* What is remembered of one direction of a TCP connection or an ICMP echo between two packets, by the rules of
 * bpf/lib/tcp_track.h and echo_track.h. */
struct weir_flow_track_direction {
    __u64 mark_ns;      /* CLOCK_MONOTONIC: when the probe passed; in recovery, the gap (tcp_track.h) */
    __u32 next_seq;     /* end of what was sent so far */
    __u32 acked_seq;    /* end of what the other side has acknowledged */
    __u32 mark_seq;     /* end of the probe, or the acknowledgement that ends recovery */
    __u32 mark_extra;   /* TSval of the probe, or in recovery the bytes that were never seen here */
    __u32 newest_tsval; /* of the last segment in order */
    __u16 flags;        /* weir_track_flag */
    __u16 reserved;
};

struct weir_flow_track {
    struct weir_flow_track_direction direction[WEIR_DIRECTIONS];
};

/* Round-trip times are kept in units of 64 ns, up to 274 s. */
#define WEIR_RTT_UNIT_SHIFT 6

/* What became of it. rtt_* of a direction are of what was sent in it: tx measures the network's side, rx the tenant's.
 */
struct weir_flow_result_direction {
    __u32 rtt_last;    /* WEIR_RTT_UNIT_SHIFT */
    __u32 rtt_min;     /* 0: no sample */
    __u32 rtt_samples; /* saturates */
    __u32 retransmits; /* packets sent again */
    __u32 unseen;      /* of these, packets that had not been seen here before: lost on the sender's side */
    __u32 out_of_order;
    __u32 zero_windows; /* times that the sender of this direction closed its receive window */
    __u32 reserved;
};

struct weir_flow_result {
    struct weir_flow_result_direction direction[WEIR_DIRECTIONS];
};

/* IPv6 addresses, network byte order; not touched for IPv4. */
struct weir_flow_address {
    __u32 tenant[4];
    __u32 peer[4];
};

/* A table of S sets of eight ways is an array map of blocks in four regions: hot, track and result, S blocks each, and
 * addresses, two sets a block. Kept apart, because the smaller the region that a packet touches, the fewer pages: the
 * page walk is a quarter of the cost of a miss. */
#define WEIR_FLOW_WAYS 8
#define WEIR_FLOW_REGION_TRACK 1
#define WEIR_FLOW_REGION_RESULT 2
#define WEIR_FLOW_REGION_ADDRESS 3

struct weir_flow_hot_set {
    struct weir_flow_hot way[WEIR_FLOW_WAYS];
};

struct weir_flow_track_set {
    struct weir_flow_track way[WEIR_FLOW_WAYS];
};

struct weir_flow_result_set {
    struct weir_flow_result way[WEIR_FLOW_WAYS];
};

struct weir_flow_address_set {
    struct weir_flow_address way[WEIR_FLOW_WAYS];
};

union weir_flow_block {
    struct weir_flow_hot_set hot;
    struct weir_flow_track_set track;
    struct weir_flow_result_set result;
    struct weir_flow_address_set address[2];
};

/* Blocks of a table of `sets` sets. */
static __always_inline __u32 weir_flow_blocks(__u32 sets) { return WEIR_FLOW_REGION_ADDRESS * sets + (sets + 1) / 2; }

#define WEIR_NAME_ROOM 16   /* IFNAMSIZ */
#define WEIR_TENANT_ROOM 64 /* with its final NUL */

/* Where a vNIC stands between attached and not: written before the first and after the last step of a change, so that
 * whoever comes after a process that died knows what to undo. */
enum weir_vnic_state {
    WEIR_VNIC_FREE = 0,
    WEIR_VNIC_ATTACHING = 1,
    WEIR_VNIC_ATTACHED = 2,
    WEIR_VNIC_DETACHING = 3,
};

enum weir_role { WEIR_ROLE_VNIC = 0, WEIR_ROLE_UPLINK = 1, WEIR_ROLE_GUEST = 2 };

/* How a hook is held. */
enum weir_hook {
    WEIR_HOOK_NONE = 0,
    WEIR_HOOK_TCX = 1,
    WEIR_HOOK_CLSACT = 2,
    WEIR_HOOK_XDP_NATIVE = 3,
    WEIR_HOOK_XDP_GENERIC = 4,
};

/* The root qdisc of an attached interface. The journal's rule holds here too: written before the qdisc is touched. */
enum weir_qdisc_state {
    WEIR_QDISC_THEIRS = 0, /* as it was found */
    WEIR_QDISC_OURS = 1,   /* Weir's fq, or mq with an fq a queue, stands in place of qdisc_before, or is about to */
    WEIR_QDISC_NO_FQ = 2,  /* as it was found, because this kernel has no fq */
};

/* What the user asked for with --ingress-hook. */
enum weir_ingress_choice { WEIR_INGRESS_AUTO = 0, WEIR_INGRESS_TC = 1, WEIR_INGRESS_XDP = 2 };

/* Where an uplink's capacity is from. */
enum weir_capacity_source {
    WEIR_CAPACITY_ASKED = 0, /* --capacity; 0 where none was given and the link has no speed */
    WEIR_CAPACITY_LINK = 1,  /* the link's speed when it was attached */
    WEIR_CAPACITY_NONE = 2,  /* --capacity none */
};

/* What user space remembers of a vNIC. Written under the lock of the state directory only. */
struct weir_vnic_info {
    __u32 state; /* weir_vnic_state */
    __u32 ifindex;
    char interface[WEIR_NAME_ROOM]; /* at attach time; a renamed interface is found by its ifindex */
    char tenant[WEIR_TENANT_ROOM];
    __u32 role;                /* weir_role */
    __u32 ingress_choice;      /* weir_ingress_choice */
    __u32 ingress_hook;        /* weir_hook */
    __u32 egress_hook;         /* weir_hook: TCX or CLSACT */
    __u32 tc_ingress_priority; /* clsact only: the filters' priority and handle */
    __u32 tc_egress_priority;
    __u32 tc_handle;
    __u32 clsact_is_ours;  /* the clsact qdisc was created by Weir and goes with it */
    __u32 flows;           /* --flows, as asked */
    __u32 flow_sets;       /* sets in its table */
    __u64 capacity_bps;    /* role uplink, tx, and rx if that has none of its own; 0: not set */
    __u64 capacity_rx_bps; /* 0: as tx */
    __u64 attached_ns;     /* CLOCK_REALTIME */
    char qdisc_before[16]; /* kind of the root qdisc that Weir's fq stands in place of */
    __u32 qdisc;           /* weir_qdisc_state */
    __u32 capacity_source; /* weir_capacity_source */
    __u32 is_guarded;      /* its slot of guards has a list, and the programs are to look at it */
    __u32 reserved;
};

struct weir_settings {
    __u32 schema;
    __u32 reserved;
    __u64 created_ns; /* CLOCK_REALTIME */
    char version[32]; /* of the weir that loaded the running programs */
};

WEIR_STATIC_ASSERT(sizeof(struct weir_if_entry) == 32, "weir_if_entry is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_count) == 16, "weir_count is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_parked) == 40, "weir_parked is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_ledger_direction) == 64 + 16 * (4 + WEIR_DROP_ROOM + WEIR_CLASS_ROOM),
                   "weir_ledger_direction is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_flow_hot) == 64, "a hot flow is one cache line");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_flow_hot, direction) == 32,
                   "weir_flow_hot is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_flow_track) == 64, "what is tracked of a flow is one cache line");
WEIR_STATIC_ASSERT(sizeof(struct weir_flow_result) == 64, "a result is one cache line");
WEIR_STATIC_ASSERT(sizeof(struct weir_flow_address) == 32, "two sets of addresses fill a block");
WEIR_STATIC_ASSERT(sizeof(union weir_flow_block) == 64 * WEIR_FLOW_WAYS, "a block is its lines and nothing else");
WEIR_STATIC_ASSERT(__builtin_offsetof(struct weir_vnic_info, role) == 88, "weir_vnic_info is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_vnic_info) == 184, "weir_vnic_info is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_settings) == 48, "weir_settings is part of the pinned state");

#endif
