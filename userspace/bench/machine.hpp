// SPDX-License-Identifier: GPL-2.0-or-later
// What the figures depend on beside the programs: CPU, kernel, mitigations; and the CPU that the benchmark stays on.
#pragma once

#include <sched.h>

#include "bench/bench.hpp"

namespace weir::bench {

// Keeps the calling thread on one CPU for as long as it lives.
class PinnedThread {
public:
    // `cpu`: none for the last one that the thread may use.
    static Result<PinnedThread> pin(std::optional<unsigned> cpu);
    ~PinnedThread();
    PinnedThread(PinnedThread&& other) noexcept;
    PinnedThread& operator=(PinnedThread&&) = delete;
    [[nodiscard]] unsigned cpu() const { return cpu_; }

private:
    PinnedThread(unsigned cpu, const cpu_set_t& before) : cpu_(cpu), before_(before) {}
    unsigned cpu_;
    cpu_set_t before_;
    bool active_ = true;
};

BenchMachine describe_machine(unsigned measured_on);

}  // namespace weir::bench
