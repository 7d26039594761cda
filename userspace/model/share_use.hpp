// SPDX-License-Identifier: GPL-2.0-or-later
// Fair share as it stands at a moment: who has which part of the uplinks and why. Plain values, no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/types.hpp"

namespace weir {

// Why a tenant has the rate that it has.
enum class ShareReason {
    demand,    // asks for less than its part; the rest is lent
    weight,    // asks for more than its part by weight
    min,       // asks for more; its min, which is more than its part by weight
    max,       // its max
    fallback,  // the tick has stopped, or has not seen it yet: its part if everybody asked
};

// "demand", "weight", "min", "max", "fallback".
std::string_view to_string(ShareReason reason);

// One tenant in one direction; bits per second.
struct ShareUse {
    std::uint32_t weight = 1;
    std::uint64_t min_bps = 0;                    // 0: none
    std::uint64_t max_bps = 0;                    // 0: none
    std::uint64_t fair_bps = 0;                   // its part if everybody asked
    std::uint64_t rate_bps = 0;                   // what its packets are limited to now
    std::uint64_t grant_bps = 0;                  // what of the capacity is its own now
    std::optional<std::uint64_t> wanted_bps = 0;  // nothing: more than it got, nobody can know how much
    ShareReason reason = ShareReason::fallback;

    // Of others, beyond its fair part; and of its fair part, to others.
    [[nodiscard]] std::uint64_t borrowed_bps() const { return grant_bps > fair_bps ? grant_bps - fair_bps : 0; }
    [[nodiscard]] std::uint64_t lent_bps() const {
        return reason == ShareReason::demand && grant_bps < fair_bps ? fair_bps - grant_bps : 0;
    }
};

struct TenantShare {
    std::string tenant;
    std::array<ShareUse, WEIR_DIRECTIONS> use{};
    [[nodiscard]] const ShareUse& of(Direction direction) const { return use.at(static_cast<std::size_t>(direction)); }
};

struct FairShare {
    bool is_on = false;       // an uplink has a capacity, and somebody shares it
    bool is_running = false;  // the tick comes by
    std::array<std::uint64_t, WEIR_DIRECTIONS> capacity_bps{};
    std::array<bool, WEIR_DIRECTIONS> is_short{};  // mins asked for are more than the capacity
    std::uint64_t interval_ns = 0;
    std::uint64_t ticks = 0;
    std::uint64_t last_tick_ago_ns = 0;
    std::uint64_t tick_mean_ns = 0;  // both directions
    std::uint64_t tick_worst_ns = 0;
    std::vector<TenantShare> tenants;  // by name

    [[nodiscard]] const TenantShare* find(const std::string& tenant) const;
    [[nodiscard]] std::uint64_t total_weight(Direction direction) const;
    [[nodiscard]] std::size_t lenders(Direction direction) const;
};

// In words: "its share of 10gbit by weight 2 of 7, lent 1.2gbit by 3 idle tenants", "its max of 2mbit", "all that it
// asks for, 1mbit of 2mbit".
std::string share_words(const FairShare& share, const ShareUse& use, Direction direction);

// What the operator should know of the tick, or of mins that do not fit; empty: nothing.
std::string fair_share_note(const FairShare& share);

}  // namespace weir
