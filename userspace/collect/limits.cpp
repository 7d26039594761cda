// SPDX-License-Identifier: GPL-2.0-or-later
// Limits and what they do, of collect/collect.hpp.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "collect/collect.hpp"
#include "collect/parts.hpp"
#include "kernel/limits.hpp"
#include "kernel/vnic_list.hpp"

namespace weir {
namespace {

Result<void> keep_selected(const Instance& instance, const std::string& tenant, LimitSnapshot& snapshot) {
    std::set<std::string> known;
    for (const auto& limit : snapshot.limits)
        known.insert(limit.tenant);
    std::erase_if(snapshot.limits, [&](const TenantLimitState& limit) { return limit.tenant != tenant; });
    if (!snapshot.limits.empty()) return {};
    WEIR_TRY(const auto vnics, list_vnics(instance));
    if (std::ranges::find(vnics, tenant, &Vnic::tenant) != vnics.end()) return {};
    return fail(Errc::failed, fmt::format("no tenant is called \"{}\"", tenant),
                known.empty() ? "no tenant has limits" : fmt::format("limits have {}", fmt::join(known, ", ")),
                "see: weir status");
}

// Both snapshots of everything attached, without what is no tenant's.
Result<void> add_use(LimitSnapshot& snapshot) {
    WEIR_TRY(snapshot.ledgers, collect_ledgers({}));
    WEIR_TRY(snapshot.latency, collect_latency({}));
    const auto is_limited = [&](const Vnic& vnic) {
        return vnic.role != Role::uplink &&
               std::ranges::find(snapshot.limits, vnic.tenant, &TenantLimitState::tenant) != snapshot.limits.end();
    };
    std::erase_if(snapshot.ledgers.vnics, [&](const VnicLedger& entry) { return !is_limited(entry.vnic); });
    std::erase_if(snapshot.latency.vnics, [&](const VnicLatency& entry) { return !is_limited(entry.vnic); });
    return {};
}

}  // namespace

Result<std::vector<TenantLimitState>> limit_states(const Instance& instance, std::uint64_t now_ns) {
    WEIR_TRY(const auto infos, read_tenant_infos(instance));
    std::vector<TenantLimitState> states;
    for (const auto& info : infos) {
        if (is_free(info)) continue;
        auto state = limit_state_of(info, now_ns);
        if (state.limit.is_set() || state.revert_in_ns != 0 || is_shared(info))
            states.push_back({tenant_of(info), state});
    }
    return states;
}

Result<LimitSnapshot> collect_limits(const std::string& tenant) {
    LimitSnapshot snapshot;
    WEIR_TRY(const auto instance, open_instance());
    if (!instance) {
        if (tenant.empty()) return snapshot;
        return fail(Errc::failed, fmt::format("no tenant is called \"{}\"", tenant), "no tenant has limits",
                    "set one with: weir limit set");
    }
    WEIR_TRY(const auto now, read_clock(*instance));
    snapshot.taken_ns = now.monotonic_ns;
    WEIR_TRY(snapshot.limits, limit_states(*instance, now.monotonic_ns));
    WEIR_TRY(snapshot.share, collect_shares());
    if (!tenant.empty()) WEIR_CHECK(keep_selected(*instance, tenant, snapshot));
    if (!snapshot.limits.empty()) WEIR_CHECK(add_use(snapshot));
    return snapshot;
}

}  // namespace weir
