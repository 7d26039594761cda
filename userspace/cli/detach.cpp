// SPDX-License-Identifier: GPL-2.0-or-later
// weir detach IFACE... | --all
#include <memory>

#include "cli/change.hpp"
#include "cli/commands.hpp"
#include "command_line/values.hpp"

namespace weir::cli {
namespace {

struct DetachWords {
    std::vector<std::string> interfaces;
    bool all = false;
    ChangeWords change;
};

Result<int> run_detach(const DetachWords& words, const OutputFormat& format) {
    if (words.all != words.interfaces.empty())
        return fail(Errc::usage, "detach", "expected either interfaces or --all");
    WEIR_CHECK(check_interfaces(words.interfaces));
    WEIR_TRY(const auto options, change_options(words.change));
    WEIR_TRY(const auto report, words.all ? detach_all(options) : detach(words.interfaces, options));
    return print_changes(report, options, format);
}

}  // namespace

void add_detach(CLI::App& app, Program& program) {
    const auto words = std::make_shared<DetachWords>();
    CLI::App& command =
        add_command(app, program, group_change, "detach", "Stop counting at interfaces. Their counters go with them.",
                    "  weir detach vnet3 vnet4\n"
                    "  weir detach --all");
    command.add_option("IFACE", words->interfaces, "Interfaces, by the name now or at attach time")->option_text("...");
    command.add_flag("--all", words->all, "Detach everything and remove every trace of Weir");
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_detach(*words, program.format); });
}

}  // namespace weir::cli
