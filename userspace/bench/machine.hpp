// SPDX-License-Identifier: GPL-2.0-or-later
// What the figures depend on beside the programs: CPU, kernel, mitigations; and the CPU that the benchmark stays on.
#pragma once

#include "bench/bench.hpp"

namespace weir::bench {

// Keeps the calling thread on the last CPU that it may use, and says which that is.
Result<unsigned> stay_on_one_cpu();

BenchMachine describe_machine(unsigned measured_on);

}  // namespace weir::bench
