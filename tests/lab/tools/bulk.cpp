// SPDX-License-Identifier: GPL-2.0-or-later
// TCP flows that send as much as they can, and the end that counts what arrived.
//
//     bulk sink [--port P] [--step-ms N]
//     bulk source ADDRESS [--port P] [--flows N] [--seconds S] [--cc NAME] [--step-ms N]
//
// The sink reads every millisecond, not packet by packet. It says "ready", takes any number of connections, and ends
// when all have ended, or on SIGTERM:
//     {"samples": [[time_ns, payload_bytes], ...]}                           every --step-ms (100); cumulative, all
//     flows
// The source ends its connections by reset after --seconds (10), so nothing queued holds it up:
//     {"start_ns": ..., "delivered": [[time_ns, packets], ...],
//      "flows": [{"retransmits", "lost", "delivered_ce", "ecn": bool, "rtt_us": [...]}, ...]}
// rtt_us is the kernel's smoothed round-trip time of the flow, sampled every --step-ms (20); delivered the packets that
// arrived of all flows, in order or not, each once: cumulative, a round trip late.
#include <linux/tcp.h>
#include <poll.h>

#include <algorithm>

#include "common.hpp"

namespace {

constexpr std::uint64_t default_port = 5301;

int sink(tool::Options& options) {
    const std::uint64_t port = options.number("--port", default_port);
    const std::uint64_t step_ns = options.number("--step-ms", 100) * tool::ns_per_ms;
    std::vector<pollfd> watched = {{tool::listen_on(port), POLLIN, 0}};
    std::vector<char> buffer(1 << 18);
    tool::Samples samples;
    std::uint64_t bytes = 0, next = 0;
    bool any = false;
    tool::say_ready();
    while (!tool::stop_requested && !(any && watched.size() == 1)) {
        poll(watched.data(), watched.size(), static_cast<int>(step_ns / tool::ns_per_ms));
        for (std::size_t i = watched.size(); i-- > 1;) {
            if (!watched[i].revents) continue;
            const ssize_t length = recv(watched[i].fd, buffer.data(), buffer.size(), 0);
            if (length > 0) {
                bytes += static_cast<std::uint64_t>(length);
            } else {
                close(watched[i].fd);
                watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        if (watched[0].revents) {
            watched.push_back({accept4(watched[0].fd, nullptr, nullptr, SOCK_CLOEXEC), POLLIN, 0});
            any = true;
        }
        const std::uint64_t now = tool::now_ns();
        tool::sleep_until(now + tool::ns_per_ms);
        if (now < next) continue;
        samples.emplace_back(now, bytes);
        next = now - now % step_ns + step_ns;
    }
    samples.emplace_back(tool::now_ns(), bytes);

    std::putchar('{');
    tool::print_last("samples", samples);
    return 0;
}

struct Flow {
    int fd = -1;
    tcp_info info{};
    std::vector<std::uint32_t> rtt_us{};
};

void ask_kernel(Flow& flow) {
    socklen_t size = sizeof(flow.info);
    if (getsockopt(flow.fd, IPPROTO_TCP, TCP_INFO, &flow.info, &size)) tool::die("no TCP_INFO", errno);
    flow.rtt_us.push_back(flow.info.tcpi_rtt);
}

void print(const Flow& flow) {
    std::printf(
        "{\"retransmits\":%u,\"lost\":%u,\"delivered_ce\":%u,\"ecn\":%s,\"rtt_us\":", flow.info.tcpi_total_retrans,
        flow.info.tcpi_lost, flow.info.tcpi_delivered_ce, flow.info.tcpi_options & TCPI_OPT_ECN ? "true" : "false");
    tool::print_list(flow.rtt_us, [](std::uint32_t rtt_us) { std::printf("%u", rtt_us); });
    std::putchar('}');
}

int source(tool::Options& options) {
    const std::uint64_t port = options.number("--port", default_port);
    const std::uint64_t seconds = options.number("--seconds", 10);
    const std::uint64_t step_ns = options.number("--step-ms", 20) * tool::ns_per_ms;
    std::vector<Flow> flows(options.number("--flows", 1));
    const std::string congestion_control = options.text("--cc", "cubic");
    if (options.rest().size() != 1) tool::usage("source ADDRESS [--port P] [--flows N] [--seconds S] [--cc NAME]");

    const std::uint64_t start_ns = tool::now_ns();
    tool::Samples delivered;
    std::vector<pollfd> watched;
    for (Flow& flow : flows) {
        flow.fd = tool::open_socket(SOCK_STREAM);
        if (setsockopt(flow.fd, IPPROTO_TCP, TCP_CONGESTION, congestion_control.data(),
                       static_cast<socklen_t>(congestion_control.size())))
            tool::die("no congestion control " + congestion_control, errno);
        tool::set_option(flow.fd, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0}, "SO_LINGER");
        watched.push_back({tool::connect_to(flow.fd, options.rest()[0], port), POLLOUT, 0});
    }

    const std::vector<char> payload(1 << 17);
    std::uint64_t next = start_ns;
    const std::uint64_t end = start_ns + seconds * tool::ns_per_s;
    for (std::uint64_t now = start_ns; now < end && !tool::stop_requested; now = tool::now_ns()) {
        if (now >= next) {
            std::uint64_t packets = 0;
            for (Flow& flow : flows) {
                ask_kernel(flow);
                packets += flow.info.tcpi_delivered;
            }
            delivered.emplace_back(now, packets);
            next += step_ns;
        }
        poll(watched.data(), watched.size(), static_cast<int>(step_ns / tool::ns_per_ms));
        for (const pollfd& one : watched) {
            if (one.revents & (POLLERR | POLLHUP)) tool::die("a connection broke");
            if (one.revents) send(one.fd, payload.data(), payload.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        }
    }
    std::ranges::for_each(flows, ask_kernel);

    std::printf("{\"start_ns\":%lu,\"delivered\":", start_ns);
    tool::print(delivered);
    std::printf(",\"flows\":");
    tool::print_list(flows, [](const Flow& flow) {
        print(flow);
        close(flow.fd);
    });
    std::puts("}");
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return tool::play(argc, argv, {"sink", sink}, {"source", source}); }
