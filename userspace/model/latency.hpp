// SPDX-License-Identifier: GPL-2.0-or-later
// Delays of a vNIC as histograms, summed over the CPUs. Plain values, no I/O. What is measured: docs/latency-method.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/types.hpp"

namespace weir {

// Counts are exact; a delay is known to its bucket, which is at most 1/8 as wide as it is high, between 64 ns and 137 s
// (bpf/lib/histogram.h). Minimum and maximum are exact, but for a window in which they did not change.
class Histogram {
public:
    struct Bucket {
        std::uint64_t low_ns = 0;
        std::uint64_t high_ns = 0;  // not in it any more
        std::uint64_t count = 0;
    };

    Histogram() = default;
    explicit Histogram(const weir_histogram& raw);

    void add(std::uint64_t value_ns);
    Histogram& operator+=(const Histogram& other);
    // What came after `earlier`, of the same counters.
    friend Histogram operator-(const Histogram& later, const Histogram& earlier);

    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] bool empty() const { return count() == 0; }
    [[nodiscard]] std::uint64_t min_ns() const { return empty() ? 0 : min_ns_; }
    [[nodiscard]] std::uint64_t max_ns() const { return max_ns_; }
    // The delay that `fraction` (0 to 1) of all do not exceed: the mean of the bucket that has rank
    // ceil(fraction * count). Off by less than the bucket is wide, 12.5 %; exact where it holds equal delays. 0 if
    // there are none.
    [[nodiscard]] std::uint64_t percentile_ns(double fraction) const;
    // Those that are not empty, ascending.
    [[nodiscard]] std::vector<Bucket> buckets() const;
    friend bool operator==(const Histogram&, const Histogram&) = default;

private:
    struct Content {
        std::uint64_t count = 0;
        std::uint64_t sum_ns = 0;
        friend bool operator==(const Content&, const Content&) = default;
    };
    std::array<Content, WEIR_HISTOGRAM_BUCKETS> contents_{};
    std::uint64_t min_ns_ = ~std::uint64_t{0};
    std::uint64_t max_ns_ = 0;
};

// What TCP had to do again, packets, of one direction.
struct TcpTrouble {
    std::uint64_t retransmits = 0;
    std::uint64_t unseen = 0;  // of these, not seen at the vNIC before: lost on the sender's side of it
    std::uint64_t out_of_order = 0;
    std::uint64_t zero_windows = 0;  // times that the receive window was closed
    TcpTrouble& operator+=(const TcpTrouble& other);
    friend TcpTrouble operator-(const TcpTrouble& later, const TcpTrouble& earlier);
    friend bool operator==(const TcpTrouble&, const TcpTrouble&) = default;
};

// Packets that had to be sent again, by the side of the vNIC that had lost them.
struct LossSides {
    std::uint64_t tenant = 0;
    std::uint64_t network = 0;
};
LossSides loss_sides(const TcpTrouble& tx, const TcpTrouble& rx);

enum class LatencyKind { host_tx, host_rx, shaping_tx, shaping_rx, rtt_tenant, rtt_network };
inline constexpr std::array latency_kinds{LatencyKind::host_tx,    LatencyKind::host_rx,    LatencyKind::shaping_tx,
                                          LatencyKind::shaping_rx, LatencyKind::rtt_tenant, LatencyKind::rtt_network};

struct Latency {
    std::array<Histogram, latency_kinds.size()> histograms;
    std::array<TcpTrouble, WEIR_DIRECTIONS> trouble;                                                   // by Direction
    std::array<std::array<std::uint64_t, WEIR_HOST_LEFT_OUT_KINDS>, WEIR_DIRECTIONS> host_left_out{};  // packets

    [[nodiscard]] const Histogram& of(LatencyKind kind) const { return histograms[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] Histogram& of(LatencyKind kind) { return histograms[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] const TcpTrouble& trouble_of(Direction direction) const {
        return trouble[static_cast<std::size_t>(direction)];
    }
    friend Latency operator-(const Latency& later, const Latency& earlier);
};

// "future", "foreign", "not_ip", by weir_host_left_out.
std::string_view left_out_name(std::size_t kind);
// The same for people: "with a departure time still to come".
std::string_view left_out_meaning(std::size_t kind);

// One CPU's part, as the map holds it, added to the rest.
void add_cpu(Latency& latency, const weir_latency& cpu);

struct VnicLatency {
    Vnic vnic;
    Latency latency;
};

struct LatencySnapshot {
    std::uint64_t taken_ns = 0;  // CLOCK_MONOTONIC
    std::vector<VnicLatency> vnics;
};

// What happened between two snapshots, for the vNICs of the later. One that was attached in between counts whole.
LatencySnapshot window_of(const LatencySnapshot& earlier, const LatencySnapshot& later);

}  // namespace weir
