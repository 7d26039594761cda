// SPDX-License-Identifier: GPL-2.0-or-later
// Fair share in user space: the check of what is asked for, and one tick of the kernel's own arithmetic. No I/O.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "lib/fair_share.h"
#include "model/types.hpp"

namespace weir {

// What one tenant asks for in one direction, in bits per second.
struct ShareWish {
    std::string tenant;
    std::uint64_t min_bps = 0;  // 0: none
    std::uint64_t max_bps = 0;  // 0: none
    std::uint32_t weight = 1;
};

// Refuses, by name and number, what the uplink cannot hold: mins that add up to more than its capacity, a min above the
// tenant's own max, a weight outside 1 to 1000. Errc::usage. What is missing is said in the hint.
Result<void> check_shares(std::string_view uplink, std::uint64_t capacity_bps, Direction direction,
                          std::span<const ShareWish> wishes);

// One tick over all entries, exactly what the kernel does. `samples` are the tenants' counters as they stand now, one
// an entry; `round` must have its capacity, and be zero before its first tick.
void share_tick(weir_share_round& round, std::span<weir_share_entry> entries,
                std::span<const weir_share_sample> samples, std::uint64_t elapsed_ns);

// What each tenant may send when the tick does not run: its share if everybody asked for all they may have. Never 0,
// never more than its max; all of them together no more than the capacity, but for the floor of
// WEIR_SHARE_RATE_MIN_BPS a tenant.
std::vector<std::uint64_t> static_shares(std::uint64_t capacity_bps, std::span<const ShareWish> wishes);

}  // namespace weir
