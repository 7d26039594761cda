// SPDX-License-Identifier: GPL-2.0-or-later
// Fair share in the running state: the tick's settings and timer, and what it has computed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"

namespace weir {

// Sets the rate at which packets are charged from now on until a tick comes by, or whenever it has stopped; 0: the slot
// is not under fair share. Under StateLock.
Result<void> store_fallbacks(const Instance& instance, std::uint32_t slot,
                             const std::array<std::uint64_t, WEIR_DIRECTIONS>& fallback_costs);

// A slot that is free again remembers nothing. Under StateLock.
Result<void> forget_share(const Instance& instance, std::uint32_t slot);

// Makes the tick what `settings` say, but for the generation, which is raised: all tenants' wishes are read anew by the
// next tick. Arms the timer, or stops it where there is no capacity. Under StateLock.
Result<void> put_tick(const Instance& instance, weir_tick_settings settings);

// What the tick knows and has computed. Consistent to within one tick.
struct TickView {
    weir_tick_settings settings{};
    weir_tick_state state{};
    std::array<weir_share_round, WEIR_DIRECTIONS> rounds{};
    std::vector<weir_share_entry> entries;  // by direction and slot, settings.slots a direction
    [[nodiscard]] const weir_share_entry& entry(int direction, std::uint32_t slot) const {
        return entries.at(static_cast<std::size_t>(direction) * settings.slots + slot);
    }
};
Result<TickView> read_tick(const Instance& instance);

}  // namespace weir
