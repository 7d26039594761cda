// SPDX-License-Identifier: GPL-2.0-or-later
// Fair share, of collect/collect.hpp.
#include <algorithm>

#include "collect/collect.hpp"
#include "kernel/limits.hpp"
#include "kernel/shares.hpp"

namespace weir {
namespace {

ShareReason reason_of(const weir_share_entry& entry) {
    switch (entry.reason) {
    case WEIR_SHARE_DEMAND:
        return ShareReason::demand;
    case WEIR_SHARE_WEIGHT:
        return ShareReason::weight;
    case WEIR_SHARE_MIN:
        return ShareReason::min;
    case WEIR_SHARE_MAX:
        return ShareReason::max;
    default:
        return ShareReason::fallback;
    }
}

ShareUse use_of(const weir_share_entry& entry, const weir_tenant_info& info, std::size_t way, bool is_running) {
    ShareUse use;
    const auto& wish = info.wish.direction[way];
    use.weight = std::max<std::uint32_t>(1, info.wish.weight);
    use.min_bps = wish.min_bps;
    use.max_bps = wish.max_bps;
    use.fair_bps = info.share[way].fallback_bps;
    use.rate_bps = use.fair_bps;
    use.grant_bps = use.fair_bps;
    if (!is_running || entry.byte_cost == 0) return use;
    use.reason = reason_of(entry);
    use.rate_bps = entry.rate_bps;
    use.grant_bps = entry.grant_bps;
    use.wanted_bps = entry.wanted_bps == WEIR_SHARE_UNBOUNDED ? std::nullopt : std::optional{entry.wanted_bps};
    return use;
}

}  // namespace

Result<FairShare> collect_shares() {
    FairShare share;
    WEIR_TRY(const auto instance, open_instance());
    if (!instance) return share;
    WEIR_TRY(const auto tenants, read_tenant_infos(*instance));
    WEIR_TRY(const auto tick, read_tick(*instance));
    WEIR_TRY(const auto now, read_clock(*instance));
    share.interval_ns = tick.settings.interval_ns;
    share.ticks = tick.state.ticks;
    share.last_tick_ago_ns = now.monotonic_ns - std::min<std::uint64_t>(now.monotonic_ns, tick.state.last_ns);
    share.tick_worst_ns = tick.state.worst_ns;
    if (share.ticks != 0) share.tick_mean_ns = tick.state.busy_ns / share.ticks;
    for (std::size_t way = 0; way < WEIR_DIRECTIONS; ++way) {
        share.capacity_bps.at(way) = tick.settings.capacity_bps[way];
        share.is_on = share.is_on || tick.settings.capacity_bps[way] != 0;
        const auto& round = tick.rounds.at(way);
        share.is_running = share.is_running || now.monotonic_ns < round.valid_until_ns;
        share.is_short.at(way) = round.outcome == WEIR_SHARE_SHORT;
    }
    if (!share.is_on) return share;
    for (std::uint32_t slot = 0; slot < tick.settings.slots; ++slot) {
        const auto& info = tenants.at(slot);
        if (!is_shared(info)) continue;
        TenantShare one{.tenant = tenant_of(info)};
        for (std::size_t way = 0; way < WEIR_DIRECTIONS; ++way)
            one.use.at(way) = use_of(tick.entry(static_cast<int>(way), slot), info, way, share.is_running);
        share.tenants.push_back(std::move(one));
    }
    std::ranges::sort(share.tenants, {}, &TenantShare::tenant);
    return share;
}

}  // namespace weir
