// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "core/utf8.hpp"

namespace weir {
namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
    std::string_view name;
    std::uint64_t bits;
};

// In the order of preference among spellings of equal length.
constexpr std::array<Unit, 9> units{{{"tbit", 1'000'000'000'000},
                                     {"gbit", 1'000'000'000},
                                     {"mbit", 1'000'000},
                                     {"kbit", 1'000},
                                     {"bit", 1},
                                     {"tibit", 1ULL << 40},
                                     {"gibit", 1ULL << 30},
                                     {"mibit", 1ULL << 20},
                                     {"kibit", 1ULL << 10}}};

// Beyond this, digits after the point cannot change a rate in whole bits by more than the rounding already allows.
constexpr std::size_t fraction_digits_max = 18;

// A decimal number: digits / 10^fraction_digits.
struct Decimal {
    Wide digits = 0;
    std::size_t fraction_digits = 0;
    bool too_large = false;
};

Wide power_of_ten(std::size_t exponent) {
    Wide power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

// Takes "12" or "1.5" off the front of the text; nothing if it does not begin with such a number.
std::optional<Decimal> take_decimal(std::string_view& text) {
    if (text.empty() || !is_digit(text[0])) return std::nullopt;
    Decimal number;
    std::size_t i = 0;
    for (; i < text.size() && is_digit(text[i]); i++) {
        number.digits = number.digits * 10 + static_cast<unsigned>(text[i] - '0');
        if (number.digits > std::numeric_limits<std::uint64_t>::max()) {
            number.too_large = true;
            number.digits = 0;
        }
    }
    if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
        for (i++; i < text.size() && is_digit(text[i]); i++) {
            if (number.fraction_digits == fraction_digits_max) continue;
            number.digits = number.digits * 10 + static_cast<unsigned>(text[i] - '0');
            number.fraction_digits++;
        }
    }
    text.remove_prefix(i);
    return number;
}

// number * unit in whole bits, half a bit rounded up; nothing beyond 64 bits.
std::optional<std::uint64_t> whole_bits(const Decimal& number, std::uint64_t unit) {
    if (number.too_large) return std::nullopt;
    Wide scale = power_of_ten(number.fraction_digits);
    Wide whole = number.digits / scale;
    Wide bits = whole * unit + ((number.digits % scale) * unit + scale / 2) / scale;
    if (bits > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    return static_cast<std::uint64_t>(bits);
}

// "mega" for "m", "mebi" for "mi".
std::string spoken(std::string_view prefix) {
    if (prefix.empty()) return {};
    constexpr std::string_view letters = "kmgt";
    constexpr std::array decimal{"kilo", "mega", "giga", "tera"};
    constexpr std::array binary{"kibi", "mebi", "gibi", "tebi"};
    std::size_t place = letters.find(prefix[0]);
    return prefix.size() > 1 ? binary.at(place) : decimal.at(place);
}

// What is wrong with a unit that is none of ours: evidence, and a hint with the spelling that was meant.
Error bad_unit(Error error, const Decimal& number, std::string_view number_text, std::string_view unit_text) {
    std::string unit = lower(unit_text);
    std::string prefix;
    if (!unit.empty() && std::string_view("kmgt").contains(unit[0])) prefix = unit.substr(0, 1);
    if (!prefix.empty() && unit.size() > 1 && unit[1] == 'i') prefix += 'i';
    std::string rest = unit.substr(prefix.size());
    std::string word = spoken(prefix);
    std::string as_bits = fmt::format("{}{}bit", number_text, prefix);

    auto of_unit = std::ranges::find(units, prefix + "bit", &Unit::name);
    auto bits = whole_bits(number, of_unit->bits);
    bool times_eight_fits = bits && *bits <= std::numeric_limits<std::uint64_t>::max() / 8;
    std::string as_bytes = times_eight_fits ? print_rate(*bits * 8) : std::string();

    if (unit.empty()) {
        error.evidence = "a rate needs its unit";
        error.hint = fmt::format("write {0}bit, {0}kbit, {0}mbit or {0}gbit", number_text);
    } else if (rest.empty()) {
        error.evidence = fmt::format("'{}' may be bits or bytes", unit_text);
        error.hint = fmt::format("write {}", as_bits);
    } else if (rest == "bps" || rest == "b/s" || rest == "b" || rest.starts_with("byte")) {
        error.evidence =
            rest.starts_with("byte")
                ? std::string("rates are in bits, not bytes")
                : fmt::format("tc reads '{}bps' as {}bytes per second, and people mean {}bits", prefix, word, word);
        error.hint = fmt::format("write {} for {}bits", as_bits, word);
        if (!as_bytes.empty()) error.hint += fmt::format(", {} for {}bytes", as_bytes, word);
    } else if (rest.starts_with("bit")) {
        error.evidence = fmt::format("unknown unit '{}'", utf8_quotable(unit_text));
        error.hint = fmt::format("write {}", as_bits);
    } else {
        error.evidence = fmt::format("unknown unit '{}'", utf8_quotable(unit_text));
        error.hint = "units are bit, kbit, mbit, gbit, tbit and kibit, mibit, gibit, tibit";
    }
    return error;
}

std::string spell(Wide digits, std::size_t fraction_digits, std::string_view unit) {
    Wide scale = power_of_ten(fraction_digits);
    auto whole = static_cast<std::uint64_t>(digits / scale);
    auto fraction = static_cast<std::uint64_t>(digits % scale);
    if (fraction_digits == 0) return fmt::format("{}{}", whole, unit);
    return fmt::format("{}.{:0{}}{}", whole, fraction, fraction_digits, unit);
}

}  // namespace

Result<std::uint64_t> parse_rate(std::string_view text) {
    Error error{Errc::usage, fmt::format("cannot read the rate \"{}\"", utf8_quotable(text)), {}, {}};
    std::string_view rest = text;
    auto number = take_decimal(rest);
    if (!number) {
        error.evidence = text.empty()            ? "it is empty"
                         : text.starts_with('-') ? "a rate cannot be negative"
                                                 : "it does not begin with a number";
        error.hint = "write for example 100mbit or 1.5gbit";
        return std::unexpected(error);
    }
    std::string_view number_text = text.substr(0, text.size() - rest.size());
    if (rest.starts_with(' ')) {
        error.evidence = "there is a space in it";
        error.hint = "write the number and its unit together, for example 100mbit";
        return std::unexpected(error);
    }
    auto unit = std::ranges::find(units, lower(rest), &Unit::name);
    if (unit == units.end()) return std::unexpected(bad_unit(std::move(error), *number, number_text, rest));

    auto bits = whole_bits(*number, unit->bits);
    if (!bits) {
        error.evidence = "it is more than 64 bits can hold";
        error.hint = fmt::format("the largest rate is {}bit", std::numeric_limits<std::uint64_t>::max());
        return std::unexpected(error);
    }
    bool is_zero = number_text.find_first_not_of("0.") == std::string_view::npos;
    if (*bits == 0 && !is_zero) {
        error.evidence = "it is less than one bit per second";
        error.hint = "the smallest rate is 1bit";
        return std::unexpected(error);
    }
    return *bits;
}

std::string print_rate(std::uint64_t bits_per_second) {
    std::string shortest = fmt::format("{}bit", bits_per_second);
    std::size_t shortest_fraction = 0;
    if (bits_per_second == 0) return shortest;
    for (const Unit& unit : units) {
        for (std::size_t fraction_digits = 0; fraction_digits <= 12; fraction_digits++) {
            Wide scaled = Wide(bits_per_second) * power_of_ten(fraction_digits);
            Decimal number{(scaled + unit.bits / 2) / unit.bits, fraction_digits};
            if (whole_bits(number, unit.bits) != bits_per_second) continue;
            std::string spelling = spell(number.digits, fraction_digits, unit.name);
            // Of two that are as long, the one without a point: 800mbit, not 0.8gbit.
            if (std::pair(spelling.size(), fraction_digits) < std::pair(shortest.size(), shortest_fraction)) {
                shortest = spelling;
                shortest_fraction = fraction_digits;
            }
            break;
        }
    }
    return shortest;
}

}  // namespace weir
