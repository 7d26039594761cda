// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "core/units.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

Json rates_json(const DirectionLimit& direction) {
    return {{"max_bps", number_or_null(direction.max_bps)},
            {"packets_per_second", number_or_null(direction.packets_per_second)},
            {"min_bps", number_or_null(direction.min_bps)}};
}

const DirectionLimit& of(const Limit& limit, Direction direction) {
    return direction == Direction::tx ? limit.tx : limit.rx;
}

const ShareUse* share_of(const LimitUse& use, Direction direction) {
    return use.share ? &use.share->of(direction) : nullptr;
}

weir_share_part part_of(const LimitSnapshot& snapshot, const LimitUse& use, Direction direction) {
    if (!use.share) return {};
    return {.capacity_bps = snapshot.share.capacity_bps.at(static_cast<std::size_t>(direction)),
            .fallback_bps = use.share->of(direction).fair_bps};
}

Json direction_json(const LimitSnapshot& snapshot, const LimitUse& use, Direction direction, std::uint64_t window_ns) {
    const auto& limit = of(use.state.limit, direction);
    const auto& ledger = use.ledger.of(direction);
    Json json = rates_json(limit);
    json["burst_ns"] = burst_ns_of(use.state.limit, limit, part_of(snapshot, use, direction));
    json["passed"] = json_count(passed(ledger), window_ns);
    json["drops"] = json_drops(ledger);
    json["ecn_marked_packets"] = ledger.ecn_marked_packets;
    json["shaping"] = json_histogram(use.shaping(direction));
    json["held_by"] = held_by(ledger, use.shaping(direction), share_of(use, direction));
    json["share"] = use.share ? share_json(snapshot.share, use.share->of(direction), direction) : Json();
    return json;
}

Cell rate_cell(std::uint64_t value, const std::string& text) { return value == 0 ? Cell("-", Tone::dim) : Cell(text); }

Cell delay_cell(const Histogram& histogram, double fraction) {
    if (histogram.empty()) return {"-", Tone::dim};
    return human_duration(histogram.percentile_ns(fraction));
}

Cell use_cell(const DirectionLedger& ledger, std::uint64_t window_ns) {
    const auto bytes = passed(ledger).bytes;
    return dim_if_zero(bytes, window_ns > 0 ? human_bit_rate(per_second(bytes, window_ns) * 8) : human_bytes(bytes));
}

void add_row(Table& table, const LimitSnapshot& snapshot, const LimitUse& use, Direction direction,
             std::uint64_t window_ns) {
    const auto& limit = of(use.state.limit, direction);
    const auto& ledger = use.ledger.of(direction);
    const auto& shaping = use.shaping(direction);
    const auto drops = ledger.drop_total().packets;
    const auto held = held_by(ledger, shaping, share_of(use, direction));
    std::vector<Cell> cells{use.tenant, std::string(to_string(direction)),
                            rate_cell(limit.max_bps, print_rate(limit.max_bps))};
    if (snapshot.share.is_on)
        cells.push_back(use.share ? Cell(human_bit_rate(static_cast<double>(use.share->of(direction).rate_bps)))
                                  : Cell("-", Tone::dim));
    for (auto cell : {rate_cell(limit.packets_per_second, std::to_string(limit.packets_per_second)),
                      Cell(std::string(to_string(use.state.limit.mode))),
                      Cell(print_time(burst_ns_of(use.state.limit, limit, part_of(snapshot, use, direction)))),
                      use_cell(ledger, window_ns), dim_if_zero(drops, human_count(drops), Tone::warning),
                      dim_if_zero(ledger.ecn_marked_packets, human_count(ledger.ecn_marked_packets)),
                      delay_cell(shaping, 0.5), delay_cell(shaping, 0.99),
                      held.empty() ? Cell("-", Tone::dim) : Cell(fmt::format("{}", fmt::join(held, ", ")))})
        cells.push_back(std::move(cell));
    table.add(std::move(cells));
}

