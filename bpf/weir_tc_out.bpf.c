/* tc egress: what is about to leave by the interface, before its qdisc. Counts, and says "next". */
#include "lib/account_skb.h"

SEC("tc")
int weir_tc_out(struct __sk_buff* skb) {
    weir_account_skb(skb, 1);
    return TCX_NEXT;
}

char weir_tc_out_license[] SEC("license") = "GPL";
