// SPDX-License-Identifier: GPL-2.0-or-later
// Samples what an interface has received and sent: the outside truth for rates.
//
//     wire IFACE [--step-ms N]
//
// Says "ready", samples every --step-ms (100) until SIGTERM, and prints one JSON object:
//     {"interface": ..., "samples": [[time_ns, rx_bytes, rx_packets, tx_bytes, tx_packets], ...]}
// These are the device's own counters, layer 2 bytes without FCS. They count frames, so they are the wire's only where
// the sender's end of the link does no GSO (ethtool -K ... tso off).
#include <fcntl.h>

#include <array>

#include "common.hpp"

namespace {

// Of the line of /proc/net/dev: rx bytes, rx packets, tx bytes, tx packets.
std::array<std::uint64_t, 4> counters(int fd, const std::string& interface) {
    std::array<char, 8192> text{};
    const ssize_t length = pread(fd, text.data(), text.size() - 1, 0);
    if (length <= 0) tool::die("cannot read /proc/net/dev", errno);
    const char* line = std::strstr(text.data(), (" " + interface + ":").c_str());
    if (!line) tool::die("no interface " + interface);
    std::array<std::uint64_t, 16> field{};
    char* at = const_cast<char*>(std::strchr(line, ':') + 1);
    for (std::uint64_t& value : field)
        value = std::strtoull(at, &at, 10);
    return {field[0], field[1], field[8], field[9]};
}

}  // namespace

int main(int argc, char** argv) {
    tool::Options options(argc, argv);
    const std::uint64_t step_ns = options.number("--step-ms", 100) * tool::ns_per_ms;
    if (options.rest().size() != 1 || step_ns == 0) tool::usage("IFACE [--step-ms N]");
    const std::string interface = options.rest()[0];

    tool::stop_on_signals();
    tool::measure_first();
    const int fd = open("/proc/net/dev", O_RDONLY | O_CLOEXEC);
    if (fd < 0) tool::die("cannot open /proc/net/dev", errno);
    struct Sample {
        std::uint64_t time_ns;
        std::array<std::uint64_t, 4> counters;
    };
    std::vector<Sample> samples;
    samples.reserve(10'000);
    tool::say_ready();
    for (std::uint64_t next = tool::now_ns(); !tool::stop_requested; next += step_ns) {
        tool::sleep_until(next);
        samples.push_back({tool::now_ns(), counters(fd, interface)});
    }

    std::printf("{\"interface\":\"%s\",\"samples\":", interface.c_str());
    tool::print_list(samples, [](const Sample& sample) {
        const auto& [time_ns, value] = sample;
        std::printf("[%lu,%lu,%lu,%lu,%lu]", time_ns, value[0], value[1], value[2], value[3]);
    });
    std::puts("}");
    return 0;
}
