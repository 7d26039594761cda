/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a VLAN tag beside the frame, as a driver or the receive path does, and goes on with the program under test:
 * BPF_PROG_TEST_RUN itself has no field for the tag of an skb. */
#include "shared/abi.h"

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_endian.h>

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} next SEC(".maps");

SEC("tc")
int push_tag(struct __sk_buff* skb) {
    if (bpf_skb_vlan_push(skb, bpf_htons(0x8100), 7)) return 100;
    if (!skb->vlan_present) return 101;
    bpf_tail_call(skb, &next, 0);
    return 102;
}

char tagger_license[] SEC("license") = "GPL";
