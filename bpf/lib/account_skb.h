/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an skb at a tc hook to the pipeline. */
#ifndef WEIR_BPF_LIB_ACCOUNT_SKB_H
#define WEIR_BPF_LIB_ACCOUNT_SKB_H

#include "../shared/abi.h"
#include "account.h"
#include "frame.h"
#include "guard_map.h"
#include "host_latency.h"
#include "limit_map.h"
#include "limit_skb.h"
#include "parse.h"
#include "pulse_map.h"
#include "wire.h"

#include <bpf/bpf_core_read.h>

/* Length of all headers of an encapsulated GSO frame, from the skb itself: only the kernel knows where the inner ones
 * stand. 0 if it cannot be told. Rare, so the reads' cost does not matter. */
static __always_inline __u32 weir_inner_header_bytes(struct __sk_buff* ctx) {
    struct sk_buff* skb = (struct sk_buff*)ctx;
    const __u8 *head, *data;
    __u32 offset;
    __u8 doff = 0;

    if (!BPF_CORE_READ_BITFIELD_PROBED(skb, encapsulation)) return 0;
    head = BPF_CORE_READ(skb, head);
    data = BPF_CORE_READ(skb, data);
    offset = BPF_CORE_READ(skb, inner_transport_header);
    offset -= (__u32)(data - head);
    if (offset > 1024) return 0;
    if (ctx->gso_size == WEIR_GSO_BY_FRAGS || bpf_skb_load_bytes(ctx, offset + 12, &doff, 1)) return offset + 8;
    return offset + (doff >> 4) * 4;
}

/* The slow way through the parser: headers in fragments (a guest decides how much of its frame is linear on a tap),
 * and IPv6 extension headers. A global function, so the verifier sees it once and by itself. */
__weak __noinline int weir_parse_skb(struct __sk_buff* skb, struct weir_packet* out) {
    struct weir_frame_hint hint = {skb->vlan_present ? 1 : 0, skb->gso_size != 0};
    __u8 buffer[WEIR_VIEW_BUFFER_BYTES] __attribute__((aligned(8)));
    struct weir_view view = {0, 0, skb, buffer, WEIR_VIEW_SKB};

    if (!out) return 0;
    weir_parse(&view, &hint, out);
    return 0;
}

/* The frame's packets and bytes on the wire, and what it is, into the ledger's scratch memory. */
static __always_inline struct weir_count weir_read_skb(struct __sk_buff* skb, struct weir_packet* packet) {
    struct weir_view view = {(const __u8*)(long)skb->data, (const __u8*)(long)skb->data_end, 0, 0, WEIR_VIEW_DIRECT};
    struct weir_frame_hint hint = {skb->vlan_present ? 1 : 0, skb->gso_size != 0};
    struct weir_wire_input wire;

    weir_parse(&view, &hint, packet);
    weir_forget_values();
    if (weir_class_is_truncated(packet->class_id)) weir_parse_skb(skb, packet);
    weir_forget_values();

    wire.length = skb->len;
    wire.gso_size = skb->gso_size;
    wire.gso_segs = skb->gso_segs;
    wire.header_bytes = packet->header_bytes;
    wire.jumbo_bytes = packet->jumbo_bytes;
    wire.tag_bytes = hint.tags_outside * WEIR_VLAN_TAG_BYTES;
    weir_bound_payload(packet, wire.length);
    /* Every tunnel has another protocol than TCP outside. */
    if (wire.gso_size && packet->protocol != WEIR_PROTOCOL_TCP) {
        __u32 inner = weir_inner_header_bytes(skb);
        if (inner) wire.header_bytes = inner;
    }
    return weir_wire_count(&wire);
}

/* Whether the guard lets the frame in the scratch memory go on. A global function: see weir_limit_skb. */
__weak __noinline int weir_guard_skb(struct __sk_buff* skb, struct weir_guard* guard, struct weir_ledger* ledger) {
    __u8 buffer[WEIR_VIEW_BUFFER_BYTES] __attribute__((aligned(8)));
    struct weir_view view = {0, 0, skb, buffer, WEIR_VIEW_SKB};

    return !guard || !ledger || weir_guard_takes(guard, ledger, &view);
}

static __always_inline int weir_is_stamped(const struct weir_if_entry* vnic) {
    return weir_can_stamp() && vnic->flags & WEIR_IF_HOST_LATENCY;
}

/* Counts the frame and holds it against its tenant's limit. Whether it may go on. Flags are read again where they are
 * needed, not carried: each one that is carried doubles the verifier's work. */
static __always_inline int weir_handle_skb(struct __sk_buff* skb, __u32 is_egress) {
    const struct weir_if_entry* vnic = weir_vnic_of(skb->ifindex);
    struct weir_limit_direction* limit;
    struct weir_scratch* scratch;
    struct weir_ledger* ledger;
    int fate = WEIR_FATE_AT_ONCE;
    __u64 now_ns = 0;
    __u32 direction;

    if (!vnic) return 1;
    ledger = weir_ledger_of(vnic);
    if (!ledger) return 1;
    scratch = weir_scratch_of(ledger);
    direction = is_egress ^ !(vnic->flags & WEIR_IF_EGRESS_IS_TX) ? WEIR_TX : WEIR_RX;

    if (is_egress && weir_is_stamped(vnic)) now_ns = weir_read_stamp(skb, vnic, ledger, direction);
    if (!now_ns && (weir_is_limited(vnic, direction) || (!is_egress && weir_is_stamped(vnic))))
        now_ns = bpf_ktime_get_ns();
    scratch->now_ns = now_ns;
    weir_pulse_keep_time(&ledger->pulse, vnic->slot, now_ns);
    weir_forget_values();
    if (is_egress || !(vnic->flags & WEIR_IF_XDP_ACCOUNTS)) {
        scratch->count = weir_read_skb(skb, &scratch->packet);
        scratch->packet.now_ns = scratch->now_ns;
        weir_account(vnic, ledger, direction, scratch->count);
        weir_forget_values();
        weir_count_pulse(ledger, direction);
        weir_forget_values();
        if (!is_egress && vnic->flags & WEIR_IF_GUARD && !weir_guard_skb(skb, weir_guard_of(vnic), ledger)) return 0;
        if (weir_is_limited(vnic, direction)) {
            limit = weir_limit_of(vnic, direction);
            scratch->share_cost = weir_share_cost_of(vnic, direction, scratch->now_ns);
            if (limit) fate = weir_limit_skb(skb, limit, ledger, direction);
            if (fate == WEIR_FATE_DROPPED) return 0;
        }
    }
    if (!is_egress && fate == WEIR_FATE_AT_ONCE && weir_is_stamped(vnic))
        weir_stamp(skb, vnic, ledger, direction, scratch->now_ns);
    return 1;
}

#endif
