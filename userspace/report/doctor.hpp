// SPDX-License-Identifier: GPL-2.0-or-later
// Renders what doctor found. Pure, as report.hpp.
#pragma once

#include <string>

#include "model/doctor.hpp"
#include "report/report.hpp"

namespace weir {

// {"window_ns","nic":[…],"findings":[…],"missing":[…],"summary"}
Json doctor_json(const Diagnosis& diagnosis);

// The NICs, the findings, and a line that sums up.
std::string doctor_text(const Diagnosis& diagnosis, const Style& style);

// All that it can find: {"causes":[{"id","severity","alarm_at","unit","meaning","fix","kernel_range"}]}, or as text.
Json doctor_causes_json();
std::string doctor_causes_text(const Style& style);

}  // namespace weir
