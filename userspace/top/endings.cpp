// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/endings.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace weir::top {
namespace {

constexpr std::array endings{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr unsigned patience_s = 2;

// What the handlers use: all of it is async-signal-safe.
std::atomic<int> came = 0;
std::array<int, 2> wake{-1, -1};
termios settings{};
bool has_settings = false;
std::array<struct sigaction, endings.size()> before{};
struct sigaction alarm_before{};

void note(int signal) {
    const int error = errno;
    int none = 0;
    if (came.compare_exchange_strong(none, signal)) alarm(patience_s);
    const char byte = 0;
    [[maybe_unused]] const ssize_t ignored = write(wake[1], &byte, 1);
    errno = error;
}

void give_up(int /*signal*/) {
    if (has_settings) (void)tcsetattr(STDIN_FILENO, TCSANOW, &settings);
    _exit(128 + came.load());
}

void handle(int signal, void (*handler)(int), struct sigaction* old) {
    struct sigaction action{};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, old);
}

}  // namespace

Endings::Endings() {
    came = 0;
    has_settings = tcgetattr(STDIN_FILENO, &settings) == 0;
    // Without a pipe the signals are noted all the same, and seen at the next key or frame.
    if (pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK) != 0) wake = {-1, -1};
    handle(SIGALRM, give_up, &alarm_before);
    for (std::size_t i = 0; i < endings.size(); i++) {
        handle(endings.at(i), note, &before.at(i));
        if (before.at(i).sa_handler == SIG_IGN) sigaction(endings.at(i), &before.at(i), nullptr);
    }
}

Endings::~Endings() {
    alarm(0);
    for (std::size_t i = 0; i < endings.size(); i++)
        sigaction(endings.at(i), &before.at(i), nullptr);
    sigaction(SIGALRM, &alarm_before, nullptr);
    for (int& end : wake) {
        if (end >= 0) close(end);
        end = -1;
    }
}

int Endings::fd() const { return wake[0]; }

int Endings::taken() const { return came; }

void Endings::end_by(int signal) {
    std::signal(signal, SIG_DFL);
    (void)raise(signal);
    std::_Exit(128 + signal);
}

}  // namespace weir::top
