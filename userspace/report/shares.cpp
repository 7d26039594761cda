// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "core/units.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

Cell rate_cell(std::uint64_t bps) {
    return dim_if_zero(bps, bps == 0 ? std::string("-") : human_bit_rate(static_cast<double>(bps)));
}

}  // namespace

Json share_json(const FairShare& share, const ShareUse& use, Direction direction) {
    return {{"weight", use.weight},
            {"min_bps", number_or_null(use.min_bps)},
            {"max_bps", number_or_null(use.max_bps)},
            {"fair_bps", use.fair_bps},
            {"rate_bps", use.rate_bps},
            {"granted_bps", use.grant_bps},
            {"wanted_bps", use.wanted_bps ? Json(*use.wanted_bps) : Json()},
            {"borrowed_bps", use.borrowed_bps()},
            {"lent_bps", use.lent_bps()},
            {"reason", to_string(use.reason)},
            {"words", share_words(share, use, direction)}};
}

Json fair_share_json(const FairShare& share) {
    if (!share.is_on) return {};
    Json json{{"is_running", share.is_running},
              {"interval_ns", share.interval_ns},
              {"ticks", share.ticks},
              {"last_tick_ago_ns", share.last_tick_ago_ns},
              {"tick_mean_ns", share.tick_mean_ns},
              {"tick_worst_ns", share.tick_worst_ns}};
    for (const auto direction : directions)
        json[std::string(to_string(direction))] = {
            {"capacity_bps", share.capacity_bps.at(static_cast<std::size_t>(direction))},
            {"weight", share.total_weight(direction)},
            {"is_short", share.is_short.at(static_cast<std::size_t>(direction))}};
    return json;
}

std::string share_table(const FairShare& share, const std::vector<std::string>& tenants, const Style& style) {
    Table table({{.header = "TENANT"},
                 {.header = "WAY", .kind = Column::plain},
                 {.header = "WEIGHT", .kind = Column::number},
                 {.header = "FAIR SHARE", .kind = Column::quantity},
                 {.header = "WANTED", .kind = Column::quantity},
                 {.header = "GRANTED", .kind = Column::quantity},
                 {.header = "BORROWED", .kind = Column::quantity},
                 {.header = "LENT", .kind = Column::quantity},
                 {.header = "BY", .kind = Column::plain}});
    bool any = false;
    for (const auto& tenant : share.tenants) {
        if (std::ranges::find(tenants, tenant.tenant) == tenants.end()) continue;
        for (const auto direction : directions) {
            const auto& use = tenant.of(direction);
            any = true;
            table.add({tenant.tenant, std::string(to_string(direction)), std::to_string(use.weight),
                       rate_cell(use.fair_bps), use.wanted_bps ? rate_cell(*use.wanted_bps) : Cell("more"),
                       rate_cell(use.grant_bps), rate_cell(use.borrowed_bps()), rate_cell(use.lent_bps()),
                       std::string(to_string(use.reason))});
        }
    }
    return any ? table.print(style) : std::string();
}

}  // namespace weir
