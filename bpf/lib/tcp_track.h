/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one TCP connection's packets tell as they pass the vNIC: round-trip times on both sides, what was sent again,
 * out of order, or held up by a closed window. Pure: state in, packet in, time in, events out. docs/latency-method.md
 * has the reasons.
 *
 * Each direction has at most one *probe* at a time: a segment of new data whose end and passing time are remembered.
 * The first acknowledgement from the other side that covers its end is the sample: data that the tenant sent measures
 * the network's side, data that the peer sent the tenant's side. No sample is better than a wrong one:
 *   - Karn's rule (RFC 6298 section 3): whatever is sent again ends the probe, and no new one begins until everything
 *     sent so far is acknowledged (*recovery*). The same after a gap: what lies behind it is acknowledged late.
 *   - with TCP timestamps (RFC 7323 section 4) the acknowledgement also has to echo a time not after the probe's: a
 *     later echo says that something sent later brought it about.
 *   - what was not seen in order, at the beginning of a half-seen flow or after a jump, begins no probe.
 * Sequence numbers and timestamps are compared modulo 2^32 (RFC 9293 section 3.4). */
#ifndef WEIR_BPF_LIB_TCP_TRACK_H
#define WEIR_BPF_LIB_TCP_TRACK_H

#include "../shared/abi.h"
#include "frame.h"
#include "tcp_flags.h"

/* weir_flow_track_direction.flags */
enum weir_track_flag {
    WEIR_TRACK_SEEN = 1 << 0,     /* next_seq means something */
    WEIR_TRACK_PROBE = 1 << 1,    /* mark_* are of a probe */
    WEIR_TRACK_RECOVERY = 1 << 2, /* mark_* are of a recovery */
    WEIR_TRACK_ACKED = 1 << 3,    /* acked_seq means something */
    WEIR_TRACK_TSVAL = 1 << 4,    /* newest_tsval means something, and mark_extra of a probe */
    WEIR_TRACK_SYN = 1 << 5,      /* a SYN is the last that was sent */
    WEIR_TRACK_SYN_ACK = 1 << 6,  /* and it acknowledged one */
    WEIR_TRACK_CLOSED = 1 << 7,   /* the window it announces is zero */
    WEIR_TRACK_RESULT = 1 << 8,   /* in direction 0 only: the flow's result line is in use */
};

/* A TCP segment, or a GSO frame of many. */
struct weir_tcp_segment {
    __u32 seq;
    __u32 ack;
    __u32 tsval;
    __u32 tsecr;
    __u32 payload_bytes;
    __u32 packets; /* that the frame is on the wire, at least 1 */
    __u16 window;
    __u8 flags;
    __u8 has_timestamps;
};

/* What a packet brought about. All zero: nothing. */
struct weir_track_events {
    __u64 rtt_ns;      /* a sample, of what was sent in the other direction; 0: none */
    __u32 retransmits; /* packets of this direction */
    __u32 unseen;      /* of these */
    __u32 out_of_order;
    __u32 zero_windows;
};

/* Longer is not a round trip. */
#define WEIR_RTT_MAX_NS 100000000000ull

/* What fills a gap sooner than this was overtaken on its way; later, it was sent again. By the sender's timestamps
 * where there are any (a tick is a millisecond on Linux and BSD). */
#define WEIR_REORDER_NS 3000000ull
#define WEIR_REORDER_TICKS 3

/* Further away than this is not this connection's window (65,535 << 14): a number of another connection. */
#define WEIR_TCP_JUMP (1 << 30)

static __always_inline __s32 weir_seq_distance(__u32 from, __u32 to) { return (__s32)(to - from); }

/* A round trip that took no measurable time is one of a nanosecond: 0 says that there is no sample. */
static __always_inline __u64 weir_rtt_sample(__u64 from_ns, __u64 now_ns) {
    if (now_ns < from_ns || now_ns - from_ns > WEIR_RTT_MAX_NS) return 0;
    return now_ns - from_ns + (now_ns == from_ns);
}

/* Whether the segment needs the time: it may end the other direction's probe, begin one, or fill a gap. */
static __always_inline int weir_tcp_needs_time(const struct weir_flow_track* track, __u32 direction,
                                               const struct weir_tcp_segment* segment) {
    const struct weir_flow_track_direction* own = &track->direction[direction & 1];
    const struct weir_flow_track_direction* other = &track->direction[(direction & 1) ^ 1];
    if (other->flags & WEIR_TRACK_PROBE && segment->flags & WEIR_TCP_ACK &&
        weir_seq_distance(other->mark_seq, segment->ack) >= 0)
        return 1;
    if (segment->flags & WEIR_TCP_SYN || segment->seq != own->next_seq) return 1;
    if (own->flags & WEIR_TRACK_PROBE) return 0;
    return segment->payload_bytes != 0 || segment->flags & WEIR_TCP_FIN;
}

