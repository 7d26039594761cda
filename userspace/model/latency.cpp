// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/latency.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/histogram.h"

namespace weir {
namespace {

std::uint64_t high_ns(std::size_t bucket) { return weir_histogram_low_ns(static_cast<std::uint32_t>(bucket) + 1); }
std::uint64_t low_ns(std::size_t bucket) { return weir_histogram_low_ns(static_cast<std::uint32_t>(bucket)); }

}  // namespace

Histogram::Histogram(const weir_histogram& raw) : min_ns_(~raw.not_min_ns), max_ns_(raw.max_ns) {
    for (std::size_t i = 0; i < contents_.size(); i++)
        contents_[i] = {raw.buckets[i].count, raw.buckets[i].sum_ns};
}

void Histogram::add(std::uint64_t value_ns) {
    Content& content = contents_[weir_histogram_place(value_ns)];
    content.count++;
    content.sum_ns += value_ns;
    min_ns_ = std::min(min_ns_, value_ns);
    max_ns_ = std::max(max_ns_, value_ns);
}

Histogram& Histogram::operator+=(const Histogram& other) {
    for (std::size_t i = 0; i < contents_.size(); i++) {
        contents_[i].count += other.contents_[i].count;
        contents_[i].sum_ns += other.contents_[i].sum_ns;
    }
    min_ns_ = std::min(min_ns_, other.min_ns_);
    max_ns_ = std::max(max_ns_, other.max_ns_);
    return *this;
}

Histogram operator-(const Histogram& later, const Histogram& earlier) {
    Histogram window = later;
    for (std::size_t i = 0; i < window.contents_.size(); i++) {
        window.contents_[i].count -= earlier.contents_[i].count;
        window.contents_[i].sum_ns -= earlier.contents_[i].sum_ns;
    }
    const auto filled = [](const Histogram::Content& content) { return content.count != 0; };
    const auto first = std::ranges::find_if(window.contents_, filled);
    if (first == window.contents_.end()) return {};
    const auto last = std::ranges::find_if(window.contents_.rbegin(), window.contents_.rend(), filled).base() - 1;
    // What did not move was set before the window; then the buckets are all there is to go by.
    if (later.min_ns_ == earlier.min_ns_)
        window.min_ns_ = std::max(later.min_ns_, low_ns(static_cast<std::size_t>(first - window.contents_.begin())));
    if (later.max_ns_ == earlier.max_ns_)
        window.max_ns_ =
            std::min(later.max_ns_, high_ns(static_cast<std::size_t>(last - window.contents_.begin())) - 1);
    return window;
}

std::uint64_t Histogram::count() const {
    return std::accumulate(contents_.begin(), contents_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Content& content) { return sum + content.count; });
}

std::uint64_t Histogram::percentile_ns(double fraction) const {
    const std::uint64_t total = count();
    if (total == 0) return 0;
    const auto rank = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(total))), 1, total);
    std::uint64_t before = 0;
    for (const Content& content : contents_) {
        before += content.count;
        if (before >= rank) return std::clamp(content.sum_ns / content.count, min_ns_, max_ns_);
    }
    return max_ns_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
    std::vector<Bucket> filled;
    for (std::size_t i = 0; i < contents_.size(); i++)
        if (contents_[i].count != 0) filled.push_back({low_ns(i), high_ns(i), contents_[i].count});
    return filled;
}

TcpTrouble& TcpTrouble::operator+=(const TcpTrouble& other) {
    retransmits += other.retransmits;
    unseen += other.unseen;
    out_of_order += other.out_of_order;
    zero_windows += other.zero_windows;
    return *this;
}

TcpTrouble operator-(const TcpTrouble& later, const TcpTrouble& earlier) {
    return {later.retransmits - earlier.retransmits, later.unseen - earlier.unseen,
            later.out_of_order - earlier.out_of_order, later.zero_windows - earlier.zero_windows};
}

LossSides loss_sides(const TcpTrouble& tx, const TcpTrouble& rx) {
    return {.tenant = tx.unseen + rx.retransmits - rx.unseen, .network = rx.unseen + tx.retransmits - tx.unseen};
}

Latency operator-(const Latency& later, const Latency& earlier) {
    Latency window = later;
    for (std::size_t i = 0; i < window.histograms.size(); i++)
        window.histograms[i] = later.histograms[i] - earlier.histograms[i];
    for (std::size_t i = 0; i < window.trouble.size(); i++) {
        window.trouble[i] = later.trouble[i] - earlier.trouble[i];
        for (std::size_t kind = 0; kind < window.host_left_out[i].size(); kind++)
            window.host_left_out[i][kind] -= earlier.host_left_out[i][kind];
    }
    return window;
}

std::string_view left_out_name(std::size_t kind) {
    constexpr std::array<std::string_view, WEIR_HOST_LEFT_OUT_KINDS> names{"future", "foreign", "not_ip"};
    return kind < names.size() ? names[kind] : "?";
}

std::string_view left_out_meaning(std::size_t kind) {
    constexpr std::array<std::string_view, WEIR_HOST_LEFT_OUT_KINDS> meanings{
        "with a departure time still to come", "with a tc_index of somebody else's", "that are not IP"};
    return kind < meanings.size() ? meanings[kind] : "?";
}

void add_cpu(Latency& latency, const weir_latency& cpu) {
    latency.of(LatencyKind::host_tx) += Histogram(cpu.host[WEIR_TX]);
    latency.of(LatencyKind::host_rx) += Histogram(cpu.host[WEIR_RX]);
    latency.of(LatencyKind::shaping_tx) += Histogram(cpu.shaping[WEIR_TX]);
    latency.of(LatencyKind::shaping_rx) += Histogram(cpu.shaping[WEIR_RX]);
    latency.of(LatencyKind::rtt_tenant) += Histogram(cpu.rtt[WEIR_RTT_TENANT]);
    latency.of(LatencyKind::rtt_network) += Histogram(cpu.rtt[WEIR_RTT_NETWORK]);
    for (std::size_t i = 0; i < latency.trouble.size(); i++) {
        const weir_tcp_trouble& part = cpu.trouble[i];
        latency.trouble[i] += TcpTrouble{part.retransmits, part.unseen, part.out_of_order, part.zero_windows};
        for (std::size_t kind = 0; kind < latency.host_left_out[i].size(); kind++)
            latency.host_left_out[i][kind] += cpu.host_left_out[i][kind];
    }
}

LatencySnapshot window_of(const LatencySnapshot& earlier, const LatencySnapshot& later) {
    LatencySnapshot window = later;
    take_off(window.vnics, earlier.vnics, &VnicLatency::latency);
    return window;
}

}  // namespace weir
