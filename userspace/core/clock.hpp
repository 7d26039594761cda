// SPDX-License-Identifier: GPL-2.0-or-later
// The clocks that everything here is timed by.
#pragma once

#include <cstdint>
#include <ctime>

namespace weir {

inline constexpr std::uint64_t second_ns = 1'000'000'000;

inline std::uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * second_ns + static_cast<std::uint64_t>(now.tv_nsec);
}

// CLOCK_MONOTONIC, as bpf_ktime_get_ns has it.
inline std::uint64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

// Nanoseconds since 1970.
inline std::uint64_t realtime_ns() { return clock_ns(CLOCK_REALTIME); }

}  // namespace weir
