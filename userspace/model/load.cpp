// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/load.hpp"

#include <algorithm>
#include <map>

#include "core/text.hpp"

namespace weir {
namespace {

// What is summed over the vNICs of a tenant before it is looked at.
struct Sum {
    TenantLoad load;
    Ledger ledger;
    std::array<Histogram, WEIR_DIRECTIONS> shaping;
    Histogram host;
    Histogram rtt;
};

void add(Sum& sum, const VnicState& now, const VnicState* before) {
    const Ledger ledger = before != nullptr ? now.ledger - before->ledger : now.ledger;
    sum.ledger.tx += ledger.tx;
    sum.ledger.rx += ledger.rx;
    const auto gained = [&](LatencyKind kind) {
        return before != nullptr ? now.latency.of(kind) - before->latency.of(kind) : now.latency.of(kind);
    };
    sum.host += gained(LatencyKind::host_tx);
    sum.host += gained(LatencyKind::host_rx);
    sum.rtt += gained(LatencyKind::rtt_network);
    sum.shaping[WEIR_TX] += gained(LatencyKind::shaping_tx);
    sum.shaping[WEIR_RX] += gained(LatencyKind::shaping_rx);
    sum.load.interfaces.push_back(now.vnic.interface);
    if (now.flows) sum.load.flows = sum.load.flows.value_or(0) + *now.flows;
}

std::optional<std::uint64_t> p99(const Histogram& histogram) {
    if (histogram.empty()) return std::nullopt;
    return histogram.percentile_ns(0.99);
}

TenantLoad finished(Sum& sum, std::uint64_t window_ns) {
    for (Direction direction : directions) {
        const DirectionLedger& ledger = sum.ledger.of(direction);
        const Count through = passed(ledger);
        WayLoad& way = sum.load.ways.at(static_cast<std::size_t>(direction));
        way.bits_per_second = 8 * per_second(through.bytes, window_ns);
        way.packets_per_second = per_second(through.packets, window_ns);
        way.drop_packets = ledger.drop_total().packets;
    }
    sum.load.host_p99_ns = p99(sum.host);
    sum.load.rtt_p99_ns = p99(sum.rtt);
    return std::move(sum.load);
}

void add_limits(Sum& sum, const LimitState* state, const TenantShare* share) {
    for (Direction direction : directions) {
        WayLoad& way = sum.load.ways.at(static_cast<std::size_t>(direction));
        if (state != nullptr)
            way.max_bps = direction == Direction::tx ? state->limit.tx.max_bps : state->limit.rx.max_bps;
        const ShareUse* use = share != nullptr ? &share->of(direction) : nullptr;
        if (use != nullptr) way.fair_bps = use->fair_bps;
        if (state != nullptr || use != nullptr)
            way.held_by = held_by(sum.ledger.of(direction), sum.shaping.at(static_cast<std::size_t>(direction)), use);
    }
}

bool passes(const TenantLoad& load, const std::string& filter) {
    const auto has = [&](const std::string& name) { return lower(name).contains(filter); };
    return filter.empty() || has(load.tenant) || std::ranges::any_of(load.interfaces, has);
}

double weight(const TenantLoad& load, LoadSort sort) {
    switch (sort) {
    case LoadSort::load:
        return load.bits_per_second();
    case LoadSort::tx:
        return load.of(Direction::tx).bits_per_second;
    case LoadSort::rx:
        return load.of(Direction::rx).bits_per_second;
    case LoadSort::packets:
        return load.packets_per_second();
    case LoadSort::flows:
        return static_cast<double>(load.flows.value_or(0));
    case LoadSort::latency:
        return static_cast<double>(load.host_p99_ns.value_or(0));
    case LoadSort::drops:
        return static_cast<double>(load.drop_packets());
    case LoadSort::name:
        break;
    }
    return 0;
}

}  // namespace

Loads loads_of(const LoadSnapshot& earlier, const LoadSnapshot& later) {
    Loads loads;
    loads.window_ns = later.taken_ns - std::min(later.taken_ns, earlier.taken_ns);
    std::map<std::uint32_t, const VnicState*> before_by_slot;
    for (const VnicState& before : earlier.vnics)
        before_by_slot[before.vnic.slot] = &before;
    std::map<std::string_view, const LimitState*> limits;
    for (const TenantLimitState& limit : later.limits)
        limits[limit.tenant] = &limit.state;
    std::map<std::string_view, const TenantShare*> shares;
    for (const TenantShare& share : later.share.tenants)
        shares[share.tenant] = &share;
    std::map<std::string, Sum> tenants;
    for (const VnicState& now : later.vnics) {
        const auto found = before_by_slot.find(now.vnic.slot);
        const bool same = found != before_by_slot.end() && same_attachment(found->second->vnic, now.vnic);
        const VnicState* before = same ? found->second : nullptr;
        if (now.vnic.role != Role::uplink) {
            add(tenants[now.vnic.tenant], now, before);
            continue;
        }
        Sum uplink;
        uplink.load.tenant = now.vnic.interface;
        add(uplink, now, before);
        auto load = finished(uplink, loads.window_ns);
        load.ways[WEIR_TX].max_bps = now.vnic.capacity_bps;
        load.ways[WEIR_RX].max_bps = rx_capacity_bps(now.vnic);
        loads.uplinks.push_back(std::move(load));
    }
    for (auto& [tenant, sum] : tenants) {
        sum.load.tenant = tenant;
        const auto limit = limits.find(tenant);
        const auto share = shares.find(tenant);
        add_limits(sum, limit != limits.end() ? limit->second : nullptr,
                   share != shares.end() ? share->second : nullptr);
        loads.tenants.push_back(finished(sum, loads.window_ns));
    }
    return loads;
}

void mark_verdicts(Loads& loads, const noisy::Report& report) {
    std::map<std::string_view, TenantLoad*> by_name;
    for (TenantLoad& load : loads.tenants) {
        load.disturbs.clear();
        load.suffers.clear();
        by_name[load.tenant] = &load;
    }
    for (const noisy::Neighbour& neighbour : report.neighbours) {
        if (const auto found = by_name.find(neighbour.tenant); found != by_name.end())
            found->second->disturbs.push_back(neighbour.pattern);
        for (const noisy::Victim& victim : neighbour.victims) {
            const auto found = by_name.find(victim.tenant);
            if (found == by_name.end()) continue;
            auto& suffers = found->second->suffers;
            if (std::ranges::find(suffers, victim.harm) == suffers.end()) suffers.push_back(victim.harm);
        }
    }
}

std::string_view to_string(LoadSort sort) {
    switch (sort) {
    case LoadSort::load:
        return "load";
    case LoadSort::tx:
        return "tx";
    case LoadSort::rx:
        return "rx";
    case LoadSort::packets:
        return "packets";
    case LoadSort::flows:
        return "flows";
    case LoadSort::latency:
        return "latency";
    case LoadSort::drops:
        return "drops";
    case LoadSort::name:
        break;
    }
    return "name";
}

std::optional<LoadSort> load_sort_from(std::string_view word) {
    const auto* const found = std::ranges::find(load_sorts, word, [](LoadSort sort) { return to_string(sort); });
    return found != load_sorts.end() ? std::optional(*found) : std::nullopt;
}

std::vector<TenantLoad> arranged(const std::vector<TenantLoad>& tenants, const LoadOrder& order) {
    struct Ranked {
        double weight;
        const TenantLoad* load;
    };
    std::vector<Ranked> ranked;
    ranked.reserve(tenants.size());
    const std::string filter = lower(order.filter);
    for (const TenantLoad& load : tenants)
        if (passes(load, filter)) ranked.push_back({weight(load, order.sort), &load});
    std::ranges::sort(ranked, [](const Ranked& a, const Ranked& b) {
        return a.weight != b.weight ? a.weight > b.weight : a.load->tenant < b.load->tenant;
    });
    if (order.reversed) std::ranges::reverse(ranked);
    std::vector<TenantLoad> kept;
    kept.reserve(ranked.size());
    for (const Ranked& one : ranked)
        kept.push_back(*one.load);
    return kept;
}

}  // namespace weir
