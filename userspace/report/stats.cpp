// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstring>  // strverscmp

#include "core/units.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

Json direction_json(const DirectionLedger& ledger, std::uint64_t window_ns) {
    Json json = json_count(ledger.total(), window_ns);
    json["skbs"] = ledger.skbs;
    json["drop_packets"] = ledger.drop_total().packets;
    json["drop_bytes"] = ledger.drop_total().bytes;
    json["drops"] = json_drops(ledger);
    json["ecn_marked_packets"] = ledger.ecn_marked_packets;
    json["classes"] = Json::object();
    for (std::size_t id = 0; id < ledger.classes.size(); id++)
        if (ledger.classes[id] != Count{})
            json["classes"][std::string(class_name(id))] = json_count(ledger.classes[id]);
    json["untracked"] = json_untracked(ledger.untracked);
    return json;
}

std::uint64_t load(const Ledger& ledger) { return ledger.tx.total().bytes + ledger.rx.total().bytes; }

// "97% ipv4_tcp": the class with the most bytes.
std::string top_class(const Ledger& ledger) {
    if (load(ledger) == 0) return "-";
    auto bytes_of = [&](std::size_t id) { return ledger.tx.classes[id].bytes + ledger.rx.classes[id].bytes; };
    std::size_t top = 0;
    for (std::size_t id = 1; id < WEIR_CLASS_COUNT; id++)
        if (bytes_of(id) > bytes_of(top)) top = id;
    // Rounded down: 100% is all of it.
    double share = static_cast<double>(bytes_of(top)) / static_cast<double>(load(ledger));
    int percent = bytes_of(top) == load(ledger) ? 100 : std::min(99, static_cast<int>(share * 100));
    return fmt::format("{}% {}", percent, class_name(top));
}

Cell bytes_cell(const Count& count, std::uint64_t window_ns) {
    return dim_if_zero(count.bytes, window_ns > 0 ? human_bit_rate(per_second(count.bytes, window_ns) * 8)
                                                  : human_bytes(count.bytes));
}

Cell packets_cell(const Count& count, std::uint64_t window_ns) {
    return dim_if_zero(count.packets, window_ns > 0 ? human_packet_rate(per_second(count.packets, window_ns))
                                                    : human_count(count.packets));
}

void add_row(Table& table, Cell name, Cell tenant, const Ledger& ledger, std::uint64_t window_ns) {
    Count tx = ledger.tx.total();
    Count rx = ledger.rx.total();
    Count both = tx;
    both += rx;
    std::uint64_t drops = ledger.tx.drop_total().packets + ledger.rx.drop_total().packets;
    table.add({std::move(name), std::move(tenant), bytes_cell(tx, window_ns), bytes_cell(rx, window_ns),
               packets_cell(both, window_ns), dim_if_zero(drops, human_count(drops), Tone::warning),
               dim_if_zero(both.bytes, top_class(ledger))});
}

}  // namespace

Json stats_json(const LedgerSnapshot& snapshot, std::uint64_t window_ns, const FairShare& share) {
    Json json = json_object();
    if (window_ns > 0) json["window_ns"] = window_ns;
    json["vnics"] = Json::array();
    for (const auto& [vnic, ledger] : snapshot.vnics) {
        json["vnics"].push_back({{"interface", json_text(vnic.interface)},
                                 {"ifindex", vnic.ifindex},
                                 {"tenant", json_text(vnic.tenant)},
                                 {"role", to_string(vnic.role)},
                                 {"tx", direction_json(ledger.tx, window_ns)},
                                 {"rx", direction_json(ledger.rx, window_ns)}});
        if (const auto* part = share.find(vnic.tenant); part != nullptr && vnic.role == Role::vnic)
            for (const auto direction : directions)
                json["vnics"].back()["share"][std::string(to_string(direction))] =
                    share_json(share, part->of(direction), direction);
    }
    return json;
}

std::string stats_table(const LedgerSnapshot& snapshot, std::uint64_t window_ns, const Style& style,
                        const FairShare& share) {
    if (snapshot.vnics.empty()) return std::string(nothing_attached);
    std::vector<const VnicLedger*> vnics;
    vnics.reserve(snapshot.vnics.size());
    for (const VnicLedger& entry : snapshot.vnics)
        vnics.push_back(&entry);
    // Uplinks stand below the total: what they carry is their tenants' traffic over again.
    std::ranges::sort(vnics, [](const VnicLedger* a, const VnicLedger* b) {
        bool a_is_uplink = a->vnic.role == Role::uplink;
        bool b_is_uplink = b->vnic.role == Role::uplink;
        if (a_is_uplink != b_is_uplink) return b_is_uplink;
        if (load(a->ledger) != load(b->ledger)) return load(a->ledger) > load(b->ledger);
        return strverscmp(a->vnic.interface.c_str(), b->vnic.interface.c_str()) < 0;
    });

    bool rates = window_ns > 0;
    Table table({{.header = "VNIC"},
                 {.header = "TENANT"},
                 {.header = rates ? "TX/s" : "TX", .kind = Column::quantity},
                 {.header = rates ? "RX/s" : "RX", .kind = Column::quantity},
                 {.header = rates ? "PACKETS/s" : "PACKETS", .kind = rates ? Column::quantity : Column::number},
                 {.header = "DROPS", .kind = Column::number},
                 {.header = "TOP CLASS", .spare = 1, .least = 12}});
    auto first_uplink =
        std::ranges::find(vnics, Role::uplink, [](const VnicLedger* entry) { return entry->vnic.role; });
    auto tenants_vnics = static_cast<std::size_t>(first_uplink - vnics.begin());
    Ledger total;
    std::string notes;
    for (std::size_t i = 0; i < vnics.size(); i++) {
        const auto& [vnic, ledger] = *vnics[i];
        bool is_uplink = i >= tenants_vnics;
        total.tx += ledger.tx;
        total.rx += ledger.rx;
        add_row(table, {vnic.interface, vnic.present ? Tone::plain : Tone::warning},
                is_uplink ? Cell("(uplink)", Tone::dim) : Cell(vnic.tenant), ledger, window_ns);
        if (i + 1 == tenants_vnics && tenants_vnics > 1)
            add_row(table, {"total", Tone::strong}, {plural(tenants_vnics, "vNIC"), Tone::dim}, total, window_ns);
        for (Direction direction : directions)
            if (const auto words = drop_words(ledger.of(direction)); !words.empty())
                notes += wrapped(fmt::format("{} {}: {}", terminal_safe(vnic.interface), to_string(direction), words),
                                 style.columns, 4) +
                         "\n";
    }
    std::string out = table.print(style);
    if (share.is_on) {
        std::vector<std::string> tenants;
        tenants.reserve(vnics.size());
        for (const VnicLedger* entry : vnics)
            tenants.push_back(entry->vnic.tenant);
        const auto parts = share_table(share, tenants, style);
        if (!parts.empty()) out += "\n" + parts;
    }
    return notes.empty() ? out : out + "\n" + notes;
}

}  // namespace weir
