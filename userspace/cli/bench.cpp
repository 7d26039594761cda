// SPDX-License-Identifier: GPL-2.0-or-later
// weir bench: runs weir-bench in its own place. The benchmark's programs and code are no part of weir.
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.hpp"

namespace weir::cli {
namespace {

constexpr const char* benchmark = "weir-bench";

// Returns only if it cannot be run.
Result<int> become_benchmark(std::vector<std::string> arguments) {
    std::error_code error;
    const auto own_folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    if (error) return fail(Errc::failed, "cannot find the benchmark", error.message(), "it needs /proc");
    // Beside weir in a build tree; from its folder to libexec where both are installed, whatever the prefix.
    const auto installed_folder = (own_folder / WEIR_LIBEXEC_FROM_BIN).lexically_normal();

    arguments.insert(arguments.begin(), benchmark);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    for (const auto& folder : {own_folder, installed_folder}) {
        const auto path = folder / benchmark;
        execv(path.c_str(), argv.data());
        if (errno != ENOENT && errno != ENOTDIR)
            return fail(Errc::failed, "cannot run " + path.string(), errno_text(errno));
    }
    return fail(Errc::failed, "the benchmark is not installed",
                fmt::format("{} is neither in {} nor in {}", benchmark, own_folder.string(), installed_folder.string()),
                "it is built and installed with weir: scripts/build release, then cmake --install build/release");
}

}  // namespace

void add_bench(CLI::App& app, Program& program) {
    CLI::App& command =
        *app.add_subcommand("bench", "Measure what Weir costs per packet on this machine.")->group(group_machine);
    // The benchmark reads its own arguments, --help among them.
    command.set_help_flag();
    command.prefix_command();
    on_chosen(command, program, [&command] { return become_benchmark(command.remaining()); });
}

}  // namespace weir::cli
