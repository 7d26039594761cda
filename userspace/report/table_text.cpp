// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/utf8.hpp"
#include "report/table.hpp"

namespace weir {
namespace {

constexpr std::string_view ellipsis = "…";

// The longest beginning that is at most `width` wide, in whole letters.
std::string_view beginning(std::string_view text, std::size_t width) {
    std::string_view rest = text;
    std::size_t used = 0;
    while (!rest.empty()) {
        std::string_view next = rest;
        used += display_width(utf8_take_cluster(next));
        if (used > width) break;
        rest = next;
    }
    return text.substr(0, text.size() - rest.size());
}

// The longest end that is at most `width` wide, in whole letters.
std::string_view end_of(std::string_view text, std::size_t width) {
    std::size_t used = display_width(text);
    while (used > width)
        used -= display_width(utf8_take_cluster(text));
    return text;
}

}  // namespace

std::string toned(std::string_view text, Tone tone, const Style& style) {
    if (!style.colour || tone == Tone::plain || text.empty()) return std::string(text);
    std::string_view code = tone == Tone::dim ? "2" : tone == Tone::strong ? "1" : "33";
    std::string out = "\x1b[";
    return out.append(code).append("m").append(text).append("\x1b[0m");
}

std::string terminal_safe(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        std::string_view rest = text;
        char32_t code_point = utf8_take(rest);
        if (code_point == ' ' || is_visible(code_point))
            safe += text.substr(0, text.size() - rest.size());
        else
            safe += '?';
        text = rest;
    }
    return safe;
}

std::string shortened(std::string_view text, std::size_t width, bool in_the_middle) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::size_t tail_width = in_the_middle ? (width - 1) / 2 : 0;
    std::string_view tail = end_of(text, tail_width);
    std::string out(beginning(text, width - 1 - display_width(tail)));
    return out.append(ellipsis).append(tail);
}

std::string wrapped(std::string_view text, unsigned columns, std::size_t indent) {
    std::string out;
    std::size_t used = 0;
    while (!text.empty()) {
        std::size_t space = text.find(' ');
        std::string_view word = text.substr(0, space);
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
        if (word.empty()) continue;
        std::size_t width = display_width(word);
        if (used > 0 && columns > 0 && used + 1 + width > columns) {
            out.append("\n").append(indent, ' ').append(word);
            used = indent + width;
        } else {
            out.append(used > 0 ? " " : "").append(word);
            used += (used > 0 ? 1 : 0) + width;
        }
    }
    return out;
}

}  // namespace weir
