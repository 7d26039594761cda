// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/paint.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace weir::demo {
namespace {

constexpr std::array eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
constexpr std::string_view full = "█";

void replace_all(std::string& text, std::string_view what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

// Bytes of the bar character that the text begins with, or 0.
std::size_t bar_piece(std::string_view text) {
    if (text.starts_with(full)) return full.size();
    for (const std::string_view part : eighths)
        if (!part.empty() && text.starts_with(part)) return part.size();
    return 0;
}

}  // namespace

std::string bar(double share, std::size_t width) {
    const auto steps =
        static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(width) * 8));
    std::string text;
    for (std::size_t i = 0; i < steps / 8; ++i)
        text += full;
    const std::string part = eighths.at(steps % 8);
    const std::size_t used = steps / 8 + (part.empty() ? 0 : 1);
    return text + part + std::string(width - used, ' ');
}

std::string exactly(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string painted(std::string text, const Style& style) {
    if (!style.colour) return text;
    constexpr auto coloured = "\x1b[{}m{}\x1b[0m";
    replace_all(text, "✓", fmt::format(coloured, 32, "✓"));
    replace_all(text, "✗", fmt::format(coloured, 31, "✗"));
    std::string out;
    std::string run;
    const auto end_run = [&] {
        if (!run.empty()) out += fmt::format(coloured, 36, run);
        run.clear();
    };
    for (std::string_view rest = text; !rest.empty();) {
        const auto size = bar_piece(rest);
        if (size > 0) {
            run += rest.substr(0, size);
        } else {
            end_run();
            out += rest.front();
        }
        rest.remove_prefix(std::max<std::size_t>(size, 1));
    }
    end_run();
    return out;
}

}  // namespace weir::demo
