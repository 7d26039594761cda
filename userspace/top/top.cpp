#include "top/top.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "report/top.hpp"
#include "top/screen.hpp"

namespace weir::top {
namespace {

// While it lives, signals that end a process are read from a file.
class Endings {
public:
    Endings() {
        sigemptyset(&endings_);
        for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
            sigaddset(&endings_, signal);
        sigprocmask(SIG_BLOCK, &endings_, &before_);
        fd_ = Fd(signalfd(-1, &endings_, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    ~Endings() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    Endings(const Endings&) = delete;
    Endings& operator=(const Endings&) = delete;

    [[nodiscard]] int fd() const { return fd_.get(); }
    // Which one came; 0: none.
    [[nodiscard]] int take() const {
        signalfd_siginfo info{};
        return read(fd_.get(), &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo) : 0;
    }

private:
    sigset_t endings_{};
    sigset_t before_{};
    Fd fd_;
};

// Reads all keys that there are. True: something is to be drawn.
bool press(Screen& screen, const TopFrame& frame, TopState& state) {
    bool changed = false;
    while (!state.quit) {
        const auto key = screen.key(changed);
        if (!key) return changed;
        state = after(std::move(state), *key, listed(frame, state), top_page(frame, state, screen.size()));
        changed = true;
    }
    return changed;
}

// Returns the signal that ended it; 0: the user did.
Result<int> loop(Feed& feed, TopState& state, const Endings& endings) {
    WEIR_TRY(auto screen, Screen::open());
    auto frame = std::make_shared<const TopFrame>();
    bool has_frame = false;
    for (;;) {
        std::array<pollfd, 3> waiting{{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                                       {.fd = feed.ready_fd(), .events = POLLIN, .revents = 0},
                                       {.fd = endings.fd(), .events = POLLIN, .revents = 0}}};
        if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
            return fail(Errc::failed, "cannot wait for keys", errno_text(errno));
        if ((waiting[2].revents & POLLIN) != 0) return endings.take();
        if ((waiting[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return 0;
        bool changed = press(screen, *frame, state);
        if (state.quit) return 0;
        feed.open(state.opened);
        if ((waiting[1].revents & POLLIN) != 0) {
            auto newest = feed.take();
            if (newest && (!state.paused || !has_frame)) {
                frame = std::move(newest);
                changed = has_frame = true;
            }
        }
        if (has_frame && changed) screen.draw(top_lines(*frame, state, screen.size()));
    }
}

}  // namespace

Result<void> show(Feed& feed, TopState state) {
    int ended_by = 0;
    {
        const Endings endings;
        WEIR_TRY(ended_by, loop(feed, state, endings));
    }
    if (ended_by == SIGTERM || ended_by == SIGHUP || ended_by == SIGQUIT) {
        std::signal(ended_by, SIG_DFL);
        (void)raise(ended_by);
    }
    return {};
}

}  // namespace weir::top
