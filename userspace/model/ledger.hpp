// SPDX-License-Identifier: GPL-2.0-or-later
// The exact counters of a vNIC, summed over the CPUs. Plain values, no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/types.hpp"

namespace weir {

// One direction. Identity: total() == sum of its flows, with what is parked of them, + untracked_total(), exactly,
// whenever no packet is in flight while it is read.
struct DirectionLedger {
    std::uint64_t skbs = 0;
    std::uint64_t ecn_marked_packets = 0;
    std::array<Count, WEIR_CLASS_COUNT> classes{};
    std::array<Count, WEIR_DROP_COUNT> drops{};
    std::array<Count, WEIR_UNTRACKED_KINDS> untracked{};

    [[nodiscard]] Count total() const;
    [[nodiscard]] Count drop_total() const;
    [[nodiscard]] Count untracked_total() const;
    DirectionLedger& operator+=(const DirectionLedger& other);
    friend DirectionLedger operator-(const DirectionLedger& later, const DirectionLedger& earlier);
};

struct Ledger {
    DirectionLedger tx;
    DirectionLedger rx;
    [[nodiscard]] const DirectionLedger& of(Direction direction) const { return direction == Direction::tx ? tx : rx; }
    [[nodiscard]] DirectionLedger& of(Direction direction) { return direction == Direction::tx ? tx : rx; }
    friend Ledger operator-(const Ledger& later, const Ledger& earlier);
};

// One CPU's part, as the map holds it, added to a ledger.
void add_cpu(Ledger& ledger, const weir_ledger& cpu);

// All CPUs' together.
Ledger ledger_of(std::span<const weir_ledger> cpus);

struct VnicLedger {
    Vnic vnic;
    Ledger ledger;
};

struct LedgerSnapshot {
    std::uint64_t taken_ns = 0;  // CLOCK_MONOTONIC
    std::vector<VnicLedger> vnics;
};

// What happened between two snapshots, for the vNICs of the later. One that was attached in between counts whole.
LedgerSnapshot window_of(const LedgerSnapshot& earlier, const LedgerSnapshot& later);

}  // namespace weir
