// SPDX-License-Identifier: GPL-2.0-or-later
// weir export
#include "cli/commands.hpp"
#include "config/document.hpp"
#include "control/control.hpp"

namespace weir::cli {
namespace {

Result<int> run_export(const OutputFormat& format) {
    WEIR_TRY(const auto document, export_document());
    const auto text = print_document(document);
    if (format.for_programs()) {
        WEIR_CHECK(print(Json::parse(text), format));
    } else {
        WEIR_CHECK(print(text));
    }
    return 0;
}

}  // namespace

void add_export(CLI::App& app, Program& program) {
    CLI::App& command =
        add_command(app, program, group_change, "export", "Print the running state as a document for weir apply.",
                    "  weir export > host.json\n"
                    "  weir export -j | jq '.vnics | length'");
    on_chosen(command, program, [&program] { return run_export(program.format); });
}

}  // namespace weir::cli
