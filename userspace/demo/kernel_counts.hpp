// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel's own counters say, read inside a network namespace: the truth to hold Weir's figures against.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace weir::demo {

// One interface, in its own view. The kernel counts skbs here: a GSO frame is one.
struct DeviceCounts {
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_dropped = 0;
};
using Devices = std::map<std::string, DeviceCounts>;

// From the text of /proc/net/dev.
Devices parse_devices(std::string_view text);

// One value of /proc/net/snmp, e.g. ("Tcp", "OutSegs").
Result<std::uint64_t> parse_snmp(std::string_view text, std::string_view protocol, std::string_view name);

// Those of the calling thread's network namespace.
Result<Devices> read_devices();
// OutSegs leaves out segments that carry nothing but what was sent before; RetransSegs has those.
struct TcpSegments {
    std::uint64_t first = 0;
    std::uint64_t again = 0;
};
Result<TcpSegments> read_tcp_segments_sent();

// Whether a TCP socket listens on the port, IPv4 or IPv6.
Result<bool> is_listening(std::uint16_t port);

}  // namespace weir::demo
