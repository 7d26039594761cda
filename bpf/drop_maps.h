/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps of the drop tracer. What each holds: bpf/shared/drops.h. Their memory is fixed. */
#ifndef WEIR_BPF_DROP_MAPS_H
#define WEIR_BPF_DROP_MAPS_H

#include "shared/abi.h"
#include "shared/drops.h"

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, WEIR_DROP_SLOTS);
    __type(key, __u32);
    __type(value, struct weir_drop_slot);
} drop_slots SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, WEIR_DROP_REST_ROOM);
    __type(key, __u32);
    __type(value, struct weir_drop_count);
} drop_rest SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct weir_drop_count);
} drop_outside SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct weir_drop_settings);
} drop_settings SEC(".maps");

/* Without preallocation it takes what is in it, which is little: only reasons that have dropped something. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, WEIR_VNICS_MAX* WEIR_DIRECTIONS* WEIR_DROP_ROOM);
    __type(key, struct weir_drop_own_key);
    __type(value, __u64);
} drop_own SEC(".maps");

#endif
