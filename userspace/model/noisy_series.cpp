// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "model/noisy_parts.hpp"

namespace weir::noisy {
namespace {

void add(weir_pulse_direction& to, const weir_pulse_direction& from) {
    to.bytes += from.bytes;
    to.rtt_sum_ns += from.rtt_sum_ns;
    to.host_sum_ns += from.host_sum_ns;
    to.packets += from.packets;
    to.small_packets += from.small_packets;
    to.peak_bytes = std::max(to.peak_bytes, from.peak_bytes);
    to.peak_packets = std::max(to.peak_packets, from.peak_packets);
    to.new_flows += from.new_flows;
    to.syns += from.syns;
    to.syn_acks += from.syn_acks;
    to.resets += from.resets;
    to.group_packets += from.group_packets;
    to.arp_packets += from.arp_packets;
    to.foreign_flows += from.foreign_flows;
    to.retransmits += from.retransmits;
    to.unseen += from.unseen;
    to.drop_packets += from.drop_packets;
    to.delayed_packets += from.delayed_packets;
    to.rtt_count += from.rtt_count;
    to.rtt_max_ns = std::max(to.rtt_max_ns, from.rtt_max_ns);
    to.rtt_not_min_ns = std::max(to.rtt_not_min_ns, from.rtt_not_min_ns);
    to.host_count += from.host_count;
    to.host_max_ns = std::max(to.host_max_ns, from.host_max_ns);
}

}  // namespace

std::vector<Tenant> tenants_of(const Window& window) {
    std::vector<Tenant> tenants;
    std::map<std::string, std::size_t> seen;
    for (const auto& vnic : window.vnics) {
        if (vnic.role != Role::vnic) continue;
        const auto [at, is_new] = seen.try_emplace(vnic.tenant, tenants.size());
        if (is_new) tenants.push_back({.name = vnic.tenant, .slots = std::vector<weir_pulse_slot>(window.slots)});
        Tenant& tenant = tenants[at->second];
        for (std::size_t i = 0; i < std::min(window.slots, vnic.slots.size()); ++i)
            for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction)
                add(tenant.slots[i].direction[direction], vnic.slots[i].direction[direction]);
    }
    return tenants;
}

double quantile(Series values, double quantile) {
    if (values.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(values.size())));
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
    std::ranges::nth_element(values, at);
    return *at;
}

double median(const Series& values) { return quantile(values, 0.5); }

double sum(const Series& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double separation(const Series& high, const Series& low) {
    if (high.empty() || low.empty()) return 0.5;
    Series sorted = low;
    std::ranges::sort(sorted);
    double wins = 0;
    for (const double value : high) {
        const auto equal = std::ranges::equal_range(sorted, value);
        wins += static_cast<double>(equal.begin() - sorted.begin()) + static_cast<double>(equal.size()) / 2;
    }
    return wins / static_cast<double>(high.size()) / static_cast<double>(low.size());
}

Series picked(const Series& series, const Mask& mask) {
    Series result;
    for (std::size_t i = 0; i < series.size(); ++i)
        if (mask[i] != 0) result.push_back(series[i]);
    return result;
}

std::string_view to_string(Pattern pattern) {
    switch (pattern) {
    case Pattern::bandwidth_hog:
        return "bandwidth_hog";
    case Pattern::packet_flood:
        return "packet_flood";
    case Pattern::microburst:
        return "microburst";
    case Pattern::syn_flood:
        return "syn_flood";
    case Pattern::scan:
        return "scan";
    case Pattern::connection_churn:
        return "connection_churn";
    case Pattern::conntrack_pressure:
        return "conntrack_pressure";
    case Pattern::broadcast_storm:
        return "broadcast_storm";
    case Pattern::spoofing:
        return "spoofing";
    case Pattern::inbound_flood:
        return "inbound_flood";
    }
    return "";
}

std::string_view meaning_of(Pattern pattern) {
    switch (pattern) {
    case Pattern::bandwidth_hog:
        return "takes most of what the tenants share";
    case Pattern::packet_flood:
        return "sends more small packets than the host can forward beside the others'";
    case Pattern::microburst:
        return "sends in bursts of milliseconds that fill the queue, however little on average";
    case Pattern::syn_flood:
        return "opens connections that nobody answers";
    case Pattern::scan:
        return "tries ports and addresses, most of them closed";
    case Pattern::connection_churn:
        return "opens connections faster than the host can follow";
    case Pattern::conntrack_pressure:
        return "fills the host's table of connections";
    case Pattern::broadcast_storm:
        return "sends to everybody";
    case Pattern::spoofing:
        return "sends from addresses that are not its own";
    case Pattern::inbound_flood:
        return "is flooded from outside, itself a victim";
    }
    return "";
}

std::string_view to_string(Harm harm) {
    switch (harm) {
    case Harm::latency:
        return "latency";
    case Harm::loss:
        return "loss";
    case Harm::throughput:
        return "throughput";
    }
    return "";
}

std::string_view confidence_word(double certainty) {
    if (certainty >= 0.8) return "high";
    return certainty >= 0.65 ? "medium" : "low";
}

const std::vector<ThresholdInfo>& threshold_table() {
    static const std::vector<ThresholdInfo> table{
#define WEIR_NOISY_INFO(name, value, unit, reason) {#name, value, unit, reason, &Thresholds::name},
        WEIR_NOISY_THRESHOLDS(WEIR_NOISY_INFO)
#undef WEIR_NOISY_INFO
    };
    return table;
}

const ThresholdInfo* find_threshold(std::string_view name) {
    const auto& table = threshold_table();
    const auto found = std::ranges::find(table, name, &ThresholdInfo::name);
    return found == table.end() ? nullptr : &*found;
}

}  // namespace weir::noisy
