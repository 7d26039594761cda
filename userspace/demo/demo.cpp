// SPDX-License-Identifier: GPL-2.0-or-later
// The supervisor. The demo itself runs in a child process: this process forwards signals, and when the child has ended,
// for whatever reason, sees to it that nothing is left. The other way round, the child gets SIGTERM if this one dies.
#include "demo/demo.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "control/control.hpp"
#include "demo/namespaces.hpp"
#include "demo/play.hpp"
#include "demo/signals.hpp"

namespace weir {
namespace {

using demo::Stage;
using demo::StopSignals;

constexpr unsigned seconds_max = 600;

// How the child's outcome crosses the pipe: {"ok":true}, or the error.
std::string encode(const Result<void>& outcome) {
    nlohmann::json json;
    json["ok"] = outcome.has_value();
    if (!outcome) {
        json["code"] = static_cast<int>(outcome.error().code);
        json["what"] = outcome.error().what;
        json["evidence"] = outcome.error().evidence;
        json["hint"] = outcome.error().hint;
    }
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<void> decode(const std::string& text, int status) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded()) {
        const auto evidence = WIFSIGNALED(status) ? "it was ended by " + demo::signal_name(WTERMSIG(status))
                                                  : fmt::format("its exit code is {}", WEXITSTATUS(status));
        return fail(Errc::failed, "the demo's own process ended before its time", evidence,
                    "what it had made has been taken away");
    }
    if (json.value("ok", false)) return {};
    return fail(static_cast<Errc>(json.value("code", 1)), json.value("what", ""), json.value("evidence", ""),
                json.value("hint", ""));
}

// Runs `function` in a child process inside the demo's host namespace, and says how it ended.
template <class Function>
Result<void> in_child(const Stage& stage, StopSignals& signals, Function function) {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Errc::failed, "cannot start the demo", errno_text(errno));
    const Fd incoming(ends[0]);
    Fd outgoing(ends[1]);
    std::fflush(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) return fail(Errc::failed, "cannot start the demo", errno_text(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) _exit(1);
        std::signal(SIGPIPE, SIG_IGN);
        auto outcome = stage.host.enter();
        if (outcome) outcome = function();
        const auto text = encode(outcome);
        (void)!write(outgoing.get(), text.data(), text.size());
        std::fflush(nullptr);
        _exit(0);
    }
    outgoing.reset();
    int status = 0;
    for (;;) {
        if (waitpid(pid, &status, WNOHANG) != 0) break;
        if (const int number = signals.wait_any(); number != SIGCHLD) kill(pid, number);
    }
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t size = 0; (size = read(incoming.get(), piece.data(), piece.size())) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(size));
    return decode(text, status);
}

// The child's own children come to this process if it dies before them; they die with it, and are waited for here.
class Orphans {
public:
    Orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
    Orphans(const Orphans&) = delete;
    Orphans& operator=(const Orphans&) = delete;
    ~Orphans() {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (waitpid(-1, nullptr, WNOHANG) >= 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        prctl(PR_SET_CHILD_SUBREAPER, 0);
    }
};

Result<void> take_weir_away() {
    if (auto detached = detach_all({}); !detached) return std::unexpected(detached.error());
    return {};
}

}  // namespace

Result<void> run_demo(const DemoOptions& options) {
    if (options.seconds < 1 || options.seconds > seconds_max)
        return fail(Errc::usage, fmt::format("cannot run a demo of {} s", options.seconds),
                    fmt::format("it lasts 1 to {} s", seconds_max));
    WEIR_TRY(const auto stage, Stage::create());
    StopSignals signals;
    const Orphans orphans;
    auto outcome = in_child(stage, signals, [&] {
        auto played = demo::play(stage, options, signals);
        const auto removed = take_weir_away();
        return played && !removed ? removed : played;
    });
    // Once more, in case that the child could not: nothing is attached when it could.
    auto removed = in_child(stage, signals, take_weir_away);
    return outcome && !removed ? removed : outcome;
}

}  // namespace weir
