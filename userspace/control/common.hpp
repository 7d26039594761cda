// SPDX-License-Identifier: GPL-2.0-or-later
// What changes of vNICs and of limits have in common.
#pragma once

#include <optional>
#include <string>

#include "control/control.hpp"
#include "control/limit_plan.hpp"
#include "control/plan.hpp"
#include "core/result.hpp"
#include "kernel/instance.hpp"

namespace weir {

Result<Running> running_of(const std::optional<Instance>& instance);
Result<Tenants> tenants_of(const std::optional<Instance>& instance);

// A plan's line as what would be done or what was done: "would attach vnet3", "attached vnet3". None is none.
void add_line(ChangeReport& report, const std::string& line, bool dry_run);
void add_lines(ChangeReport& report, const LimitPlan& plan, bool dry_run);

// Warns of limits that are in force nowhere yet, as their tenants have no interface attached.
Result<void> warn_of_absent(ChangeReport& report, const std::optional<Instance>& instance, const LimitPlan& plan);

// bring_pacing_up() of control/pacing.hpp. What there is to say of it is said with a change, and not again when nothing
// was to be done: status has it.
Result<void> bring_pacing_up(const Instance& instance, ChangeReport& report);

// The last step of every change: with nothing attached and no limits, nothing of Weir stays.
Result<void> remove_if_empty(const Instance& instance);

}  // namespace weir
