// SPDX-License-Identifier: GPL-2.0-or-later
// The maps of one vNIC: its ledger, its flow table, and its entry in the interface table.
#pragma once

#include <cstdint>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "kernel/instance.hpp"

namespace weir {

// Sets of the table that `flows` live flows want: half as full as it has slots, a power of two. At that load 0.8 % of
// the flows find their set full (Poisson, 8 ways). Pure.
std::uint32_t flow_sets_for(std::uint32_t flows);

// Creates ledger and flow table for the slot, both empty, and enters the interface. Under StateLock.
Result<void> install_tables(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);

// Takes all of it out again; what is not there is fine. Under StateLock.
Result<void> remove_tables(const Instance& instance, std::uint32_t slot, std::uint32_t ifindex);

// Rewrites the interface's flags from its role, its hooks and its tenant's limits, and with them its tenant's slot. The
// rest of its entry stays. Under StateLock.
Result<void> update_interface_flags(const Instance& instance, const weir_vnic_info& info);
Result<void> update_interface_flags(const Instance& instance, const std::vector<weir_tenant_info>& tenants,
                                    const weir_vnic_info& info);

// The maps of a slot; an error if it has none.
Result<Fd> open_ledger(const Instance& instance, std::uint32_t slot);
Result<Fd> open_flow_table(const Instance& instance, std::uint32_t slot);
Result<Fd> open_pulse(const Instance& instance, std::uint32_t slot);

// The ledger of every CPU.
Result<std::vector<weir_ledger>> read_ledger(int ledger_fd);
Result<std::vector<weir_ledger>> read_ledger(const Instance& instance, std::uint32_t slot);

// A copy of a whole table: weir_flow_blocks(sets) blocks (bpf/shared/abi.h). Slots change while it is copied; a slot
// that is locked at that moment is copied again until it is not.
Result<std::vector<weir_flow_block>> copy_flow_table(int table_fd, std::uint32_t sets);

// How many flows of a table had a packet within the last `ticks` ticks before `now_tick` (units: bpf/lib/flow_table.h).
// Reads the first of the table's regions only, without stopping anything: to within the flows of that moment.
Result<std::uint64_t> count_flows(int table_fd, std::uint32_t sets, std::uint32_t now_tick, std::uint32_t ticks);

// A copy of a vNIC's ring, made while programs write to it: each number is whole.
Result<void> copy_pulse(int pulse_fd, weir_pulse_ring& ring);

// Kernel memory behind a map, as the kernel accounts it (fdinfo's memlock).
std::uint64_t map_memory_bytes(int map_fd);

}  // namespace weir
