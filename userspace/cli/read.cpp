// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/read.hpp"

#include "command_line/values.hpp"

namespace weir::cli {

void add_selector(CLI::App& command, std::string& selector) {
    command.add_option("SELECTOR", selector, "An interface or a tenant [all]")->option_text(" ");
}

void add_duration(CLI::App& command, std::string& duration) {
    command
        .add_option("--duration", duration,
                    "Watch for so many seconds, " + duration_range() +
                        ", and print\nwhat happened meanwhile; Ctrl-C ends it early\n"
                        "[totals since attach]")
        ->option_text("S");
}

void say_nothing_attached() { say("nothing is attached (run: weir attach IFACE)"); }

}  // namespace weir::cli
