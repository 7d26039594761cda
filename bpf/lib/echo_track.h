/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Round-trip times of ICMP and ICMPv6 echo (RFC 792, RFC 4443), by identifier and sequence number. Pure.
 *
 * One request at a time is the probe of its direction; the reply with its number is the sample. A probe whose reply
 * does not come is given up when a later one is answered, or after WEIR_ECHO_PATIENCE further requests. A number that
 * is asked twice is no probe: nobody can tell which of the two was answered. */
#ifndef WEIR_BPF_LIB_ECHO_TRACK_H
#define WEIR_BPF_LIB_ECHO_TRACK_H

#include "../shared/abi.h"
#include "parse.h"
#include "tcp_track.h"

#define WEIR_ECHO_PATIENCE 8

static __always_inline __s32 weir_echo_distance(__u32 from, __u32 to) { return (__s16)(__u16)(to - from); }

/* Whether the time is needed: not while a probe is under way that this packet does not concern. */
static __always_inline int weir_echo_needs_time(const struct weir_flow_track* track, __u32 direction, __u32 kind,
                                                __u32 number) {
    const struct weir_flow_track_direction* own = &track->direction[direction & 1];
    const struct weir_flow_track_direction* other = &track->direction[(direction & 1) ^ 1];
    if (kind == WEIR_ECHO_REQUEST)
        return !(own->flags & WEIR_TRACK_PROBE) || weir_echo_distance(own->mark_seq, number) >= WEIR_ECHO_PATIENCE;
    return other->flags & WEIR_TRACK_PROBE && other->mark_seq == number;
}

static __always_inline void weir_echo_track(struct weir_flow_track* track, __u32 direction, __u32 kind, __u32 number,
                                            __u64 now_ns, struct weir_track_events* events) {
    struct weir_flow_track_direction* own = &track->direction[direction & 1];
    struct weir_flow_track_direction* other = &track->direction[(direction & 1) ^ 1];

    if (kind == WEIR_ECHO_REQUEST) {
        const __s32 ahead = weir_echo_distance(own->next_seq, number);
        const int again = own->flags & WEIR_TRACK_SEEN && ahead <= 0 && ahead > -WEIR_ECHO_PATIENCE;
        if (again) {
            if (own->flags & WEIR_TRACK_PROBE && own->mark_seq == number) own->flags &= ~WEIR_TRACK_PROBE;
            return;
        }
        own->next_seq = number;
        if (own->flags & WEIR_TRACK_PROBE) {
            const __s32 waiting = weir_echo_distance(own->mark_seq, number);
            if (waiting >= 0 && waiting < WEIR_ECHO_PATIENCE) return;
        }
        own->mark_seq = number;
        own->mark_ns = now_ns;
        own->flags |= WEIR_TRACK_SEEN | WEIR_TRACK_PROBE;
    } else if (other->flags & WEIR_TRACK_PROBE && weir_echo_distance(other->mark_seq, number) >= 0) {
        if (other->mark_seq == number) events->rtt_ns = weir_rtt_sample(other->mark_ns, now_ns);
        other->flags &= ~WEIR_TRACK_PROBE;
    }
}

#endif
