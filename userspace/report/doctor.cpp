// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/units.hpp"
#include "model/doctor_knowledge.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

// More NICs than that are a table only; what each kind can and cannot do would bury the findings.
constexpr std::size_t nics_explained = 3;
constexpr std::size_t evidence_shown = 4;
constexpr std::size_t indent = 4;

Json place_json(const Place& place) {
    Json json;
    json["interface"] = place.interface.empty() ? Json(nullptr) : Json(json_text(place.interface));
    json["part"] = place.part.empty() ? Json(nullptr) : Json(json_text(place.part));
    return json;
}

std::string place_text(const Place& place) {
    if (place.interface.empty()) return place.part.empty() ? "this machine" : place.part;
    return place.part.empty() ? place.interface : place.interface + ", " + place.part;
}

Json nic_json(const NicFacts& nic) {
    Json json{{"interface", json_text(nic.interface)},
              {"ifindex", nic.ifindex},
              {"kind", json_text(nic.kind)},
              {"driver", json_text(nic.driver)},
              {"bus", json_text(nic.bus)},
              {"up", nic.up},
              {"carrier", nic.carrier},
              {"default_route", nic.is_default_route},
              {"mtu_bytes", nic.mtu}};
    json["speed_bps"] = number_or_null(nic.speed_bps);
    json["queues"] = {{"rx", nic.rx_queues}, {"tx", nic.tx_queues}, {"max", number_or_null(nic.queues_max)}};
    json["rings"] = {{"rx", number_or_null(nic.rx_ring)},
                     {"rx_max", number_or_null(nic.rx_ring_max)},
                     {"tx", number_or_null(nic.tx_ring)},
                     {"tx_max", number_or_null(nic.tx_ring_max)}};
    json["offloads"] = nic.offloads;
    json["qdisc"] = json_text(nic.qdisc);
    json["xdp_program_id"] = number_or_null(nic.xdp_program_id);
    json["interrupts"] = {{"lines", nic.irqs}, {"cpus", nic.irq_cpus}};
    json["rps_cpus"] = nic.rps_cpus;
    const NicKind* const kind = find_nic_kind(nic.kind);
    json["what"] = kind == nullptr ? "" : kind->what;
    json["can"] = kind == nullptr ? "" : kind->can;
    json["cannot"] = kind == nullptr ? "" : kind->cannot;
    return json;
}

Json finding_json(const DoctorFinding& finding) {
    Json json{{"id", finding.id},
              {"place", place_json(finding.place)},
              {"severity", to_string(finding.severity)},
              {"confidence", to_string(finding.confidence)},
              {"count", finding.count},
              {"unit", finding.unit},
              {"evidence", Json::array()}};
    for (const DoctorEvidence& evidence : finding.evidence)
        json["evidence"].push_back({{"metric", json_text(evidence.metric)},
                                    {"place", place_json(evidence.place)},
                                    {"before", evidence.before},
                                    {"after", evidence.after},
                                    {"unit", evidence.unit}});
    json["meaning"] = finding.meaning;
    json["fix"] = json_text(finding.fix);
    json["kernel_range"] = finding.kernels;
    return json;
}

std::string of_max(std::uint32_t value, std::uint32_t max) {
    return max != 0 && max != value ? fmt::format("{} of {}", value, max) : fmt::format("{}", value);
}

Cell state_cell(const NicFacts& nic) {
    if (!nic.up) return {"down", Tone::dim};
    return nic.carrier ? Cell("up") : Cell("no link", Tone::warning);
}

std::string queues_text(const NicFacts& nic) {
    if (nic.rx_queues == nic.tx_queues) return of_max(nic.rx_queues, nic.queues_max);
    return fmt::format("{} rx, {} tx", nic.rx_queues, nic.tx_queues);
}

std::string rings_text(const NicFacts& nic) {
    if (nic.rx_ring == 0 && nic.tx_ring == 0) return "-";
    return fmt::format("{} rx, {} tx", of_max(nic.rx_ring, nic.rx_ring_max), of_max(nic.tx_ring, nic.tx_ring_max));
}

std::string cpus_text(const NicFacts& nic) {
    std::string text =
        nic.irqs == 0 ? "-" : fmt::format("{} on {}", plural(nic.irqs, "IRQ"), plural(nic.irq_cpus, "CPU"));
    if (nic.rps_cpus != 0) text += fmt::format(", RPS on {}", nic.rps_cpus);
    return text;
}

std::string nic_table(const std::vector<NicFacts>& nics, const Style& style) {
    Table table({{.header = "NIC"},
                 {.header = "KIND"},
                 {.header = "STATE", .kind = Column::plain},
                 {.header = "SPEED", .kind = Column::plain, .spare = 1},
                 {.header = "MTU", .kind = Column::number, .spare = 2},
                 {.header = "QUEUES", .kind = Column::plain, .spare = 3},
                 {.header = "RINGS", .kind = Column::plain, .spare = 4},
                 {.header = "QDISC", .kind = Column::plain, .spare = 5},
                 {.header = "XDP", .kind = Column::plain, .spare = 8},
                 {.header = "INTERRUPTS", .kind = Column::plain, .spare = 7},
                 {.header = "OFFLOADS", .kind = Column::text, .spare = 6}});
    for (const NicFacts& nic : nics)
        table.add({nic.interface, nic.kind, state_cell(nic), nic.speed_bps == 0 ? "-" : print_rate(nic.speed_bps),
                   fmt::format("{}", nic.mtu), queues_text(nic), rings_text(nic), nic.qdisc.empty() ? "-" : nic.qdisc,
                   nic.xdp_program_id == 0 ? "-" : fmt::format("id {}", nic.xdp_program_id), cpus_text(nic),
                   nic.offloads.empty() ? "-" : fmt::format("{}", fmt::join(nic.offloads, " "))});
    return table.print(style);
}

