// SPDX-License-Identifier: GPL-2.0-or-later
// Bars, exact numbers and a little colour.
#pragma once

#include <cstdint>
#include <string>

#include "report/report.hpp"

namespace weir::demo {

// `share` of `width` columns, in eighths of a column, then blanks.
std::string bar(double share, std::size_t width);

// Every digit: "10,124,234,112".
std::string exactly(std::uint64_t number);

// The text with its ✓ in green, ✗ in red and bars in cyan, if the style has colour.
std::string painted(std::string text, const Style& style);

}  // namespace weir::demo
