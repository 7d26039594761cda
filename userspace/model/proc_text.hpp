// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's text files as numbers. Pure: each takes a file's whole text. What cannot be read is left out, so that a
// newer kernel's longer line or an older one's shorter line gives what both have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

using NamedValues = std::vector<std::pair<std::string, std::uint64_t>>;

// /proc/net/snmp and /proc/net/netstat: pairs of lines "Udp: InDatagrams NoPorts", "Udp: 1 2" -> {"Udp.NoPorts", 2}.
// Values below 0 (Tcp.MaxConn) are left out.
NamedValues parse_name_and_value_lines(std::string_view text);

// /proc/net/snmp6: "Ip6InReceives   12" a line.
NamedValues parse_words(std::string_view text);

// One CPU's line of /proc/net/softnet_stat, in hexadecimal. Linux 2.6 has 9 columns, 3.11 has 11 (flow limit), 5.10 has
// 13: backlog length and the number of the CPU, because offline ones have no line; 6.3 has 15.
struct SoftnetCpu {
    std::uint32_t cpu = 0;  // without the column: the number of the line
    std::uint64_t dropped = 0;
    std::uint64_t time_squeeze = 0;
    std::uint64_t flow_limit = 0;
};
std::vector<SoftnetCpu> parse_softnet_stat(std::string_view text);

// /proc/net/stat/*: a line of names, then a line of hexadecimal values a CPU; summed over the CPUs. The number of
// entries is the same in each line and is taken once.
NamedValues parse_net_stat(std::string_view text);

// /proc/net/sockstat: "TCP: inuse 5 orphan 0" -> {"TCP.inuse", 5}, {"TCP.orphan", 0}.
NamedValues parse_sockstat(std::string_view text);

// The first line of /proc/stat, in ticks.
struct CpuTicks {
    std::uint64_t all = 0;  // guest time is in user time and is not added again
    std::uint64_t steal = 0;
};
CpuTicks parse_proc_stat(std::string_view text);

// /proc/PID/task/TID/schedstat: "run_ns wait_ns slices" -> wait_ns; 0 if it is not that.
std::uint64_t parse_run_delay_ns(std::string_view text);

// The next hops of the default routes in /proc/net/route.
struct DefaultRoute {
    std::string interface;
    std::uint32_t gateway = 0;  // in network order; 0: on the link
};
std::vector<DefaultRoute> parse_default_routes(std::string_view text);

// Lines of /proc/interrupts whose description has one of the words, or whose number is one of `numbers`.
struct IrqSpread {
    std::uint32_t irqs = 0;  // that have fired
    std::uint32_t cpus = 0;  // that have served them
};
IrqSpread parse_interrupts(std::string_view text, const std::vector<std::string>& words,
                           const std::vector<std::uint32_t>& numbers);

// How many sockets of /proc/net/tcp or tcp6 with a local port from `first` to `last` go to the same peer address and
// port from the same local address: the most of all.
std::uint64_t most_ports_to_one_peer(std::string_view text, std::uint32_t first, std::uint32_t last);

// Numbers of a text, by blanks: sysctls such as tcp_mem.
std::vector<std::uint64_t> parse_numbers(std::string_view text);

// CPUs in a mask as sysfs has it: "00000000,0000000f" -> 4.
std::uint32_t count_mask_bits(std::string_view text);

}  // namespace weir
