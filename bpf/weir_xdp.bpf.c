/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XDP: the other ingress hook. Counts frames as the driver hands them over, and drops what is over the tenant's limit
 * or not from its own addresses before there is an skb. Nothing can be delayed or marked here, so a shaping limit drops
 * where it would. */
#include "lib/account.h"
#include "lib/frame.h"
#include "lib/guard_map.h"
#include "lib/limit.h"
#include "lib/limit_map.h"
#include "lib/parse.h"
#include "lib/pulse_map.h"
#include "shared/abi.h"

__weak __noinline int weir_parse_xdp(struct xdp_md* ctx, struct weir_packet* out) {
    __u8 buffer[WEIR_VIEW_BUFFER_BYTES] __attribute__((aligned(8)));
    struct weir_view view = {0, 0, ctx, buffer, WEIR_VIEW_XDP};
    struct weir_frame_hint hint = {0, 0};

    if (!out) return 0;
    weir_parse(&view, &hint, out);
    return 0;
}

/* Whether the frame that stands in the scratch memory is within the limit. A global function: see weir_limit_skb. */
__weak __noinline int weir_limit_xdp(struct weir_limit_direction* limit, struct weir_ledger* ledger, __u32 direction) {
    struct weir_scratch* scratch;
    struct weir_limit_case one;

    if (!limit || !ledger) return 1;
    scratch = weir_scratch_of(ledger);
    one.share_cost = scratch->share_cost;
    weir_limit_open(limit, scratch->now_ns, scratch->count.bytes, scratch->count.packets, scratch->flow_hash, &one);
    if (one.outcome == WEIR_LIMIT_SIGNAL && !one.is_mark_only) {
        one.outcome = WEIR_LIMIT_DROP;
        one.reason = WEIR_DROP_AQM;
    }
    if (one.outcome == WEIR_LIMIT_SIGNAL || one.outcome == WEIR_LIMIT_QUEUE) weir_limit_close(limit, &one);
    if (one.outcome != WEIR_LIMIT_DROP) return 1;
    weir_note_drop(ledger, direction, one.reason, scratch->count);
    weir_limit_note_drop(limit, &one);
    return 0;
}

__weak __noinline int weir_guard_xdp(struct xdp_md* ctx, struct weir_guard* guard, struct weir_ledger* ledger) {
    __u8 buffer[WEIR_VIEW_BUFFER_BYTES] __attribute__((aligned(8)));
    struct weir_view view = {0, 0, ctx, buffer, WEIR_VIEW_XDP};

    return !guard || !ledger || weir_guard_takes(guard, ledger, &view);
}

SEC("xdp.frags")
int weir_xdp(struct xdp_md* ctx) {
    const struct weir_if_entry* vnic = weir_vnic_of(ctx->ingress_ifindex);
    struct weir_view view = {(const __u8*)(long)ctx->data, (const __u8*)(long)ctx->data_end, 0, 0, WEIR_VIEW_DIRECT};
    struct weir_frame_hint hint = {0, 0};
    struct weir_limit_direction* limit;
    struct weir_scratch* scratch;
    struct weir_packet* packet;
    struct weir_ledger* ledger;
    __u32 direction;

    if (!vnic || !(vnic->flags & WEIR_IF_XDP_ACCOUNTS)) return XDP_PASS;
    ledger = weir_ledger_of(vnic);
    if (!ledger) return XDP_PASS;
    scratch = weir_scratch_of(ledger);
    packet = &scratch->packet;

    weir_parse(&view, &hint, packet);
    weir_forget_values();
    if (weir_class_is_truncated(packet->class_id)) weir_parse_xdp(ctx, packet);
    weir_forget_values();

    scratch->count.packets = 1;
    scratch->count.bytes = bpf_xdp_get_buff_len(ctx);
    weir_bound_payload(packet, (__u32)scratch->count.bytes);
    direction = vnic->flags & WEIR_IF_EGRESS_IS_TX ? WEIR_RX : WEIR_TX;
    weir_pulse_keep_time(&ledger->pulse, vnic->slot, 0);
    weir_account(vnic, ledger, direction, scratch->count);
    weir_forget_values();
    weir_count_pulse(ledger, direction);
    weir_forget_values();
    if (vnic->flags & WEIR_IF_GUARD && !weir_guard_xdp(ctx, weir_guard_of(vnic), ledger)) return XDP_DROP;
    if (!weir_is_limited(vnic, direction)) return XDP_PASS;
    limit = weir_limit_of(vnic, direction);
    scratch->now_ns = bpf_ktime_get_ns();
    scratch->share_cost = weir_share_cost_of(vnic, direction, scratch->now_ns);
    return limit && !weir_limit_xdp(limit, ledger, direction) ? XDP_DROP : XDP_PASS;
}

char weir_xdp_license[] SEC("license") = "GPL";
