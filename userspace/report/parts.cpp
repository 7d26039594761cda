// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/parts.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/units.hpp"
#include "core/utf8.hpp"

namespace weir {

Json json_object() { return {{"schema_version", 1}}; }

Json json_text(std::string_view text) { return utf8_valid(text) ? std::string(text) : utf8_mended(text); }

Json json_count(const Count& count) { return {{"packets", count.packets}, {"bytes", count.bytes}}; }

Json json_count(const Count& count, std::uint64_t window_ns) {
    Json json = json_count(count);
    if (window_ns > 0) {
        json["rate_bps"] = static_cast<std::uint64_t>(std::llround(per_second(count.bytes, window_ns) * 8));
        json["rate_pps"] = std::round(per_second(count.packets, window_ns) * 1000) / 1000;
    }
    return json;
}

Json json_untracked(const std::array<Count, WEIR_UNTRACKED_KINDS>& untracked) {
    Count total;
    for (const Count& kind : untracked)
        total += kind;
    Json json = json_count(total);
    for (std::size_t kind = 0; kind < untracked.size(); kind++)
        json[std::string(untracked_name(kind))] = json_count(untracked[kind]);
    return json;
}

Json json_histogram(const Histogram& histogram) {
    Json json{{"count", histogram.count()},
              {"min_ns", histogram.min_ns()},
              {"p50_ns", histogram.percentile_ns(0.5)},
              {"p90_ns", histogram.percentile_ns(0.9)},
              {"p99_ns", histogram.percentile_ns(0.99)},
              {"p999_ns", histogram.percentile_ns(0.999)},
              {"max_ns", histogram.max_ns()},
              {"buckets", Json::array()}};
    for (const auto& bucket : histogram.buckets())
        json["buckets"].push_back({bucket.low_ns, bucket.high_ns, bucket.count});
    return json;
}

Json json_drops(const DirectionLedger& ledger) {
    Json json = Json::object();
    for (std::size_t reason = 0; reason < ledger.drops.size(); reason++)
        json[std::string(drop_reason_name(reason))] = ledger.drops[reason].packets;
    return json;
}

std::string drop_words(const DirectionLedger& ledger) {
    std::vector<std::string> parts;
    std::vector<std::string> reasons;
    for (std::size_t reason = 0; reason < ledger.drops.size(); reason++)
        if (ledger.drops[reason].packets != 0)
            reasons.push_back(
                fmt::format("{} {}", drop_reason_name(reason), human_count(ledger.drops[reason].packets)));
    if (!reasons.empty())
        parts.push_back(
            fmt::format("{} dropped ({})", plural(ledger.drop_total().packets, "packet"), fmt::join(reasons, ", ")));
    if (ledger.ecn_marked_packets != 0) parts.push_back(plural(ledger.ecn_marked_packets, "packet") + " marked");
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string plural(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", human_count(count), noun, count == 1 ? "" : "s");
}

Cell dim_if_zero(std::uint64_t value, std::string text, Tone otherwise) {
    return {std::move(text), value == 0 ? Tone::dim : otherwise};
}

Json error_json(const Error& error) {
    std::string_view code = "failed";
    switch (error.code) {
    case Errc::failed:
        break;
    case Errc::usage:
        code = "usage";
        break;
    case Errc::permission:
        code = "permission";
        break;
    case Errc::unsupported:
        code = "unsupported";
        break;
    case Errc::conflict:
        code = "conflict";
        break;
    }
    Json json = json_object();
    json["error"] = {{"code", code},
                     {"what", json_text(error.what)},
                     {"evidence", json_text(error.evidence)},
                     {"hint", json_text(error.hint)}};
    return json;
}

}  // namespace weir
