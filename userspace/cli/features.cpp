// SPDX-License-Identifier: GPL-2.0-or-later
// weir features
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "kernel/features.hpp"
#include "report/table.hpp"

namespace weir::cli {
namespace {

Json features_json(const FeatureReport& report) {
    Json json = json_object();
    json["kernel"] = report.kernel;
    json["machine"] = report.machine;
    json["cpus_possible"] = report.cpus_possible;
    json["features"] = Json::array();
    for (const auto& feature : report.features)
        json["features"].push_back({{"name", feature.name},
                                    {"available", feature.available},
                                    {"required", feature.required},
                                    {"detail", feature.detail},
                                    {"used_for", feature.used_for}});
    return json;
}

// "MISSING": not there, though Weir needs it.
Cell availability(const Feature& feature) {
    if (feature.available) return {"yes"};
    return feature.required ? Cell("MISSING", Tone::warning) : Cell("no", Tone::dim);
}

std::string features_table(const FeatureReport& report, const Style& style) {
    Table table({{.header = "FEATURE", .kind = Column::plain},
                 {.header = "HERE", .kind = Column::plain},
                 {.header = "NEED", .kind = Column::plain, .spare = 1},
                 {.header = "USED FOR", .kind = Column::text, .least = 24},
                 {.header = "EVIDENCE", .kind = Column::text, .spare = 2, .least = 24}});
    for (const auto& feature : report.features)
        table.add({{feature.name},
                   availability(feature),
                   {feature.required ? "required" : ""},
                   {feature.used_for},
                   {feature.detail}});
    return fmt::format("Linux {}, {}, {} CPUs possible\n\n{}", report.kernel, report.machine, report.cpus_possible,
                       table.print(style));
}

Result<int> run_features(const OutputFormat& format) {
    WEIR_TRY(const auto report, probe_features());
    if (format.for_programs()) {
        WEIR_CHECK(print(features_json(report), format));
    } else {
        WEIR_CHECK(print(features_table(report, output_style())));
    }
    std::string lost;
    for (const auto& feature : report.features)
        if (feature.required && !feature.available)
            lost += fmt::format("{}{} ({})", lost.empty() ? "" : ", ", feature.name, feature.detail);
    if (lost.empty()) return 0;
    say("Weir cannot attach on this kernel: it lacks " + lost);
    return static_cast<int>(Errc::unsupported);
}

}  // namespace

void add_features(CLI::App& app, Program& program) {
    CLI::App& command =
        add_command(app, program, group_machine, "features", "Find out what this kernel can, by trying it.",
                    "  weir features\n"
                    "  weir features -j | jq -r '.features[] | select(.available | not) | .name'\n\n"
                    "It is tried in a network namespace that is thrown away. That may make the\n"
                    "kernel load a module (sch_fq, for one), as tc(8) would; nothing else changes.\n"
                    "Exit code 5 if something is missing without which Weir cannot attach.");
    on_chosen(command, program, [&program] { return run_features(program.format); });
}

}  // namespace weir::cli
