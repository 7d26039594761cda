// SPDX-License-Identifier: GPL-2.0-or-later
// Renders what the model holds: JSON for programs (schema_version 1: changes only add) and tables for people. Pure:
// returns strings and JSON values, prints nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/result.hpp"
#include "model/drops.hpp"
#include "model/flow.hpp"
#include "model/latency.hpp"
#include "model/ledger.hpp"
#include "model/limit_use.hpp"
#include "model/share_use.hpp"

namespace weir {

// Keys keep the order in which they are written, as people read them.
using Json = nlohmann::ordered_json;

// {"schema_version":1}, to be added to.
Json json_object();

// What tables may use: colour, and how wide the terminal is (0: no limit).
struct Style {
    bool colour = false;
    unsigned columns = 0;
};

// `window_ns` 0: totals since attach; otherwise the snapshot is a difference over that time and rates are added.
// `share`: the tenants' parts of the uplinks at the end of it; nothing of it is said where fair share is off.
Json stats_json(const LedgerSnapshot& snapshot, std::uint64_t window_ns, const FairShare& share = {});
std::string stats_table(const LedgerSnapshot& snapshot, std::uint64_t window_ns, const Style& style,
                        const FairShare& share = {});

Json latency_json(const LatencySnapshot& snapshot, std::uint64_t window_ns);
std::string latency_table(const LatencySnapshot& snapshot, std::uint64_t window_ns, const Style& style);
// The histograms themselves, drawn with one line a bucket or group of buckets.
std::string latency_histograms(const LatencySnapshot& snapshot, const Style& style);

// Limits and what they do. `window_ns` as above.
Json limits_json(const LimitSnapshot& snapshot, std::uint64_t window_ns);
std::string limits_table(const LimitSnapshot& snapshot, std::uint64_t window_ns, const Style& style);

// `with_normal` shows the normal ends of packets' lives too; without, they are one number.
Json drops_json(const DropSnapshot& snapshot, std::uint64_t window_ns, bool with_normal);
std::string drops_table(const DropSnapshot& snapshot, std::uint64_t window_ns, bool with_normal, const Style& style);

Json status_json(const std::vector<Vnic>& vnics, const FairShare& share = {});
std::string status_table(const std::vector<Vnic>& vnics, const Style& style, const FairShare& share = {});

// `flows` in the order to show; `untracked` and the vNICs' names come from `snapshot`.
Json flows_json(const std::vector<Flow>& flows, const FlowSnapshot& snapshot, std::uint64_t window_ns);
std::string flows_table(const std::vector<Flow>& flows, const FlowSnapshot& snapshot, std::uint64_t window_ns,
                        const Style& style);

// {"schema_version":1,"error":{"code","what","evidence","hint"}}
Json error_json(const Error& error);

}  // namespace weir
