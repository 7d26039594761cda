// SPDX-License-Identifier: GPL-2.0-or-later
// weir latency
#include <memory>

#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/collect.hpp"
#include "command_line/values.hpp"

namespace weir::cli {
namespace {

struct LatencyWords {
    std::string selector;
    std::string duration;
    bool histograms = false;
};

Result<int> print_latency(const LatencySnapshot& snapshot, std::uint64_t window, const LatencyWords& words,
                          const OutputFormat& format) {
    if (format.for_programs()) {
        WEIR_CHECK(print(latency_json(snapshot, window), format));
    } else if (snapshot.vnics.empty()) {
        say_nothing_attached();
    } else if (words.histograms) {
        WEIR_CHECK(print(latency_histograms(snapshot, output_style())));
    } else {
        WEIR_CHECK(print(latency_table(snapshot, window, output_style())));
    }
    return 0;
}

Result<int> run_latency(const LatencyWords& words, const OutputFormat& format) {
    const auto collect = [&] { return collect_latency(words.selector); };
    return print_totals_or_window(words.duration, collect, [&](const LatencySnapshot& snapshot, std::uint64_t window) {
        return print_latency(snapshot, window, words, format);
    });
}

}  // namespace

void add_latency(CLI::App& app, Program& program) {
    const auto words = std::make_shared<LatencyWords>();
    CLI::App& command = add_command(app, program, group_read, "latency",
                                    "Show where time goes: in this host, at the tenant, in the network.",
                                    "  weir latency web --duration 10\n"
                                    "  weir latency vnet3 --hist");
    add_selector(command, words->selector);
    add_duration(command, words->duration);
    command.add_flag("--hist", words->histograms, "Draw the histograms");
    on_chosen(command, program, [words, &program] { return run_latency(*words, program.format); });
}

}  // namespace weir::cli
