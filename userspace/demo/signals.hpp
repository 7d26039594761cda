// SPDX-License-Identifier: GPL-2.0-or-later
// Signals as events, without handlers: blocked while a StopSignals lives, taken from the queue where it is asked. So
// nothing is interrupted half way, and no signal is lost between two steps.
#pragma once

#include <csignal>
#include <string>

namespace weir::demo {

class StopSignals {
public:
    // Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT, except those that the process ignores (nohup), and SIGCHLD.
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    // The signal that asked to stop, or 0. Once asked, it stays so.
    int requested();

    // Sleeps, and returns early if a stop is or was asked for.
    int sleep(unsigned milliseconds);

    // Waits for any of them or SIGCHLD, for ever.
    int wait_any();

private:
    sigset_t stops_{};
    sigset_t all_{};
    sigset_t before_{};
    struct sigaction child_before_{};
    int requested_ = 0;
};

// "SIGINT"
std::string signal_name(int number);

}  // namespace weir::demo
