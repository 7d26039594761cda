/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU's pulse of a vNIC, kept up with the time. Stateful: maps, and the clock. */
#ifndef WEIR_BPF_LIB_PULSE_MAP_H
#define WEIR_BPF_LIB_PULSE_MAP_H

#include "../maps.h"
#include "../shared/pulse.h"
#include "pulse.h"

/* Rarely called, so a function of its own. */
__weak __noinline int weir_pulse_turn(struct weir_pulse* pulse, __u32 slot, __u64 now_ns) {
    __u32 zero = 0, key = slot;
    struct weir_pulse_ring* ring = 0;
    void* map;
    if (!pulse) return 0;
    map = bpf_map_lookup_elem(&pulses, &key);
    if (map) ring = bpf_map_lookup_elem(map, &zero);
    if (!ring) {
        pulse->ms_end_ns = now_ns + WEIR_PULSE_MS_NS;
        return 0;
    }
    weir_pulse_turn_to(pulse, ring, now_ns);
    return 0;
}

/* Brings the CPU's pulse of the vNIC up to now. Where the packet's time is not known (0), the clock is read once in a
 * tick of the kernel's own: reading it for every packet would cost more than all else here. */
static __always_inline void weir_pulse_keep_time(struct weir_pulse* pulse, __u32 slot, __u64 now_ns) {
    if (!now_ns) {
        const __u32 tick = (__u32)bpf_jiffies64();
        if (tick == pulse->tick) return;
        pulse->tick = tick;
        now_ns = bpf_ktime_get_ns();
    }
    if (now_ns >= pulse->ms_end_ns) weir_pulse_turn(pulse, slot, now_ns);
}

#endif
