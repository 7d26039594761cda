// SPDX-License-Identifier: GPL-2.0-or-later
// A small request/response flow over one TCP connection: 100 bytes each way, and how long each took.
//
//     ask server [--port P]
//     ask client ADDRESS [--port P] [--interval-ms N] [--seconds S]
//
// The server says "ready" and serves one connection. The client asks every --interval-ms (20), a late answer delays the
// next question, and prints after --seconds (10) or on SIGTERM:
//     {"answers": [[asked_ns, took_ns], ...]}
#include <netinet/tcp.h>
#include <poll.h>

#include <array>

#include "common.hpp"

namespace {

constexpr std::uint64_t default_port = 5302;
constexpr std::size_t message_bytes = 100;
constexpr int patience_ms = 5000;
using Message = std::array<char, message_bytes>;

// False at the end of the connection, or when nothing came for as long as a client waits.
bool receive_all(int fd, Message& message) {
    std::size_t got = 0;
    while (got < message.size()) {
        pollfd waiting = {fd, POLLIN, 0};
        if (poll(&waiting, 1, patience_ms) <= 0) return false;
        const ssize_t length = recv(fd, message.data() + got, message.size() - got, 0);
        if (length <= 0) return false;
        got += static_cast<std::size_t>(length);
    }
    return true;
}

int server(tool::Options& options) {
    const int listener = tool::listen_on(options.number("--port", default_port));
    tool::say_ready();
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return 0;
    tool::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
    Message message{};
    while (receive_all(fd, message))
        send(fd, message.data(), message.size(), MSG_NOSIGNAL);
    return 0;
}

int client(tool::Options& options) {
    const std::uint64_t port = options.number("--port", default_port);
    const std::uint64_t interval_ns = options.number("--interval-ms", 20) * tool::ns_per_ms;
    const std::uint64_t seconds = options.number("--seconds", 10);
    if (options.rest().size() != 1) tool::usage("client ADDRESS [--port P] [--interval-ms N] [--seconds S]");
    const int fd = tool::open_socket(SOCK_STREAM);
    tool::connect_to(fd, options.rest()[0], port);
    tool::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");

    tool::Samples answers;
    Message message{};
    const std::uint64_t end = tool::now_ns() + seconds * tool::ns_per_s;
    for (std::uint64_t next = tool::now_ns(); next < end && !tool::stop_requested; next += interval_ns) {
        tool::sleep_until(next);
        const std::uint64_t asked = tool::now_ns();
        send(fd, message.data(), message.size(), MSG_NOSIGNAL);
        if (!receive_all(fd, message)) break;
        answers.emplace_back(asked, tool::now_ns() - asked);
    }

    std::putchar('{');
    tool::print_last("answers", answers);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    tool::measure_first();
    return tool::play(argc, argv, {"server", server}, {"client", client});
}
