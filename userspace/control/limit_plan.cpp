// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/limit_plan.hpp"

#include <algorithm>
#include <ranges>
#include <set>

#include <fmt/format.h>

#include "core/units.hpp"
#include "kernel/limits.hpp"

namespace weir {
namespace {

bool is_pending(const weir_tenant_info& info) { return info.revert_at_ns != 0; }

std::optional<std::uint32_t> slot_of(const Tenants& tenants, const std::string& tenant) {
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot)
        if (!is_free(tenants[slot]) && tenant_of(tenants[slot]) == tenant) return slot;
    return std::nullopt;
}

// A step for the tenant, which changes nothing yet: at its own slot, or at the `n`th free one.
Result<LimitStep> step_for(const Tenants& tenants, const std::string& tenant, std::size_t n) {
    if (const auto slot = slot_of(tenants, tenant))
        return LimitStep{
            .slot = *slot, .now = tenants[*slot], .wanted = tenants[*slot], .confirm_timeout_ns = 0, .line = {}};
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot)
        if (is_free(tenants[slot]) && n-- == 0)
            return LimitStep{
                .slot = slot, .now = {}, .wanted = make_tenant_info(tenant), .confirm_timeout_ns = 0, .line = {}};
    return fail(Errc::failed, "cannot limit " + tenant,
                fmt::format("{} tenants have limits, as many as there can be", WEIR_TENANTS_MAX),
                "see: weir limit show");
}

// A tenant that nobody has set anything for may have a slot all the same, if it shares an uplink.
bool is_new(const LimitStep& step) { return is_free(step.now) || !has_wish(step.now); }

Result<void> check_limit(const std::string& tenant, const Limit& limit) {
    const auto check = [&](std::string_view way, const DirectionLimit& direction) -> Result<void> {
        if (direction.max_bps == 0 || direction.min_bps <= direction.max_bps) return {};
        return fail(
            Errc::usage, fmt::format("tenant {} cannot have {}-min {}", tenant, way, print_rate(direction.min_bps)),
            fmt::format("its {}-max is {}", way, print_rate(direction.max_bps)), "lower the min or raise the max");
    };
    WEIR_CHECK(check("tx", limit.tx));
    return check("rx", limit.rx);
}

std::string before_words(const weir_tenant_info& info) {
    return info.had_limits_before != 0 ? limit_words(limit_of(info.before)) : "no limits";
}

std::string line_for(const LimitStep& step, const std::string& tenant) {
    const Limit limit = limit_of(step.wanted.wish);
    auto line = limit.is_set() ? fmt::format("limit {}: {}", tenant, limit_words(limit))
                               : fmt::format("clear the limits of {}", tenant);
    if (step.confirm_timeout_ns != 0)
        line += fmt::format("; back to {} in {} unless confirmed: weir limit confirm {}", before_words(step.wanted),
                            human_duration(step.confirm_timeout_ns), tenant);
    else if (is_pending(step.wanted))
        line += fmt::format("; still back to {} unless confirmed: weir limit confirm {}", before_words(step.wanted),
                            tenant);
    return line;
}

void forget_what_was_before(weir_tenant_info& info) {
    info.revert_at_ns = 0;
    info.before = {};
    info.had_limits_before = 0;
}

LimitStep clear_step(std::uint32_t slot, const weir_tenant_info& info) {
    auto wanted = info;
    wanted.wish = {};
    forget_what_was_before(wanted);
    return {.slot = slot,
            .now = info,
            .wanted = wanted,
            .confirm_timeout_ns = 0,
            .line = "clear the limits of " + tenant_of(info)};
}

Result<void> take_step(const Instance& instance, const LimitStep& step) {
    auto wanted = step.wanted;
    if (step.confirm_timeout_ns != 0) {
        WEIR_TRY(const auto now, read_clock(instance));
        wanted.revert_at_ns = now.monotonic_ns + step.confirm_timeout_ns;
    }
    return put_tenant(instance, step.slot, wanted);
}

Result<void> put_back(const Instance& instance, const LimitStep& step) {
    return put_tenant(instance, step.slot, is_free(step.now) ? make_tenant_info(tenant_of(step.wanted)) : step.now);
}

// The entry is read again: it has the moment at which the step was taken.
Result<void> verify(const Instance& instance, const LimitPlan& plan) {
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    for (const auto& step : plan.steps) {
        const auto& info = tenants[step.slot];
        WEIR_TRY(const bool stands, limit_stands(instance, step.slot, info));
        const bool is_limit = has_wish(step.wanted) || step.confirm_timeout_ns != 0;
        if (is_limit ? !stands : has_wish(info))
            return fail(Errc::failed, "cannot keep hold of the limits of " + tenant_of(step.wanted),
                        "they are other ones again right after they were put",
                        "is another program changing /sys/fs/bpf/weir?");
    }
    return {};
}

}  // namespace

Result<Tenants> tenants_of(const Instance* instance) {
    if (instance == nullptr) return Tenants(WEIR_TENANTS_MAX);
    WEIR_TRY(auto tenants, read_tenant_infos(*instance));
    WEIR_TRY(const auto now, read_clock(*instance));
    for (auto& info : tenants) {
        info = settled(info, now.monotonic_ns);
        if (!has_limits(info)) info = {};
    }
    return tenants;
}

