// SPDX-License-Identifier: GPL-2.0-or-later
// Small things about text, ASCII only. Pure.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace weir {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline std::string lower(std::string_view text) {
    std::string made(text);
    std::ranges::transform(made, made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return made;
}

// Text of a field of fixed size, as the kernel's structures have it: up to its NUL or its end.
template <std::size_t Room>
std::string text_of(const char (&field)[Room]) {
    return {field, strnlen(field, Room)};
}

}  // namespace weir
