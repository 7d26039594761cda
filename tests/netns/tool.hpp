// SPDX-License-Identifier: GPL-2.0-or-later
// What the helper programs of the netns layer share: failing loudly, reading options, and knowing when to stop.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

[[noreturn]] inline void die(const std::string& what, int error_number = 0) {
    std::fprintf(stderr, "%s: %s%s%s\n", program_invocation_short_name, what.c_str(), error_number ? ": " : "",
                 error_number ? std::strerror(error_number) : "");
    std::exit(1);
}

[[noreturn]] inline void usage(const char* text) {
    std::fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, text);
    std::exit(2);
}

// "--name VALUE" options, flags without a value, and what is left over.
class Options {
public:
    Options(int argc, char** argv) : words_(argv + 1, argv + argc) {}

    bool flag(std::string_view name) {
        for (auto at = words_.begin(); at != words_.end(); ++at) {
            if (*at != name) continue;
            words_.erase(at);
            return true;
        }
        return false;
    }

    std::string text(std::string_view name, std::string otherwise = {}) {
        for (auto at = words_.begin(); at != words_.end(); ++at) {
            if (*at != name) continue;
            if (at + 1 == words_.end()) die(std::string(name) + " needs a value");
            std::string value = *(at + 1);
            words_.erase(at, at + 2);
            return value;
        }
        return otherwise;
    }

    std::uint64_t number(std::string_view name, std::uint64_t otherwise) {
        const std::string value = text(name);
        if (value.empty()) return otherwise;
        char* end = nullptr;
        errno = 0;
        const std::uint64_t result = std::strtoull(value.c_str(), &end, 0);
        if (errno || *end || value[0] == '-') die(std::string(name) + ": not a number: " + value);
        return result;
    }

    // Call last: what no option took.
    [[nodiscard]] const std::vector<std::string>& rest() const { return words_; }

private:
    std::vector<std::string> words_;
};

inline volatile std::sig_atomic_t stop_requested = 0;

// SIGTERM and SIGINT ask to finish; calls that wait are interrupted.
inline void stop_on_signals() {
    struct sigaction action = {};
    action.sa_handler = [](int) { stop_requested = 1; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
}

// The line that tells a test to go on: from here on nothing is missed.
inline void say_ready() {
    std::puts("ready");
    std::fflush(stdout);
}

// What PACKET_VNET_HDR puts before a frame: struct virtio_net_hdr, whose own header is not valid C++.
struct VnetHeader {
    std::uint8_t flags = 0;
    std::uint8_t gso_type = 0;
    std::uint16_t hdr_len = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t csum_start = 0;
    std::uint16_t csum_offset = 0;
};
static_assert(sizeof(VnetHeader) == 10);

inline constexpr std::uint8_t vnet_needs_csum = 1;
inline constexpr std::uint8_t vnet_gso_tcpv4 = 1;
inline constexpr std::uint8_t vnet_gso_tcpv6 = 4;
inline constexpr std::uint8_t vnet_gso_udp_l4 = 5;

}  // namespace tool
