// SPDX-License-Identifier: GPL-2.0-or-later
// Where `weir top` gets its snapshots from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "model/load.hpp"
#include "model/noisy.hpp"
#include "model/top.hpp"

namespace weir::top {

// Each function may take long, and is called by one thread, which is its own: the three run beside each other.
class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;
    virtual Result<void> loads(LoadSnapshot& snapshot) = 0;  // overwrites it; its memory is used again
    virtual Result<noisy::Window> pulses() = 0;              // the last minute
    // An opened tenant. An empty name: none is open any more, and what was held for it goes.
    virtual Result<TopReading> tenant(const std::string& name) = 0;
};

// The running state. `selector` is an interface or a tenant; empty means all. While a tenant is open, the kernel's
// drops are traced, as `weir drops` does.
std::unique_ptr<Source> live_source(const std::string& selector);

// So many vNICs, each of a tenant of its own, whose counters grow steadily by a clock that goes on by one interval a
// reading: every run shows the same. To see the screen with a host's worth of tenants, and to measure what drawing it
// takes.
std::unique_ptr<Source> simulated_source(std::size_t vnics, std::uint64_t interval_ns);

}  // namespace weir::top
