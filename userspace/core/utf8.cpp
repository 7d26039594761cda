// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

template <std::size_t N>
bool in_ranges(const std::array<Range, N>& ranges, char32_t code_point) {
    return std::ranges::any_of(ranges, [=](Range r) { return code_point >= r.first && code_point <= r.last; });
}

// configs/weir.schema.json spells the same ranges in the pattern of a tenant.
constexpr std::array<Range, 9> invisible{{{0x0, 0x20},
                                          {0x7f, 0xa0},
                                          {0xad, 0xad},
                                          {0x1680, 0x1680},
                                          {0x2000, 0x200f},
                                          {0x2028, 0x202f},
                                          {0x205f, 0x206f},
                                          {0x3000, 0x3000},
                                          {0xfeff, 0xfeff}}};

constexpr std::array<Range, 8> zero_width{{{0x300, 0x36f},
                                           {0x483, 0x489},
                                           {0x1ab0, 0x1aff},
                                           {0x1dc0, 0x1dff},
                                           {0x200b, 0x200f},
                                           {0x20d0, 0x20ff},
                                           {0xfe00, 0xfe0f},
                                           {0xfe20, 0xfe2f}}};

constexpr std::array<Range, 11> wide{{{0x1100, 0x115f},
                                      {0x2e80, 0x303e},
                                      {0x3041, 0xa4cf},
                                      {0xa960, 0xa97c},
                                      {0xac00, 0xd7a3},
                                      {0xf900, 0xfaff},
                                      {0xfe30, 0xfe6f},
                                      {0xff00, 0xff60},
                                      {0xffe0, 0xffe6},
                                      {0x1f300, 0x1faff},
                                      {0x20000, 0x3fffd}}};

}  // namespace

char32_t utf8_take(std::string_view& text) {
    auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    std::uint8_t first = byte(0);
    if (first < 0x80) {
        text.remove_prefix(1);
        return first;
    }
    std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    bool well_formed = first >= 0xc2 && first <= 0xf4 && text.size() >= length;
    char32_t code_point = first & (0xff >> (length + 1));
    for (std::size_t i = 1; well_formed && i < length; i++) {
        well_formed = (byte(i) & 0xc0) == 0x80;
        code_point = code_point << 6 | (byte(i) & 0x3f);
    }
    if (length == 3) well_formed = well_formed && code_point >= 0x800 && (code_point < 0xd800 || code_point > 0xdfff);
    if (length == 4) well_formed = well_formed && code_point >= 0x10000 && code_point <= 0x10ffff;
    text.remove_prefix(well_formed ? length : 1);
    return well_formed ? code_point : utf8_invalid;
}

bool utf8_valid(std::string_view text) {
    while (!text.empty())
        if (utf8_take(text) == utf8_invalid) return false;
    return true;
}

std::string utf8_mended(std::string_view text) {
    std::string mended;
    while (!text.empty()) {
        std::string_view rest = text;
        if (utf8_take(rest) == utf8_invalid)
            mended += "\xef\xbf\xbd";
        else
            mended += text.substr(0, text.size() - rest.size());
        text = rest;
    }
    return mended;
}

std::string utf8_quotable(std::string_view text) {
    std::string quotable;
    while (!text.empty()) {
        std::string_view rest = text;
        char32_t code_point = utf8_take(rest);
        if (code_point == ' ' || is_visible(code_point))
            quotable += text.substr(0, text.size() - rest.size());
        else
            quotable += code_point == utf8_invalid ? std::string("\xef\xbf\xbd")
                                                   : fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code_point));
        text = rest;
    }
    return quotable;
}

bool is_visible(char32_t code_point) { return code_point != utf8_invalid && !in_ranges(invisible, code_point); }

unsigned display_width(char32_t code_point) {
    if (code_point < 0x300) return 1;
    if (in_ranges(zero_width, code_point)) return 0;
    return in_ranges(wide, code_point) ? 2 : 1;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty())
        width += display_width(utf8_take(text));
    return width;
}

}  // namespace weir
