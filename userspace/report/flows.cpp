// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "core/units.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

constexpr std::uint8_t icmp = 1;
constexpr std::uint8_t tcp = 6;
constexpr std::uint8_t icmpv6 = 58;

// "10.0.0.2:443", "[2001:db8::2]:443", "10.0.0.2" where there are no ports, "10.0.0.2 id 7" for an echo.
std::string endpoint(const Flow& flow, const Address& address, std::uint16_t port) {
    const FlowKey& key = flow.key;
    std::string text = to_string(address);
    if (key.protocol == icmp || key.protocol == icmpv6) return port == 0 ? text : fmt::format("{} id {}", text, port);
    if (key.tenant_port == 0 && key.peer_port == 0) return text;
    return address.family == 6 ? fmt::format("[{}]:{}", text, port) : fmt::format("{}:{}", text, port);
}

std::uint64_t since(std::uint64_t now, std::uint64_t then) { return now > then ? now - then : 0; }

Json untracked_json(const FlowSnapshot::Untracked& vnic) {
    return {{"interface", json_text(vnic.interface)},
            {"tenant", json_text(vnic.tenant)},
            {"tx", json_untracked(vnic.tx)},
            {"rx", json_untracked(vnic.rx)}};
}

// "vnet3: 12,345 packets (1.20 MB) not in a flow: 12,000 evicted, 345 no flow"; empty if all were in flows.
std::string untracked_line(const FlowSnapshot::Untracked& vnic) {
    Count total;
    std::string kinds;
    for (std::size_t kind : {WEIR_UNTRACKED_EVICTED, WEIR_UNTRACKED_NO_FLOW, WEIR_UNTRACKED_BUSY}) {
        Count count = vnic.tx[kind];
        total += count += vnic.rx[kind];
        if (count.packets == 0) continue;
        std::string name(untracked_name(kind));
        if (std::size_t underscore = name.find('_'); underscore != std::string::npos) name[underscore] = ' ';
        kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", human_count(count.packets), name);
    }
    if (total.packets == 0) return {};
    return fmt::format("{}: {} ({}) not in a flow: {}", terminal_safe(vnic.interface), plural(total.packets, "packet"),
                       human_bytes(total.bytes), kinds);
}

std::string why_no_flows(const FlowSnapshot& snapshot, std::uint64_t window_ns) {
    if (!snapshot.flows.empty()) return fmt::format("none of the {} matches\n", plural(snapshot.flows.size(), "flow"));
    if (window_ns > 0) return "no flow moved in this window; without --duration there are all flows since attach\n";
    return "no flows yet; a flow appears with its first packet\n";
}

// The last one: what it is now.
Cell rtt_cell(const FlowRtt& rtt) {
    if (rtt.samples == 0) return {"-", Tone::dim};
    return human_duration(rtt.last_ns);
}

Cell retransmits_cell(const Flow& flow) {
    const auto retransmits = flow.tx_trouble.retransmits + flow.rx_trouble.retransmits;
    if (flow.key.protocol != tcp) return {"-", Tone::dim};
    return dim_if_zero(retransmits, human_count(retransmits), Tone::warning);
}

Json rtt_json(const FlowRtt& rtt) {
    return {{"last_ns", rtt.last_ns}, {"min_ns", rtt.min_ns}, {"samples", rtt.samples}};
}

Json both_json(std::uint64_t tx, std::uint64_t rx) { return {{"tx", tx}, {"rx", rx}}; }

void add_tracking(Json& json, const Flow& flow) {
    const TcpTrouble& tx = flow.tx_trouble;
    const TcpTrouble& rx = flow.rx_trouble;
    const auto lost = loss_sides(tx, rx);
    json["rtt"] = {{"tenant", rtt_json(flow.rtt_tenant)}, {"network", rtt_json(flow.rtt_network)}};
    json["retransmits"] = both_json(tx.retransmits, rx.retransmits);
    json["lost"] = {{"tenant", lost.tenant}, {"network", lost.network}};
    json["out_of_order"] = both_json(tx.out_of_order, rx.out_of_order);
    json["zero_windows"] = both_json(tx.zero_windows, rx.zero_windows);
}

