// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/units.hpp"
#include "core/utf8.hpp"

namespace weir {
namespace {

// isspace() of the kernel's lib/ctype.c, which works on Latin-1.
bool kernel_space(char c) { return (c >= '\t' && c <= '\r') || c == ' ' || c == '\xa0'; }

}  // namespace

// dev_valid_name() of the kernel's net/core/dev.c.
std::optional<std::string> interface_name_problem(std::string_view name) {
    if (name.empty() || name.size() >= WEIR_NAME_ROOM)
        return fmt::format("an interface name of 1 to {} bytes", WEIR_NAME_ROOM - 1);
    if (name == "." || name == "..") return "an interface name other than . and ..";
    bool odd = std::ranges::any_of(name, [](char c) { return c == '/' || c == ':' || c == '\0' || kernel_space(c); });
    if (odd) return "an interface name without slash, colon or space";
    return std::nullopt;
}

std::optional<std::string> tenant_name_problem(std::string_view name) {
    if (name.empty() || name.size() >= WEIR_TENANT_ROOM)
        return fmt::format("a tenant name of 1 to {} bytes", WEIR_TENANT_ROOM - 1);
    while (!name.empty())
        if (!is_visible(utf8_take(name))) return "a tenant name of printable characters without spaces";
    return std::nullopt;
}

std::optional<std::string> limit_rate_problem(std::uint64_t bps) {
    if (bps >= limit_min_bps && bps <= limit_max_bps) return std::nullopt;
    return fmt::format("a rate from {} to {}", print_rate(limit_min_bps), print_rate(limit_max_bps));
}

std::optional<std::string> limit_pps_problem(std::uint64_t packets_per_second) {
    if (packets_per_second >= limit_min_pps && packets_per_second <= limit_max_pps) return std::nullopt;
    return fmt::format("packets per second, a number from {} to {}", limit_min_pps, limit_max_pps);
}

std::optional<std::string> limit_weight_problem(std::uint64_t weight) {
    if (weight >= 1 && weight <= share_weight_max) return std::nullopt;
    return fmt::format("a weight, a number from 1 to {}", share_weight_max);
}

std::optional<std::string> limit_burst_problem(std::uint64_t burst_ns) {
    if (burst_ns <= limit_max_burst_ns) return std::nullopt;
    return fmt::format("a time of at most {}", print_time(limit_max_burst_ns));
}

std::optional<std::string> limit_overhead_problem(std::int64_t overhead_bytes) {
    if (overhead_bytes >= limit_min_overhead_bytes && overhead_bytes <= limit_max_overhead_bytes) return std::nullopt;
    return fmt::format("bytes, a number from {} to {}", limit_min_overhead_bytes, limit_max_overhead_bytes);
}

}  // namespace weir
