// SPDX-License-Identifier: GPL-2.0-or-later
// weir noisy, weir record
#include <fstream>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/noisy.hpp"
#include "command_line/values.hpp"
#include "config/document.hpp"
#include "config/noisy_record.hpp"
#include "core/clock.hpp"
#include "core/units.hpp"
#include "report/noisy.hpp"

namespace weir::cli {
namespace {

constexpr std::uint64_t usual_interval_ns = 5 * second_ns;
constexpr std::uint64_t usual_record_ns = 30 * second_ns;

// The ring holds a minute: who watches longer reads it in between.
constexpr std::uint64_t read_interval_ns = 20 * second_ns;

struct NoisyWords {
    std::string duration;
    std::string replay;
    std::string config;
    bool watch = false;
    bool explain = false;
    bool thresholds = false;
};

Result<noisy::Thresholds> thresholds_of(const std::string& path) {
    noisy::Thresholds thresholds;
    if (path.empty()) return thresholds;
    WEIR_TRY(const auto document, load_document(path));
    if (!document.noisy)
        return fail(Errc::usage, fmt::format("cannot use {}", path), "it has no key \"noisy\"",
                    "see: weir noisy --thresholds");
    for (const auto& [name, value] : *document.noisy)
        thresholds.*noisy::find_threshold(name)->field = value;
    return thresholds;
}

// Waits, and returns that time with `before_slots` of what came before it.
Result<noisy::Window> observe_pulses(std::uint64_t duration_ns, std::size_t before_slots) {
    const InterruptibleWait wait;
    const auto begin_ns = monotonic_ns();
    WEIR_TRY(auto window, collect_pulses(before_slots));
    const auto failed_before = window.conntrack.failed;
    for (std::uint64_t at_ns = begin_ns; at_ns < begin_ns + duration_ns;) {
        at_ns = std::min(at_ns + read_interval_ns, begin_ns + duration_ns);
        const bool goes_on = wait.until(at_ns);
        WEIR_TRY(const auto later, collect_pulses(noisy_look_back_slots));
        append(window, later);
        if (!goes_on) break;
    }
    window.conntrack.failed -= std::min(window.conntrack.failed, failed_before);
    return window;
}

Result<int> print_report(const noisy::Report& report, const NoisyWords& words, const OutputFormat& format) {
    if (format.for_programs()) {
        WEIR_CHECK(print(noisy_json(report), format));
    } else {
        WEIR_CHECK(print(noisy_text(report, words.explain, output_style())));
    }
    return report.neighbours.empty() ? 0 : exit_findings;
}

// The last minute, again and again. In words only what has changed, as an object a line all of them.
Result<int> watch_noisy(std::uint64_t interval_ns, const noisy::Thresholds& thresholds, const NoisyWords& words,
                        const OutputFormat& format) {
    const InterruptibleWait wait;
    WEIR_TRY(auto window, collect_pulses(noisy_look_back_slots));
    auto failed_before = window.conntrack.failed;
    window.conntrack.failed = 0;
    std::vector<std::pair<std::string, noisy::Pattern>> said;
    bool is_first = true;
    int code = 0;
    for (auto at_ns = monotonic_ns();;) {
        const auto report = judge(window, thresholds);
        std::vector<std::pair<std::string, noisy::Pattern>> now;
        now.reserve(report.neighbours.size());
        for (const auto& neighbour : report.neighbours)
            now.emplace_back(neighbour.tenant, neighbour.pattern);
        if (!now.empty()) code = exit_findings;
        if (format.for_programs() || now != said || is_first) (void)print_report(report, words, format);
        said = std::move(now);
        is_first = false;
        at_ns += interval_ns;
        if (reader_has_gone() || !wait.until(at_ns)) return code;
        WEIR_TRY(window, collect_pulses(noisy_look_back_slots));
        const auto failed = window.conntrack.failed;
        window.conntrack.failed -= std::min(failed, failed_before);
        failed_before = failed;
    }
}

Result<int> run_noisy(const NoisyWords& words, const OutputFormat& format) {
    WEIR_TRY(const auto thresholds, thresholds_of(words.config));
    if (words.thresholds) {
        if (format.for_programs()) {
            WEIR_CHECK(print(noisy_thresholds_json(thresholds), format));
        } else {
            WEIR_CHECK(print(noisy_thresholds_text(thresholds, output_style())));
        }
        return 0;
    }
    if (!words.replay.empty()) {
        if (words.watch || !words.duration.empty()) return fail(Errc::usage, "noisy", "--replay stands alone");
        WEIR_TRY(const auto window, load_record(words.replay));
        return print_report(judge(window, thresholds), words, format);
    }
    std::uint64_t duration_ns = 0;
    if (!words.duration.empty()) {
        WEIR_TRY(duration_ns, duration_of(words.duration));
    }
    if (words.watch) return watch_noisy(duration_ns == 0 ? usual_interval_ns : duration_ns, thresholds, words, format);
    if (duration_ns != 0) say(fmt::format("watching for {}; Ctrl-C ends it early", human_duration(duration_ns)));
    auto window =
        duration_ns == 0 ? collect_pulses(noisy_look_back_slots) : observe_pulses(duration_ns, noisy_look_back_slots);
    if (!window) return std::unexpected(std::move(window).error());
    // Of a look back nobody knows what had failed at its beginning.
    if (duration_ns == 0) window->conntrack.failed = 0;
    if (window->vnics.empty() && !format.for_programs()) say_nothing_attached();
    return print_report(judge(*window, thresholds), words, format);
}

struct RecordWords {
    std::string path;
    std::string duration;
};

Result<int> run_record(const RecordWords& words, const OutputFormat& format) {
    auto duration_ns = usual_record_ns;
    if (!words.duration.empty()) {
        WEIR_TRY(duration_ns, duration_of(words.duration));
    }
    say(fmt::format("recording for {}; Ctrl-C ends it early", human_duration(duration_ns)));
    WEIR_TRY(auto window, observe_pulses(duration_ns, 0));
    const auto text = print_record(window);
    if (words.path == "-") {
        WEIR_CHECK(print(text));
        return 0;
    }
    std::ofstream file(words.path, std::ios::trunc);
    file << text;
    file.close();
    if (!file) return fail(Errc::failed, "cannot write " + words.path, errno_text(errno));
    if (format.for_programs()) {
        Json json = json_object();
        json["file"] = words.path;
        json["slots"] = window.slots;
        json["vnics"] = window.vnics.size();
        WEIR_CHECK(print(json, format));
    } else {
        WEIR_CHECK(print(fmt::format("recorded {} of {} vNICs in {}\n", human_duration(window.slots * noisy::slot_ns),
                                     window.vnics.size(), words.path)));
    }
    return 0;
}

}  // namespace

void add_noisy(CLI::App& app, Program& program) {
    const auto words = std::make_shared<NoisyWords>();
    CLI::App& command =
        add_command(app, program, group_read, "noisy", "Say which tenant disturbs which, how, and what mends it.",
                    "  weir noisy\n"
                    "  weir noisy --watch -j\n"
                    "  weir noisy --replay yesterday.json --explain\n\n"
                    "Looks back over the last minute, which the kernel remembers.\n"
                    "Exit code 3: somebody does.");
    command
        .add_option(
            "--duration", words->duration,
            fmt::format("Watch for so many seconds, {}, and look at\nthem and the minute before; Ctrl-C ends it early\n"
                        "[look back only]; with --watch: how often [{}]",
                        duration_range(), usual_interval_ns / second_ns))
        ->option_text("S");
    command.add_flag("--watch", words->watch, "Judge again and again until Ctrl-C; -j: a line each");
    command.add_option("--replay", words->replay, "Judge what weir record wrote; - is standard input")
        ->option_text("FILE");
    command.add_option("--config", words->config, "A document (weir apply) whose \"noisy\" sets thresholds")
        ->option_text("FILE");
    command.add_flag("--explain", words->explain, "Print what was considered and dismissed too");
    command.add_flag("--thresholds", words->thresholds, "Print the thresholds and their reasons only");
    on_chosen(command, program, [words, &program] { return run_noisy(*words, program.format); });
}

void add_record(CLI::App& app, Program& program) {
    const auto words = std::make_shared<RecordWords>();
    CLI::App& command =
        add_command(app, program, group_read, "record", "Record what weir noisy looks at, to judge it later.",
                    "  weir record yesterday.json --duration 60\n"
                    "  weir noisy --replay yesterday.json");
    command.add_option("FILE", words->path, "Where to; - is standard output")->required()->option_text(" ");
    command
        .add_option("--duration", words->duration,
                    fmt::format("So many seconds, {}; Ctrl-C ends it early [{}]", duration_range(),
                                usual_record_ns / second_ns))
        ->option_text("S");
    on_chosen(command, program, [words, &program] { return run_record(*words, program.format); });
}

}  // namespace weir::cli
