// SPDX-License-Identifier: GPL-2.0-or-later
// Flows as values: what a flow is, which are wanted, in which order. No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "model/address.hpp"
#include "model/latency.hpp"
#include "model/types.hpp"

namespace weir {

// "tcp", "udp", "icmp", "icmpv6", "gre", "esp", … else the number.
std::string protocol_name(std::uint8_t protocol);
std::optional<std::uint8_t> protocol_from(std::string_view word);

struct FlowKey {
    std::uint32_t slot = 0;  // of the vNIC
    std::uint8_t protocol = 0;
    Address tenant_address;
    Address peer_address;
    std::uint16_t tenant_port = 0;
    std::uint16_t peer_port = 0;
    friend auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

// Round-trip times of one flow on one side of the vNIC, to 64 ns.
struct FlowRtt {
    std::uint64_t last_ns = 0;
    std::uint64_t min_ns = 0;
    std::uint64_t samples = 0;  // 0: the others mean nothing
    friend bool operator==(const FlowRtt&, const FlowRtt&) = default;
};

struct Flow {
    FlowKey key;
    std::string interface;
    std::string tenant;
    Count tx;
    Count rx;
    FlowRtt rtt_tenant;
    FlowRtt rtt_network;
    TcpTrouble tx_trouble;
    TcpTrouble rx_trouble;
    std::uint64_t first_seen_ns = 0;  // CLOCK_MONOTONIC, to about 16 ms
    std::uint64_t last_seen_ns = 0;
};

// One vNIC's flows at one moment, and what its ledger has beside them.
struct FlowSnapshot {
    std::uint64_t taken_ns = 0;  // CLOCK_MONOTONIC
    struct Untracked {
        std::string interface;
        std::string tenant;
        std::array<Count, WEIR_UNTRACKED_KINDS> tx{};
        std::array<Count, WEIR_UNTRACKED_KINDS> rx{};
    };
    std::vector<Flow> flows;  // equal keys already added up
    std::vector<Untracked> untracked;
};

// Adds what one CPU has parked (bpf/lib/flow_park.h) of the vNIC in `slot` to its flow, or to `untracked` as busy where
// the flow is not in the table.
void add_parked(FlowSnapshot& snapshot, FlowSnapshot::Untracked& untracked, std::uint32_t slot, const weir_ledger& cpu);

// What happened between two snapshots: flows that moved, with the window's counts; times and round-trip times as in the
// later, the latter only if there was a sample within the window.
// The sum of its flows and untracked counts is what the ledger gained. So what a flow had before the window is taken
// off `evicted` again if the flow was evicted within it.
FlowSnapshot window_of(const FlowSnapshot& earlier, const FlowSnapshot& later);

// rtt: the longer of the two sides' last.
enum class FlowSort { bytes, packets, rate, age, rtt, retransmits };
std::optional<FlowSort> flow_sort_from(std::string_view word);

struct FlowFilter {
    std::optional<Prefix> address;      // either end
    std::optional<std::uint16_t> port;  // either end
    std::optional<std::uint8_t> protocol;
    std::optional<std::string> tenant;
    [[nodiscard]] bool matches(const Flow& flow) const;
};

// Filters, sorts (descending; age: oldest first; ties by key, so the order is the same every time) and cuts to `limit`
// flows (0: all). `rate` is bytes per second over the window if there was one (window_ns > 0), else over the flow's
// life, or over a second if it lived less: its times are coarse.
std::vector<Flow> select(const FlowSnapshot& snapshot, const FlowFilter& filter, FlowSort sort, std::size_t limit,
                         std::uint64_t window_ns);

// Bytes per second of a flow, as `select` sorts it.
double flow_rate(const Flow& flow, std::uint64_t window_ns);

}  // namespace weir
