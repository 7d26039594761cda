// SPDX-License-Identifier: GPL-2.0-or-later
// Pieces that the renderers share.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "report/report.hpp"
#include "report/table.hpp"

namespace weir {

// A string that JSON can carry, whatever bytes the kernel or a user gave.
Json json_text(std::string_view text);

// null for a 0 that means "none" or "unknown".
inline Json number_or_null(std::uint64_t value) { return value == 0 ? Json() : Json(value); }

// {"packets","bytes"}
Json json_count(const Count& count);

// {"packets","bytes"} and, for a window, {"rate_bps","rate_pps"}.
Json json_count(const Count& count, std::uint64_t window_ns);

// {"packets","bytes","no_flow":{…},"evicted":{…},"busy":{…}}
Json json_untracked(const std::array<Count, WEIR_UNTRACKED_KINDS>& untracked);

// {REASON: packets}
Json json_drops(const DirectionLedger& ledger);

// {"count","min_ns","p50_ns",…,"buckets":[[low_ns,high_ns,count]]}
Json json_histogram(const Histogram& histogram);

// A limit as it stands: {"mode","burst_ns","overhead_bytes","weight","tx":{"max_bps","packets_per_second","min_bps"},
// "rx":{…},"revert_in_ns"}; null for what is not set.
Json limit_json(const LimitState& state);

// A tenant's part of the uplinks in one direction: {"weight","min_bps","max_bps","fair_bps","rate_bps","granted_bps",
// "wanted_bps","borrowed_bps","lent_bps","reason","words"}; wanted_bps null: more than it got, nobody knows how much.
Json share_json(const FairShare& share, const ShareUse& use, Direction direction);

// Fair share as a whole: {"is_running","interval_ns","ticks","last_tick_ago_ns","tick_mean_ns","tick_worst_ns",
// "tx":{"capacity_bps","weight","is_short"},"rx":{…}}; null where it is off.
Json fair_share_json(const FairShare& share);

// A table of all tenants' parts that `keeps` them; empty where there is none.
std::string share_table(const FairShare& share, const std::vector<std::string>& tenants, const Style& style);

// "12 packets dropped (rate 10, aqm 2), 5 packets marked"; empty if there is neither.
std::string drop_words(const DirectionLedger& ledger);

// "1 flow", "1,234 flows"
std::string plural(std::uint64_t count, std::string_view noun);

inline constexpr std::string_view nothing_attached = "nothing is attached; attach with: weir attach IFACE\n";

// Parts of a bar's last cell, in eighths; a whole one is "█".
inline constexpr std::array eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

// A zero that does not draw the eye.
Cell dim_if_zero(std::uint64_t value, std::string text, Tone otherwise = Tone::plain);

}  // namespace weir
