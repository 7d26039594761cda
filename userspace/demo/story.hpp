// SPDX-License-Identifier: GPL-2.0-or-later
// The demo's report. Pure: text from the evidence.
#pragma once

#include <string>

#include "demo/compare.hpp"
#include "demo/evidence.hpp"
#include "report/report.hpp"

namespace weir::demo {

std::string tell(const Evidence& evidence, unsigned seconds, const Style& style);

}  // namespace weir::demo
