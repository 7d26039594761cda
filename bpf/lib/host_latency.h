/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a packet takes through this host, from one attached interface's tc ingress to another's tc egress: stamped
 * into the packet itself, so there is no map to look it up in. Stateful: reads and writes the skb.
 *
 * The stamp is skb->tstamp as a monotonic *delivery time* (bpf_skb_set_tstamp, Linux 5.18): the one kind of timestamp
 * that forwarding does not clear (skb_clear_tstamp, include/linux/skbuff.h). Others write delivery times too, TCP's own
 * pacing for one, so a stamp of Weir's is also signed: skb->tc_index says so, and which vNIC it was.
 * docs/latency-method.md.
 */
#ifndef WEIR_BPF_LIB_HOST_LATENCY_H
#define WEIR_BPF_LIB_HOST_LATENCY_H

#include "../maps.h"
#include "../shared/abi.h"
#include "histogram.h"
#include "pulse.h"
#include "pulse_map.h"

#include <bpf/bpf_core_read.h>

enum bpf_func_id___weir { BPF_FUNC_skb_set_tstamp___weir = 192 };

/* Whether this kernel lets a program stamp packets; where not, all of this is dead code to its verifier. */
#define weir_can_stamp() bpf_core_enum_value_exists(enum bpf_func_id___weir, BPF_FUNC_skb_set_tstamp___weir)

/* At tc ingress: the time into the packet, unless it carries what must not be lost. */
static __always_inline void weir_stamp(struct __sk_buff* skb, const struct weir_if_entry* vnic,
                                       struct weir_ledger* ledger, __u32 direction, __u64 now_ns) {
    __u64* left_out = ledger->latency.host_left_out[direction & 1];
    __u64 time_ns = skb->tstamp;
    __u32 type = skb->tstamp_type, index = skb->tc_index;

    /* The fields are read before any is written: the verifier knows the context by its fixed offsets. */
    asm volatile("" : "+r"(time_ns), "+r"(type), "+r"(index));
    if (time_ns > now_ns && type == BPF_SKB_TSTAMP_DELIVERY_MONO) {
        left_out[WEIR_HOST_FUTURE] += 1;
    } else if (type > BPF_SKB_TSTAMP_DELIVERY_MONO || (index && (index & WEIR_STAMP_SIGN_MASK) != WEIR_STAMP_SIGN)) {
        left_out[WEIR_HOST_FOREIGN] += 1;
    } else if (bpf_skb_set_tstamp(skb, now_ns, BPF_SKB_TSTAMP_DELIVERY_MONO)) {
        left_out[WEIR_HOST_NOT_IP] += 1;
    } else {
        skb->tc_index = WEIR_STAMP_SIGN | (vnic->flags & WEIR_IF_IS_UPLINK ? WEIR_STAMP_UPLINK : 0) | vnic->slot;
    }
}

/* A delay belongs to the tenant's vNICs at its ends: what leaves by a vNIC to that vNIC, what came in by one to that
 * one. Between two uplinks it belongs to the one it leaves by. */
static __always_inline void weir_note_host_delay(const struct weir_if_entry* vnic, struct weir_ledger* ledger,
                                                 __u32 direction, __u32 index, __u64 now_ns, __u64 delay_ns) {
    const int from_uplink = (index & WEIR_STAMP_UPLINK) != 0, to_uplink = (vnic->flags & WEIR_IF_IS_UPLINK) != 0;

    if (!to_uplink || from_uplink) {
        weir_histogram_add(&ledger->latency.host[direction & 1], delay_ns);
        weir_pulse_keep_time(&ledger->pulse, vnic->slot, now_ns);
        weir_pulse_note_host(&ledger->pulse.open.direction[direction & 1], delay_ns);
    }
    if (!from_uplink) {
        __u32 slot = index & (WEIR_VNICS_MAX - 1), zero = 0;
        void* map = bpf_map_lookup_elem(&ledgers, &slot);
        struct weir_ledger* source = map ? bpf_map_lookup_elem(map, &zero) : 0;
        if (!source) return;
        weir_histogram_add(&source->latency.host[WEIR_TX], delay_ns);
        weir_pulse_keep_time(&source->pulse, slot, now_ns);
        weir_pulse_note_host(&source->pulse.open.direction[WEIR_TX], delay_ns);
    }
}

/* At tc egress: reads the stamp, and takes the signature out again. Returns the time, or 0 if there was no stamp to
 * read it for. */
static __always_inline __u64 weir_read_stamp(struct __sk_buff* skb, const struct weir_if_entry* vnic,
                                             struct weir_ledger* ledger, __u32 direction) {
    __u64 time_ns = skb->tstamp, now_ns;
    __u32 type = skb->tstamp_type, index = skb->tc_index;

    asm volatile("" : "+r"(time_ns), "+r"(type), "+r"(index));
    if ((index & WEIR_STAMP_SIGN_MASK) != WEIR_STAMP_SIGN) return 0;
    skb->tc_index = 0;
    if (type != BPF_SKB_TSTAMP_DELIVERY_MONO) return 0;
    now_ns = bpf_ktime_get_ns();
    if (time_ns <= now_ns) weir_note_host_delay(vnic, ledger, direction, index, now_ns, now_ns - time_ns);
    return now_ns;
}

#endif
