// SPDX-License-Identifier: GPL-2.0-or-later
// How many values a per-CPU map has.
#pragma once

#include <cstddef>

#include "core/result.hpp"

namespace weir {

Result<std::size_t> possible_cpus();

}  // namespace weir
