// SPDX-License-Identifier: GPL-2.0-or-later
// The traffic that the benchmark makes: frames of 64 bytes that differ in their source address. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/bench.hpp"
#include "bench/bench_abi.h"

namespace weir::bench {

inline constexpr std::size_t frame_bytes = 64;
using Frame = std::array<std::uint8_t, frame_bytes>;

// Traffics of one group share their flow tables; their flows fit in together, so that none disturbs another.
inline constexpr std::size_t groups = 5;

struct Traffic {
    BenchTraffic shown;
    std::uint8_t family;    // 4 or 6
    std::uint8_t protocol;  // IP protocol number
    std::size_t group;
    std::uint32_t class_id;  // the ledger's class that every packet has to be in

    [[nodiscard]] bool every_new() const { return shown.live_flows == 0; }
    // TCP: one flow sends data, one segment after the other; where there are many, each acknowledges once and again.
    [[nodiscard]] std::uint32_t payload_bytes() const {
        return protocol == 6 && shown.live_flows == 1 ? frame_bytes - 14 - 20 - 20 : 0;
    }
    [[nodiscard]] std::uint32_t mask() const { return every_new() ? ~0u : shown.live_flows - 1; }
    [[nodiscard]] std::uint32_t base() const { return every_new() ? 0 : 0x0a000000; }
};

// What is measured, in the order of the table.
const std::vector<Traffic>& traffics();

// The packet of flow `index` (0 to live_flows - 1), as the prologue makes it.
Frame frame_of(const Traffic& traffic, std::uint32_t index);

// How many flows a table has to hold once every flow of `together` was seen: what a full set cannot hold is displaced.
std::uint64_t flows_expected(std::span<const Traffic* const> together, std::uint32_t direction, std::uint64_t seed,
                             std::uint32_t sets);

}  // namespace weir::bench
