// SPDX-License-Identifier: GPL-2.0-or-later
// weir demo
#include "demo/demo.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/program.hpp"
#include "cli/values.hpp"

namespace weir::cli {
namespace {

constexpr unsigned seconds_min = 1;
constexpr unsigned seconds_max = 600;

Result<int> run_demo_command(const std::optional<std::string>& seconds) {
    DemoOptions options;
    options.style = output_style();
    if (seconds) {
        WEIR_TRY(const auto value, number_of("--seconds", *seconds, seconds_min, seconds_max));
        options.seconds = static_cast<unsigned>(value);
    }
    WEIR_CHECK(run_demo(options));
    return 0;
}

}  // namespace

void add_demo(CLI::App& app, Program& program) {
    const auto seconds = std::make_shared<std::optional<std::string>>();
    CLI::App& command = add_plain_command(app, group_machine, "demo",
                                          "Show Weir at work, in network namespaces that are removed again.",
                                          "  weir demo\n"
                                          "  weir demo --seconds 20");
    const std::string range =
        fmt::format("How long the traffic runs, {} to {} [{}]", seconds_min, seconds_max, DemoOptions().seconds);
    command.add_option("--seconds", *seconds, range)->option_text("N");
    on_chosen(command, program, [seconds] { return run_demo_command(*seconds); });
}

}  // namespace weir::cli
