// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/result.hpp"

#include <system_error>

namespace weir {

std::string to_line(const Error& error) {
    std::string line = error.what;
    if (!error.evidence.empty()) line += ": " + error.evidence;
    if (!error.hint.empty()) line += " (" + error.hint + ")";
    return line;
}

std::string errno_text(int error_number) { return std::generic_category().message(error_number); }

}  // namespace weir
