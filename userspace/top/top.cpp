// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/top.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "core/clock.hpp"
#include "report/top.hpp"
#include "top/endings.hpp"
#include "top/feed.hpp"
#include "top/screen.hpp"

namespace weir::top {
namespace {

// How often the screen says anew how old it is, if nothing else happens.
constexpr int clock_ms = 1000;
constexpr std::uint64_t clock_ns = clock_ms * std::uint64_t{1'000'000};
// What readings have at the end to end by themselves.
constexpr std::uint64_t patience_ns = 300'000'000;

// Reads all keys that there are. True: something is to be drawn.
bool press(Screen& screen, const TopFrame& frame, TopState& state) {
    bool changed = false;
    while (!state.quit) {
        const auto key = screen.key(changed);
        if (!key) return changed;
        const auto tenants = listed(frame, state);
        const auto page = top_page(frame, state, screen.size());
        state = after(std::move(state), *key, tenants, page);
        changed = true;
    }
    return changed;
}

// Until the user quits or a signal comes.
Result<void> loop(Screen& screen, Feed& feed, TopState& state, const Endings& endings) {
    auto frame = std::make_shared<const TopFrame>();
    std::uint64_t drawn_ns = 0;
    for (bool changed = true;;) {
        if (changed || monotonic_ns() - drawn_ns >= clock_ns) {
            drawn_ns = monotonic_ns();
            TopScreen size = screen.size();
            size.now_ns = drawn_ns;
            screen.draw(top_lines(*frame, state, size));
        }
        std::array<pollfd, 3> waiting{{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                                       {.fd = feed.ready_fd(), .events = POLLIN, .revents = 0},
                                       {.fd = endings.fd(), .events = POLLIN, .revents = 0}}};
        const int ready = poll(waiting.data(), waiting.size(), clock_ms);
        if (ready < 0 && errno != EINTR) return fail(Errc::failed, "cannot wait for keys", errno_text(errno));
        if (endings.taken() != 0) return {};
        if ((waiting[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return {};
        changed = press(screen, *frame, state);
        if (state.quit) return {};
        feed.open(state.opened);
        if ((waiting[1].revents & POLLIN) == 0) continue;
        auto newest = feed.take();
        // What was opened while the list stands still is still read.
        const bool is_wanted = !state.paused || frame->taken_ns == 0;
        if (newest && is_wanted) {
            frame = std::move(newest);
            changed = true;
        } else if (newest && newest->detail && (!frame->detail || frame->detail->tenant != newest->detail->tenant)) {
            auto standing = std::make_shared<TopFrame>(*frame);
            standing->detail = newest->detail;
            frame = std::move(standing);
            changed = true;
        }
    }
}

}  // namespace

Result<void> show(std::unique_ptr<Source> source, std::uint64_t interval_ns, TopState state) {
    Result<void> done;
    int signal = 0;
    std::unique_ptr<Feed> feed;
    {
        const Endings endings;
        WEIR_TRY(auto screen, Screen::open());
        feed = std::make_unique<Feed>(std::move(source), interval_ns);
        done = loop(screen, *feed, state, endings);
        signal = endings.taken();
    }
    // Ctrl-C is how many leave: that is no failure.
    if (signal != 0 && signal != SIGINT) Endings::end_by(signal);
    if (done && !feed->stop(patience_ns)) std::_Exit(0);
    return done;
}

}  // namespace weir::top
