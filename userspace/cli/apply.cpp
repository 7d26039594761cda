// SPDX-License-Identifier: GPL-2.0-or-later
// weir apply FILE
#include <memory>

#include "cli/change.hpp"
#include "cli/commands.hpp"
#include "config/document.hpp"

namespace weir::cli {
namespace {

struct ApplyWords {
    std::string file;
    ChangeWords change;
};

Result<int> run_apply(const ApplyWords& words, const OutputFormat& format) {
    WEIR_TRY(const auto options, change_options(words.change));
    WEIR_TRY(const auto document, load_document(words.file));
    WEIR_TRY(auto report, apply(document, options));
    if (document.noisy)
        report.warnings.emplace_back("the thresholds in \"noisy\" are nothing that runs: they are read by weir noisy "
                                     "--config FILE, and weir export has none");
    return print_changes(report, options, format);
}

}  // namespace

void add_apply(CLI::App& app, Program& program) {
    const auto words = std::make_shared<ApplyWords>();
    CLI::App& command = add_command(app, program, group_change, "apply", "Make the running state what a file says.",
                                    "  weir apply host.json --dry-run\n"
                                    "  weir export | weir apply -\n\n"
                                    "What differs is attached, changed or detached; the rest is left alone.");
    command.add_option("FILE", words->file, "A document as weir export prints it; - for stdin")
        ->required()
        ->option_text(" ");
    add_hook_options(command, words->change);
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_apply(*words, program.format); });
}

}  // namespace weir::cli
