// SPDX-License-Identifier: GPL-2.0-or-later
// Watching for a while: two snapshots and the time between them.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "model/ledger.hpp"

namespace weir::cli {

// While it lives, Ctrl-C ends a wait and not the process. Unless the process was told to ignore Ctrl-C.
class InterruptibleWait {
public:
    InterruptibleWait();
    ~InterruptibleWait();
    InterruptibleWait(const InterruptibleWait&) = delete;
    InterruptibleWait& operator=(const InterruptibleWait&) = delete;

    // Returns at that moment of CLOCK_MONOTONIC, true, or at Ctrl-C, even one that came before the call, false.
    [[nodiscard]] bool until(std::uint64_t deadline_ns) const;

private:
    sigset_t waited_for_{};
    sigset_t before_{};
};

// `collect` twice, `duration_ns` apart or less after Ctrl-C.
template <class Collect>
auto observe(std::uint64_t duration_ns, const Collect& collect) {
    using Snapshot = typename decltype(collect())::value_type;
    using Pair = Result<std::pair<Snapshot, Snapshot>>;
    const InterruptibleWait wait;
    const auto begun_ns = monotonic_ns();
    auto earlier = collect();
    if (!earlier) return Pair(std::unexpect, std::move(earlier).error());
    (void)wait.until((earlier->taken_ns != 0 ? earlier->taken_ns : begun_ns) + duration_ns);
    auto later = collect();
    if (!later) return Pair(std::unexpect, std::move(later).error());
    return Pair(std::in_place, std::move(*earlier), std::move(*later));
}

// Names of the vNICs of the earlier snapshot that are no longer attached.
std::vector<std::string> detached_between(const LedgerSnapshot& earlier, const LedgerSnapshot& later);

// How long the window was. Snapshots of nothing have no time of their own: then what was asked for.
template <class Snapshot>
std::uint64_t window_ns(const Snapshot& earlier, const Snapshot& later, std::uint64_t asked_ns) {
    return earlier.taken_ns != 0 && later.taken_ns > earlier.taken_ns ? later.taken_ns - earlier.taken_ns : asked_ns;
}

}  // namespace weir::cli
