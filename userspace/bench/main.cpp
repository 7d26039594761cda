// SPDX-License-Identifier: GPL-2.0-or-later
// weir-bench ARGS: the program that `weir bench ARGS` becomes.
#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "bench/bench.hpp"
#include "command_line/program.hpp"
#include "command_line/values.hpp"

namespace weir::bench {
namespace {

using namespace cli;

struct BenchWords {
    std::optional<std::string> runs;
    std::optional<std::string> repeat;
    bool quick = false;
};

Result<int> run_bench_command(const BenchWords& words, const OutputFormat& format) {
    BenchOptions options;
    options.quick = words.quick;
    if (words.runs) {
        WEIR_TRY(const auto runs, number_of("--runs", *words.runs, bench_runs_min, bench_runs_max));
        options.runs = static_cast<unsigned>(runs);
    }
    if (words.repeat) {
        WEIR_TRY(const auto repeat, number_of("--repeat", *words.repeat, bench_repeat_min, bench_repeat_max));
        options.repeat = static_cast<unsigned>(repeat);
    }
    WEIR_TRY(const auto report, run_bench(options));
    if (format.for_programs()) {
        WEIR_CHECK(print(bench_json(report), format));
    } else {
        WEIR_CHECK(print(bench_table(report, output_style())));
    }
    return report.passed() ? 0 : static_cast<int>(Errc::failed);
}

void add_benchmark(CLI::App& app, Program& program) {
    const auto words = std::make_shared<BenchWords>();
    CLI::App& command =
        add_command(app, program, group_machine, "bench", "Measure what Weir costs per packet on this machine.",
                    "  weir bench\n"
                    "  weir bench --quick -j | jq .passed\n\n"
                    "Takes about a minute of one CPU; attached interfaces are not touched.\n"
                    "Exit code 1 if a program costs more than it is held to.");
    const BenchOptions usual;
    command
        .add_option("--runs", words->runs,
                    fmt::format("Runs of each program with each traffic, {} to {};\nthe median counts [{}]",
                                bench_runs_min, bench_runs_max, usual.runs))
        ->option_text("N");
    command
        .add_option("--repeat", words->repeat,
                    fmt::format("Packets per run, {} to {} [{}]", bench_repeat_min, bench_repeat_max, usual.repeat))
        ->option_text("N");
    command.add_flag("--quick", words->quick, "Fewer and shorter runs: seconds instead of a minute");
    on_chosen(command, program, [words, &program] { return run_bench_command(*words, program.format); });
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
    // Read as the command that it is to its user: "weir bench ARGS" in its help and errors.
    char weir[] = "weir", bench[] = "bench";
    std::vector<char*> words{weir, bench};
    words.insert(words.end(), argv + std::min(argc, 1), argv + argc);
    const int count = static_cast<int>(words.size());
    words.push_back(nullptr);
    constexpr weir::cli::AddCommand commands[] = {weir::bench::add_benchmark};
    return weir::cli::run(count, words.data(), commands);
}
