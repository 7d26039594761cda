// SPDX-License-Identifier: GPL-2.0-or-later
// What has to be done so that the running state becomes the wanted one: found completely, conflicts included, before
// the first step is taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/control.hpp"
#include "control/vnic_change.hpp"
#include "kernel/netlink.hpp"

namespace weir {

struct Step {
    enum class Kind { attach, change, replace, detach };
    Kind kind = Kind::attach;
    std::uint32_t slot = 0;               // change, replace, detach: the slot that stands
    weir_vnic_info now{};                 // the same: what stands in it
    weir_vnic_info wanted{};              // attach, change, replace
    std::vector<Prefix> addresses_now{};  // change: the guard's list that stands
    std::vector<Prefix> addresses{};      // attach, change, replace: the wanted one
    std::string line;                     // for people, in the infinitive: "detach vnet3"
    std::string warning;
};

struct Plan {
    std::vector<Step> steps;  // attaches and changes first, detaches last
};

// The running vNICs: vnic_info by slot, empty where Weir is not loaded.
using Running = std::vector<weir_vnic_info>;

// `exact`: vNICs that no spec names are detached (apply); otherwise they stay (attach). `instance` may be null.
Result<Plan> make_plan(const std::vector<VnicSpec>& specs, const Instance* instance, const Running& running, TcWay way,
                       bool exact);

// The slots of the named interfaces; an error names those that are not attached.
Result<Plan> make_detach_plan(const std::vector<std::string>& interfaces, const Running& running);
Plan make_detach_all_plan(const Running& running);

}  // namespace weir
