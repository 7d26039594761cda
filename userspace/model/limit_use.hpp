// SPDX-License-Identifier: GPL-2.0-or-later
// What tenants with limits send and receive, and what their limits do about it. Plain values, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/latency.hpp"
#include "model/ledger.hpp"
#include "model/limit.hpp"
#include "model/share_use.hpp"

namespace weir {

struct TenantLimitState {
    std::string tenant;
    LimitState state;
};

struct LimitSnapshot {
    std::uint64_t taken_ns = 0;            // CLOCK_MONOTONIC
    std::vector<TenantLimitState> limits;  // a tenant that only shares an uplink has none set
    LedgerSnapshot ledgers;                // of these tenants' vNICs, without uplinks
    LatencySnapshot latency;
    FairShare share = {};
};

// What happened between two snapshots, with the limits of the later.
LimitSnapshot window_of(const LimitSnapshot& earlier, const LimitSnapshot& later);

// One tenant with a limit: its vNICs' counters and shaping delays, summed.
struct LimitUse {
    std::string tenant;
    LimitState state;
    std::vector<std::string> interfaces;
    Ledger ledger;
    Histogram shaping_tx;
    Histogram shaping_rx;
    std::optional<TenantShare> share = {};  // nothing: no uplink that it shares
    [[nodiscard]] const Histogram& shaping(Direction direction) const {
        return direction == Direction::tx ? shaping_tx : shaping_rx;
    }
};
std::vector<LimitUse> uses_of(const LimitSnapshot& snapshot);

// What was let through. A packet that is dropped while its ledger is read may be in one count and not in the other yet.
Count passed(const DirectionLedger& ledger);

// Which part of the limit held the tenant back, by what it did: "max" (bytes; "share" where the tenant's share of the
// uplinks is what its bytes are held to now), "pps" (packets); empty: none.
std::vector<std::string_view> held_by(const DirectionLedger& ledger, const Histogram& shaping,
                                      const ShareUse* share = nullptr);

}  // namespace weir
