// SPDX-License-Identifier: GPL-2.0-or-later
// What `weir doctor` looks at and what it finds. Plain values and pure functions, no I/O.
//
// Everything that is read becomes a reading: a number with a name, at a place. The names are
//
//     snmp.Udp.NoPorts, snmp.Ip6InNoRoutes, netstat.TcpExt.ListenOverflows   /proc/net/snmp, snmp6, netstat
//     link.rx_dropped, qdisc.drops, ethtool.rx_queue_0_drops                 device, qdisc, driver
//     softnet.dropped, sockstat.TCP.tw                                       /proc/net/softnet_stat, sockstat
//     conntrack.drop, neighbour.table_fulls, route.in_martian_src            /proc/net/stat/*
//     trace.netfilter_drop                                                   drops seen by the tracer
//     weir.rate                                                              drops in Weir's ledgers
//
// What stands before the first dot is the source (the protocol's three files are one): two sources of one finding are
// independent of each other, and only then it is certain.
//
// Example:
//     const Diagnosis diagnosis = diagnose(before, after, {});
//     for (const DoctorFinding& finding : diagnosis.findings) ...
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Place {
    std::string interface;  // empty: not of one interface
    std::string part;       // "cpu 1", "qdisc fq 8001:", "tx, at nf_hook_slow"; may be empty
    auto operator<=>(const Place&) const = default;
};

struct ReadingKey {
    std::string metric;
    Place place;
    auto operator<=>(const ReadingKey&) const = default;
};

using Readings = std::map<ReadingKey, std::uint64_t>;

// What one NIC is, as it stands.
struct NicFacts {
    std::string interface;
    std::uint32_t ifindex = 0;
    std::string kind;    // of find_nic_kind(): "virtio-net", "veth", "tap", "vf"; the driver's name if unknown
    std::string tenant;  // whose Weir has it attached for; empty: not attached
    std::string driver;  // as ethtool has it; may be empty
    std::string bus;     // "0000:00:05.0", "virtio2", may be empty
    bool up = false;
    bool carrier = false;
    bool is_default_route = false;
    std::uint32_t mtu = 0;
    std::uint64_t speed_bps = 0;  // 0: the driver does not say
    std::uint32_t rx_queues = 0;
    std::uint32_t tx_queues = 0;
    std::uint32_t queues_max = 0;  // 0: unknown
    std::uint32_t rx_ring = 0;     // 0: unknown
    std::uint32_t rx_ring_max = 0;
    std::uint32_t tx_ring = 0;
    std::uint32_t tx_ring_max = 0;
    std::vector<std::string> offloads;  // those that are on: "tso", "gro"
    std::string qdisc;
    std::uint32_t xdp_program_id = 0;  // 0: none
    std::uint32_t irqs = 0;            // interrupt lines that have fired
    std::uint32_t irq_cpus = 0;        // CPUs that have served them
    std::uint32_t rps_cpus = 0;        // CPUs that RPS may use
};

// Everything that is known at one moment. Owned by the caller.
struct DoctorSnapshot {
    std::uint64_t taken_ns = 0;  // CLOCK_MONOTONIC
    std::uint32_t cpus = 1;      // online
    Readings counters;           // only grow, until somebody resets them
    Readings levels;             // stand at a value
    std::vector<NicFacts> nics;
    std::vector<std::string> missing;  // what could not be read and why, a sentence each
};

enum class Severity { info, warning, error };
enum class Confidence { low, medium, high };
std::string_view to_string(Severity severity);
std::string_view to_string(Confidence confidence);

struct DoctorEvidence {
    std::string metric;
    Place place;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    std::string_view unit;  // "packets", "ns", …
};

struct DoctorFinding {
    std::string_view id;  // a cause of doctor_causes()
    Place place;
    Severity severity = Severity::info;
    Confidence confidence = Confidence::low;
    std::uint64_t count = 0;  // of `unit`
    std::string_view unit;
    std::vector<DoctorEvidence> evidence;
    std::string meaning;
    std::string fix;
    std::string_view kernels;  // "all", "6.0 and newer": where the fix and the counters are valid
};

struct DoctorOptions {
    std::string interface;  // only this one's; empty: all
};

struct Diagnosis {
    std::uint64_t window_ns = 0;
    std::vector<NicFacts> nics;
    std::vector<DoctorFinding> findings;  // above info first, then by confidence, severity and count
    std::vector<std::string> missing;
    // Whether there is anything above info: exit code 3.
    [[nodiscard]] bool is_ill() const;
};

// Compares two snapshots of one machine. A reading that is in one of them only, or has become smaller, says nothing.
Diagnosis diagnose(const DoctorSnapshot& before, const DoctorSnapshot& after, const DoctorOptions& options);

// What a kind of virtual NIC is, can and cannot do; nullptr for a kind that is not in the table.
struct NicKind {
    std::string_view kind;
    std::string_view what;
    std::string_view can;
    std::string_view cannot;
};
const NicKind* find_nic_kind(std::string_view kind);

// The kind from what rtnetlink and the driver say: ("veth", "veth") -> "veth"; ("tun", "tun") -> "tap"; ("",
// "virtio_net") -> "virtio-net"; ("", "iavf") -> "vf".
std::string nic_kind_of(std::string_view rtnetlink_kind, std::string_view driver, bool is_tap);

}  // namespace weir
