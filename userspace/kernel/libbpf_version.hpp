// SPDX-License-Identifier: GPL-2.0-or-later
// Which libbpf this weir runs with.
#pragma once

#include <string>

namespace weir {

std::string libbpf_version();  // "1.4"

}  // namespace weir
