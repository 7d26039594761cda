// SPDX-License-Identifier: GPL-2.0-or-later
// weir drops
#include <memory>

#include <fmt/format.h>

#include "cli/change.hpp"
#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/drops.hpp"
#include "command_line/values.hpp"
#include "control/drop_tracing.hpp"
#include "core/clock.hpp"

namespace weir::cli {
namespace {

constexpr std::uint64_t usual_window_ns = 5 * second_ns;
constexpr std::uint64_t usual_watch_ns = second_ns;

struct DropsWords {
    std::string selector;
    std::string duration;
    bool watch = false;
    bool all = false;
    bool keep = false;
    bool stop = false;
    ChangeWords change;
};

Result<int> change_tracer(const DropsWords& words, const OutputFormat& format) {
    if (words.keep && words.stop) return fail(Errc::usage, "drops", "expected either --keep or --stop");
    if (words.watch || words.all || !words.duration.empty() || !words.selector.empty())
        return fail(Errc::usage, "drops", "--keep and --stop stand alone");
    WEIR_TRY(const auto options, change_options(words.change));
    WEIR_TRY(const auto report, words.keep ? keep_drop_tracer(options) : stop_drop_tracer(options));
    return print_changes(report, options, format);
}

Result<void> print_drops(DropSnapshot snapshot, std::uint64_t window, const DropsWords& words,
                         const OutputFormat& format) {
    sort_by_packets(snapshot.rows);
    if (format.for_programs()) return print(drops_json(snapshot, window, words.all), format);
    return print(drops_table(snapshot, window, words.all, output_style()));
}

Result<void> print_window(const DropSnapshot& earlier, const DropSnapshot& later, std::uint64_t asked_ns,
                          const DropsWords& words, const OutputFormat& format) {
    auto window = window_of(earlier, later);
    take_out_own_drops(window);
    return print_drops(std::move(window), window_ns(earlier, later, asked_ns), words, format);
}

// A window after another, until Ctrl-C.
Result<int> watch_drops(const DropWatch& drops, std::uint64_t interval_ns, const DropsWords& words,
                        const OutputFormat& format) {
    const InterruptibleWait wait;
    WEIR_TRY(auto earlier, drops.snapshot(words.selector));
    for (;;) {
        const bool goes_on = wait.until(earlier.taken_ns + interval_ns);
        WEIR_TRY(auto later, drops.snapshot(words.selector));
        WEIR_CHECK(print_window(earlier, later, interval_ns, words, format));
        if (!goes_on || reader_has_gone()) return 0;
        if (!format.for_programs()) WEIR_CHECK(print("\n"));
        earlier = std::move(later);
    }
}

Result<int> run_drops(const DropsWords& words, const OutputFormat& format) {
    if (words.keep || words.stop) return change_tracer(words, format);
    if (words.change.dry_run) return fail(Errc::usage, "drops", "--dry-run goes with --keep or --stop");
    auto duration_ns = words.watch ? usual_watch_ns : usual_window_ns;
    if (!words.duration.empty()) {
        WEIR_TRY(duration_ns, duration_of(words.duration));
    }
    WEIR_TRY(const auto drops, DropWatch::start());
    const auto collect = [&] { return drops.snapshot(words.selector); };
    WEIR_TRY(auto first, collect());
    if (!first.traced) say("the kernel's own drops are not shown: " + first.untraced_why);
    if (words.watch) return watch_drops(drops, duration_ns, words, format);
    if (words.duration.empty() && drops.is_kept()) {
        const auto since_ns = first.taken_ns - first.since_ns;
        take_out_own_drops(first);
        WEIR_CHECK(print_drops(std::move(first), since_ns, words, format));
        return 0;
    }
    if (words.duration.empty())
        say(fmt::format("watching for {} s; Ctrl-C ends it early", usual_window_ns / second_ns));
    WEIR_TRY(const auto both, observe(duration_ns, collect));
    WEIR_CHECK(print_window(both.first, both.second, duration_ns, words, format));
    return 0;
}

}  // namespace

void add_drops(CLI::App& app, Program& program) {
    const auto words = std::make_shared<DropsWords>();
    CLI::App& command = add_command(app, program, group_read, "drops", "Show which packets are dropped, where and why.",
                                    "  weir drops eth0 --duration 10\n"
                                    "  weir drops --watch\n"
                                    "  weir drops --keep\n\n"
                                    "Nothing needs to be attached. Drops are traced while weir watches or,\n"
                                    "after --keep, until --stop.");
    add_selector(command, words->selector);
    command
        .add_option("--duration", words->duration,
                    fmt::format("Watch for so many seconds, {}; Ctrl-C\nends it early [{}; after --keep: totals since]",
                                duration_range(), usual_window_ns / second_ns))
        ->option_text("S");
    command.add_flag(
        "--watch", words->watch,
        fmt::format("Print again and again, each --duration [{}], until Ctrl-C", usual_watch_ns / second_ns));
    command.add_flag("--all", words->all, "Show packets that ended normally too");
    command.add_flag("--keep", words->keep, "Count from now on, with no weir running");
    command.add_flag("--stop", words->stop, "End that, and forget what was counted");
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_drops(*words, program.format); });
}

}  // namespace weir::cli
