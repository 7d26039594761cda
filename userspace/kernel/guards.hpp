// SPDX-License-Identifier: GPL-2.0-or-later
// The guards' lists in the running state, by slot of the vNIC. Under StateLock for what writes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "model/guard.hpp"

namespace weir {

// Puts the list in place, or takes it away if it is empty. In one step: a packet meets the old list or the new one. A
// list stands before its vNIC has WEIR_IF_GUARD and goes after it; one that stands without is looked at by nobody.
Result<void> put_guard(const Instance& instance, std::uint32_t slot, const std::vector<Prefix>& prefixes);

// The list that stands there; empty if none does.
Result<std::vector<Prefix>> read_guard(const Instance& instance, std::uint32_t slot);

}  // namespace weir
