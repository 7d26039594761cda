// SPDX-License-Identifier: GPL-2.0-or-later
// The drop tracer in the kernel: loaded while an object of it lives, or pinned and then running without a process.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "model/ledger.hpp"
#include "shared/drops.h"

namespace weir {

// What the kernel counted, summed over its CPUs.
struct DropCounts {
    struct Entry {
        weir_drop_key key;
        weir_drop_count count;
    };
    std::vector<Entry> entries;
    std::vector<weir_drop_count> rest;  // by reason; what found the table full
    weir_drop_count outside{};          // other network namespaces
    std::uint64_t missed = 0;           // calls that came while the CPU's tracer was running
    std::uint64_t started_ns = 0;       // CLOCK_MONOTONIC
};

// Weir's own drops at one moment, by vNIC, direction and reason.
class OwnDrops {
public:
    OwnDrops() = default;
    explicit OwnDrops(const std::vector<VnicLedger>& ledgers);
    // How many packets there were; 0 for a vNIC that has been attached since.
    [[nodiscard]] std::uint64_t packets(const Vnic& vnic, Direction direction, std::size_t reason) const;

private:
    friend class DropTracer;
    struct Order {
        bool operator()(const weir_drop_own_key& a, const weir_drop_own_key& b) const;
    };
    std::map<weir_drop_own_key, std::uint64_t, Order> packets_;
};

class DropTracer {
public:
    // Counts from now on until the object is gone. Errc::unsupported where the kernel has no such tracepoint or BTF.
    static Result<DropTracer> start();

    // The kept one of this network namespace; nothing if there is none.
    static Result<std::optional<DropTracer>> open_kept();

    // Pins it, so that it goes on without this process. `own` is what Weir itself has dropped by now: remembered beside
    // it. Under StateLock; an earlier one must be gone.
    [[nodiscard]] Result<void> keep(const OwnDrops& own) const;

    // Ends the kept one and its counters. Under StateLock; that there is none is fine.
    static Result<void> remove_kept();
    static Result<bool> is_kept();

    [[nodiscard]] Result<DropCounts> read() const;

    // What keep() was given; nothing of a tracer that is not kept.
    [[nodiscard]] Result<OwnDrops> read_own_before() const;

private:
    // Closed in this order: the link is the last that holds the program.
    Fd counts_;
    Fd rest_;
    Fd outside_;
    Fd settings_;
    Fd own_;
    Fd program_;
    Fd link_;
};

}  // namespace weir
