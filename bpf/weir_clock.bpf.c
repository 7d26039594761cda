/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's clocks for user space, which has no other way to read jiffies. Run by BPF_PROG_TEST_RUN. */
#include "shared/abi.h"

#include <bpf/bpf_helpers.h>

SEC("syscall")
int weir_clock(struct weir_clock_sample* sample) {
    sample->jiffies = bpf_jiffies64();
    sample->monotonic_ns = bpf_ktime_get_ns();
    return 0;
}

char weir_clock_license[] SEC("license") = "GPL";
