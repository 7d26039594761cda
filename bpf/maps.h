/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every map of the programs, in one place. What each holds: bpf/shared/abi.h. */
#ifndef WEIR_BPF_MAPS_H
#define WEIR_BPF_MAPS_H

#include "shared/abi.h"

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, WEIR_IF_TABLE_SIZE);
    __type(key, __u32);
    __type(value, struct weir_if_entry);
} vnics __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, WEIR_VNICS_MAX);
    __type(key, __u32);
    __type(value, struct weir_vnic_info);
} vnic_info __weak SEC(".maps");

struct weir_ledger_map {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(struct weir_ledger));
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, WEIR_VNICS_MAX);
    __type(key, __u32);
    __array(values, struct weir_ledger_map);
} ledgers __weak SEC(".maps");

/* BPF_F_INNER_MAP (Linux 5.10) lets tables of different sizes stand behind one outer map. BPF_F_MMAPABLE lets the
 * reader copy a table without a system call a slot, and aligns it to a page and so each slot to its cache line. */
struct weir_flow_table_map {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(union weir_flow_block));
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, WEIR_VNICS_MAX);
    __type(key, __u32);
    __array(values, struct weir_flow_table_map);
} flow_tables __weak SEC(".maps");

struct weir_pulse_map {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(struct weir_pulse_ring));
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, WEIR_VNICS_MAX);
    __type(key, __u32);
    __array(values, struct weir_pulse_map);
} pulses __weak SEC(".maps");

/* Mapped by user space, which changes a limit word by word while packets pass. */
struct weir_limit_map {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(struct weir_limit));
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, WEIR_TENANTS_MAX);
    __type(key, __u32);
    __array(values, struct weir_limit_map);
} limits __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, WEIR_TENANTS_MAX);
    __type(key, __u32);
    __type(value, struct weir_tenant_info);
} tenant_info __weak SEC(".maps");

struct weir_guard_map {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(struct weir_guard));
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, WEIR_VNICS_MAX);
    __type(key, __u32);
    __array(values, struct weir_guard_map);
} guards __weak SEC(".maps");

/* Fair share: both directions' rates, tx of all tenant slots first. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, WEIR_DIRECTIONS* WEIR_TENANTS_MAX);
    __type(key, __u32);
    __type(value, struct weir_share_entry);
} shares __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, WEIR_DIRECTIONS);
    __type(key, __u32);
    __type(value, struct weir_share_round);
} share_rounds __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct weir_tick);
} tick __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct weir_tick_settings);
} tick_settings __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct weir_settings);
} settings __weak SEC(".maps");

#endif
