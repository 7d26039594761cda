// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/share_change.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernel/limits.hpp"
#include "kernel/shares.hpp"
#include "model/share_plan.hpp"

namespace weir {
namespace {

bool same_part(const weir_share_part& a, const weir_share_part& b) {
    return a.capacity_bps == b.capacity_bps && a.fallback_bps == b.fallback_bps;
}

// What differs from the entries that stand; they are then what they are to be.
Result<std::vector<PlacedTenant>> changes_of(Tenants& tenants, const std::vector<SharedTenant>& shared) {
    std::map<std::string, const SharedTenant*> missing;
    for (const auto& one : shared)
        missing.emplace(one.tenant, &one);
    std::vector<PlacedTenant> changes;
    const auto put = [&](std::uint32_t slot, const SharedTenant* one) {
        auto& info = tenants[slot];
        bool differs = false;
        for (std::size_t way = 0; way < WEIR_DIRECTIONS; ++way) {
            const auto part = one != nullptr ? one->part.at(way) : weir_share_part{};
            differs = differs || !same_part(info.share[way], part);
            info.share[way] = part;
        }
        if (differs) changes.push_back({slot, info});
    };
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot) {
        if (is_free(tenants[slot])) continue;
        const auto found = missing.find(tenant_of(tenants[slot]));
        put(slot, found == missing.end() ? nullptr : found->second);
        if (found != missing.end()) missing.erase(found);
    }
    std::uint32_t slot = 0;
    for (const auto& [name, one] : missing) {
        while (slot < tenants.size() && !is_free(tenants[slot]))
            ++slot;
        if (slot == tenants.size())
            return fail(Errc::failed, "cannot let " + name + " share the uplink",
                        fmt::format("{} tenants share it or have limits, as many as there can be", WEIR_TENANTS_MAX),
                        "see: weir limit show");
        tenants[slot] = make_tenant_info(name);
        put(slot, one);
    }
    return changes;
}

std::uint64_t slots_of(const Tenants& tenants) {
    for (std::size_t slots = tenants.size(); slots > 0; --slots)
        if (is_shared(tenants[slots - 1])) return slots;
    return 0;
}

}  // namespace

Result<void> bring_shares_up(const Instance& instance) {
    WEIR_TRY(const auto vnics, read_vnic_infos(instance));
    WEIR_TRY(auto tenants, read_tenant_infos(instance));
    WEIR_TRY(const auto changes, changes_of(tenants, shared_tenants(vnics, tenants)));
    WEIR_CHECK(put_tenants(instance, changes));
    const auto capacities = capacities_of(vnics);
    weir_tick_settings settings{};
    settings.slots = slots_of(tenants);
    settings.interval_ns = settings.slots > WEIR_TENANTS_MAX / 2 ? WEIR_TICK_INTERVAL_MANY_NS : WEIR_TICK_INTERVAL_NS;
    for (std::size_t way = 0; way < WEIR_DIRECTIONS && settings.slots != 0; ++way)
        settings.capacity_bps[way] = capacities.at(way);
    return put_tick(instance, settings);
}

Result<void> prepare_shares(const Instance& instance, const Plan& plan) {
    WEIR_TRY(auto vnics, read_vnic_infos(instance));
    const auto known = vnics.size();
    for (const auto& step : plan.steps)
        if (step.kind != Step::Kind::detach && step.wanted.role == WEIR_ROLE_VNIC) vnics.push_back(step.wanted);
    if (vnics.size() == known || capacities_of(vnics)[WEIR_TX] == 0) return {};
    WEIR_TRY(auto tenants, read_tenant_infos(instance));
    WEIR_TRY(const auto changes, changes_of(tenants, shared_tenants(vnics, tenants)));
    return put_tenants(instance, changes);
}

Result<void> check_shares_after(const Running& running, const Plan& vnics, const Tenants& tenants,
                                const LimitPlan& limits) {
    auto vnics_then = running;
    for (const auto& step : vnics.steps) {
        if (step.kind == Step::Kind::attach)
            vnics_then.push_back(step.wanted);
        else
            vnics_then.at(step.slot) = step.kind == Step::Kind::detach ? weir_vnic_info{} : step.wanted;
    }
    auto tenants_then = tenants;
    for (const auto& step : limits.steps)
        tenants_then.at(step.slot) = step.wanted;
    auto fits = check_shares_fit(vnics_then, tenants_then);
    if (fits || check_shares_fit(running, tenants)) return fits;
    // It did not fit before either: taking away, or changing what guarantees nothing, must be possible.
    const auto guarantees_less = [](const LimitStep& step) {
        for (int way = 0; way < WEIR_DIRECTIONS; ++way)
            if (step.wanted.wish.direction[way].min_bps > step.now.wish.direction[way].min_bps) return false;
        return true;
    };
    const bool worse =
        !std::ranges::all_of(limits.steps, guarantees_less) ||
        std::ranges::any_of(vnics.steps, [](const Step& step) { return step.kind != Step::Kind::detach; });
    return worse ? fits : Result<void>{};
}

}  // namespace weir
