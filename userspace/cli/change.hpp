// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that change the machine have in common.
#pragma once

#include <string>

#include "command_line/program.hpp"
#include "control/control.hpp"

namespace weir::cli {

// The options --dry-run, --bpf-hooks and --reload, as written.
struct ChangeWords {
    bool dry_run = false;
    bool reload = false;
    std::string bpf_hooks = "auto";
};

void add_dry_run(CLI::App& command, ChangeWords& words);
void add_hook_options(CLI::App& command, ChangeWords& words);  // --bpf-hooks, --reload

Result<ChangeOptions> change_options(const ChangeWords& words);

// What was done on standard output, warnings on standard error. Gives exit code 0.
Result<int> print_changes(const ChangeReport& report, const ChangeOptions& options, const OutputFormat& format);

}  // namespace weir::cli
