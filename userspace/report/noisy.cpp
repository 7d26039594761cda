// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/noisy.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/units.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

constexpr std::size_t indent = 4;

Json evidence_json(const std::vector<noisy::Evidence>& evidence) {
    Json list = Json::array();
    for (const auto& one : evidence)
        list.push_back({{"metric", one.metric}, {"value", one.value}, {"baseline", one.baseline}, {"unit", one.unit}});
    return list;
}

std::string value_text(double value, std::string_view unit) {
    if (unit == "bit/s") return human_bit_rate(value);
    if (unit == "packets/s") return human_packet_rate(value);
    if (unit == "ns") return human_duration(static_cast<std::uint64_t>(std::max(0.0, value)));
    if (unit == "bytes") return human_bytes(static_cast<std::uint64_t>(std::max(0.0, value)));
    return fmt::format("{:.{}f} {}", value, value < 10 && value != std::floor(value) ? 2 : 0, unit);
}

std::string evidence_text(const noisy::Evidence& evidence) {
    return fmt::format("{} {}, else {}", evidence.metric, value_text(evidence.value, evidence.unit),
                       value_text(evidence.baseline, evidence.unit));
}

std::string line(std::string_view word, std::string_view what, const Style& style) {
    return wrapped(fmt::format("    {:<9} {}", word, terminal_safe(what)), style.columns, indent + 10) + "\n";
}

std::string seconds(std::size_t slots) {
    return fmt::format("{:.1f} s", static_cast<double>(slots) * static_cast<double>(noisy::slot_ns) / 1e9);
}

std::string neighbour_text(const noisy::Neighbour& neighbour, const noisy::Report& report, const Style& style) {
    std::string text = toned(fmt::format("{}: {} ({} confidence, {:.2f})", terminal_safe(neighbour.tenant),
                                         to_string(neighbour.pattern), noisy::confidence_word(neighbour.certainty),
                                         neighbour.certainty),
                             Tone::warning, style) +
                       "\n";
    text += line("what:", fmt::format("{} {}", neighbour.tenant, meaning_of(neighbour.pattern)), style);
    const auto slots = static_cast<std::size_t>(report.window_ns / noisy::slot_ns);
    text += line("since:",
                 fmt::format("{} ago; loud for {} in {}", seconds(slots - neighbour.begin),
                             seconds(neighbour.loud_slots), plural(neighbour.episodes, "episode")),
                 style);
    for (const auto& evidence : neighbour.evidence)
        text += line("seen:", evidence_text(evidence), style);
    for (const auto& victim : neighbour.victims)
        for (const auto& evidence : victim.evidence)
            text += line(
                "harms:", fmt::format("{}, {}: {}", victim.tenant, to_string(victim.harm), evidence_text(evidence)),
                style);
    for (const auto& sentence : neighbour.alternatives)
        text += line("but not:", sentence, style);
    return text + line("to do:", neighbour.remedy.empty() ? neighbour.advice : neighbour.remedy, style);
}

std::string sum_of(const noisy::Report& report) {
    const std::string time = human_duration(report.window_ns);
    if (report.neighbours.empty()) return fmt::format("no tenant disturbed another in {}", time);
    return fmt::format("{} in {}", plural(report.neighbours.size(), "noisy neighbour"), time);
}

}  // namespace

Json noisy_json(const noisy::Report& report) {
    Json json = json_object();
    json["window_ns"] = report.window_ns;
    json["neighbours"] = Json::array();
    const auto slots = report.window_ns / noisy::slot_ns;
    for (const auto& neighbour : report.neighbours) {
        Json one{{"tenant", json_text(neighbour.tenant)},
                 {"pattern", to_string(neighbour.pattern)},
                 {"direction", to_string(neighbour.direction)},
                 {"confidence", noisy::confidence_word(neighbour.certainty)},
                 {"certainty", neighbour.certainty},
                 {"since_ns", (slots - neighbour.begin) * noisy::slot_ns},
                 {"loud_ns", neighbour.loud_slots * noisy::slot_ns},
                 {"episodes", neighbour.episodes},
                 {"evidence", evidence_json(neighbour.evidence)},
                 {"victims", Json::array()}};
        for (const auto& victim : neighbour.victims)
            one["victims"].push_back({{"tenant", json_text(victim.tenant)},
                                      {"harm", to_string(victim.harm)},
                                      {"confidence", noisy::confidence_word(victim.certainty)},
                                      {"certainty", victim.certainty},
                                      {"evidence", evidence_json(victim.evidence)}});
        one["alternatives"] = Json::array();
        for (const auto& sentence : neighbour.alternatives)
            one["alternatives"].push_back(json_text(sentence));
        one["remedy"] = neighbour.remedy.empty() ? Json(nullptr) : json_text(neighbour.remedy);
        one["advice"] = neighbour.advice.empty() ? Json(nullptr) : json_text(neighbour.advice);
        json["neighbours"].push_back(std::move(one));
    }
    json["dismissed"] = Json::array();
    for (const auto& sentence : report.dismissed)
        json["dismissed"].push_back(json_text(sentence));
    json["summary"] = sum_of(report);
    return json;
}

std::string noisy_text(const noisy::Report& report, bool with_dismissed, const Style& style) {
    std::string text;
    for (const auto& neighbour : report.neighbours)
        text += neighbour_text(neighbour, report, style) + "\n";
    if (with_dismissed)
        for (const auto& sentence : report.dismissed)
            text +=
                toned(wrapped("dismissed: " + terminal_safe(sentence), style.columns, indent), Tone::dim, style) + "\n";
    return text + toned(sum_of(report), report.neighbours.empty() ? Tone::strong : Tone::warning, style) + "\n";
}

Json noisy_thresholds_json(const noisy::Thresholds& thresholds) {
    Json json = json_object();
    json["thresholds"] = Json::array();
    for (const auto& info : noisy::threshold_table())
        json["thresholds"].push_back({{"name", info.name},
                                      {"value", thresholds.*info.field},
                                      {"default", info.value},
                                      {"unit", info.unit},
                                      {"reason", info.reason}});
    return json;
}

std::string noisy_thresholds_text(const noisy::Thresholds& thresholds, const Style& style) {
    Table table({{.header = "THRESHOLD"},
                 {.header = "VALUE", .kind = Column::number},
                 {.header = "UNIT", .kind = Column::plain},
                 {.header = "REASON", .kind = Column::text}});
    for (const auto& info : noisy::threshold_table())
        table.add({std::string(info.name), fmt::format("{}", thresholds.*info.field), std::string(info.unit),
                   std::string(info.reason)});
    return table.print(style);
}

}  // namespace weir
