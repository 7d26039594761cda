// SPDX-License-Identifier: GPL-2.0-or-later
// What tenants do at the moment: everything that `weir top` shows in a line. Plain values, no I/O.
//
// Example:
//     auto loads = loads_of(earlier, later);
//     mark_verdicts(loads, noisy::judge(window, {}));
//     for (const TenantLoad& load : arranged(loads, {.sort = LoadSort::load})) ...
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/latency.hpp"
#include "model/ledger.hpp"
#include "model/limit_use.hpp"
#include "model/noisy.hpp"
#include "model/share_use.hpp"

namespace weir {

struct VnicState {
    Vnic vnic;
    Ledger ledger;
    Latency latency;
    std::optional<std::uint64_t> flows = {};  // that had a packet in the last ten seconds; nothing: not counted
};

struct LoadSnapshot {
    std::uint64_t taken_ns = 0;  // CLOCK_MONOTONIC
    std::vector<VnicState> vnics;
    std::vector<TenantLimitState> limits;
    FairShare share;
};

// One direction of a tenant, or of an uplink.
struct WayLoad {
    double bits_per_second = 0;
    double packets_per_second = 0;
    std::uint64_t drop_packets = 0;              // by Weir, in the window
    std::uint64_t max_bps = 0;                   // its limit; an uplink's capacity; 0: none
    std::uint64_t fair_bps = 0;                  // its part of the uplinks if everybody asked; 0: none
    std::vector<std::string_view> held_by = {};  // "max", "share", "pps"
};

struct TenantLoad {
    std::string tenant;
    std::vector<std::string> interfaces;
    std::array<WayLoad, WEIR_DIRECTIONS> ways{};
    std::optional<std::uint64_t> flows;
    std::optional<std::uint64_t> host_p99_ns;  // time in this host, both directions; nothing: no sample in the window
    std::optional<std::uint64_t> rtt_p99_ns;   // the same of the round trip to the network
    std::vector<noisy::Pattern> disturbs;      // patterns of which it is the culprit
    std::vector<noisy::Harm> suffers;

    [[nodiscard]] const WayLoad& of(Direction direction) const { return ways.at(static_cast<std::size_t>(direction)); }
    [[nodiscard]] double bits_per_second() const { return ways[0].bits_per_second + ways[1].bits_per_second; }
    [[nodiscard]] double packets_per_second() const { return ways[0].packets_per_second + ways[1].packets_per_second; }
    [[nodiscard]] std::uint64_t drop_packets() const { return ways[0].drop_packets + ways[1].drop_packets; }
};

struct Loads {
    std::uint64_t window_ns = 0;
    std::vector<TenantLoad> tenants;  // by name; uplinks are none
    std::vector<TenantLoad> uplinks;
};

// What happened between two snapshots. A vNIC that was attached in between counts whole; one that was detached is gone.
Loads loads_of(const LoadSnapshot& earlier, const LoadSnapshot& later);

// In place of whatever was marked before.
void mark_verdicts(Loads& loads, const noisy::Report& report);

enum class LoadSort { load, tx, rx, packets, flows, latency, drops, name };
inline constexpr std::array load_sorts{LoadSort::load,  LoadSort::tx,      LoadSort::rx,    LoadSort::packets,
                                       LoadSort::flows, LoadSort::latency, LoadSort::drops, LoadSort::name};
// "load" (tx and rx), "tx", "rx", "packets", "flows", "latency", "drops", "name".
std::string_view to_string(LoadSort sort);
std::optional<LoadSort> load_sort_from(std::string_view word);

struct LoadOrder {
    LoadSort sort = LoadSort::load;
    bool reversed = false;
    // Part of the tenant's or an interface's name, whatever the case of its letters; empty: all.
    std::string filter = {};
};
// The most first (names: a first), ties by name.
std::vector<TenantLoad> arranged(const std::vector<TenantLoad>& tenants, const LoadOrder& order);

}  // namespace weir
