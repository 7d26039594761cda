// SPDX-License-Identifier: GPL-2.0-or-later
// Renders verdicts on noisy neighbours. Pure, as report.hpp.
#pragma once

#include <string>

#include "model/noisy.hpp"
#include "report/report.hpp"

namespace weir {

// {"window_ns","neighbours":[{"tenant","pattern",…,"victims":[…],"remedy","advice"}],"dismissed":[…],"summary"}
Json noisy_json(const noisy::Report& report);

// The verdicts, what was considered and dismissed if `with_dismissed`, and a line that sums up.
std::string noisy_text(const noisy::Report& report, bool with_dismissed, const Style& style);

// The thresholds with their reasons, as they are in force: {"thresholds":[{"name","value","unit","reason"}]}, or as
// text.
Json noisy_thresholds_json(const noisy::Thresholds& thresholds);
std::string noisy_thresholds_text(const noisy::Thresholds& thresholds, const Style& style);

}  // namespace weir
