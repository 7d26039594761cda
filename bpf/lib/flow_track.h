/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets of a flow are tracked, and where what they tell is kept: the flow's result line. */
#ifndef WEIR_BPF_LIB_FLOW_TRACK_H
#define WEIR_BPF_LIB_FLOW_TRACK_H

#include "../shared/abi.h"
#include "echo_track.h"
#include "parse.h"
#include "tcp_track.h"

#ifdef __bpf__
#include <bpf/bpf_helpers.h>
#endif

static __always_inline int weir_flow_is_tracked(const struct weir_packet* packet) {
    return packet->is_tcp || packet->echo != WEIR_ECHO_NONE;
}

static __always_inline int weir_track_any(const struct weir_track_events* events) {
    return events->rtt_ns || events->retransmits || events->out_of_order || events->zero_windows;
}

/* Under BPF the clock is read when it is first needed: that is most of what a packet costs. */
static __always_inline __u64 weir_time_of(const struct weir_packet* packet) {
#ifdef __bpf__
    if (!packet->now_ns) return bpf_ktime_get_ns();
#endif
    return packet->now_ns;
}

static __always_inline void weir_track_packet(struct weir_flow_track* track, __u32 direction,
                                              const struct weir_packet* packet, __u32 packets,
                                              struct weir_track_events* events) {
    __u64 now_ns = 0;

    if (packet->is_tcp) {
        struct weir_tcp_segment segment = {packet->tcp_seq,    packet->tcp_ack,       packet->tcp_tsval,
                                           packet->tcp_tsecr,  packet->payload_bytes, packets,
                                           packet->tcp_window, packet->tcp_flags,     packet->tcp_has_timestamps};
        if (weir_tcp_needs_time(track, direction, &segment)) now_ns = weir_time_of(packet);
        weir_tcp_track(track, direction, &segment, now_ns, events);
    } else {
        if (weir_echo_needs_time(track, direction, packet->echo, packet->tcp_seq)) now_ns = weir_time_of(packet);
        weir_echo_track(track, direction, packet->echo, packet->tcp_seq, now_ns, events);
    }
}

/* Adds events to the flow's result. Under the slot's lock. */
static __always_inline void weir_flow_note(struct weir_flow_track* track, struct weir_flow_result* result,
                                           __u32 direction, const struct weir_track_events* events) {
    struct weir_flow_result_direction *own, *other;

    if (!result) return;
    if (!(track->direction[0].flags & WEIR_TRACK_RESULT)) {
        __builtin_memset(result, 0, sizeof(*result));
        track->direction[0].flags |= WEIR_TRACK_RESULT;
    }
    own = &result->direction[direction & 1];
    other = &result->direction[(direction & 1) ^ 1];
    if (events->rtt_ns) {
        __u32 rtt = (__u32)(events->rtt_ns >> WEIR_RTT_UNIT_SHIFT);
        if (rtt == 0) rtt = 1;
        other->rtt_last = rtt;
        if (other->rtt_min == 0 || rtt < other->rtt_min) other->rtt_min = rtt;
        if (other->rtt_samples != ~0u) other->rtt_samples += 1;
    }
    own->retransmits += events->retransmits;
    own->unseen += events->unseen;
    own->out_of_order += events->out_of_order;
    own->zero_windows += events->zero_windows;
}

#endif
