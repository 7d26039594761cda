// SPDX-License-Identifier: GPL-2.0-or-later
// What fair share's tick takes, run as often as the timer does, so that caches are as they are then. Every tenant has a
// queue and wants more than it gets.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.hpp"

namespace weir {

struct TickCost {
    std::uint32_t tenants = 0;
    std::uint64_t interval_ns = 0;  // from one tick to the next
    double tick_ns = 0;             // both directions, the median of some ticks
    double lower_quartile_ns = 0;   // what a tick takes at other programs' quieter moments
    double cpu_limit = 0;           // the part of one CPU that the lower quartile is held to; 0: none
    [[nodiscard]] double cpu() const { return tick_ns / static_cast<double>(interval_ns); }
    // Between two ticks other programs of a busy machine have the caches and the core: that is theirs, not the tick's.
    [[nodiscard]] bool passed() const {
        return cpu_limit <= 0 || lower_quartile_ns <= cpu_limit * static_cast<double>(interval_ns);
    }
};

// For 16, 256 and 4,096 tenants. Loads programs and maps of its own, which are gone when it returns; 80 MiB for a
// moment. `runs` ticks of each count, 15 at least, after some to warm up.
Result<std::vector<TickCost>> measure_tick_cost(unsigned runs);

}  // namespace weir
