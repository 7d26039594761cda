// SPDX-License-Identifier: GPL-2.0-or-later
// What the subcommands share. Each has a file of its own that tells CLI11 its options and, when it is the chosen one,
// leaves in `Program` what to run. Nothing runs before the whole command line has been read.
//
// Example:
//     void add_export(CLI::App& app, Program& program) {
//         CLI::App& command = add_command(app, program, group_change, "export", "Print the running state.",
//                                         "  weir export > host.json");
//         on_chosen(command, program, [&program] { return run_export(program.format); });
//     }
#pragma once

#include <functional>
#include <span>
#include <string>

#include <CLI/CLI.hpp>

#include "command_line/output.hpp"
#include "core/result.hpp"

namespace weir::cli {

struct Program {
    OutputFormat format;
    std::string chosen;                // the subcommand's name: "stats", "limit set"
    std::function<Result<int>()> run;  // gives the exit code
};

// The exit code of a command that found what it looks for.
inline constexpr int exit_findings = 3;

// Headings of `weir --help`.
inline constexpr auto group_change = "Change";
inline constexpr auto group_read = "Read";
inline constexpr auto group_machine = "This machine";

// A subcommand with --help. `examples` stand at the end of its help, a line each.
CLI::App& add_plain_command(CLI::App& app, const char* group, const char* name, const std::string& description,
                            const std::string& examples);

// One with -j/--json and -p/--pretty besides.
CLI::App& add_command(CLI::App& app, Program& program, const char* group, const char* name,
                      const std::string& description, const std::string& examples);

// Has `run` run, after parsing, if this subcommand is the one.
void on_chosen(CLI::App& command, Program& program, std::function<Result<int>()> run);

// The whole of a program with these commands: reads the command line, runs what it says, returns the exit code.
using AddCommand = void (*)(CLI::App&, Program&);
int run(int argc, char** argv, std::span<const AddCommand> commands);

}  // namespace weir::cli
