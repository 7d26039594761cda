// SPDX-License-Identifier: GPL-2.0-or-later
// JSON text to a value, more strictly than the library does it: no key twice in an object, bounded nesting, and errors
// that name the place. Pure.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/result.hpp"

namespace weir {

// Evidence of an error is "line 3, column 14: ..." for what is no JSON, "/vnics/0: ..." for what is no good JSON.
Result<nlohmann::ordered_json> parse_strict_json(std::string_view text, const std::string& what_failed);

// One more step of a JSON pointer (RFC 6901), fit for a terminal.
std::string pointer_step(std::string_view key);

// "the document" for the empty pointer.
std::string pointer_text(const std::string& pointer);

// A value as an error shows it: its text if it is short, else its kind.
std::string shown(const nlohmann::ordered_json& value);

}  // namespace weir
