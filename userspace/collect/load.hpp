// SPDX-License-Identifier: GPL-2.0-or-later
// Reads what `weir top` shows of every tenant: counters, delays, limits and shares in one go, and how many flows are
// alive, which takes a whole flow table each and is therefore done for some vNICs at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "model/load.hpp"

namespace weir {

// Not for two threads at a time.
class LoadReader {
public:
    // `selector` is an interface or a tenant; empty means all. `flows_budget_ns`: counting flows begins with no further
    // vNIC when it has taken so long; the next reading goes on from there. Shown meanwhile: what was counted last.
    explicit LoadReader(std::string selector, std::uint64_t flows_budget_ns = 50'000'000)
        : selector_(std::move(selector)), flows_budget_ns_(flows_budget_ns) {}

    // Overwrites `snapshot`, whose memory is used again: on a large host it is tens of megabytes.
    Result<void> read(LoadSnapshot& snapshot);

private:
    Result<void> count_flows(LoadSnapshot& snapshot, const Instance& instance, std::uint32_t now_tick,
                             std::uint32_t ticks);

    std::string selector_;
    std::uint64_t flows_budget_ns_;
    std::map<std::uint32_t, std::uint64_t> flows_by_slot_;
    std::uint32_t next_slot_ = 0;
};

}  // namespace weir
