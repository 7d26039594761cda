// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "model/flow.hpp"

namespace weir {
namespace {

// What a sort puts first has the greatest of these.
struct Ranked {
    long double measure;  // holds every 64-bit count exactly
    const Flow* flow;
};

long double measure_of(const Flow& flow, FlowSort sort, std::uint64_t window_ns) {
    switch (sort) {
    case FlowSort::bytes:
        return static_cast<long double>(flow.tx.bytes + flow.rx.bytes);
    case FlowSort::packets:
        return static_cast<long double>(flow.tx.packets + flow.rx.packets);
    case FlowSort::rate:
        return flow_rate(flow, window_ns);
    case FlowSort::age:
        return -static_cast<long double>(flow.first_seen_ns);
    case FlowSort::rtt:
        return static_cast<long double>(std::max(flow.rtt_tenant.last_ns, flow.rtt_network.last_ns));
    case FlowSort::retransmits:
        return static_cast<long double>(flow.tx_trouble.retransmits + flow.rx_trouble.retransmits);
    }
    return 0;
}

}  // namespace

std::optional<FlowSort> flow_sort_from(std::string_view word) {
    if (word == "bytes") return FlowSort::bytes;
    if (word == "packets") return FlowSort::packets;
    if (word == "rate") return FlowSort::rate;
    if (word == "age") return FlowSort::age;
    if (word == "rtt") return FlowSort::rtt;
    if (word == "retransmits") return FlowSort::retransmits;
    return std::nullopt;
}

bool FlowFilter::matches(const Flow& flow) const {
    const FlowKey& key = flow.key;
    if (address && !address->contains(key.tenant_address) && !address->contains(key.peer_address)) return false;
    if (port && key.tenant_port != *port && key.peer_port != *port) return false;
    if (protocol && key.protocol != *protocol) return false;
    return !tenant || flow.tenant == *tenant;
}

double flow_rate(const Flow& flow, std::uint64_t window_ns) {
    constexpr std::uint64_t shortest_life_ns = 1'000'000'000;
    std::uint64_t over_ns = window_ns;
    if (over_ns == 0) {
        std::uint64_t life = flow.last_seen_ns > flow.first_seen_ns ? flow.last_seen_ns - flow.first_seen_ns : 0;
        over_ns = std::max(life, shortest_life_ns);
    }
    return static_cast<double>(flow.tx.bytes + flow.rx.bytes) * 1e9 / static_cast<double>(over_ns);
}

std::vector<Flow> select(const FlowSnapshot& snapshot, const FlowFilter& filter, FlowSort sort, std::size_t limit,
                         std::uint64_t window_ns) {
    std::vector<Ranked> ranked;
    for (const Flow& flow : snapshot.flows)
        if (filter.matches(flow)) ranked.push_back({measure_of(flow, sort, window_ns), &flow});

    auto before = [](const Ranked& a, const Ranked& b) {
        if (a.measure != b.measure) return a.measure > b.measure;
        return a.flow->key < b.flow->key;
    };
    std::size_t count = limit == 0 ? ranked.size() : std::min(limit, ranked.size());
    std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(count), before);

    std::vector<Flow> chosen;
    chosen.reserve(count);
    for (std::size_t i = 0; i < count; i++)
        chosen.push_back(*ranked[i].flow);
    return chosen;
}

}  // namespace weir
