/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benchmark's own programs: prologues that make traffic, empty programs to subtract, and references to compare
 * with.
 *
 * Run by BPF_PROG_TEST_RUN only, never attached. A prologue writes the packet's source address and tail-calls the
 * program under test, so that the flow changes with every packet and no system call is in the measured time. */
#include "bench_abi.h"

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(__u32));
} tc_target SEC(".maps"), xdp_target SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bench_scratch);
} parse_scratch SEC(".maps"), lru_scratch SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1);
    __type(key, struct bench_lru_key4);
    __type(value, struct bench_lru_value);
} lru4 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1);
    __type(key, struct bench_lru_key6);
    __type(value, struct bench_lru_value);
} lru6 SEC(".maps");

/* Set by user space before a run. */
__u32 bench_mode = 0;
__u32 bench_mask = 0;    /* live flows - 1 */
__u32 bench_base = 0;    /* address of the first flow, host byte order */
__u32 bench_is_ipv6 = 0; /* then the word is the last of the source address */
__u32 bench_payload = 0; /* IPv4 TCP: the sequence number goes on by so much with every packet */
__u32 bench_stamp = 0;   /* the packet is stamped as by weir_tc_in, with this signature */

/* Moved on by every packet. */
__u64 bench_sent = 0;
__u64 bench_random = 88172645463325252ull;
__u32 bench_sequence = 1;

__u64 bench_clock_ns = 0; /* what the clock program read last */

static __always_inline __u32 bench_next_address(void) {
    const __u64 sent = bench_sent++;
    __u64 word = bench_random;
    if (bench_mode == BENCH_RANDOM) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        bench_random = word;
        word >>= 20;
    } else if (bench_mode == BENCH_SEQUENTIAL) {
        word = sent;
    } else {
        word = sent * 0x9e3779b1;
    }
    return bpf_htonl(bench_base + ((__u32)word & bench_mask));
}

/* Ethernet + IPv4 + TCP, or Ethernet + IPv6: the shortest frame that the prologue writes to. */
#define BENCH_FRAME_MIN 54

static __always_inline int bench_next_packet(__u8* data, const __u8* end) {
    if (data + BENCH_FRAME_MIN > end) return 0;
    if (bench_is_ipv6)
        *(__u32*)(data + 34) = bench_next_address();
    else
        *(__u32*)(data + 26) = bench_next_address();
    if (bench_payload) {
        *(__u32*)(data + 38) = bpf_htonl(bench_sequence);
        bench_sequence += bench_payload;
    }
    return 1;
}

SEC("tc")
int bench_tc(struct __sk_buff* skb) {
    if (bench_stamp) {
        /* The time stays in the packet from one run to the next, the signature is taken out by who reads it. */
        if (skb->tstamp_type != BPF_SKB_TSTAMP_DELIVERY_MONO)
            bpf_skb_set_tstamp(skb, bpf_ktime_get_ns(), BPF_SKB_TSTAMP_DELIVERY_MONO);
        skb->tc_index = bench_stamp;
    }
    if (bench_next_packet((__u8*)(long)skb->data, (const __u8*)(long)skb->data_end)) bpf_tail_call(skb, &tc_target, 0);
    return BENCH_NO_TARGET;
}

SEC("xdp.frags")
int bench_xdp(struct xdp_md* ctx) {
    if (bench_next_packet((__u8*)(long)ctx->data, (const __u8*)(long)ctx->data_end)) bpf_tail_call(ctx, &xdp_target, 0);
    return BENCH_NO_TARGET;
}

SEC("tc")
int bench_empty(struct __sk_buff* skb) { return TCX_NEXT; }

SEC("xdp.frags")
int bench_xdp_empty(struct xdp_md* ctx) { return XDP_PASS; }

SEC("tc")
int bench_clock(struct __sk_buff* skb) {
    bench_clock_ns = bpf_ktime_get_ns();
    return TCX_NEXT;
}

static __always_inline void bench_parse_into(struct __sk_buff* skb, struct weir_packet* packet) {
    struct weir_view view = {(const __u8*)(long)skb->data, (const __u8*)(long)skb->data_end, 0, 0, WEIR_VIEW_DIRECT};
    struct weir_frame_hint hint = {0, 0};
    weir_parse(&view, &hint, packet);
    asm volatile("" ::: "memory"); /* as in the data path: what was parsed is read back from memory */
}

SEC("tc")
int bench_parse(struct __sk_buff* skb) {
    __u32 zero = 0;
    struct bench_scratch* scratch = bpf_map_lookup_elem(&parse_scratch, &zero);
    if (!scratch) return BENCH_NO_TARGET;
    bench_parse_into(skb, &scratch->packet);
    if (scratch->packet.has_flow) scratch->packets += 1;
    return TCX_NEXT;
}

/* Plain additions: cheaper than the atomic ones that a map shared by CPUs would need, so a strict reference. */
static __always_inline int bench_lru_add(void* map, const void* key, __u32 bytes) {
    const __u64 now = bpf_ktime_get_ns();
    struct bench_lru_value* value = bpf_map_lookup_elem(map, key);
    if (value) {
        value->packets += 1;
        value->bytes += bytes;
        value->last_seen_ns = now;
    } else {
        struct bench_lru_value first = {1, bytes, now};
        if (bpf_map_update_elem(map, key, &first, BPF_ANY)) return BENCH_NO_TARGET;
    }
    return TCX_NEXT;
}

SEC("tc")
int bench_lru(struct __sk_buff* skb) {
    __u32 zero = 0;
    struct bench_scratch* scratch = bpf_map_lookup_elem(&lru_scratch, &zero);
    const struct weir_packet* packet;
    if (!scratch) return BENCH_NO_TARGET;
    packet = &scratch->packet;
    bench_parse_into(skb, &scratch->packet);
    if (packet->family == 4) {
        struct bench_lru_key4 key = {packet->src_address[0], packet->dst_address[0], packet->src_port, packet->dst_port,
                                     packet->protocol};
        return bench_lru_add(&lru4, &key, skb->len);
    }
    if (packet->family == 6) {
        struct bench_lru_key6 key;
        __builtin_memcpy(key.src_address, packet->src_address, 16);
        __builtin_memcpy(key.dst_address, packet->dst_address, 16);
        key.src_port = packet->src_port;
        key.dst_port = packet->dst_port;
        key.protocol = packet->protocol;
        return bench_lru_add(&lru6, &key, skb->len);
    }
    return BENCH_NO_TARGET;
}

char bench_license[] SEC("license") = "GPL";
