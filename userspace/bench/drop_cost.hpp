// SPDX-License-Identifier: GPL-2.0-or-later
// What the drop tracer (`weir drops`) adds to a packet that the kernel drops, in a network namespace made for it.
//
// XDP's test run with live frames (Linux 5.18) has the kernel take frames that nobody handles up the stack and drop
// them there, some millions in a second; the same with the tracer and without, in turns.
#pragma once

#include "core/result.hpp"

namespace weir {

struct DropCost {
    double untraced_ns = 0;  // making, receiving and dropping one frame; the least of the runs
    double traced_ns = 0;
    [[nodiscard]] double more_ns() const { return traced_ns - untraced_ns; }
    [[nodiscard]] bool passed() const { return more_ns() <= limit_ns; }
    static constexpr double limit_ns = 100;
};

// Fails where the kernel can do neither, and when the tracer did not count every frame.
Result<DropCost> measure_drop_cost(unsigned runs, unsigned frames);

}  // namespace weir
