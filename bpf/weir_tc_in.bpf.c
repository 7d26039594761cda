/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tc ingress: what arrives at the interface from its link. Counts it, drops what is over its tenant's limit, and says
 * "next" for all else: Weir never decides for others. */
#include "lib/account_skb.h"

SEC("tc")
int weir_tc_in(struct __sk_buff* skb) { return weir_handle_skb(skb, 0) ? TCX_NEXT : TCX_DROP; }

char weir_tc_in_license[] SEC("license") = "GPL";
