// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/clock.hpp"
#include "core/units.hpp"

namespace weir {
namespace {

constexpr std::array decimal_prefixes{"", "k", "M", "G", "T", "P", "E"};
constexpr std::array binary_prefixes{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

// What `value` becomes when it is written with so many decimals.
double rounded(double value, int decimals) {
    double scale = std::pow(10, decimals);
    return std::round(value * scale) / scale;
}

// Two decimals below 10, one above: "1.53", "12.3", "941.2".
std::string three_or_four_digits(double value) {
    return rounded(value, 2) < 10 ? fmt::format("{:.2f}", value) : fmt::format("{:.1f}", value);
}

std::string scaled(double value, std::string_view unit) {
    std::size_t prefix = 0;
    for (; prefix + 1 < decimal_prefixes.size() && rounded(value, prefix == 0 ? 0 : 1) >= 1000; prefix++)
        value /= 1000;
    if (prefix > 0) return fmt::format("{} {}{}", three_or_four_digits(value), decimal_prefixes[prefix], unit);
    if (value > 0 && value < 0.05) return fmt::format("<0.1 {}", unit);
    bool whole = value >= 9.95 || value == std::floor(value);
    return whole ? fmt::format("{:.0f} {}", value, unit) : fmt::format("{:.1f} {}", value, unit);
}

std::string with_commas(std::uint64_t number) {
    std::string digits = fmt::format("{}", number);
    for (std::size_t place = digits.size(); place > 3;) {
        place -= 3;
        digits.insert(place, ",");
    }
    return digits;
}

// One decimal below 100, none above: "1.2", "12.4", "340".
std::string two_or_three_digits(double value) {
    return rounded(value, 1) < 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

std::string human_bit_rate(double bits_per_second) { return scaled(bits_per_second, "bit/s"); }

std::string human_packet_rate(double packets_per_second) { return scaled(packets_per_second, "pps"); }

std::string human_bytes(std::uint64_t bytes) { return scaled(static_cast<double>(bytes), "B"); }

std::string human_memory(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes);
    std::size_t prefix = 0;
    for (; prefix + 1 < binary_prefixes.size() && rounded(value, 0) >= 1024; prefix++)
        value /= 1024;
    return fmt::format("{} {}B", two_or_three_digits(value), binary_prefixes[prefix]);
}

std::string human_count(std::uint64_t count) {
    if (count < 100'000'000) return with_commas(count);
    double value = static_cast<double>(count) / 1e6;
    std::size_t prefix = 2;
    for (; prefix + 1 < decimal_prefixes.size() && rounded(value, 1) >= 1000; prefix++)
        value /= 1000;
    return fmt::format("{} {}", three_or_four_digits(value), decimal_prefixes[prefix]);
}

std::string human_duration(std::uint64_t nanoseconds) {
    if (nanoseconds < 1000) return fmt::format("{} ns", nanoseconds);
    double value = static_cast<double>(nanoseconds) / 1e3;
    for (const char* unit : {"µs", "ms"}) {
        if (rounded(value, 0) < 1000) return fmt::format("{} {}", two_or_three_digits(value), unit);
        value /= 1000;
    }
    if (rounded(value, 1) < 60) return fmt::format("{:.1f} s", value);
    // Half a tenth, so that what is too much for "59.9 s" is not less than a minute.
    std::uint64_t seconds = nanoseconds / second_ns + (nanoseconds % second_ns >= second_ns - second_ns / 20 ? 1 : 0);
    std::uint64_t minutes = seconds / 60;
    std::uint64_t hours = minutes / 60;
    if (hours == 0) return fmt::format("{}m {}s", minutes, seconds % 60);
    if (hours < 24) return fmt::format("{}h {}m", hours, minutes % 60);
    return fmt::format("{}d {}h", hours / 24, hours % 24);
}

}  // namespace weir