std::string rows(const std::vector<Flow>& flows, const FlowSnapshot& snapshot, std::uint64_t window_ns,
                 const Style& style) {
    bool several_vnics = snapshot.untracked.size() > 1;
    std::vector<Column> columns{{.header = "PROTO", .kind = Column::plain},
                                {.header = "TENANT-END", .kind = Column::endpoint, .least = 18},
                                {.header = "PEER-END", .kind = Column::endpoint, .least = 18},
                                {.header = "TX", .kind = Column::quantity},
                                {.header = "RX", .kind = Column::quantity},
                                {.header = "PACKETS", .kind = Column::number, .spare = 3},
                                {.header = "RATE", .kind = Column::quantity, .spare = several_vnics ? 1U : 0U},
                                {.header = "RTT TENANT", .kind = Column::quantity, .spare = 2},
                                {.header = "RTT NET", .kind = Column::quantity, .spare = 2},
                                {.header = "RETRANS", .kind = Column::number, .spare = 4},
                                {.header = "AGE", .kind = Column::number, .spare = 6},
                                {.header = "IDLE", .kind = Column::number, .spare = 5}};
    if (several_vnics) columns.insert(columns.begin(), {.header = "VNIC", .least = 6});
    Table table(std::move(columns));
    for (const Flow& flow : flows) {
        const FlowKey& key = flow.key;
        double rate = flow_rate(flow, window_ns);
        std::vector<Cell> cells{protocol_name(key.protocol),
                                endpoint(flow, key.tenant_address, key.tenant_port),
                                endpoint(flow, key.peer_address, key.peer_port),
                                dim_if_zero(flow.tx.bytes, human_bytes(flow.tx.bytes)),
                                dim_if_zero(flow.rx.bytes, human_bytes(flow.rx.bytes)),
                                human_count(flow.tx.packets + flow.rx.packets),
                                human_bit_rate(rate * 8),
                                rtt_cell(flow.rtt_tenant),
                                rtt_cell(flow.rtt_network),
                                retransmits_cell(flow),
                                human_duration(since(snapshot.taken_ns, flow.first_seen_ns)),
                                {human_duration(since(snapshot.taken_ns, flow.last_seen_ns)), Tone::dim}};
        if (several_vnics) cells.insert(cells.begin(), flow.interface);
        table.add(std::move(cells));
    }
    std::string out = table.print(style);
    if (flows.size() < snapshot.flows.size())
        out += toned(fmt::format("{} of {}", human_count(flows.size()), plural(snapshot.flows.size(), "flow")),
                     Tone::dim, style) +
               "\n";
    return out;
}

}  // namespace

Json flows_json(const std::vector<Flow>& flows, const FlowSnapshot& snapshot, std::uint64_t window_ns) {
    Json json = json_object();
    json["taken_ns"] = snapshot.taken_ns;
    if (window_ns > 0) json["window_ns"] = window_ns;
    json["flows"] = Json::array();
    for (const Flow& flow : flows) {
        Json entry{{"interface", json_text(flow.interface)},
                   {"tenant", json_text(flow.tenant)},
                   {"protocol", protocol_name(flow.key.protocol)},
                   {"tenant_address", to_string(flow.key.tenant_address)},
                   {"tenant_port", flow.key.tenant_port},
                   {"peer_address", to_string(flow.key.peer_address)},
                   {"peer_port", flow.key.peer_port},
                   {"tx", json_count(flow.tx, window_ns)},
                   {"rx", json_count(flow.rx, window_ns)},
                   {"first_seen_ns", flow.first_seen_ns},
                   {"last_seen_ns", flow.last_seen_ns}};
        add_tracking(entry, flow);
        json["flows"].push_back(std::move(entry));
    }
    json["untracked"] = Json::array();
    for (const FlowSnapshot::Untracked& vnic : snapshot.untracked)
        json["untracked"].push_back(untracked_json(vnic));
    return json;
}

std::string flows_table(const std::vector<Flow>& flows, const FlowSnapshot& snapshot, std::uint64_t window_ns,
                        const Style& style) {
    if (flows.empty() && snapshot.flows.empty() && snapshot.untracked.empty()) return std::string(nothing_attached);
    std::string out = flows.empty() ? why_no_flows(snapshot, window_ns) : rows(flows, snapshot, window_ns, style);
    std::string untracked;
    for (const FlowSnapshot::Untracked& vnic : snapshot.untracked)
        if (std::string line = untracked_line(vnic); !line.empty()) untracked += wrapped(line, style.columns, 4) + "\n";
    return untracked.empty() ? out : out + "\n" + untracked;
}

}  // namespace weir
