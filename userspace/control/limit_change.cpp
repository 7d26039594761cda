// SPDX-License-Identifier: GPL-2.0-or-later
// The changes of limits of control/control.hpp.
#include "control/common.hpp"
#include "control/control.hpp"
#include "control/limit_plan.hpp"
#include "control/share_change.hpp"
#include "control/vnic_change.hpp"
#include "kernel/state_dir.hpp"

namespace weir {
namespace {

// Under the lock: mends, plans, and takes the plan's steps. `make_plan` gets the tenants and gives a plan.
template <class MakePlan>
Result<ChangeReport> bring_about_limits(const ChangeOptions& options, const MakePlan& make_plan) {
    WEIR_TRY(const auto lock, StateLock::take());
    WEIR_TRY(auto instance, open_instance());
    if (instance && !options.dry_run) WEIR_CHECK(recover(*instance));
    WEIR_TRY(const auto tenants, tenants_of(instance));
    const Result<LimitPlan> plan = make_plan(tenants);
    if (!plan) {
        if (instance && !options.dry_run) WEIR_CHECK(remove_if_empty(*instance));
        return std::unexpected(plan.error());
    }
    WEIR_TRY(const auto running, running_of(instance));
    WEIR_CHECK(check_shares_after(running, {}, tenants, *plan));
    ChangeReport report;
    add_lines(report, *plan, options.dry_run);
    WEIR_CHECK(warn_of_absent(report, instance, *plan));
    if (options.dry_run) return report;
    if (!instance) {
        if (plan->steps.empty()) return report;
        WEIR_TRY(instance, create_instance());
    }
    const auto done = execute(*instance, *plan);
    WEIR_CHECK(bring_shares_up(*instance));
    WEIR_CHECK(bring_pacing_up(*instance, report));
    WEIR_CHECK(remove_if_empty(*instance));
    if (!done) return std::unexpected(done.error());
    return report;
}

}  // namespace

Result<ChangeReport> set_limits(const std::string& tenant, const LimitChange& change, std::uint64_t confirm_timeout_ns,
                                const ChangeOptions& options) {
    return bring_about_limits(options, [&](const Tenants& tenants) {
        return plan_limit_change(tenants, tenant, change, confirm_timeout_ns);
    });
}

Result<ChangeReport> confirm_limits(const std::string& tenant, const ChangeOptions& options) {
    return bring_about_limits(options, [&](const Tenants& tenants) { return plan_limit_confirm(tenants, tenant); });
}

Result<ChangeReport> clear_limits(const std::vector<std::string>& names, const ChangeOptions& options) {
    return bring_about_limits(options, [&](const Tenants& tenants) { return plan_limit_clear(tenants, names); });
}

Result<ChangeReport> clear_all_limits(const ChangeOptions& options) {
    return bring_about_limits(
        options, [&](const Tenants& tenants) -> Result<LimitPlan> { return plan_limit_clear_all(tenants); });
}

}  // namespace weir
