// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/kernel_counts.hpp"

#include <fstream>
#include <ranges>
#include <sstream>
#include <vector>

#include <fmt/format.h>

namespace weir::demo {
namespace {

constexpr std::string_view tcp_state_listen = "0A";

Result<std::string> read_text(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    if (!file) return fail(Errc::failed, "cannot read " + path, "is /proc mounted?");
    return std::move(text).str();
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

}  // namespace

Devices parse_devices(std::string_view text) {
    Devices devices;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) continue;
        const auto name = words_of(line.substr(0, colon));
        std::istringstream values(line.substr(colon + 1));
        std::uint64_t skipped = 0;
        DeviceCounts counts;
        values >> counts.rx_bytes >> counts.rx_packets;
        for (int i = 0; i < 6; ++i)
            values >> skipped;
        values >> counts.tx_bytes >> counts.tx_packets >> skipped >> counts.tx_dropped;
        if (values && !name.empty()) devices[name.front()] = counts;
    }
    return devices;
}

Result<std::uint64_t> parse_snmp(std::string_view text, std::string_view protocol, std::string_view name) {
    // Two lines each: "Tcp: RtoAlgorithm …" and "Tcp: 1 …".
    const auto prefix = fmt::format("{}:", protocol);
    std::istringstream lines{std::string(text)};
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(prefix)) continue;
        auto words = words_of(line);
        if (names.empty()) {
            names = std::move(words);
            continue;
        }
        for (std::size_t i = 0; i < names.size() && i < words.size(); ++i)
            if (names[i] == name) return std::stoull(words[i]);
    }
    return fail(Errc::failed, fmt::format("cannot find {} {} in /proc/net/snmp", protocol, name));
}

Result<Devices> read_devices() {
    WEIR_TRY(const auto text, read_text("/proc/thread-self/net/dev"));
    return parse_devices(text);
}

Result<TcpSegments> read_tcp_segments_sent() {
    WEIR_TRY(const auto text, read_text("/proc/thread-self/net/snmp"));
    WEIR_TRY(const auto first, parse_snmp(text, "Tcp", "OutSegs"));
    WEIR_TRY(const auto again, parse_snmp(text, "Tcp", "RetransSegs"));
    return TcpSegments{.first = first, .again = again};
}

Result<bool> is_listening(std::uint16_t port) {
    const auto ending = fmt::format(":{:04X}", port);
    for (const auto* path : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
        const auto text = read_text(path);
        if (!text) continue;  // a kernel without IPv6 has no tcp6
        std::istringstream lines(*text);
        for (std::string line; std::getline(lines, line);) {
            const auto words = words_of(line);
            if (words.size() > 3 && words[1].ends_with(ending) && words[3] == tcp_state_listen) return true;
        }
    }
    return false;
}

}  // namespace weir::demo
