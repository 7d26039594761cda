// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstring>  // strverscmp
#include <ctime>

#include "core/clock.hpp"
#include "core/units.hpp"
#include "model/guard.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

// The vNICs that share a note.
struct Note {
    std::string text;
    std::vector<std::string> interfaces;
};

std::uint64_t flow_slots(const Vnic& vnic) { return std::uint64_t{vnic.flow_sets} * WEIR_FLOW_WAYS; }

std::vector<std::string> tenants_of(const std::vector<Vnic>& vnics) {
    std::vector<std::string> tenants;
    tenants.reserve(vnics.size());
    for (const Vnic& vnic : vnics)
        tenants.push_back(vnic.tenant);
    return tenants;
}

std::string local_minute(std::uint64_t realtime_ns) {
    if (realtime_ns == 0) return "-";
    auto seconds = static_cast<std::time_t>(realtime_ns / second_ns);
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local)};
}

Cell hook_cell(Hook hook) { return {std::string(to_string(hook)), hook == Hook::none ? Tone::warning : Tone::plain}; }

// Its notes, and what is asked of what its tenant sends.
std::vector<std::string> notes_of(const Vnic& vnic) {
    auto notes = vnic.notes;
    if (!vnic.addresses.empty()) notes.push_back("may send only from " + guard_words(vnic.addresses));
    return notes;
}

std::vector<Note> gather_notes(const std::vector<const Vnic*>& vnics) {
    std::vector<Note> notes;
    for (const Vnic* vnic : vnics) {
        for (const std::string& text : notes_of(*vnic)) {
            auto known = std::ranges::find(notes, text, &Note::text);
            if (known == notes.end()) known = notes.insert(known, Note{text, {}});
            known->interfaces.push_back(vnic->interface);
        }
    }
    return notes;
}

std::string who(const Note& note) {
    constexpr std::size_t named_max = 4;
    std::vector<std::string> names(note.interfaces.begin(),
                                   note.interfaces.begin() +
                                       static_cast<std::ptrdiff_t>(std::min(named_max, note.interfaces.size())));
    std::string text = fmt::format("{}", fmt::join(names, ", "));
    if (note.interfaces.size() > named_max) text += fmt::format(" and {} more", note.interfaces.size() - named_max);
    return terminal_safe(text);
}

}  // namespace

Json status_json(const std::vector<Vnic>& vnics, const FairShare& share) {
    Json json = json_object();
    json["vnics"] = Json::array();
    json["uplinks"] = Json::array();
    for (const Vnic& vnic : vnics) {
        Json entry = {{"interface", json_text(vnic.interface)},
                      {"ifindex", vnic.ifindex},
                      {"tenant", json_text(vnic.tenant)},
                      {"role", to_string(vnic.role)},
                      {"present", vnic.present},
                      {"ingress_hook", to_string(vnic.ingress)},
                      {"hooks", {{"ingress", to_string(vnic.ingress_hook)}, {"egress", to_string(vnic.egress_hook)}}},
                      {"qdisc", json_text(vnic.qdisc)},
                      {"flows", vnic.flows},
                      {"flow_slots", flow_slots(vnic)},
                      {"memory_bytes", vnic.memory_bytes},
                      {"capacity_bps", vnic.capacity_bps},
                      {"attached_ns", vnic.attached_ns},
                      {"addresses", Json::array()},
                      {"limit", vnic.limit ? limit_json(*vnic.limit) : Json()},
                      {"notes", Json::array()}};
        for (const Prefix& prefix : vnic.addresses)
            entry["addresses"].push_back(to_string(prefix));
        for (const std::string& note : vnic.notes)
            entry["notes"].push_back(json_text(note));
        if (const auto* part = share.find(vnic.tenant); part != nullptr && vnic.role == Role::vnic)
            for (const auto direction : directions)
                entry["share"][std::string(to_string(direction))] = share_json(share, part->of(direction), direction);
        json["vnics"].push_back(std::move(entry));
        if (vnic.role != Role::uplink) continue;
        json["uplinks"].push_back({{"interface", json_text(vnic.interface)},
                                   {"ifindex", vnic.ifindex},
                                   {"tenant", json_text(vnic.tenant)},
                                   {"capacity_bps", vnic.capacity_bps},
                                   {"capacity_rx_bps", rx_capacity_bps(vnic)},
                                   {"capacity_is_link_speed", vnic.capacity_is_link_speed}});
    }
    json["fair_share"] = fair_share_json(share);
    return json;
}

std::string status_table(const std::vector<Vnic>& vnics, const Style& style, const FairShare& share) {
    if (vnics.empty()) return std::string(nothing_attached);
    std::vector<const Vnic*> sorted;
    sorted.reserve(vnics.size());
    for (const Vnic& vnic : vnics)
        sorted.push_back(&vnic);
    std::ranges::stable_sort(sorted, [](const Vnic* a, const Vnic* b) {
        return strverscmp(a->interface.c_str(), b->interface.c_str()) < 0;
    });

    Table table({{.header = "VNIC"},
                 {.header = "TENANT"},
                 {.header = "ROLE", .kind = Column::plain},
                 {.header = "INGRESS", .kind = Column::plain},
                 {.header = "EGRESS", .kind = Column::plain},
                 {.header = "QDISC", .kind = Column::plain, .spare = 1},
                 {.header = "LIMIT", .kind = Column::plain},
                 {.header = "FLOWS", .kind = Column::number, .spare = 3},
                 {.header = "MEMORY", .kind = Column::quantity},
                 {.header = "SINCE", .kind = Column::plain, .spare = 2}});
    std::uint64_t memory = 0;
    for (const Vnic* vnic : sorted) {
        memory += vnic->memory_bytes;
        std::string role(to_string(vnic->role));
        if (vnic->capacity_bps > 0) role += " " + print_rate(vnic->capacity_bps);
        if (vnic->capacity_rx_bps > 0) role += "/" + print_rate(vnic->capacity_rx_bps);
        table.add({{vnic->interface, vnic->present ? Tone::plain : Tone::warning},
                   vnic->tenant,
                   role,
                   hook_cell(vnic->ingress_hook),
                   hook_cell(vnic->egress_hook),
                   vnic->qdisc.empty() ? Cell("-", Tone::dim) : Cell(vnic->qdisc),
                   vnic->limit ? Cell(limit_short(vnic->limit->limit)) : Cell("-", Tone::dim),
                   human_count(vnic->flows),
                   human_memory(vnic->memory_bytes),
                   {local_minute(vnic->attached_ns), Tone::dim}});
    }

    std::string out = table.print(style);
    out += toned(fmt::format("{}, {} of kernel memory", plural(vnics.size(), "interface"), human_memory(memory)),
                 Tone::dim, style) +
           "\n";
    if (share.is_on) {
        const auto parts = share_table(share, tenants_of(vnics), style);
        if (!parts.empty()) out += "\n" + parts;
        const auto note = fair_share_note(share);
        if (!note.empty()) out += "\n" + toned(wrapped(note, style.columns, 4), Tone::warning, style) + "\n";
    }
    std::vector<Note> notes = gather_notes(sorted);
    if (!notes.empty()) out += "\n";
    for (const Note& note : notes)
        out += wrapped(who(note) + ": " + terminal_safe(note.text), style.columns, 4) + "\n";
    return out;
}

}  // namespace weir
