// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "core/text.hpp"
#include "core/units.hpp"
#include "core/utf8.hpp"

namespace weir {
namespace {

struct TimeUnit {
    std::string_view name;
    std::uint64_t nanoseconds;
};
constexpr std::array time_units{TimeUnit{"s", 1'000'000'000}, TimeUnit{"ms", 1'000'000}, TimeUnit{"us", 1'000}};

// "1.5" at `unit` nanoseconds each; digits that would be less than a nanosecond are dropped. Nothing if it is no
// decimal number or too large.
std::optional<std::uint64_t> nanoseconds_of(std::string_view number, std::uint64_t unit) {
    std::uint64_t total = 0;
    std::size_t i = 0;
    for (; i < number.size() && is_digit(number[i]); ++i) {
        const auto digit = static_cast<std::uint64_t>(number[i] - '0');
        if (total > (std::numeric_limits<std::uint64_t>::max() / unit - digit) / 10) return std::nullopt;
        total = total * 10 + digit;
    }
    if (i == 0) return std::nullopt;
    total *= unit;
    if (i == number.size()) return total;
    if (number[i] != '.' || i + 1 == number.size()) return std::nullopt;
    for (++i; i < number.size(); ++i) {
        if (!is_digit(number[i])) return std::nullopt;
        unit /= 10;
        total += unit * static_cast<std::uint64_t>(number[i] - '0');
    }
    return total;
}

}  // namespace

Result<std::uint64_t> parse_time(std::string_view text) {
    if (text == "0") return 0;
    const auto number_end = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = text.substr(0, number_end);
    const auto unit = text.substr(number_end);
    for (const auto& known : time_units)
        if (unit == known.name)
            if (const auto time_ns = nanoseconds_of(number, known.nanoseconds)) return *time_ns;
    const auto what = fmt::format("cannot read the time \"{}\"", utf8_quotable(text));
    if (number.empty()) return fail(Errc::usage, what, "it does not begin with a number", "write for example 5ms");
    if (unit.empty())
        return fail(Errc::usage, what, "a time needs its unit", fmt::format("write {0}us, {0}ms or {0}s", number));
    return fail(Errc::usage, what, "expected a number with the unit us, ms or s", "write for example 5ms");
}

std::string print_time(std::uint64_t time_ns) {
    for (const auto& unit : time_units)
        if (time_ns != 0 && time_ns % unit.nanoseconds == 0)
            return fmt::format("{}{}", time_ns / unit.nanoseconds, unit.name);
    std::string fraction = fmt::format("{:03}", time_ns % 1000);
    while (fraction.ends_with('0'))
        fraction.pop_back();
    return fraction.empty() ? "0" : fmt::format("{}.{}us", time_ns / 1000, fraction);
}

}  // namespace weir
