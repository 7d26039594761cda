// SPDX-License-Identifier: GPL-2.0-or-later
// weir status
#include <memory>

#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "collect/collect.hpp"

namespace weir::cli {
namespace {

Result<int> run_status(const std::string& selector, const OutputFormat& format) {
    WEIR_TRY(const auto vnics, collect_vnics(selector));
    WEIR_TRY(const auto share, collect_shares());
    if (format.for_programs()) {
        WEIR_CHECK(print(status_json(vnics, share), format));
    } else if (vnics.empty()) {
        say_nothing_attached();
    } else {
        WEIR_CHECK(print(status_table(vnics, output_style(), share)));
    }
    return 0;
}

}  // namespace

void add_status(CLI::App& app, Program& program) {
    const auto selector = std::make_shared<std::string>();
    CLI::App& command = add_command(app, program, group_read, "status",
                                    "Show what is attached, by which hooks, and what to know about it.",
                                    "  weir status\n"
                                    "  weir status web -j | jq -r '.vnics[].interface'");
    add_selector(command, *selector);
    on_chosen(command, program, [selector, &program] { return run_status(*selector, program.format); });
}

}  // namespace weir::cli
