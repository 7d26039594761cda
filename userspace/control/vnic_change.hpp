// SPDX-License-Identifier: GPL-2.0-or-later
// The steps that a change consists of, each safe against a kill at any point: vnic_info is the journal. A slot is
// marked ATTACHING or DETACHING before anything is touched and ATTACHED or FREE after everything is done; recover()
// undoes what stands in between. Called under StateLock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "kernel/hooks.hpp"
#include "kernel/instance.hpp"
#include "model/types.hpp"

namespace weir {

// Undoes every half attached and half detached slot, and completes every half made change of limits. Qdiscs are then
// what the limits want.
Result<void> recover(const Instance& instance);

// The journal entry of a new vNIC, not written yet.
weir_vnic_info make_info(const VnicSpec& spec, const Link& link, const HookPlan& plan);

// Attaches `info` at a free slot, or undoes its own steps. Falls back from native to generic XDP (asked for by name) or
// to tc (auto); `info` then says so.
Result<void> attach_slot(const Instance& instance, std::uint32_t slot, weir_vnic_info& info);

// Takes everything of the slot away. `warnings` get what the operator should know of the qdisc that stands then.
Result<void> detach_slot(const Instance& instance, std::uint32_t slot, weir_vnic_info info,
                         std::vector<std::string>& warnings);

// Brings an attached slot's tenant, capacity and ingress hook to `wanted`, and puts back a hook that somebody took off.
// Counters go on.
Result<void> change_slot(const Instance& instance, std::uint32_t slot, const weir_vnic_info& now,
                         weir_vnic_info wanted);

}  // namespace weir