/* The acknowledgement that a segment carries, for what `sent` has sent. */
static __always_inline void weir_tcp_acknowledged(struct weir_flow_track_direction* sent,
                                                  const struct weir_tcp_segment* segment, __u64 now_ns,
                                                  struct weir_track_events* events) {
    __u16 flags = sent->flags;

    if (!(flags & WEIR_TRACK_SEEN)) return;
    if (weir_seq_distance(sent->next_seq, segment->ack) > 0) {
        /* For something that never passed here: this side is seen in part, and what is known of it is stale. */
        sent->next_seq = segment->ack;
        flags &= ~(WEIR_TRACK_PROBE | WEIR_TRACK_RECOVERY | WEIR_TRACK_SYN);
    }
    if (flags & WEIR_TRACK_PROBE && weir_seq_distance(sent->mark_seq, segment->ack) >= 0) {
        if (!(flags & WEIR_TRACK_TSVAL) || !segment->has_timestamps ||
            weir_seq_distance(sent->mark_extra, segment->tsecr) <= 0)
            events->rtt_ns = weir_rtt_sample(sent->mark_ns, now_ns);
        flags &= ~WEIR_TRACK_PROBE;
    }
    if (flags & WEIR_TRACK_RECOVERY && weir_seq_distance(sent->mark_seq, segment->ack) >= 0)
        flags &= ~WEIR_TRACK_RECOVERY;
    if (!(flags & WEIR_TRACK_ACKED) || weir_seq_distance(sent->acked_seq, segment->ack) > 0)
        sent->acked_seq = segment->ack;
    sent->flags = flags | WEIR_TRACK_ACKED;
}

/* What follows what is known begins a probe, if none is under way and nothing is being recovered. */
static __always_inline void weir_tcp_in_order(struct weir_flow_track_direction* own,
                                              const struct weir_tcp_segment* segment, __u32 end, __u64 now_ns) {
    if (!(own->flags & (WEIR_TRACK_PROBE | WEIR_TRACK_RECOVERY))) {
        own->mark_ns = now_ns;
        own->mark_seq = end;
        own->mark_extra = segment->tsval;
        own->flags |= WEIR_TRACK_PROBE;
    }
    own->next_seq = end;
}

static __always_inline void weir_tcp_begin_recovery(struct weir_flow_track_direction* own) {
    if (!(own->flags & WEIR_TRACK_RECOVERY)) {
        own->mark_ns = 0;
        own->mark_extra = 0;
    }
    own->flags = (own->flags & ~WEIR_TRACK_PROBE) | WEIR_TRACK_RECOVERY;
    own->mark_seq = own->next_seq;
}

/* In recovery mark_ns is of a gap, not of a probe: where it began in the upper half, when in the lower. When is what
 * the sender's timestamps said, where there are any, or units of 1,024 ns. Of several gaps it is the first of those
 * that are not yet older than a packet can be late. */
static __always_inline __u32 weir_gap_time(const struct weir_tcp_segment* segment, __u64 now_ns) {
    return segment->has_timestamps ? segment->tsval : (__u32)(now_ns >> 10);
}

static __always_inline int weir_gap_is_recent(const struct weir_flow_track_direction* own,
                                              const struct weir_tcp_segment* segment, __u64 now_ns) {
    const __s32 age = weir_seq_distance((__u32)own->mark_ns, weir_gap_time(segment, now_ns));
    return age < (segment->has_timestamps ? WEIR_REORDER_TICKS : (__s32)(WEIR_REORDER_NS >> 10));
}

/* Whether what fills a gap was overtaken by what showed the gap, and not sent again. */
static __always_inline int weir_tcp_is_overtaken(const struct weir_flow_track_direction* own,
                                                 const struct weir_tcp_segment* segment, __u64 now_ns) {
    if (own->flags & WEIR_TRACK_TSVAL && segment->has_timestamps && segment->tsval != own->newest_tsval)
        return weir_seq_distance(own->newest_tsval, segment->tsval) < 0;
    return weir_seq_distance((__u32)(own->mark_ns >> 32), segment->seq) >= 0 &&
           weir_gap_is_recent(own, segment, now_ns);
}

/* Something from before next_seq: sent again, or overtaken on its way here. */
static __always_inline void weir_tcp_again(struct weir_flow_track_direction* own,
                                           const struct weir_tcp_segment* segment, __u32 length, __u64 now_ns,
                                           struct weir_track_events* events) {
    const __u32 end = segment->seq + length;
    const __u32 before = own->next_seq - segment->seq; /* > 0 */
    __u32 packets = segment->packets;

    if (own->flags & WEIR_TRACK_ACKED && segment->payload_bytes <= 1 && length <= 1 && before == 1 &&
        weir_seq_distance(end, own->acked_seq) >= 0)
        return; /* keep-alive: the last byte once more, long acknowledged (RFC 9293 section 3.8.4) */
    if (before < length && length > 0) packets = (__u32)(((__u64)packets * before + length - 1) / length);

    if (own->flags & WEIR_TRACK_RECOVERY && own->mark_extra > 0) {
        const __u32 filled = before < length ? before : length;
        own->mark_extra -= filled < own->mark_extra ? filled : own->mark_extra;
        if (weir_tcp_is_overtaken(own, segment, now_ns)) {
            events->out_of_order = packets;
        } else {
            events->retransmits = packets;
            events->unseen = packets;
        }
    } else {
        events->retransmits = packets;
    }
    if (weir_seq_distance(own->next_seq, end) > 0) own->next_seq = end;
    weir_tcp_begin_recovery(own);
}

