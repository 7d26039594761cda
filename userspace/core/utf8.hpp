// SPDX-License-Identifier: GPL-2.0-or-later
// Text as UTF-8: what is well formed, what a terminal shows, and how wide. Pure. Unicode's tables are utf8proc's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

inline constexpr char32_t utf8_invalid = 0xffffffff;

// Takes the next code point off the front of `text`, which must not be empty. A byte that begins no well-formed
// sequence (overlong, surrogate, cut short, beyond U+10FFFF) is taken alone and gives utf8_invalid.
char32_t utf8_take(std::string_view& text);

// Takes the next grapheme cluster, what a reader calls a letter: a base with its marks, joined emoji, a flag. `text` must
// not be empty. A byte that utf8_take() calls invalid is one alone.
std::string_view utf8_take_cluster(std::string_view& text);

bool utf8_valid(std::string_view text);

// The same text with U+FFFD for each byte that is not part of a well-formed sequence.
std::string utf8_mended(std::string_view text);

// The same with control characters escaped too, as in "a\u001bb": fit to be quoted in an error.
std::string utf8_quotable(std::string_view text);

// Whether a code point leaves ink: no control, no space, and none of the invisible ones that reorder or hide text.
bool is_visible(char32_t code_point);

// Columns on a terminal, as wcwidth() has them: 0 for marks that take no room of their own, 2 for wide East Asian
// characters and emoji, else 1. Controls and invalid bytes are 1, for the '?' that is shown in their place. Text is as
// wide as its code points together: terminals differ in what they make of joined emoji.
unsigned display_width(char32_t code_point);
std::size_t display_width(std::string_view text);

}  // namespace weir
