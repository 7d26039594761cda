// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that read have in common.
#pragma once

#include <string>

#include "command_line/program.hpp"

namespace weir::cli {

void add_selector(CLI::App& command, std::string& selector);

// "--duration S", as written; empty for none.
void add_duration(CLI::App& command, std::string& duration);

// Said where a table would have no line.
void say_nothing_attached();

}  // namespace weir::cli
