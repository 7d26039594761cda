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

double per_second(std::uint64_t amount, std::uint64_t window_ns) {
    return static_cast<double>(amount) * 1e9 / static_cast<double>(window_ns);
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
