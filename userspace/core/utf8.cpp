// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/utf8.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

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

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool is_control(char32_t code_point) { return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0); }

// Vowels and finals of Hangul, which join the syllable before them.
bool is_joining_jamo(char32_t code_point) {
    return (code_point >= 0x1160 && code_point <= 0x11ff) || (code_point >= 0xd7b0 && code_point <= 0xd7ff);
}

}  // namespace

char32_t utf8_take(std::string_view& text) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                    static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    text.remove_prefix(taken > 0 ? static_cast<std::size_t>(taken) : 1);
    return taken > 0 ? static_cast<char32_t>(code_point) : utf8_invalid;
}

std::string_view utf8_take_cluster(std::string_view& text) {
    const std::string_view whole = text;
    utf8proc_int32_t state = 0;
    char32_t last = utf8_take(text);
    while (!text.empty() && last != utf8_invalid) {
        std::string_view rest = text;
        const char32_t next = utf8_take(rest);
        if (next == utf8_invalid || utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(last),
                                                                     static_cast<utf8proc_int32_t>(next), &state))
            break;
        last = next;
        text = rest;
    }
    return whole.substr(0, whole.size() - text.size());
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
            mended += replacement;
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
        else if (code_point == utf8_invalid)
            quotable += replacement;
        else
            quotable += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code_point));
        text = rest;
    }
    return quotable;
}

bool is_visible(char32_t code_point) {
    return code_point != utf8_invalid &&
           std::ranges::none_of(invisible, [=](Range r) { return code_point >= r.first && code_point <= r.last; });
}

// As wcwidth() of the C library, where utf8proc differs from it.
unsigned display_width(char32_t code_point) {
    if (code_point == utf8_invalid || is_control(code_point)) return 1;
    if (is_joining_jamo(code_point)) return 0;
    const auto code = static_cast<utf8proc_int32_t>(code_point);
    const auto width = static_cast<unsigned>(utf8proc_charwidth(code));
    const utf8proc_property_t& property = *utf8proc_get_property(code);
    // A spacing mark has ink beside its letter, and a sign that spans the digits after it has ink before them.
    const bool has_room =
        property.category == UTF8PROC_CATEGORY_MC || property.boundclass == UTF8PROC_BOUNDCLASS_PREPEND;
    return has_room ? std::max(width, 1U) : width;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty())
        width += display_width(utf8_take(text));
    return width;
}

}  // namespace weir
