// SPDX-License-Identifier: GPL-2.0-or-later
// Interfaces: rtnetlink's and the driver's counters, what each NIC is, and who does its work.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "collect/doctor_sources.hpp"
#include "kernel/ethtool.hpp"
#include "kernel/link_stats.hpp"
#include "model/proc_text.hpp"

namespace weir::doctor_sources {
namespace {

namespace fs = std::filesystem;

// /sys may be another network namespace's (nsenter): only what has this interface's number is its own.
std::string sysfs_of(const LinkStats& link) {
    std::string path = "/sys/class/net/" + link.name;
    const auto text = read_file(path + "/ifindex");
    if (!text || parse_numbers(*text) != std::vector<std::uint64_t>{link.ifindex}) return {};
    return path;
}

std::vector<std::uint32_t> irqs_of(const std::string& sysfs) {
    std::vector<std::uint32_t> numbers;
    for (const char* const folder : {"/device/msi_irqs", "/device/../msi_irqs"}) {
        std::error_code failure;
        for (fs::directory_iterator entry(sysfs + folder, failure), end; !failure && entry != end;
             entry.increment(failure)) {
            const auto values = parse_numbers(entry->path().filename().string());
            if (values.size() == 1) numbers.push_back(static_cast<std::uint32_t>(values[0]));
        }
        if (!numbers.empty()) break;
    }
    return numbers;
}

void add_spread(NicFacts& nic, const LinkStats& link, const std::string& interrupts) {
    const std::string sysfs = sysfs_of(link);
    if (sysfs.empty()) return;
    std::vector<std::string> words{link.name};
    if (!link.parent.empty()) words.push_back(link.parent);
    const IrqSpread spread = parse_interrupts(interrupts, words, irqs_of(sysfs));
    nic.irqs = spread.irqs;
    nic.irq_cpus = spread.cpus;
    for (std::uint32_t queue = 0; queue < link.rx_queues; queue++) {
        const auto mask = read_file(fmt::format("{}/queues/rx-{}/rps_cpus", sysfs, queue));
        if (!mask) break;
        nic.rps_cpus = std::max(nic.rps_cpus, count_mask_bits(*mask));
    }
}

NicFacts facts_of(const LinkStats& link, const EthtoolFacts& driver) {
    NicFacts nic;
    nic.interface = link.name;
    nic.ifindex = link.ifindex;
    nic.driver = driver.driver;
    nic.kind = nic_kind_of(link.kind, driver.driver, link.is_tap);
    nic.bus = driver.bus.empty() ? link.parent : driver.bus;
    nic.up = link.up;
    nic.carrier = link.carrier;
    nic.mtu = link.mtu;
    nic.speed_bps = driver.speed_bps;
    nic.rx_queues = driver.rx_queues != 0 ? driver.rx_queues : link.rx_queues;
    nic.tx_queues = driver.tx_queues != 0 ? driver.tx_queues : link.tx_queues;
    nic.queues_max = driver.queues_max;
    nic.rx_ring = driver.rx_ring;
    nic.rx_ring_max = driver.rx_ring_max;
    nic.tx_ring = driver.tx_ring;
    nic.tx_ring_max = driver.tx_ring_max;
    nic.offloads = driver.offloads;
    nic.qdisc = link.qdisc;
    nic.xdp_program_id = link.xdp_program_id;
    return nic;
}

void add_link(DoctorSnapshot& snapshot, const LinkStats& link, const Ethtool& ethtool) {
    const Place place{link.name, ""};
    for (const auto& [name, value] : link.counters)
        snapshot.counters[{"link." + name, place}] = value;
    for (const auto& [name, value] : ethtool.counters(link.name))
        snapshot.counters[{"ethtool." + name, place}] = value;
    snapshot.levels[{"link.xdp_attached", place}] = link.xdp_program_id != 0 ? 1 : 0;
    snapshot.counters[{"neighbour.failed", place}] = 0;
}

Result<void> add_qdiscs(DoctorSnapshot& snapshot, const std::vector<LinkStats>& links) {
    WEIR_TRY(const auto qdiscs, read_qdisc_stats());
    for (const QdiscStats& qdisc : qdiscs) {
        const auto link = std::ranges::find(links, qdisc.ifindex, &LinkStats::ifindex);
        if (link == links.end() || qdisc.kind == "noqueue") continue;
        const char* const metric = qdisc.is_ingress() ? "qdisc.ingress_drops"
                                   : qdisc.is_aqm     ? "qdisc.aqm_drops"
                                                      : "qdisc.drops";
        const Place place{link->name, fmt::format("qdisc {} {:x}:", qdisc.kind, qdisc.handle >> 16)};
        snapshot.counters[{metric, place}] = qdisc.drops;
    }
    return {};
}

Result<void> add_neighbours(DoctorSnapshot& snapshot, const std::vector<LinkStats>& links,
                            const std::vector<DefaultRoute>& routes) {
    WEIR_TRY(const auto neighbours, read_neighbours());
    for (const Neighbour& neighbour : neighbours) {
        const auto link = std::ranges::find(links, neighbour.ifindex, &LinkStats::ifindex);
        if (link == links.end() || !neighbour.failed) continue;
        const Place place{link->name, ""};
        snapshot.counters[{"neighbour.failed", place}] += 1;
        const bool is_gateway = neighbour.is_ipv4 && std::ranges::any_of(routes, [&](const DefaultRoute& route) {
                                    return route.interface == link->name && route.gateway == neighbour.ipv4;
                                });
        if (is_gateway) snapshot.levels[{"neighbour.gateway_failed", place}] = 1;
    }
    return {};
}

Error unknown_interface(const std::string& interface, const std::vector<LinkStats>& links) {
    std::string names;
    for (const LinkStats& link : links)
        names += (names.empty() ? "" : ", ") + link.name;
    return {Errc::failed, fmt::format("no interface is called \"{}\"", interface), "there are " + names, ""};
}

}  // namespace

Result<void> add_interfaces(DoctorSnapshot& snapshot, const std::string& interface) {
    WEIR_TRY(const auto links, read_link_stats());
    if (!interface.empty() && std::ranges::find(links, interface, &LinkStats::name) == links.end())
        return std::unexpected(unknown_interface(interface, links));
    WEIR_TRY(const auto ethtool, Ethtool::open());
    const auto routes = parse_default_routes(read_file("/proc/net/route").value_or(""));
    const std::string interrupts = read_file("/proc/interrupts").value_or("");
    for (const LinkStats& link : links) {
        const bool is_asked_for = link.name == interface;
        if (!is_asked_for && (link.is_loopback || !link.up)) continue;
        add_link(snapshot, link, ethtool);
        NicFacts nic = facts_of(link, ethtool.facts(link.name));
        nic.is_default_route = std::ranges::find(routes, link.name, &DefaultRoute::interface) != routes.end();
        add_spread(nic, link, interrupts);
        // A port that nobody uses has no link either: that is no fault unless somebody relies on it.
        if (link.up && !link.carrier && (is_asked_for || nic.is_default_route))
            snapshot.levels[{"link.no_carrier", {link.name, ""}}] = 1;
        snapshot.nics.push_back(std::move(nic));
    }
    for (const auto& added : {add_qdiscs(snapshot, links), add_neighbours(snapshot, links, routes)})
        if (!added) snapshot.missing.push_back(to_line(added.error()));
    return {};
}

}  // namespace weir::doctor_sources
