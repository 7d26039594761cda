// SPDX-License-Identifier: GPL-2.0-or-later
// weir stats
#include <memory>

#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/collect.hpp"
#include "command_line/values.hpp"

namespace weir::cli {
namespace {

struct StatsWords {
    std::string selector;
    std::string duration;
};

Result<int> print_stats(const LedgerSnapshot& snapshot, std::uint64_t window_ns, const OutputFormat& format) {
    WEIR_TRY(const auto share, collect_shares());
    if (format.for_programs()) {
        WEIR_CHECK(print(stats_json(snapshot, window_ns, share), format));
    } else if (snapshot.vnics.empty()) {
        say_nothing_attached();
    } else {
        WEIR_CHECK(print(stats_table(snapshot, window_ns, output_style(), share)));
    }
    return 0;
}

Result<int> run_stats(const StatsWords& words, const OutputFormat& format) {
    const auto collect = [&] { return collect_ledgers(words.selector); };
    const auto print = [&](const LedgerSnapshot& snapshot, std::uint64_t window) {
        return print_stats(snapshot, window, format);
    };
    const auto say_who_left = [](const LedgerSnapshot& earlier, const LedgerSnapshot& later) {
        for (const auto& vnic : detached_between(earlier, later))
            say(vnic + " was detached meanwhile and is left out");
    };
    return print_totals_or_window(words.duration, collect, print, say_who_left);
}

}  // namespace

void add_stats(CLI::App& app, Program& program) {
    const auto words = std::make_shared<StatsWords>();
    CLI::App& command =
        add_command(app, program, group_read, "stats", "Show exact packets and bytes of each vNIC, as on the wire.",
                    "  weir stats vnet3\n"
                    "  weir stats web --duration 10 -p");
    add_selector(command, words->selector);
    add_duration(command, words->duration);
    on_chosen(command, program, [words, &program] { return run_stats(*words, program.format); });
}

}  // namespace weir::cli
