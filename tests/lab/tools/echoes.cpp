// SPDX-License-Identifier: GPL-2.0-or-later
// Pings at a steady pace, to the nanosecond and without ping's busy waiting at short intervals.
//
//     echoes ADDRESS [--interval-ms N] [--seconds S] [--size BYTES]
//
// Sends an ICMP echo request of --size (56) payload bytes every --interval-ms (20), whether or not the last was
// answered, and prints after --seconds (10), or on SIGTERM, and one second more for what is under way:
//     {"sent": N, "answers": [[asked_ns, took_ns], ...]}
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>

#include <algorithm>
#include <array>

#include "common.hpp"

namespace {

constexpr std::uint64_t linger_ns = tool::ns_per_s;

std::uint16_t checksum(const std::vector<std::uint8_t>& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons(static_cast<std::uint16_t>(~sum));
}

struct Pinger {
    int fd;
    sockaddr_in peer;
    std::uint16_t id = static_cast<std::uint16_t>(getpid());
    std::vector<std::uint8_t> packet;
    std::vector<std::uint64_t> asked_ns{};
    tool::Samples answers{};

    void ask() {
        icmphdr header = {};
        header.type = ICMP_ECHO;
        header.un.echo.id = id;
        header.un.echo.sequence = htons(static_cast<std::uint16_t>(asked_ns.size()));
        std::memcpy(packet.data(), &header, sizeof(header));
        header.checksum = checksum(packet);
        std::memcpy(packet.data(), &header, sizeof(header));
        asked_ns.push_back(tool::now_ns());
        if (sendto(fd, packet.data(), packet.size(), 0, tool::general(peer), sizeof(peer)) < 0)
            tool::die("cannot send", errno);
    }

    void listen_until(std::uint64_t time_ns) {
        for (std::uint64_t now = tool::now_ns(); now < time_ns && !tool::stop_requested; now = tool::now_ns()) {
            const timespec left = {.tv_sec = static_cast<time_t>((time_ns - now) / tool::ns_per_s),
                                   .tv_nsec = static_cast<long>((time_ns - now) % tool::ns_per_s)};
            pollfd waiting = {fd, POLLIN, 0};
            if (ppoll(&waiting, 1, &left, nullptr) > 0) take();
        }
    }

    void take() {
        std::array<std::uint8_t, 2048> buffer{};
        const ssize_t length = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        const std::uint64_t now = tool::now_ns();
        const std::size_t at = (buffer[0] & 15) * 4u;
        icmphdr header = {};
        if (length < static_cast<ssize_t>(at + sizeof(header))) return;
        std::memcpy(&header, buffer.data() + at, sizeof(header));
        const std::size_t number = ntohs(header.un.echo.sequence);
        if (header.type != ICMP_ECHOREPLY || header.un.echo.id != id || number >= asked_ns.size()) return;
        answers.emplace_back(asked_ns[number], now - asked_ns[number]);
    }
};

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    const std::uint64_t interval_ns = options.number("--interval-ms", 20) * tool::ns_per_ms;
    const std::uint64_t seconds = options.number("--seconds", 10);
    const std::uint64_t size = options.number("--size", 56);
    if (options.rest().size() != 1 || interval_ns == 0) tool::usage("ADDRESS [--interval-ms N] [--seconds S]");

    tool::stop_on_signals();
    tool::measure_first();
    const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (fd < 0) tool::die("cannot open a socket", errno);
    Pinger pinger{.fd = fd,
                  .peer = tool::address_of(options.rest()[0], 0),
                  .packet = std::vector<std::uint8_t>(sizeof(icmphdr) + size)};
    const std::uint64_t end = tool::now_ns() + seconds * tool::ns_per_s;
    for (std::uint64_t next = tool::now_ns(); next < end && !tool::stop_requested;) {
        pinger.ask();
        next += interval_ns;
        pinger.listen_until(next);
    }
    pinger.listen_until(tool::now_ns() + linger_ns);

    std::printf("{\"sent\":%zu,", pinger.asked_ns.size());
    tool::print_last("answers", pinger.answers);
    return 0;
}
