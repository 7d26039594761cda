/* XDP: the other ingress hook. Counts frames as the driver hands them over, and passes them all. */
#include "lib/account.h"

__weak __noinline int weir_parse_xdp(struct xdp_md* ctx, struct weir_packet* out) {
    __u8 buffer[WEIR_VIEW_BUFFER_BYTES] __attribute__((aligned(8)));
    struct weir_view view = {0, 0, ctx, buffer, WEIR_VIEW_XDP};
    struct weir_frame_hint hint = {0, 0};

    if (!out) return 0;
    weir_parse(&view, &hint, out);
    return 0;
}

SEC("xdp.frags")
int weir_xdp(struct xdp_md* ctx) {
    const struct weir_if_entry* vnic = weir_vnic_of(ctx->ingress_ifindex);
    struct weir_view view = {(const __u8*)(long)ctx->data, (const __u8*)(long)ctx->data_end, 0, 0, WEIR_VIEW_DIRECT};
    struct weir_frame_hint hint = {0, 0};
    struct weir_packet* packet;
    struct weir_ledger* ledger;
    struct weir_count count;

    if (!vnic || !(vnic->flags & WEIR_IF_XDP_ACCOUNTS)) return XDP_PASS;
    ledger = weir_ledger_of(vnic);
    if (!ledger) return XDP_PASS;
    packet = weir_packet_of(ledger);

    weir_parse(&view, &hint, packet);
    weir_forget_values();
    if (weir_class_is_truncated(packet->class_id)) weir_parse_xdp(ctx, packet);
    weir_forget_values();

    count.packets = 1;
    count.bytes = bpf_xdp_get_buff_len(ctx);
    weir_bound_payload(packet, (__u32)count.bytes);
    weir_account(vnic, ledger, vnic->flags & WEIR_IF_EGRESS_IS_TX ? WEIR_RX : WEIR_TX, count);
    return XDP_PASS;
}

char weir_xdp_license[] SEC("license") = "GPL";
