// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/window.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace weir::cli {
namespace {

bool is_in(const LedgerSnapshot& snapshot, const Vnic& vnic) {
    return std::ranges::any_of(snapshot.vnics,
                               [&](const VnicLedger& candidate) { return same_attachment(candidate.vnic, vnic); });
}

}  // namespace

// The signal is blocked and waited for, not handled: so it cannot slip in between a check and the sleep.
InterruptibleWait::InterruptibleWait() {
    sigemptyset(&waited_for_);
    struct sigaction interrupt{};
    sigaction(SIGINT, nullptr, &interrupt);
    if (interrupt.sa_handler != SIG_IGN) sigaddset(&waited_for_, SIGINT);
    sigprocmask(SIG_BLOCK, &waited_for_, &before_);
}

InterruptibleWait::~InterruptibleWait() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

bool InterruptibleWait::until(std::uint64_t deadline_ns) const {
    for (;;) {
        const auto now_ns = monotonic_ns();
        if (now_ns >= deadline_ns) return true;
        const auto left_ns = deadline_ns - now_ns;
        const timespec left{static_cast<time_t>(left_ns / second_ns), static_cast<long>(left_ns % second_ns)};
        if (sigtimedwait(&waited_for_, nullptr, &left) == SIGINT) return false;
        if (errno != EAGAIN && errno != EINTR) return true;
    }
}

std::vector<std::string> detached_between(const LedgerSnapshot& earlier, const LedgerSnapshot& later) {
    std::vector<std::string> names;
    for (const auto& before : earlier.vnics)
        if (!is_in(later, before.vnic)) names.push_back(before.vnic.interface);
    return names;
}

}  // namespace weir::cli