std::string kinds_text(const std::vector<NicFacts>& nics, const Style& style) {
    std::string text;
    for (const NicFacts& nic : nics)
        if (const NicKind* const kind = find_nic_kind(nic.kind))
            text += wrapped(fmt::format("{} is {}. It has {}. But {}.", terminal_safe(nic.interface), kind->what,
                                        kind->can, kind->cannot),
                            style.columns, indent) +
                    "\n";
    return text.empty() ? "" : "\n" + text;
}

Tone tone_of(Severity severity) { return severity == Severity::info ? Tone::dim : Tone::warning; }

std::string indented(std::string_view word, std::string_view what, const Style& style) {
    const unsigned room = style.columns > indent ? style.columns - indent : style.columns;
    return std::string(indent, ' ') + wrapped(fmt::format("{} {}", word, terminal_safe(what)), room, 2 * indent) + "\n";
}

std::string finding_text(const DoctorFinding& finding, std::size_t number, const Style& style) {
    const std::string count = finding.unit == "ns" ? human_duration(finding.count)
                                                   : fmt::format("{} {}", human_count(finding.count), finding.unit);
    std::string text =
        fmt::format("{}. ", number) +
        toned(fmt::format("{}: {} at {}", finding.id, count, terminal_safe(place_text(finding.place))), Tone::strong,
              style) +
        toned(fmt::format("  ({}, {} confidence)", to_string(finding.severity), to_string(finding.confidence)),
              tone_of(finding.severity), style) +
        "\n";
    const auto line = [&](std::string_view word, std::string_view what) { text += indented(word, what, style); };
    line("means:", finding.meaning);
    for (std::size_t i = 0; i < std::min(finding.evidence.size(), evidence_shown); i++) {
        const DoctorEvidence& evidence = finding.evidence[i];
        const std::string where =
            evidence.place == finding.place || evidence.place == Place{} ? "" : " at " + place_text(evidence.place);
        line("seen: ", fmt::format("{}{} {} -> {}", evidence.metric, where, evidence.before, evidence.after));
    }
    if (finding.evidence.size() > evidence_shown)
        line("seen: ", fmt::format("and {} more (-j shows all)", finding.evidence.size() - evidence_shown));
    line("to do:", finding.fix);
    return text;
}

std::string sum_of(const Diagnosis& diagnosis) {
    const std::string time = human_duration(diagnosis.window_ns);
    if (diagnosis.findings.empty()) return fmt::format("nothing wrong found in {}", time);
    const auto ill = static_cast<std::size_t>(std::ranges::count_if(
        diagnosis.findings, [](const DoctorFinding& finding) { return finding.severity != Severity::info; }));
    const std::string notes = plural(diagnosis.findings.size() - ill, "note");
    if (ill == 0) return fmt::format("nothing wrong found in {}; {} for information", time, notes);
    return fmt::format("{} in {}{}", plural(ill, "problem"), time,
                       ill == diagnosis.findings.size() ? "" : ", and " + notes);
}

}  // namespace

Json doctor_json(const Diagnosis& diagnosis) {
    Json json = json_object();
    json["window_ns"] = diagnosis.window_ns;
    json["nic"] = Json::array();
    for (const NicFacts& nic : diagnosis.nics)
        json["nic"].push_back(nic_json(nic));
    json["findings"] = Json::array();
    for (const DoctorFinding& finding : diagnosis.findings)
        json["findings"].push_back(finding_json(finding));
    json["missing"] = Json::array();
    for (const auto& sentence : diagnosis.missing)
        json["missing"].push_back(json_text(sentence));
    json["summary"] = sum_of(diagnosis);
    return json;
}

Json doctor_causes_json() {
    Json json = json_object();
    json["causes"] = Json::array();
    for (const Cause& cause : doctor_causes())
        json["causes"].push_back({{"id", cause.id},
                                  {"severity", to_string(cause.severity)},
                                  {"alarm_at", cause.alarm_at},
                                  {"unit", cause.unit},
                                  {"meaning", cause.meaning},
                                  {"fix", cause.fix},
                                  {"kernel_range", cause.kernels}});
    return json;
}

std::string doctor_causes_text(const Style& style) {
    std::string text;
    for (const Cause& cause : doctor_causes()) {
        const std::string head = fmt::format("{} ({})", cause.id, to_string(cause.severity));
        text += toned(head, Tone::strong, style) + "\n" + indented("means:", cause.meaning, style) +
                indented("to do:", cause.fix, style);
    }
    return text;
}

std::string doctor_text(const Diagnosis& diagnosis, const Style& style) {
    std::string text;
    if (!diagnosis.nics.empty()) text += nic_table(diagnosis.nics, style);
    if (diagnosis.nics.size() <= nics_explained) text += kinds_text(diagnosis.nics, style);
    if (!text.empty()) text += "\n";
    for (std::size_t i = 0; i < diagnosis.findings.size(); i++)
        text += finding_text(diagnosis.findings[i], i + 1, style) + "\n";
    for (const auto& sentence : diagnosis.missing)
        text +=
            toned(wrapped("not looked at: " + terminal_safe(sentence), style.columns, indent), Tone::dim, style) + "\n";
    const Tone tone = diagnosis.is_ill() ? Tone::warning : Tone::strong;
    return text + toned(sum_of(diagnosis), tone, style) + "\n";
}

}  // namespace weir
