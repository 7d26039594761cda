// SPDX-License-Identifier: GPL-2.0-or-later
// weir doctor
#include <memory>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/window.hpp"
#include "collect/doctor.hpp"
#include "command_line/values.hpp"
#include "core/units.hpp"
#include "report/doctor.hpp"

namespace weir::cli {
namespace {

struct DoctorWords {
    std::string interface;
    std::string duration = "10";
    bool list = false;
};

Result<int> list_causes(const OutputFormat& format) {
    if (format.for_programs()) {
        WEIR_CHECK(print(doctor_causes_json(), format));
    } else {
        WEIR_CHECK(print(doctor_causes_text(output_style())));
    }
    return 0;
}

Result<int> run_doctor(const DoctorWords& words, const OutputFormat& format) {
    if (words.list) return list_causes(format);
    WEIR_TRY(const auto duration_ns, duration_of(words.duration));
    // Without it (not root, an old kernel) the counters remain.
    const auto drops = DropWatch::start();
    const DropWatch* const watch = drops ? &*drops : nullptr;
    bool is_first = true;
    const auto collect = [&] {
        auto snapshot = collect_doctor(words.interface, watch);
        if (snapshot && is_first)
            say(fmt::format("watching for {}; Ctrl-C ends it early", human_duration(duration_ns)));
        is_first = false;
        return snapshot;
    };
    WEIR_TRY(const auto both, observe(duration_ns, collect));
    const auto& [before, after] = both;
    Diagnosis diagnosis = diagnose(before, after, {.interface = words.interface});
    if (!drops) diagnosis.missing.push_back("drops that the kernel traces: " + to_line(drops.error()));
    if (format.for_programs()) {
        WEIR_CHECK(print(doctor_json(diagnosis), format));
    } else {
        WEIR_CHECK(print(doctor_text(diagnosis, output_style())));
    }
    return diagnosis.is_ill() ? exit_findings : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Program& program) {
    const auto words = std::make_shared<DoctorWords>();
    CLI::App& command =
        add_command(app, program, group_read, "doctor", "Say what is wrong, why, and what to do about it.",
                    "  weir doctor eth0\n"
                    "  weir doctor --duration 60 -p");
    command.add_option("IFACE", words->interface, "An interface, attached or not [all that are up]")->option_text(" ");
    command
        .add_option(
            "--duration", words->duration,
            fmt::format("Watch for so many seconds, {}; Ctrl-C\nends it early [{}]", duration_range(), words->duration))
        ->option_text("S");
    command.add_flag("--list", words->list, "Print all that doctor can find, with its remedy, and\nlook at nothing");
    on_chosen(command, program, [words, &program] { return run_doctor(*words, program.format); });
}

}  // namespace weir::cli
