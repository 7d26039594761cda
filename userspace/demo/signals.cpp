// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/signals.hpp"

#include <cstring>
#include <ctime>

namespace weir::demo {

StopSignals::StopSignals() {
    sigemptyset(&stops_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        struct sigaction now{};
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&stops_, number);
    }
    // Were SIGCHLD ignored, children could not be waited for.
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &standard, &child_before_);
    all_ = stops_;
    sigaddset(&all_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &all_, &before_);
}

StopSignals::~StopSignals() {
    // Whoever presses Ctrl-C once more while things are being taken away has been obeyed already.
    const timespec at_once{};
    while (requested_ != 0 && sigtimedwait(&stops_, nullptr, &at_once) > 0) {
    }
    sigaction(SIGCHLD, &child_before_, nullptr);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int StopSignals::requested() { return sleep(0); }

int StopSignals::sleep(unsigned milliseconds) {
    if (requested_ != 0) return requested_;
    timespec left{.tv_sec = milliseconds / 1000, .tv_nsec = static_cast<long>(milliseconds % 1000) * 1'000'000};
    const int number = sigtimedwait(&stops_, nullptr, &left);
    if (number > 0) requested_ = number;
    return requested_;
}

int StopSignals::wait_any() {
    for (;;) {
        const int number = sigwaitinfo(&all_, nullptr);
        if (number <= 0) continue;
        if (number != SIGCHLD) requested_ = number;
        return number;
    }
}

std::string signal_name(int number) {
    const char* name = sigabbrev_np(number);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace weir::demo
