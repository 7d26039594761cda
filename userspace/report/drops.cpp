// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <set>

#include "core/units.hpp"
#include "model/drop_reasons.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

std::string_view meaning_of(const DropReason* known) { return known != nullptr ? known->meaning : ""; }
std::string_view fix_of(const DropReason* known) { return known != nullptr ? known->fix : ""; }

Cell rate_cell(std::uint64_t packets, std::uint64_t window_ns) {
    return human_packet_rate(per_second(packets, window_ns));
}

// "eth0", "eth0 from vnet3", "-"
std::string where(const DropRow& row) {
    if (row.interface.empty()) return "-";
    return row.from.empty() ? row.interface : fmt::format("{} from {}", row.interface, row.from);
}

struct Shown {
    std::vector<const DropRow*> rows;
    std::uint64_t normal_packets = 0;  // folded away
};

Shown shown_of(const DropSnapshot& snapshot, bool with_normal) {
    Shown shown;
    for (const auto& row : snapshot.rows) {
        if (row.is_normal && !with_normal)
            shown.normal_packets += row.packets;
        else
            shown.rows.push_back(&row);
    }
    return shown;
}

// A sentence or two a reason: what it means, and what to do.
std::string explanations(const std::vector<const DropRow*>& rows, const Style& style) {
    std::string out;
    std::set<std::pair<std::string, const DropReason*>> said;
    for (const DropRow* row : rows) {
        const auto* known = explain(*row);
        if (known == nullptr || !said.emplace(row->reason, known).second) continue;
        const auto advice = known->fix.empty() ? "" : fmt::format(". {}", known->fix);
        out += wrapped(fmt::format("{}: {}{}", row->reason, known->meaning, advice), style.columns, 4) + "\n";
    }
    return out;
}

}  // namespace

Json drops_json(const DropSnapshot& snapshot, std::uint64_t window_ns, bool with_normal) {
    Json json = json_object();
    if (window_ns > 0) json["window_ns"] = window_ns;
    json["traced"] = snapshot.traced;
    if (!snapshot.traced) json["untraced_because"] = json_text(snapshot.untraced_why);
    const auto shown = shown_of(snapshot, with_normal);
    json["drops"] = Json::array();
    for (const DropRow* row : shown.rows) {
        const auto* known = explain(*row);
        Json entry{{"interface", row->interface.empty() ? Json() : Json(json_text(row->interface))},
                   {"ifindex", row->ifindex},
                   {"from_interface", row->from.empty() ? Json() : Json(json_text(row->from))},
                   {"tenant", row->tenant.empty() ? Json() : Json(json_text(row->tenant))},
                   {"direction", row->direction ? Json(to_string(*row->direction)) : Json()},
                   {"source", to_string(row->source)},
                   {"reason", json_text(row->reason)},
                   {"location", json_text(row->location)},
                   {"packets", row->packets}};
        if (row->source == DropSource::kernel) entry["skbs"] = row->skbs;
        if (window_ns > 0) entry["rate_pps"] = per_second(row->packets, window_ns);
        entry["normal"] = row->is_normal;
        entry["meaning"] = meaning_of(known);
        entry["fix"] = fix_of(known);
        json["drops"].push_back(std::move(entry));
    }
    if (!with_normal) json["normal_packets"] = shown.normal_packets;
    json["elsewhere_skbs"] = snapshot.elsewhere_skbs;
    json["missed_skbs"] = snapshot.missed_skbs;
    return json;
}

std::string drops_table(const DropSnapshot& snapshot, std::uint64_t window_ns, bool with_normal, const Style& style) {
    const auto shown = shown_of(snapshot, with_normal);
    std::string out;
    if (!shown.rows.empty()) {
        std::vector<Column> columns{{.header = "INTERFACE"},
                                    {.header = "TENANT", .spare = 1},
                                    {.header = "DIR", .kind = Column::plain, .spare = 2},
                                    {.header = "SOURCE", .kind = Column::plain, .spare = 4},
                                    {.header = "REASON", .kind = Column::plain},
                                    {.header = "PACKETS", .kind = Column::number}};
        if (window_ns > 0) columns.push_back({.header = "RATE", .kind = Column::quantity, .spare = 3});
        columns.push_back({.header = "PLACE"});
        Table table(std::move(columns));
        for (const DropRow* row : shown.rows) {
            const Tone tone = row->is_normal ? Tone::dim : Tone::plain;
            std::vector<Cell> cells{{where(*row), tone},
                                    {row->tenant.empty() ? "-" : row->tenant, tone},
                                    {row->direction ? std::string(to_string(*row->direction)) : "-", tone},
                                    {std::string(to_string(row->source)), tone},
                                    {row->reason, row->is_normal ? Tone::dim : Tone::warning},
                                    {human_count(row->packets), tone}};
            if (window_ns > 0) cells.push_back(rate_cell(row->packets, window_ns));
            cells.emplace_back(row->location, Tone::dim);
            table.add(std::move(cells));
        }
        out = table.print(style) + "\n" + explanations(shown.rows, style);
    } else {
        out = "no packet was dropped\n";
    }
    if (shown.normal_packets != 0)
        out += fmt::format("{} ended normally (--all shows them)\n", plural(shown.normal_packets, "packet"));
    if (snapshot.missed_skbs != 0)
        out += fmt::format("{} in the middle of counting another: in no line above\n",
                           plural(snapshot.missed_skbs, "drop"));
    return out;
}

}  // namespace weir