static __always_inline void weir_tcp_syn(struct weir_flow_track* track, __u32 direction,
                                         const struct weir_tcp_segment* segment, __u64 now_ns,
                                         struct weir_track_events* events) {
    struct weir_flow_track_direction* own = &track->direction[direction & 1];
    const __u32 end = segment->seq + 1 + segment->payload_bytes;
    const __u16 with_ack = segment->flags & WEIR_TCP_ACK ? WEIR_TRACK_SYN_ACK : 0;
    const __u16 kept = own->flags & (WEIR_TRACK_RESULT | WEIR_TRACK_CLOSED);

    if (own->flags & WEIR_TRACK_SYN && segment->seq + 1 == own->next_seq) {
        /* The same once more. A SYN that now acknowledges is no repetition: both sides opened at once. */
        if (with_ack == (own->flags & WEIR_TRACK_SYN_ACK)) events->retransmits = segment->packets;
        own->flags = (own->flags & ~(WEIR_TRACK_PROBE | WEIR_TRACK_SYN_ACK)) | with_ack;
        return;
    }
    if (!with_ack && !(own->flags & WEIR_TRACK_SYN)) {
        /* A new connection between the same ports: what was known is of the old one. */
        struct weir_flow_track_direction* other = &track->direction[(direction & 1) ^ 1];
        if (!(other->flags & WEIR_TRACK_SYN)) other->flags &= WEIR_TRACK_RESULT;
    }
    own->flags = kept | WEIR_TRACK_SEEN | WEIR_TRACK_SYN | with_ack | WEIR_TRACK_PROBE |
                 (segment->has_timestamps ? WEIR_TRACK_TSVAL : 0);
    /* Data in a SYN (RFC 7413) may be refused, so the probe is the SYN. */
    own->next_seq = end;
    own->mark_seq = segment->seq + 1;
    own->mark_extra = own->newest_tsval = segment->tsval;
    own->mark_ns = now_ns;
}

/* One packet. `now_ns` may be 0 if weir_tcp_needs_time() says no. */
static __always_inline void weir_tcp_track(struct weir_flow_track* track, __u32 direction,
                                           const struct weir_tcp_segment* segment, __u64 now_ns,
                                           struct weir_track_events* events) {
    struct weir_flow_track_direction* own = &track->direction[direction & 1];
    struct weir_flow_track_direction* other = &track->direction[(direction & 1) ^ 1];
    const __u32 length = segment->payload_bytes + (segment->flags & WEIR_TCP_FIN ? 1 : 0);
    __s32 ahead;

    if (segment->flags & WEIR_TCP_RST) {
        own->flags &= WEIR_TRACK_RESULT;
        other->flags &= WEIR_TRACK_RESULT;
        return;
    }
    if (segment->flags & WEIR_TCP_ACK) weir_tcp_acknowledged(other, segment, now_ns, events);
    weir_forget_values();
    if (segment->flags & WEIR_TCP_SYN) {
        weir_tcp_syn(track, direction, segment, now_ns, events);
        return;
    }
    if (segment->window != 0) {
        own->flags &= ~WEIR_TRACK_CLOSED;
    } else if (!(own->flags & WEIR_TRACK_CLOSED)) {
        own->flags |= WEIR_TRACK_CLOSED;
        events->zero_windows = 1;
    }

    ahead = weir_seq_distance(own->next_seq, segment->seq);
    if (!(own->flags & WEIR_TRACK_SEEN) || ahead > WEIR_TCP_JUMP || ahead < -WEIR_TCP_JUMP) {
        own->flags = (own->flags & (WEIR_TRACK_RESULT | WEIR_TRACK_CLOSED)) | WEIR_TRACK_SEEN;
        own->next_seq = segment->seq + length;
    } else {
        own->flags &= ~WEIR_TRACK_SYN;
        if (ahead > 0) {
            /* Also by a segment without data: its number says what has been sent. */
            const __u32 gap_seq = own->next_seq;
            own->next_seq = segment->seq + length;
            weir_tcp_begin_recovery(own);
            if (own->mark_extra == 0 || !weir_gap_is_recent(own, segment, now_ns))
                own->mark_ns = (__u64)gap_seq << 32 | weir_gap_time(segment, now_ns);
            own->mark_extra += (__u32)ahead;
        } else if (length == 0) {
            return;
        } else if (ahead == 0) {
            weir_tcp_in_order(own, segment, segment->seq + length, now_ns);
        } else {
            weir_tcp_again(own, segment, length, now_ns, events);
            return;
        }
    }
    if (segment->has_timestamps) {
        own->newest_tsval = segment->tsval;
        own->flags |= WEIR_TRACK_TSVAL;
    } else {
        own->flags &= ~WEIR_TRACK_TSVAL;
    }
}

#endif
