// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/change.hpp"

#include "command_line/values.hpp"

namespace weir::cli {
namespace {

Json changes_json(const ChangeReport& report, bool dry_run) {
    Json json = json_object();
    json["changes"] = report.lines;
    json["warnings"] = report.warnings;
    json["dry_run"] = dry_run;
    return json;
}

}  // namespace

void add_dry_run(CLI::App& command, ChangeWords& words) {
    command.add_flag("--dry-run", words.dry_run, "Say what would be done, change nothing");
}

void add_hook_options(CLI::App& command, ChangeWords& words) {
    command
        .add_option("--bpf-hooks", words.bpf_hooks,
                    "How tc programs are attached: auto, tcx or clsact;\nauto takes tcx where the kernel has it [auto]")
        ->option_text("WAY");
    command.add_flag("--reload", words.reload, "Replace the running programs by this weir's,\ncounters kept");
}

Result<ChangeOptions> change_options(const ChangeWords& words) {
    WEIR_TRY(const auto way, tc_way_of(words.bpf_hooks));
    return ChangeOptions{.dry_run = words.dry_run, .tc_way = way, .reload = words.reload};
}

Result<int> print_changes(const ChangeReport& report, const ChangeOptions& options, const OutputFormat& format) {
    for (const auto& warning : report.warnings)
        say(warning);
    if (report.lines.empty())
        say("nothing to do");
    else if (options.dry_run)
        say("dry run: nothing was changed");
    if (format.for_programs()) {
        WEIR_CHECK(print(changes_json(report, options.dry_run), format));
        return 0;
    }
    std::string text;
    for (const auto& line : report.lines)
        text += line + '\n';
    WEIR_CHECK(print(text));
    return 0;
}

}  // namespace weir::cli
