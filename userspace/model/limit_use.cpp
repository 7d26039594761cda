// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/limit_use.hpp"

#include <algorithm>

namespace weir {

LimitSnapshot window_of(const LimitSnapshot& earlier, const LimitSnapshot& later) {
    return {.taken_ns = later.taken_ns,
            .limits = later.limits,
            .ledgers = window_of(earlier.ledgers, later.ledgers),
            .latency = window_of(earlier.latency, later.latency),
            .share = later.share};
}

std::vector<LimitUse> uses_of(const LimitSnapshot& snapshot) {
    std::vector<LimitUse> uses;
    for (const auto& [tenant, state] : snapshot.limits) {
        LimitUse use{
            .tenant = tenant, .state = state, .interfaces = {}, .ledger = {}, .shaping_tx = {}, .shaping_rx = {}};
        for (const auto& [vnic, ledger] : snapshot.ledgers.vnics) {
            if (vnic.tenant != tenant) continue;
            use.interfaces.push_back(vnic.interface);
            use.ledger.tx += ledger.tx;
            use.ledger.rx += ledger.rx;
        }
        for (const auto& [vnic, latency] : snapshot.latency.vnics) {
            if (vnic.tenant != tenant) continue;
            use.shaping_tx += latency.of(LatencyKind::shaping_tx);
            use.shaping_rx += latency.of(LatencyKind::shaping_rx);
        }
        if (const auto* share = snapshot.share.find(tenant)) use.share = *share;
        uses.push_back(std::move(use));
    }
    std::ranges::sort(uses, {}, &LimitUse::tenant);
    return uses;
}

Count passed(const DirectionLedger& ledger) {
    const Count all = ledger.total();
    const Count dropped = ledger.drop_total();
    return {all.packets - std::min(all.packets, dropped.packets), all.bytes - std::min(all.bytes, dropped.bytes)};
}

std::vector<std::string_view> held_by(const DirectionLedger& ledger, const Histogram& shaping, const ShareUse* share) {
    std::vector<std::string_view> words;
    const auto dropped = [&](int reason) { return ledger.drops.at(static_cast<std::size_t>(reason)).packets != 0; };
    if (dropped(WEIR_DROP_RATE) || dropped(WEIR_DROP_AQM) || dropped(WEIR_DROP_HORIZON) ||
        ledger.ecn_marked_packets != 0 || shaping.max_ns() != 0)
        words.emplace_back(share != nullptr && share->reason != ShareReason::max ? "share" : "max");
    if (dropped(WEIR_DROP_PPS)) words.emplace_back("pps");
    return words;
}

}  // namespace weir
