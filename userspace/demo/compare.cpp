// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/compare.hpp"

#include <netinet/in.h>

#include <algorithm>

#include <fmt/format.h>

#include "core/units.hpp"
#include "demo/tenants.hpp"

namespace weir::demo {
namespace {

// Headers on the wire, layer 2 on: Ethernet, IPv4, and TCP with its timestamp option or UDP.
constexpr std::uint64_t tcp_headers = 14 + 20 + 32;
constexpr std::uint64_t syn_headers = 14 + 20 + 40;
constexpr std::uint64_t udp_headers = 14 + 20 + 8;
constexpr std::uint64_t segment_payload = 1500 - 20 - 32;  // at most

// iperf3's own: a UDP test begins with one datagram of 4 bytes from the client, which the server answers with another;
// a TCP stream begins with a cookie of 37 bytes. None is in its totals.
constexpr std::uint64_t hello_bytes = 4;
constexpr std::uint64_t cookie_bytes = 37;

struct Side {
    Count tx;
    Count rx;
    std::uint64_t flows = 0;
};

template <class Wanted>
Side sum_flows(const Evidence& evidence, std::string_view interface, Wanted wanted) {
    Side sum;
    for (const auto* flow : flows_of(evidence, interface)) {
        if (!wanted(flow->key)) continue;
        sum.tx += flow->tx;
        sum.rx += flow->rx;
        ++sum.flows;
    }
    return sum;
}

Side data_streams(const Evidence& evidence, const Tenant& tenant, const Iperf3Totals& iperf3, std::uint8_t protocol) {
    return sum_flows(evidence, tenant.vnic, [&](const FlowKey& key) {
        return key.protocol == protocol && key.peer_port == tenant.port &&
               std::ranges::find(iperf3.client_ports, key.tenant_port) != iperf3.client_ports.end();
    });
}

// Payload that the wire carried: every segment has headers of one size, and the first one, the SYN, has longer ones.
std::uint64_t tcp_payload(const Count& count, std::uint64_t streams) {
    return count.bytes - count.packets * tcp_headers - streams * (syn_headers - tcp_headers);
}

// iperf3 stops with data in the sockets: written, and never sent or never read. So what the wire carried is no less
// than what was read, and no more than what was written and what TCP sent again.
Comparison tcp_row(const Evidence& evidence, std::size_t index, Direction direction) {
    const auto& tenant = tenants.at(index);
    const auto& iperf3 = evidence.traffic.iperf3.at(index);
    const auto streams = data_streams(evidence, tenant, iperf3, IPPROTO_TCP);
    const bool sends = direction == Direction::tx;
    const auto again = (sends ? evidence.peers.at(index) : evidence.world).tcp_sent.again;
    const auto written = iperf3.sent_bytes + (sends ? cookie_bytes * streams.flows : 0);
    return {.tenant = std::string(tenant.name),
            .what = fmt::format("TCP payload, {} stream{}", streams.flows, streams.flows == 1 ? "" : "s"),
            .weir = tcp_payload(sends ? streams.tx : streams.rx, streams.flows),
            .other = written,
            .other_text = "iperf3",
            .exact = false,
            .low = iperf3.received_bytes,
            .high = written + again * segment_payload};
}

void add_udp_rows(const Evidence& evidence, std::vector<Comparison>& rows) {
    const auto& tenant = tenants.at(db_tenant);
    const auto& iperf3 = evidence.traffic.iperf3.at(db_tenant);
    const auto lost = evidence.peers.at(db_tenant).dropped_on_the_way;
    const auto streams = data_streams(evidence, tenant, iperf3, IPPROTO_UDP);
    rows.push_back({.tenant = std::string(tenant.name),
                    .what = "UDP datagrams sent",
                    .weir = streams.tx.packets,
                    .other = iperf3.sent_packets + streams.flows,
                    .other_text = fmt::format("iperf3 + its {} hello", streams.flows),
                    .lost_before = lost});
    rows.push_back(
        {.tenant = std::string(tenant.name),
         .what = "their bytes, on the wire",
         .weir = streams.tx.bytes,
         .other = iperf3.sent_bytes + hello_bytes * streams.flows + udp_headers * (iperf3.sent_packets + streams.flows),
         .other_text = "iperf3 + headers",
         .lost_before = lost * (udp_payload + udp_headers)});
}

// A query whose flow was evicted from the table is among the vNIC's evicted packets.
void add_dns_rows(const Evidence& evidence, std::vector<Comparison>& rows) {
    const auto& tenant = tenants.at(db_tenant);
    const auto& dns = evidence.traffic.dns;
    auto queries = sum_flows(evidence, tenant.vnic, [](const FlowKey& key) {
        return key.protocol == IPPROTO_UDP && key.peer_port == dns_port;
    });
    if (const auto* vnic = evidence.vnic(tenant.vnic)) {
        queries.tx += vnic->ledger.tx.untracked[WEIR_UNTRACKED_EVICTED];
        queries.rx += vnic->ledger.rx.untracked[WEIR_UNTRACKED_EVICTED];
    }
    rows.push_back({.tenant = std::string(tenant.name),
                    .what = fmt::format("queries, {} flows", human_count(queries.flows)),
                    .weir = queries.tx.packets,
                    .other = dns.queries_sent,
                    .other_text = "who sent them",
                    .lost_before = evidence.peers.at(db_tenant).dropped_on_the_way});
    rows.push_back({.tenant = std::string(tenant.name),
                    .what = "their answers",
                    .weir = queries.rx.packets,
                    .other = dns.answers_sent,
                    .other_text = "who answered",
                    .lost_before = evidence.world.dropped_on_the_way});
}

Count tcp_packets(const DirectionLedger& ledger) { return ledger.classes[WEIR_CLASS_IPV4_TCP]; }

// A dropped skb can be as many segments as fit 64 KiB.
constexpr std::uint64_t segments_per_skb_max = 65536 / 1000;

void add_segment_rows(const Evidence& evidence, std::vector<Comparison>& rows) {
    Comparison sent{.tenant = "all", .what = "TCP segments sent", .other_text = {}};
    std::uint64_t again = 0;
    Comparison received{.tenant = "all", .what = "TCP segments received", .other_text = {}};
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        const auto* vnic = evidence.vnic(tenants.at(i).vnic);
        if (vnic == nullptr) continue;
        const auto& peer = evidence.peers.at(i);
        sent.weir += tcp_packets(vnic->ledger.tx).packets;
        received.weir += tcp_packets(vnic->ledger.rx).packets;
        sent.other += peer.tcp_sent.first + peer.tcp_sent.again;
        sent.lost_before += peer.dropped_on_the_way * segments_per_skb_max;
        again += peer.tcp_sent.again;
    }
    const auto& world = evidence.world;
    received.other = world.tcp_sent.first + world.tcp_sent.again;
    received.lost_before = world.dropped_on_the_way * segments_per_skb_max;
    sent.other_text = fmt::format("kernels, {} again", human_count(again));
    received.other_text = fmt::format("peer's kernel, {} again", human_count(world.tcp_sent.again));
    rows.push_back(std::move(sent));
    rows.push_back(std::move(received));
}

struct Balance {
    Count tx;
    Count rx;
};

unsigned equal_figures(const Count& a, const Count& b) {
    return static_cast<unsigned>(a.packets == b.packets) + static_cast<unsigned>(a.bytes == b.bytes);
}

}  // namespace

