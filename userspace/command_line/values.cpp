// SPDX-License-Identifier: GPL-2.0-or-later
#include "command_line/values.hpp"

#include <charconv>
#include <cmath>
#include <ranges>
#include <set>

#include <fmt/format.h>

#include "config/names.hpp"
#include "core/units.hpp"
#include "model/guard.hpp"

namespace weir::cli {
namespace {

constexpr double duration_min_s = 0.1;
constexpr double duration_max_s = 86400;

template <class Number, class... Format>
std::optional<Number> whole(const std::string& text, Format... format) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, format...);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return value;
}

}  // namespace

std::unexpected<Error> expected(std::string_view option, std::string_view wanted, std::string_view found) {
    return fail(Errc::usage, std::string(option), fmt::format("expected {}, found \"{}\"", wanted, found));
}

std::unexpected<Error> under(std::string_view option, Error error) {
    error.what = fmt::format("{}: {}", option, error.what);
    return std::unexpected(std::move(error));
}

Result<std::uint64_t> number_of(std::string_view option, const std::string& text, std::uint64_t min,
                                std::uint64_t max) {
    const auto value = whole<std::uint64_t>(text);
    if (value && *value >= min && *value <= max) return *value;
    return expected(option, fmt::format("a number from {} to {}", min, max), text);
}

std::string duration_range() { return fmt::format("{} to {}", duration_min_s, duration_max_s); }

Result<std::uint64_t> duration_of(const std::string& text, std::string_view option) {
    const auto seconds = whole<double>(text, std::chars_format::fixed);
    if (seconds && *seconds >= duration_min_s && *seconds <= duration_max_s)
        return static_cast<std::uint64_t>(std::llround(*seconds * 1e9));
    return expected(option, "seconds from " + duration_range(), text);
}

Result<std::uint64_t> rate_of(std::string_view option, const std::string& text) {
    auto rate = parse_rate(text);
    if (!rate) return under(option, std::move(rate).error());
    return *rate;
}

Result<std::uint64_t> limit_rate_of(std::string_view option, const std::string& text) {
    if (text == "none" || text == "0") return 0;
    WEIR_TRY(const auto bps, rate_of(option, text));
    if (bps == 0) return 0;
    if (const auto wanted = limit_rate_problem(bps)) return expected(option, *wanted + ", or none", text);
    return bps;
}

Result<std::uint64_t> limit_pps_of(std::string_view option, const std::string& text) {
    if (text == "none") return 0;
    if (const auto value = whole<std::uint64_t>(text); value && (*value == 0 || !limit_pps_problem(*value)))
        return *value;
    return expected(option, *limit_pps_problem(0) + ", or none", text);
}

Result<std::uint32_t> weight_of(std::string_view option, const std::string& text) {
    if (text == "none" || text == "0") return 0;
    if (const auto value = whole<std::uint32_t>(text); value && !limit_weight_problem(*value)) return *value;
    return expected(option, *limit_weight_problem(0) + ", or none", text);
}

Result<std::uint64_t> burst_of(std::string_view option, const std::string& text) {
    if (text == "none") return 0;
    auto time_ns = parse_time(text);
    if (!time_ns) return under(option, std::move(time_ns).error());
    if (const auto wanted = limit_burst_problem(*time_ns)) return expected(option, *wanted, text);
    return *time_ns;
}

Result<std::int32_t> overhead_of(std::string_view option, const std::string& text) {
    if (text == "none") return 0;
    if (text == "ethernet") return ethernet_overhead_bytes;
    if (const auto bytes = whole<std::int32_t>(text); bytes && !limit_overhead_problem(*bytes)) return *bytes;
    return expected(option, *limit_overhead_problem(limit_max_overhead_bytes + 1) + ", ethernet or none", text);
}

Result<std::vector<Prefix>> addresses_of(std::string_view option, const std::string& text) {
    std::vector<Prefix> prefixes;
    if (text == "none") return prefixes;
    for (const auto word : std::views::split(text, ',')) {
        auto prefix = guard_prefix_from(std::string_view(word.begin(), word.end()));
        if (!prefix) return under(option, std::move(prefix).error());
        prefixes.push_back(*prefix);
    }
    if (const auto wanted = guard_list_problem(prefixes))
        return expected(option, *wanted,
                        prefixes.size() > guard_prefixes_max ? fmt::format("{}", prefixes.size()) : text);
    return prefixes;
}

Result<void> check_interfaces(const std::vector<std::string>& interfaces) {
    std::set<std::string> seen;
    for (const auto& name : interfaces) {
        if (const auto wanted = interface_name_problem(name)) return expected("IFACE", *wanted, name);
        if (!seen.insert(name).second) return expected("IFACE", "each interface once", name);
    }
    return {};
}

Result<void> check_tenant(const std::string& tenant, std::string_view option) {
    if (const auto wanted = tenant_name_problem(tenant)) return expected(option, *wanted, tenant);
    return {};
}

Result<TcWay> tc_way_of(const std::string& text) {
    return word_of("--bpf-hooks", "auto, tcx or clsact", text, tc_way_from);
}

}  // namespace weir::cli
