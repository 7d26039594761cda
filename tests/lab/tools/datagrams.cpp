// SPDX-License-Identifier: GPL-2.0-or-later
// Numbered UDP datagrams at a steady rate, and the end that knows which of them came.
//
//     datagrams receive [--port P] [--idle-ms N] [--step-ms N]
//     datagrams send ADDRESS [--port P] [--rate BITS_PER_SECOND] [--size BYTES] [--seconds S | --count N]
//                            [--pace BITS_PER_SECOND]
//
// --size (1442) is the payload; --rate counts what the wire carries of it: payload, UDP, IPv4 and Ethernet headers.
// --pace asks the fq qdisc for a rate (SO_MAX_PACING_RATE): what is sent at once waits there.
// With rate 0 the sender goes flat out. It wakes at most every 250 us and then sends what is due.
//     sender:   {"start_ns", "end_ns", "sent", "refused"}                 refused: the kernel said no, not counted as
//     sent receiver: {"received", "out_of_order", "first_ns", "last_ns", "longest_gap_ns"}
// With --step-ms the receiver also has "samples": [[time_ns, datagrams so far], ...], one every so long.
// The receiver says "ready" and ends on SIGTERM, or when nothing came for --idle-ms after the first.
#include <poll.h>

#include <algorithm>

#include "common.hpp"

namespace {

constexpr std::uint64_t default_port = 5303;
constexpr std::uint64_t header_bytes = 14 + 20 + 8;
constexpr std::uint64_t shortest_sleep_ns = 250'000;
constexpr std::uint64_t settling_ns = tool::ns_per_s / 2;

int receive(tool::Options& options) {
    const std::uint64_t idle_ms = options.number("--idle-ms", 500);
    const std::uint64_t step_ns = options.number("--step-ms", 0) * tool::ns_per_ms;
    tool::Samples samples;
    const int fd = tool::open_socket(SOCK_DGRAM);
    sockaddr_in address = tool::address_of("0.0.0.0", options.number("--port", default_port));
    tool::set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20, "SO_RCVBUFFORCE");
    if (bind(fd, tool::general(address), sizeof(address))) tool::die("cannot bind", errno);
    tool::say_ready();

    std::uint64_t settled = 0, settled_first_ns = 0;
    std::uint64_t received = 0, out_of_order = 0, next = 0, first_ns = 0, last_ns = 0, longest_gap_ns = 0;
    std::vector<char> buffer(1 << 16);
    while (!tool::stop_requested) {
        pollfd waiting = {fd, POLLIN, 0};
        if (poll(&waiting, 1, static_cast<int>(idle_ms)) == 0 && received) break;
        ssize_t length = 0;
        while ((length = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT)) >= static_cast<ssize_t>(sizeof(next))) {
            const std::uint64_t now = tool::now_ns();
            std::uint64_t number = 0;
            std::memcpy(&number, buffer.data(), sizeof(number));
            if (number < next) out_of_order += 1;
            next = std::max(next, number + 1);
            if (!received) first_ns = now;
            if (received) longest_gap_ns = std::max(longest_gap_ns, now - last_ns);
            last_ns = now;
            received += 1;
            if (step_ns && (samples.empty() || now >= samples.back().first + step_ns))
                samples.emplace_back(now, received);
            if (now < first_ns + settling_ns) continue;
            if (!settled) settled_first_ns = now;
            settled += 1;
        }
    }
    std::printf("{\"received\":%lu,\"out_of_order\":%lu,\"first_ns\":%lu,\"last_ns\":%lu,\"longest_gap_ns\":%lu,"
                "\"settled\":{\"received\":%lu,\"first_ns\":%lu},",
                received, out_of_order, first_ns, last_ns, longest_gap_ns, settled, settled_first_ns);
    tool::print_last("samples", samples);
    return 0;
}

int transmit(tool::Options& options) {
    const std::uint64_t port = options.number("--port", default_port);
    const std::uint64_t rate_bps = options.number("--rate", 0);
    const std::uint64_t size = options.number("--size", 1442);
    const std::uint64_t seconds = options.number("--seconds", 10);
    const std::uint64_t count = options.number("--count", 0);
    const std::uint64_t pace_bps = options.number("--pace", 0);
    if (options.rest().size() != 1 || size < sizeof(std::uint64_t))
        tool::usage("send ADDRESS [--port P] [--rate BPS] [--size BYTES] [--seconds S | --count N] [--pace BPS]");
    const int fd = tool::connect_to(tool::open_socket(SOCK_DGRAM), options.rest()[0], port);
    tool::set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20, "SO_SNDBUFFORCE");
    if (pace_bps)
        tool::set_option(fd, SOL_SOCKET, SO_MAX_PACING_RATE, static_cast<int>(pace_bps / 8), "SO_MAX_PACING_RATE");

    std::vector<char> payload(size);
    const double ns_each =
        rate_bps ? static_cast<double>((size + header_bytes) * 8) * 1e9 / static_cast<double>(rate_bps) : 0;
    std::uint64_t number = 0, refused = 0;
    const std::uint64_t start_ns = tool::now_ns();
    const std::uint64_t end_ns = count ? UINT64_MAX : start_ns + seconds * tool::ns_per_s;
    std::uint64_t now = start_ns;
    while (now < end_ns && !tool::stop_requested && !(count && number >= count)) {
        const auto due_ns = start_ns + static_cast<std::uint64_t>(static_cast<double>(number) * ns_each);
        if (due_ns > now) {
            tool::sleep_until(std::max(due_ns, now + shortest_sleep_ns));
            now = tool::now_ns();
            continue;
        }
        std::memcpy(payload.data(), &number, sizeof(number));
        if (send(fd, payload.data(), payload.size(), MSG_DONTWAIT) < 0) refused += 1;
        number += 1;
        // Flat out and counted: the clock is no part of what is measured.
        if (!count || rate_bps) now = tool::now_ns();
    }
    std::printf("{\"start_ns\":%lu,\"end_ns\":%lu,\"sent\":%lu,\"refused\":%lu}\n", start_ns, tool::now_ns(),
                number - refused, refused);
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return tool::play(argc, argv, {"receive", receive}, {"send", transmit}); }