bool Comparison::holds() const {
    if (!exact) return low <= weir && weir <= high;
    return weir == other || (weir < other && other - weir <= lost_before);
}

std::vector<Comparison> compare(const Evidence& evidence) {
    std::vector<Comparison> rows;
    add_udp_rows(evidence, rows);
    add_dns_rows(evidence, rows);
    add_segment_rows(evidence, rows);
    for (std::size_t i = 0; i < tenants.size(); ++i)
        if (i != db_tenant)
            rows.push_back(tcp_row(evidence, i, tenants.at(i).iperf3.contains("-R") ? Direction::rx : Direction::tx));
    return rows;
}

Books audit(const Evidence& evidence) {
    Books books;
    for (const auto& [vnic, ledger] : evidence.ledgers.vnics) {
        Balance sum{ledger.tx.untracked_total(), ledger.rx.untracked_total()};
        for (const auto* flow : flows_of(evidence, vnic.interface)) {
            sum.tx += flow->tx;
            sum.rx += flow->rx;
        }
        books.all += 4;
        books.exact += equal_figures(sum.tx, ledger.tx.total()) + equal_figures(sum.rx, ledger.rx.total());
    }
    return books;
}

std::vector<const Flow*> flows_of(const Evidence& evidence, std::string_view interface) {
    std::vector<const Flow*> flows;
    for (const auto& flow : evidence.flows.flows)
        if (flow.interface == interface) flows.push_back(&flow);
    return flows;
}

}  // namespace weir::demo
