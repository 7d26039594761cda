/* tc ingress: what arrives at the interface from its link. Counts, and says "next": Weir never decides for others. */
#include "lib/account_skb.h"

SEC("tc")
int weir_tc_in(struct __sk_buff* skb) {
    weir_account_skb(skb, 0);
    return TCX_NEXT;
}

char weir_tc_in_license[] SEC("license") = "GPL";
