// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of limits: what has to be done, found completely before the first step, and the steps. Called under
// StateLock, after recover().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "model/limit.hpp"

namespace weir {

struct LimitStep {
    std::uint32_t slot = 0;
    weir_tenant_info now{};                // what stands in it; without a name: nothing
    weir_tenant_info wanted{};             // without limits: they are removed
    std::uint64_t confirm_timeout_ns = 0;  // `wanted` reverts so long after it was put, unless confirmed
    std::string line;                      // for people, in the infinitive: "limit web: tx 100mbit, shape"
};

struct LimitPlan {
    std::vector<LimitStep> steps;
};

// tenant_info by slot, with what was not confirmed in time settled; all free where Weir is not loaded.
using Tenants = std::vector<weir_tenant_info>;
Result<Tenants> tenants_of(const Instance* instance);

Result<LimitPlan> plan_limit_change(const Tenants& tenants, const std::string& tenant, const LimitChange& change,
                                    std::uint64_t confirm_timeout_ns);
// An error names the tenants that have no limits.
Result<LimitPlan> plan_limit_clear(const Tenants& tenants, const std::vector<std::string>& names);
LimitPlan plan_limit_clear_all(const Tenants& tenants);
Result<LimitPlan> plan_limit_confirm(const Tenants& tenants, const std::string& tenant);
// The limits are to be these and no others, for good.
Result<LimitPlan> plan_limits(const Tenants& tenants, const std::vector<TenantLimit>& limits);

// Takes all steps or, if one fails, none; then looks whether they stand.
Result<void> execute(const Instance& instance, const LimitPlan& plan);

// Puts back what stood before the plan.
Result<void> undo(const Instance& instance, const LimitPlan& plan);

}  // namespace weir
