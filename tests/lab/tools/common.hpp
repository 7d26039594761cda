// SPDX-License-Identifier: GPL-2.0-or-later
// What the lab's traffic programs share beyond the netns layer's tool.hpp: times, sockets, and waiting for a moment.
//
// Every time is CLOCK_REALTIME in nanoseconds: one clock for all namespaces of a machine, so the samples of one
// program can be laid beside those of another.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netns/tool.hpp"

namespace tool {

inline constexpr std::uint64_t ns_per_ms = 1'000'000;
inline constexpr std::uint64_t ns_per_s = 1'000'000'000;

inline std::uint64_t now_ns() {
    timespec time = {};
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_nsec);
}

// Moments, and what each has: a count, or how long something took.
using Samples = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

// A JSON array; `print_one` prints an element of it.
template <class Range, class PrintOne>
void print_list(const Range& range, PrintOne print_one) {
    const char* comma = "";
    std::putchar('[');
    for (const auto& one : range) {
        std::fputs(comma, stdout);
        print_one(one);
        comma = ",";
    }
    std::putchar(']');
}

// As a JSON array of arrays.
inline void print(const Samples& samples) {
    print_list(samples, [](const auto& sample) { std::printf("[%lu,%lu]", sample.first, sample.second); });
}

// The last of what a JSON object has.
inline void print_last(const char* name, const Samples& samples) {
    std::printf("\"%s\":", name);
    print(samples);
    std::puts("}");
}

// Returns early when a signal asks to stop.
inline void sleep_until(std::uint64_t time_ns) {
    const timespec time = {.tv_sec = static_cast<time_t>(time_ns / ns_per_s),
                           .tv_nsec = static_cast<long>(time_ns % ns_per_s)};
    while (!stop_requested && clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

// For programs that measure: woken on time, however busy the one CPU is with programs that send.
inline void measure_first() {
    const sched_param priority = {.sched_priority = 10};
    if (sched_setscheduler(0, SCHED_FIFO, &priority)) die("no real-time priority", errno);
}

inline sockaddr_in address_of(const std::string& address, std::uint64_t port) {
    sockaddr_in socket_address = {};
    socket_address.sin_family = AF_INET;
    socket_address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, address.c_str(), &socket_address.sin_addr) != 1) die("not an IPv4 address: " + address);
    return socket_address;
}

// A program's two ends: the first word says which of them it is.
struct Role {
    std::string_view name;
    int (*play)(Options&);
};

inline int play(int argc, char** argv, const Role& one, const Role& other) {
    stop_on_signals();
    for (const Role& role : {one, other}) {
        if (argc < 2 || role.name != argv[1]) continue;
        Options options(argc - 1, argv + 1);
        return role.play(options);
    }
    usage((std::string(one.name) + "|" + std::string(other.name) + " ...").c_str());
}

// For bind, connect and accept, which want the general type.
inline sockaddr* general(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

inline int open_socket(int type) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0) die("cannot open a socket", errno);
    return fd;
}

template <class T>
void set_option(int fd, int level, int option, const T& value, const char* name) {
    if (setsockopt(fd, level, option, &value, sizeof(value))) die(std::string("cannot set ") + name, errno);
}

inline int listen_on(std::uint64_t port) {
    const int fd = open_socket(SOCK_STREAM);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    sockaddr_in address = address_of("0.0.0.0", port);
    if (bind(fd, general(address), sizeof(address)) || listen(fd, 64)) die("cannot listen", errno);
    return fd;
}

inline int connect_to(int fd, const std::string& address, std::uint64_t port) {
    sockaddr_in peer = address_of(address, port);
    if (connect(fd, general(peer), sizeof(peer))) die("cannot connect to " + address, errno);
    return fd;
}

}  // namespace tool
