// SPDX-License-Identifier: GPL-2.0-or-later
// What /proc says of the network namespace and the machine (Documentation/networking/snmp_counter.rst, proc(5),
// net/core/net-procfs.c).
#include <unistd.h>

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "collect/doctor_sources.hpp"
#include "kernel/listeners.hpp"
#include "model/proc_text.hpp"

namespace weir::doctor_sources {
namespace {

void add(Readings& readings, std::string metric, std::uint64_t value, Place place = {}) {
    readings[{std::move(metric), std::move(place)}] += value;
}

// The file's text, or a word that it is missing.
std::optional<std::string> file_or_missing(DoctorSnapshot& snapshot, const std::string& path) {
    auto text = read_file(path);
    if (!text) snapshot.missing.push_back("cannot read " + path);
    return text;
}

void add_level_of(DoctorSnapshot& snapshot, const std::string& metric, const std::string& path, std::size_t index = 0) {
    if (const auto value = number_in(path, index)) add(snapshot.levels, metric, *value);
}

}  // namespace

// Only there it has the machine's own sysctls (net/core/sysctl_net_core.c).
bool is_initial_network_namespace() { return access("/proc/sys/net/core/netdev_max_backlog", F_OK) == 0; }

void add_protocols(DoctorSnapshot& snapshot) {
    if (const auto text = file_or_missing(snapshot, "/proc/net/snmp"))
        for (const auto& [name, value] : parse_name_and_value_lines(*text))
            add(snapshot.counters, "snmp." + name, value);
    if (const auto text = file_or_missing(snapshot, "/proc/net/netstat"))
        for (const auto& [name, value] : parse_name_and_value_lines(*text))
            add(snapshot.counters, "netstat." + name, value);
    // Absent where IPv6 is not built in: nothing is missed then.
    if (const auto text = read_file("/proc/net/snmp6"))
        for (const auto& [name, value] : parse_words(*text))
            add(snapshot.counters, "snmp." + name, value);
}

void add_softnet(DoctorSnapshot& snapshot) {
    const auto text = file_or_missing(snapshot, "/proc/net/softnet_stat");
    if (!text) return;
    // From inside a network namespace, what the CPUs dropped may have been others'.
    const char* const dropped = is_initial_network_namespace() ? "softnet.dropped" : "softnet.machine_dropped";
    for (const SoftnetCpu& cpu : parse_softnet_stat(*text)) {
        const Place place{"", fmt::format("CPU {}", cpu.cpu)};
        add(snapshot.counters, dropped, cpu.dropped, place);
        add(snapshot.counters, "softnet.time_squeeze", cpu.time_squeeze, place);
        add(snapshot.counters, "softnet.flow_limit", cpu.flow_limit, place);
    }
}

void add_conntrack(DoctorSnapshot& snapshot) {
    const auto count = number_in("/proc/sys/net/netfilter/nf_conntrack_count");
    const auto max = number_in("/proc/sys/net/netfilter/nf_conntrack_max");
    if (!count || !max) return;  // no connection tracking: nothing is missed
    add(snapshot.levels, "conntrack.count", *count);
    add(snapshot.levels, "conntrack.max", *max);
    add(snapshot.levels, "conntrack.full", *max != 0 && *count >= *max ? 1 : 0);
    const auto text = file_or_missing(snapshot, "/proc/net/stat/nf_conntrack");
    if (!text) return;
    for (const auto& [name, value] : parse_net_stat(*text))
        if (name != "entries") add(snapshot.counters, "conntrack." + name, value);
}

// Tables of the machine, which other network namespaces share. From inside one they would tell of others.
void add_machine_tables(DoctorSnapshot& snapshot) {
    if (!is_initial_network_namespace()) {
        snapshot.missing.emplace_back(
            "the machine's neighbour and route tables are not looked at from inside a network namespace");
        return;
    }
    constexpr std::array<std::array<std::string_view, 3>, 2> tables{
        {{"ARP", "arp_cache", "ipv4"}, {"ND", "ndisc_cache", "ipv6"}}};
    for (const auto& [word, file, protocol] : tables) {
        const Place place{"", std::string(word)};
        if (const auto text = read_file(fmt::format("/proc/net/stat/{}", file)))
            for (const auto& [name, value] : parse_net_stat(*text))
                add(name == "entries" ? snapshot.levels : snapshot.counters, "neighbour." + name, value, place);
        if (const auto most = number_in(fmt::format("/proc/sys/net/{}/neigh/default/gc_thresh3", protocol)))
            add(snapshot.levels, "neighbour.gc_thresh3", *most, place);
    }
    if (const auto text = read_file("/proc/net/stat/rt_cache"))
        for (const auto& [name, value] : parse_net_stat(*text))
            if (name != "entries") add(snapshot.counters, "route." + name, value);
}

void add_sockets(DoctorSnapshot& snapshot) {
    const auto text = file_or_missing(snapshot, "/proc/net/sockstat");
    if (!text) return;
    std::uint64_t sockets = 0;
    for (const auto& [name, value] : parse_sockstat(*text)) {
        add(snapshot.levels, "sockstat." + name, value);
        if (name == "TCP.inuse" || name == "TCP.tw") sockets += value;
    }
    constexpr std::size_t largest = 2;
    add_level_of(snapshot, "sysctl.tcp_mem_max", "/proc/sys/net/ipv4/tcp_mem", largest);
    add_level_of(snapshot, "sysctl.tcp_max_orphans", "/proc/sys/net/ipv4/tcp_max_orphans");

    const std::string range = "/proc/sys/net/ipv4/ip_local_port_range";
    const auto first = number_in(range);
    const auto last = number_in(range, 1);
    if (first && last && *last >= *first) {
        const std::uint64_t ports = *last - *first + 1;
        add(snapshot.levels, "sockets.port_range", ports);
        // The list of sockets is long where there are many: looked at only if they could have used the range up.
        if (sockets * 10 >= ports * 9) {
            std::uint64_t most = 0;
            for (const char* const list : {"/proc/net/tcp", "/proc/net/tcp6"})
                if (const auto lines = read_file(list))
                    most = std::max(most, most_ports_to_one_peer(*lines, static_cast<std::uint32_t>(*first),
                                                                 static_cast<std::uint32_t>(*last)));
            add(snapshot.levels, "sockets.ports_to_one_peer", most);
        }
    }
    const auto listeners = read_listeners();
    if (!listeners) {
        snapshot.missing.push_back(to_line(listeners.error()));
        return;
    }
    for (const Listener& listener : *listeners)
        if (listener.waiting > listener.room)
            add(snapshot.levels, "listener.full", 1, {"", fmt::format("port {}", listener.port)});
}

void add_cpu_time(DoctorSnapshot& snapshot) {
    const auto text = file_or_missing(snapshot, "/proc/stat");
    if (!text) return;
    const CpuTicks ticks = parse_proc_stat(*text);
    add(snapshot.counters, "cpu.steal_ticks", ticks.steal);
    add(snapshot.counters, "cpu.all_ticks", ticks.all);
}

}  // namespace weir::doctor_sources