Result<LimitPlan> plan_limit_change(const Tenants& tenants, const std::string& tenant, const LimitChange& change,
                                    std::uint64_t confirm_timeout_ns) {
    WEIR_TRY(auto step, step_for(tenants, tenant, 0));
    const bool was_pending = is_pending(step.now);
    const Limit now = limit_of(step.now.wish);
    const Limit wanted = changed(now, change);
    WEIR_CHECK(check_limit(tenant, wanted));
    if (is_new(step) && !wanted.is_set()) {
        if (!change.burst_ns && !change.mode && !change.overhead_bytes) return LimitPlan{};
        return fail(Errc::failed, "cannot set the limits of " + tenant, "it has no rate that they would be about",
                    "add --tx-max, --rx-max, --tx-pps, --rx-pps or --weight");
    }
    if (wanted == now && (confirm_timeout_ns == 0 || !was_pending)) return LimitPlan{};
    if (confirm_timeout_ns != 0 && !was_pending) {
        step.wanted.before = step.now.wish;
        step.wanted.had_limits_before = now.is_set() ? 1 : 0;
    }
    step.wanted.wish = wish_of(wanted);
    step.confirm_timeout_ns = confirm_timeout_ns;
    const bool is_as_before =
        step.wanted.had_limits_before != 0 ? wanted == limit_of(step.wanted.before) : !wanted.is_set();
    if (is_as_before) {
        forget_what_was_before(step.wanted);
        step.confirm_timeout_ns = 0;
    }
    step.line = line_for(step, tenant);
    return LimitPlan{{std::move(step)}};
}

Result<LimitPlan> plan_limit_clear(const Tenants& tenants, const std::vector<std::string>& names) {
    LimitPlan plan;
    std::string missing;
    for (const auto& name : names) {
        const auto slot = slot_of(tenants, name);
        if (!slot || !has_wish(tenants[*slot]))
            missing += (missing.empty() ? "" : ", ") + name;
        else if (std::ranges::find(plan.steps, *slot, &LimitStep::slot) == plan.steps.end())
            plan.steps.push_back(clear_step(*slot, tenants[*slot]));
    }
    if (!missing.empty())
        return fail(Errc::failed, "cannot clear the limits of " + missing, "there are none", "see: weir limit show");
    return plan;
}

LimitPlan plan_limit_clear_all(const Tenants& tenants) {
    LimitPlan plan;
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot)
        if (!is_free(tenants[slot]) && has_wish(tenants[slot])) plan.steps.push_back(clear_step(slot, tenants[slot]));
    return plan;
}

Result<LimitPlan> plan_limit_confirm(const Tenants& tenants, const std::string& tenant) {
    const auto slot = slot_of(tenants, tenant);
    if (!slot || !is_pending(tenants[*slot]))
        return fail(Errc::failed, "cannot confirm the limits of " + tenant,
                    "nothing waits to be confirmed; what is not confirmed in time has been taken back",
                    "see: weir limit show");
    WEIR_TRY(auto step, step_for(tenants, tenant, 0));
    forget_what_was_before(step.wanted);
    step.line = fmt::format("confirm the limits of {}: {}", tenant, limit_words(limit_of(step.wanted.wish)));
    return LimitPlan{{std::move(step)}};
}

Result<LimitPlan> plan_limits(const Tenants& tenants, const std::vector<TenantLimit>& limits) {
    LimitPlan plan;
    std::set<std::uint32_t> kept;
    std::size_t new_ones = 0;
    for (const auto& [tenant, limit] : limits) {
        WEIR_CHECK(check_limit(tenant, limit));
        WEIR_TRY(auto step, step_for(tenants, tenant, new_ones));
        kept.insert(step.slot);
        if (is_free(step.now)) ++new_ones;
        if (!is_new(step) && limit_of(step.now.wish) == limit && !is_pending(step.now)) continue;
        forget_what_was_before(step.wanted);
        step.wanted.wish = wish_of(limit);
        step.line = line_for(step, tenant);
        plan.steps.push_back(std::move(step));
    }
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot)
        if (!is_free(tenants[slot]) && has_wish(tenants[slot]) && !kept.contains(slot))
            plan.steps.push_back(clear_step(slot, tenants[slot]));
    return plan;
}

Result<void> execute(const Instance& instance, const LimitPlan& plan) {
    LimitPlan taken;
    for (const auto& step : plan.steps) {
        taken.steps.push_back(step);
        if (auto done = take_step(instance, step); !done) {
            auto error = done.error();
            if (const auto undone = undo(instance, taken); !undone)
                error.evidence += "; and what was done before could not be undone: " + to_line(undone.error());
            error.what = tenant_of(step.wanted) + ": " + error.what;
            return std::unexpected(error);
        }
    }
    return verify(instance, plan);
}

Result<void> undo(const Instance& instance, const LimitPlan& plan) {
    for (const auto& step : plan.steps | std::views::reverse)
        WEIR_CHECK(put_back(instance, step));
    return {};
}

}  // namespace weir
