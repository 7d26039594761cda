// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/load.hpp"

#include <algorithm>

#include "collect/collect.hpp"
#include "collect/parts.hpp"
#include "core/clock.hpp"
#include "kernel/tables.hpp"
#include "shared/abi.h"

namespace weir {
namespace {

constexpr std::uint64_t alive_ns = 10'000'000'000;  // a flow that had a packet so short a time ago

}  // namespace

Result<void> LoadReader::read(LoadSnapshot& snapshot) {
    snapshot.vnics.clear();
    snapshot.limits.clear();
    snapshot.share = {};
    WEIR_TRY(auto selected, open_selected(selector_));
    if (!selected.instance) {
        snapshot.taken_ns = monotonic_ns();
        return {};
    }
    const Instance& instance = *selected.instance;
    WEIR_TRY(const auto clock, read_clock(instance));
    snapshot.taken_ns = clock.monotonic_ns;
    snapshot.vnics.reserve(selected.vnics.size());
    for (auto& vnic : selected.vnics) {
        WEIR_TRY(const auto cpus, read_ledger(instance, vnic.slot));
        VnicState& state = snapshot.vnics.emplace_back();
        for (const auto& cpu : cpus) {
            add_cpu(state.ledger, cpu);
            add_cpu(state.latency, cpu.latency);
        }
        state.vnic = std::move(vnic);
    }
    WEIR_TRY(snapshot.limits, limit_states(instance, clock.monotonic_ns));
    WEIR_TRY(snapshot.share, collect_shares());

    const auto now_tick = static_cast<std::uint32_t>(clock.jiffies >> WEIR_FLOW_TICK_SHIFT);
    const auto ticks = static_cast<std::uint32_t>(alive_ns / std::max<std::uint64_t>(1, flow_tick_ns()));
    return count_flows(snapshot, instance, now_tick, ticks);
}

// Round and round through the slots, from the one after the last that was counted.
Result<void> LoadReader::count_flows(LoadSnapshot& snapshot, const Instance& instance, std::uint32_t now_tick,
                                     std::uint32_t ticks) {
    auto& vnics = snapshot.vnics;
    std::ranges::sort(vnics, {}, [](const VnicState& state) { return state.vnic.slot; });
    auto at = std::ranges::lower_bound(vnics, next_slot_, {}, [](const VnicState& state) { return state.vnic.slot; });
    const auto begun_ns = monotonic_ns();
    for (std::size_t counted = 0; counted < vnics.size(); counted++, ++at) {
        if (at == vnics.end()) at = vnics.begin();
        next_slot_ = at->vnic.slot;
        if (counted > 0 && monotonic_ns() - begun_ns > flows_budget_ns_) break;
        WEIR_TRY(const auto fd, open_flow_table(instance, at->vnic.slot));
        WEIR_TRY(flows_by_slot_[at->vnic.slot], weir::count_flows(fd.get(), at->vnic.flow_sets, now_tick, ticks));
    }
    for (VnicState& state : vnics)
        if (const auto found = flows_by_slot_.find(state.vnic.slot); found != flows_by_slot_.end())
            state.flows = found->second;
    return {};
}

}  // namespace weir
