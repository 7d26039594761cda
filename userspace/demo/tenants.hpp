// SPDX-License-Identifier: GPL-2.0-or-later
// Who plays in the demo, and what each of them does.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::demo {

struct Tenant {
    std::string_view name;
    std::string_view vnic;     // the host's end
    std::string_view address;  // of its eth0
    std::uint16_t port;        // of the iperf3 server in the world that it talks to
    std::uint32_t flows;       // room in its flow table
    std::string_view iperf3;   // arguments, split at spaces
    std::string_view story;
};

inline constexpr std::array<Tenant, 3> tenants{{
    {"web", "vnet-web", "198.18.0.11", 5201, 8192, "-R -b 200M", "TCP download at 200 Mbit/s"},
    {"db", "vnet-db", "198.18.0.12", 5202, 65536, "-u -b 50M -l 1200",
     "UDP at 50 Mbit/s, and 2,000 small queries a second"},
    {"batch", "vnet-batch", "198.18.0.13", 5203, 8192, "-P 4 -w 512K", "TCP upload, 4 streams, as fast as it goes"},
}};
inline constexpr std::size_t db_tenant = 1;

// Addresses for benchmarks (RFC 2544): they are nobody's.
inline constexpr std::string_view world_address = "198.18.0.1";
inline constexpr std::string_view uplink = "uplink0";
inline constexpr std::uint16_t dns_port = 53;
inline constexpr unsigned dns_rate = 2000;  // queries per second
// Source ports of the queries, a flow each; few enough that none of the table's sets overflows.
inline constexpr std::string_view dns_source_ports = "32768 45055";
inline constexpr unsigned udp_payload = 1200;

}  // namespace weir::demo
