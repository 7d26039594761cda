// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ledger.hpp"

#include <numeric>

namespace weir {
namespace {

template <std::size_t N>
Count sum(const std::array<Count, N>& counts) {
    return std::accumulate(counts.begin(), counts.end(), Count{}, [](Count a, const Count& b) { return a += b; });
}

template <std::size_t N>
void subtract(std::array<Count, N>& counts, const std::array<Count, N>& other) {
    for (std::size_t i = 0; i < N; i++)
        counts[i] = counts[i] - other[i];
}

template <std::size_t N>
void add(std::array<Count, N>& counts, const std::array<Count, N>& other) {
    for (std::size_t i = 0; i < N; i++)
        counts[i] += other[i];
}

template <std::size_t N>
void add_raw(std::array<Count, N>& counts, const weir_count* raw) {
    for (std::size_t i = 0; i < N; i++)
        counts[i] += Count{raw[i].packets, raw[i].bytes};
}

}  // namespace

Count DirectionLedger::total() const { return sum(classes); }
Count DirectionLedger::drop_total() const { return sum(drops); }
Count DirectionLedger::untracked_total() const { return sum(untracked); }

DirectionLedger& DirectionLedger::operator+=(const DirectionLedger& other) {
    skbs += other.skbs;
    ecn_marked_packets += other.ecn_marked_packets;
    add(classes, other.classes);
    add(drops, other.drops);
    add(untracked, other.untracked);
    return *this;
}

DirectionLedger operator-(const DirectionLedger& later, const DirectionLedger& earlier) {
    DirectionLedger difference = later;
    difference.skbs -= earlier.skbs;
    difference.ecn_marked_packets -= earlier.ecn_marked_packets;
    subtract(difference.classes, earlier.classes);
    subtract(difference.drops, earlier.drops);
    subtract(difference.untracked, earlier.untracked);
    return difference;
}

Ledger operator-(const Ledger& later, const Ledger& earlier) { return {later.tx - earlier.tx, later.rx - earlier.rx}; }

void add_cpu(Ledger& ledger, const weir_ledger& cpu) {
    for (Direction direction : directions) {
        DirectionLedger& sum = ledger.of(direction);
        const weir_ledger_direction& part = cpu.direction[static_cast<std::size_t>(direction)];
        sum.skbs += part.skbs;
        sum.ecn_marked_packets += part.ecn_marked_packets;
        add_raw(sum.classes, part.classes);
        add_raw(sum.drops, part.drops);
        add_raw(sum.untracked, part.untracked);
    }
}

Ledger ledger_of(std::span<const weir_ledger> cpus) {
    Ledger ledger;
    for (const auto& cpu : cpus)
        add_cpu(ledger, cpu);
    return ledger;
}

LedgerSnapshot window_of(const LedgerSnapshot& earlier, const LedgerSnapshot& later) {
    LedgerSnapshot window = later;
    take_off(window.vnics, earlier.vnics, &VnicLedger::ledger);
    return window;
}

}  // namespace weir
