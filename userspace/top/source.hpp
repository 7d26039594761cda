// Where `weir top` gets its snapshots from.
#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"
#include "model/flow.hpp"
#include "model/load.hpp"
#include "model/noisy.hpp"

namespace weir::top {

// Used by one thread at a time.
class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;
    virtual Result<void> loads(LoadSnapshot& snapshot) = 0;  // overwrites it; its memory is used again
    virtual Result<FlowSnapshot> flows(const std::string& tenant) = 0;
    virtual Result<noisy::Window> pulses() = 0;  // the last minute
};

// The running state. `selector` is an interface or a tenant; empty means all.
std::unique_ptr<Source> live_source(const std::string& selector);

// So many vNICs, each of a tenant of its own, whose counters grow steadily; the same in every run. To see the screen
// with a host's worth of tenants, and to measure what drawing it takes.
std::unique_ptr<Source> simulated_source(std::size_t vnics);

}  // namespace weir::top
