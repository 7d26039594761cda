// SPDX-License-Identifier: GPL-2.0-or-later
// Watching for a while: two snapshots and the time between them.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "command_line/values.hpp"
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

// Shows totals or, if a duration was given, what happened in it: `collect` once or twice, then `print(snapshot, window)`
// with the window's length, 0 for totals. `between` sees both snapshots of a window first.
template <class Collect, class Print, class Between>
Result<int> print_totals_or_window(const std::string& duration, const Collect& collect, const Print& print,
                                   const Between& between) {
    if (duration.empty()) {
        WEIR_TRY(const auto snapshot, collect());
        return print(snapshot, std::uint64_t{0});
    }
    WEIR_TRY(const auto duration_ns, duration_of(duration));
    WEIR_TRY(const auto both, observe(duration_ns, collect));
    const auto& [earlier, later] = both;
    between(earlier, later);
    return print(window_of(earlier, later), window_ns(earlier, later, duration_ns));
}

template <class Collect, class Print>
Result<int> print_totals_or_window(const std::string& duration, const Collect& collect, const Print& print) {
    return print_totals_or_window(duration, collect, print, [](const auto&, const auto&) {});
}

}  // namespace weir::cli
