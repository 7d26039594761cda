// SPDX-License-Identifier: GPL-2.0-or-later
// Weir's fq where packets with a departure time leave: put in place of the kernel's default, sized, and taken off
// again.
//
// vnic_info is the journal: a slot says OURS, and what stood there, before the qdisc is touched, and THEIRS after it is
// back. Whatever a process that was killed left in between, the next bring_pacing_up() puts right, because it looks at
// what stands and not at what was done last. All under StateLock. `warnings` get what the operator should know, a line
// each that begins with the interfaces' names.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"

namespace weir {

// Makes the qdiscs of all attached interfaces what the limits in force want: called after limits have changed, and
// after interfaces were attached, changed or detached. A qdisc that cannot be had is a warning, not an error.
Result<void> bring_pacing_up(const Instance& instance, std::vector<std::string>& warnings);

// Takes Weir's fq off the slot's interface, so that what stood there before comes back; `info` then says so and is not
// written. For an interface that is let go, after its hooks are.
void take_pacing_down(weir_vnic_info& info, std::vector<std::string>& warnings);

// Takes it off every interface of this network namespace on which it still stands, with nothing attached any more: left
// by a state that was lost. Returns their names.
Result<std::vector<std::string>> take_stray_pacing_down(std::vector<std::string>& warnings);

}  // namespace weir
