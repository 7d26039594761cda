// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/story.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

#include <fmt/format.h>

#include "core/units.hpp"
#include "demo/paint.hpp"
#include "demo/tenants.hpp"
#include "report/table.hpp"

namespace weir::demo {
namespace {

constexpr unsigned plain_columns = 100;  // of sentences, where there is no terminal

std::string heading(std::string_view strong, std::string_view rest, const Style& style) {
    return toned(strong, Tone::strong, style) + std::string(rest) + "\n";
}

std::string top_flow(const std::vector<const Flow*>& flows) {
    const auto bytes = [](const Flow* flow) { return flow->tx.bytes + flow->rx.bytes; };
    const auto at = std::ranges::max_element(flows, {}, bytes);
    if (at == flows.end()) return "-";
    const auto& key = (*at)->key;
    return fmt::format("{} :{} → :{}, {}", protocol_name(key.protocol), key.tenant_port, key.peer_port,
                       human_bytes(bytes(*at)));
}

std::string ledgers(const Evidence& evidence, const Style& style) {
    Table table({{.header = "TENANT", .kind = Column::plain},
                 {.header = "TX PACKETS", .kind = Column::number},
                 {.header = "TX BYTES", .kind = Column::number},
                 {.header = "RX PACKETS", .kind = Column::number},
                 {.header = "RX BYTES", .kind = Column::number},
                 {.header = "FLOWS", .kind = Column::number, .spare = 1},
                 {.header = "LARGEST FLOW", .spare = 2, .least = 26}});
    const auto add = [&](std::string_view name, std::string_view interface, Tone tone) {
        const auto* vnic = evidence.vnic(interface);
        if (vnic == nullptr) return;
        const auto tx = vnic->ledger.tx.total();
        const auto rx = vnic->ledger.rx.total();
        const auto flows = flows_of(evidence, interface);
        table.add({{std::string(name), tone == Tone::plain ? Tone::strong : tone},
                   {exactly(tx.packets), tone},
                   {exactly(tx.bytes), tone},
                   {exactly(rx.packets), tone},
                   {exactly(rx.bytes), tone},
                   {human_count(flows.size()), tone},
                   {top_flow(flows), tone}});
    };
    for (const auto& tenant : tenants)
        add(tenant.name, tenant.vnic, Tone::plain);
    add(uplink, uplink, Tone::dim);
    return table.print(style);
}

std::string verdict(const Comparison& row) {
    const auto difference = row.difference();
    if (difference == 0) return "0 ✓";
    if (!row.exact) {
        const double ppm = row.other == 0 ? 0 : static_cast<double>(difference) * 1e6 / static_cast<double>(row.other);
        return fmt::format("{:+.0f} ppm {}", ppm, row.holds() ? "✓" : "✗");
    }
    const auto size = static_cast<std::uint64_t>(std::llabs(difference));
    return fmt::format("{}{} {}", difference < 0 ? "-" : "+", exactly(size), row.holds() ? "lost before" : "✗");
}

std::string comparisons(const std::vector<Comparison>& rows, const Style& style) {
    Table table({{.header = "TENANT", .kind = Column::plain},
                 {.header = "COUNTED BY BOTH"},
                 {.header = "WEIR", .kind = Column::number},
                 {.header = "THEY", .kind = Column::number},
                 {.header = "THEY ARE", .spare = 1, .least = 14},
                 {.header = "DIFFERENCE", .kind = Column::number}});
    for (const auto& row : rows)
        table.add({{row.tenant, Tone::strong},
                   row.what,
                   exactly(row.weir),
                   exactly(row.other),
                   {row.other_text, Tone::dim},
                   {verdict(row), row.holds() ? Tone::plain : Tone::warning}});
    return table.print(style);
}

// One direction of a vNIC, as the interface's own counters have it and as the wire has it.
struct Hidden {
    std::string_view interface;
    std::string_view tenant;
    Direction direction = Direction::tx;
    Count device;
    Count wire;
    [[nodiscard]] std::uint64_t packets() const { return wire.packets - device.packets; }
    [[nodiscard]] double percent() const {
        return 100.0 * static_cast<double>(packets()) / static_cast<double>(std::max<std::uint64_t>(wire.packets, 1));
    }
};

// Those where at least half of the packets are hidden.
std::vector<Hidden> hidden_packets(const Evidence& evidence) {
    std::vector<Hidden> all;
    for (const auto& tenant : tenants) {
        const auto* vnic = evidence.vnic(tenant.vnic);
        const auto at = evidence.host.find(std::string(tenant.vnic));
        if (vnic == nullptr || at == evidence.host.end()) continue;
        const auto& device = at->second;
        // The host's end receives what the tenant sends.
        all.push_back(
            {tenant.vnic, tenant.name, Direction::tx, {device.rx_packets, device.rx_bytes}, vnic->ledger.tx.total()});
        all.push_back(
            {tenant.vnic, tenant.name, Direction::rx, {device.tx_packets, device.tx_bytes}, vnic->ledger.rx.total()});
    }
    std::erase_if(all, [](const Hidden& one) { return one.wire.packets < 2 * one.device.packets; });
    std::ranges::sort(all, std::greater{}, &Hidden::packets);
    return all;
}

std::string devices(const Evidence& evidence, const Style& style) {
    const auto all = hidden_packets(evidence);
    if (all.empty()) return "The device counters agree: GSO is off here, an skb is a packet.\n";
    const auto& most = all.front();
    std::string text = heading("What the device counter does not see", "", style);
    text +=
        wrapped(fmt::format("{}'s device counter says {} packets. The wire carries {}: GSO hides {:.1f} %.\n",
                            most.interface, exactly(most.device.packets), exactly(most.wire.packets), most.percent()),
                style.columns, 0);
    Table table({{.header = "INTERFACE", .kind = Column::plain},
                 {.header = "", .kind = Column::plain},
                 {.header = "DEVICE COUNTER", .kind = Column::number},
                 {.header = "ON THE WIRE", .kind = Column::number},
                 {.header = "HIDDEN PACKETS", .kind = Column::number},
                 {.header = "HIDDEN HEADERS", .kind = Column::quantity}});
    for (const auto& one : all)
        table.add({{std::string(one.interface), Tone::strong},
                   std::string(to_string(one.direction)),
                   exactly(one.device.packets),
                   exactly(one.wire.packets),
                   fmt::format("{} ({:.1f} %)", exactly(one.packets()), one.percent()),
                   human_bytes(one.wire.bytes - one.device.bytes)});
    return text + table.print(style);
}

// "3.1 µs, 45 µs": half of them and 99 in 100 are no longer.
std::string half_and_most(const Histogram& histogram) {
    if (histogram.empty()) return "-";
    return fmt::format("{}, {}", human_duration(histogram.percentile_ns(0.5)),
                       human_duration(histogram.percentile_ns(0.99)));
}

std::string delays(const Evidence& evidence, const Style& style) {
    Table table({{.header = "TENANT", .kind = Column::plain},
                 {.header = "TX THROUGH THE HOST", .kind = Column::number},
                 {.header = "RX", .kind = Column::number},
                 {.header = "TENANT AND BACK", .kind = Column::number},
                 {.header = "NETWORK AND BACK", .kind = Column::number},
                 {.header = "SENT AGAIN", .kind = Column::number, .spare = 1}});
    for (const auto& tenant : tenants) {
        const auto at = std::ranges::find(evidence.latency.vnics, tenant.vnic,
                                          [](const VnicLatency& entry) { return entry.vnic.interface; });
        if (at == evidence.latency.vnics.end()) continue;
        const Latency& latency = at->latency;
        const auto again =
            latency.trouble_of(Direction::tx).retransmits + latency.trouble_of(Direction::rx).retransmits;
        table.add({{std::string(tenant.name), Tone::strong},
                   half_and_most(latency.of(LatencyKind::host_tx)),
                   half_and_most(latency.of(LatencyKind::host_rx)),
                   half_and_most(latency.of(LatencyKind::rtt_tenant)),
                   half_and_most(latency.of(LatencyKind::rtt_network)),
                   human_count(again)});
    }
    return table.print(style);
}

}  // namespace

std::string tell(const Evidence& evidence, unsigned seconds, const Style& style) {
    const auto books = audit(evidence);
    std::string text;
    text += heading("What Weir counted",
                    fmt::format(" in {} s at the host's end of each tenant's link, as the wire carries it", seconds),
                    style);
    text += ledgers(evidence, style);
    text += fmt::format("Flows + untracked = ledger, packets and bytes, tx and rx: {} of {} exact {}\n\n", books.exact,
                        books.all, books.exact == books.all ? "✓" : "✗");
    text += heading("Is it true?", " The same things, counted by those who sent them", style);
    text += comparisons(compare(evidence), style);
    text += toned(
        wrapped("Hello: iperf3's first datagram, not in its totals. Again: what TCP sent twice. In ppm: iperf3 stops "
                "with data in its sockets; ✓ if the wire carried no less than was read and no more than was "
                "written and sent again.",
                style.columns == 0 ? plain_columns : style.columns, 0),
        Tone::dim, style);
    text += "\n\n" +
            heading("Where the time goes", ": half of all packets are faster than, 99 in 100 are faster than", style);
    text += delays(evidence, style) + "\n";
    text += devices(evidence, style);
    text += "\n" + heading("Now on an interface of your own", "", style);
    text += "  weir attach eth0 --role guest   from now on, every packet is counted\n"
            "  weir flows eth0                 who talks to whom, and how much\n"
            "  weir latency eth0               is it the network or this machine\n"
            "  weir detach eth0                nothing of Weir stays\n";
    return painted(std::move(text), style);
}

}  // namespace weir::demo
