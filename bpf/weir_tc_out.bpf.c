/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tc egress: what is about to leave by the interface, before its qdisc. Counts it, gives it its departure time, drops
 * what is over its tenant's limit, and says "next" for all else. */
#include "lib/account_skb.h"

SEC("tc")
int weir_tc_out(struct __sk_buff* skb) { return weir_handle_skb(skb, 1) ? TCX_NEXT : TCX_DROP; }

char weir_tc_out_license[] SEC("license") = "GPL";
