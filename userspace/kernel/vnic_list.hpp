// SPDX-License-Identifier: GPL-2.0-or-later
// The attached vNICs as values: what vnic_info remembers, joined with what the kernel says of interface and hooks now.
#pragma once

#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "kernel/netlink.hpp"
#include "model/types.hpp"

namespace weir {

// A vNIC without memory, addresses and notes: cheap. `links` tells its present name and qdisc.
Vnic vnic_of(std::uint32_t slot, const weir_vnic_info& info, const std::vector<Link>& links);

// All slots that are attached, cheap.
Result<std::vector<Vnic>> list_vnics(const Instance& instance);

// Adds whether the hooks are still held, memory_bytes, the tenants' limits, and the notes.
Result<void> add_details(const Instance& instance, std::vector<Vnic>& vnics);

}  // namespace weir
