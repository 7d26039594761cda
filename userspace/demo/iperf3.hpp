// SPDX-License-Identifier: GPL-2.0-or-later
// What iperf3 says of a test, from its --json. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace weir::demo {

struct Iperf3Totals {
    std::vector<std::uint16_t> client_ports;  // of its data streams; the control connection is not among them
    double seconds = 0;
    std::uint64_t sent_bytes = 0;      // payload that the sending side handed to its sockets
    std::uint64_t received_bytes = 0;  // payload that the other side took out of them
    std::uint64_t retransmits = 0;     // TCP
    std::uint64_t sent_packets = 0;    // UDP datagrams
    std::uint64_t lost_packets = 0;    // UDP, as the receiving side sees it
};

Result<Iperf3Totals> parse_iperf3(const std::string& json);

}  // namespace weir::demo