std::vector<std::string> notes_of(const LimitSnapshot& snapshot, const LimitUse& use) {
    std::vector<std::string> notes;
    const auto tenant = terminal_safe(use.tenant);
    const auto& state = use.state;
    if (state.revert_in_ns != 0)
        notes.push_back(fmt::format("{0}: reverts to {1} in {2} unless confirmed: weir limit confirm {0}", tenant,
                                    state.before ? limit_words(*state.before) : "no limits",
                                    human_duration(state.revert_in_ns)));
    if (state.reverted_ago_ns != 0)
        notes.push_back(fmt::format("{}: reverted {} ago, as the change was not confirmed", tenant,
                                    human_duration(state.reverted_ago_ns)));
    for (Direction direction : directions) {
        if (!use.share) break;
        notes.push_back(fmt::format("{} {}: {}", tenant, to_string(direction),
                                    share_words(snapshot.share, use.share->of(direction), direction)));
    }
    if (!state.limit.is_set() && state.revert_in_ns != 0)
        notes.push_back(fmt::format("{}: no limits until then", tenant));
    if (state.limit.overhead_bytes != 0)
        notes.push_back(
            fmt::format("{}: each packet counts with {} bytes of overhead", tenant, state.limit.overhead_bytes));
    for (Direction direction : directions) {
        const auto words = drop_words(use.ledger.of(direction));
        if (!words.empty()) notes.push_back(fmt::format("{} {}: {}", tenant, to_string(direction), words));
    }
    if (use.interfaces.empty())
        notes.push_back(fmt::format("{}: no interface is attached; the limits take effect when one is", tenant));
    return notes;
}

}  // namespace

Json limit_json(const LimitState& state) {
    const Limit& limit = state.limit;
    return {{"mode", to_string(limit.mode)},
            {"burst_ns", number_or_null(limit.burst_ns)},
            {"overhead_bytes", limit.overhead_bytes},
            {"weight", number_or_null(limit.weight)},
            {"tx", rates_json(limit.tx)},
            {"rx", rates_json(limit.rx)},
            {"revert_in_ns", number_or_null(state.revert_in_ns)}};
}

Json limits_json(const LimitSnapshot& snapshot, std::uint64_t window_ns) {
    Json json = json_object();
    if (window_ns > 0) json["window_ns"] = window_ns;
    json["limits"] = Json::array();
    for (const LimitUse& use : uses_of(snapshot)) {
        Json entry{{"tenant", json_text(use.tenant)}};
        entry.update(limit_json(use.state));
        for (Direction direction : directions)
            entry[std::string(to_string(direction))] = direction_json(snapshot, use, direction, window_ns);
        entry["before"] =
            use.state.before
                ? limit_json(
                      {.limit = *use.state.before, .revert_in_ns = 0, .before = std::nullopt, .reverted_ago_ns = 0})
                : Json();
        entry["interfaces"] = Json::array();
        for (const auto& interface : use.interfaces)
            entry["interfaces"].push_back(json_text(interface));
        json["limits"].push_back(std::move(entry));
    }
    return json;
}

std::string limits_table(const LimitSnapshot& snapshot, std::uint64_t window_ns, const Style& style) {
    std::vector<Column> columns{{.header = "TENANT"},
                                {.header = "WAY", .kind = Column::plain},
                                {.header = "MAX", .kind = Column::number},
                                {.header = "SHARE", .kind = Column::quantity, .spare = 7},
                                {.header = "PPS", .kind = Column::number, .spare = 3},
                                {.header = "MODE", .kind = Column::plain},
                                {.header = "BURST", .kind = Column::number, .spare = 5},
                                {.header = window_ns > 0 ? "USE/s" : "USE", .kind = Column::quantity},
                                {.header = "DROPS", .kind = Column::number},
                                {.header = "MARKED", .kind = Column::number, .spare = 4},
                                {.header = "DELAY P50", .kind = Column::quantity, .spare = 2},
                                {.header = "P99", .kind = Column::quantity, .spare = 1},
                                {.header = "HELD BY", .kind = Column::plain, .spare = 6}};
    if (!snapshot.share.is_on) columns.erase(columns.begin() + 3);
    Table table(std::move(columns));
    std::string notes;
    for (const LimitUse& use : uses_of(snapshot)) {
        for (Direction direction : directions)
            if (use.share || of(use.state.limit, direction).limits())
                add_row(table, snapshot, use, direction, window_ns);
        for (const auto& note : notes_of(snapshot, use))
            notes += wrapped(note, style.columns, 4) + "\n";
    }
    if (const auto note = fair_share_note(snapshot.share); !note.empty())
        notes += wrapped(note, style.columns, 4) + "\n";
    const std::string out = table.print(style);
    return notes.empty() ? out : out + "\n" + notes;
}

}  // namespace weir
