// SPDX-License-Identifier: GPL-2.0-or-later
#include "command_line/program.hpp"

#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "weir_version.h"

namespace weir::cli {
namespace {

constexpr auto exit_codes = R"(Exit codes: 0 fine, 1 failed, 2 usage, 3 findings, 4 not permitted,
5 this kernel cannot, 6 in conflict with another owner.

weir COMMAND --help says more about each, with examples.)";

// Wide enough for the longest option of a command, or for the commands of the whole.
std::shared_ptr<CLI::Formatter> help_style(std::size_t column) {
    auto formatter = std::make_shared<CLI::Formatter>();
    formatter->column_width(column);
    formatter->label("SUBCOMMAND", "COMMAND");
    formatter->label("Positionals", "Arguments");
    return formatter;
}

// CLI11 leaves two empty lines between groups of options.
std::string help_text(const CLI::App& app) { return CLI::detail::find_and_replace(app.help(), "\n\n\n", "\n\n"); }

// A command line that could not be read says nothing reliable of its format, but -j and -p are always the same.
OutputFormat format_of(std::span<char*> arguments) {
    OutputFormat format;
    for (const std::string_view argument : arguments) {
        format.json |= argument == "-j" || argument == "--json";
        format.pretty |= argument == "-p" || argument == "--pretty";
    }
    return format;
}

std::string help_of(const std::string& command) {
    return command.empty() ? "run: weir --help" : fmt::format("run: weir {} --help", command);
}

// "limit set"
std::string full_name(const CLI::App& command) {
    const CLI::App* const above = command.get_parent();
    if (above == nullptr) return {};
    const auto name = full_name(*above);
    return name.empty() ? command.get_name() : name + ' ' + command.get_name();
}

Error usage_error(const CLI::App& app, const CLI::ParseError& parse_error) {
    const CLI::App* chosen = &app;
    while (!chosen->get_subcommands().empty())
        chosen = chosen->get_subcommands().front();
    const std::string command = full_name(*chosen);
    Error error{Errc::usage, command.empty() ? "usage" : command, parse_error.what(), help_of(command)};
    const auto unexpected = app.remaining(true);
    // "weir" and "weir limit" take a command; everything else takes options and arguments.
    const bool is_heading = !chosen->get_subcommands([](const CLI::App*) { return true; }).empty();
    if (is_heading && !command.empty()) error.evidence = "a command is expected";
    const bool has_extras = dynamic_cast<const CLI::ExtrasError*>(&parse_error) != nullptr || is_heading;
    if (has_extras && !unexpected.empty()) {
        const auto& word = unexpected.front();
        const char* const kind = word.starts_with('-') ? "option" : is_heading ? "command" : "argument";
        error.what = fmt::format("unknown {} \"{}\"", kind, word);
        error.evidence.clear();
    }
    return error;
}

// --help and --version come as exceptions too, with exit code 0; app.help() is then the chosen command's.
int after_parsing(const CLI::App& app, const CLI::ParseError& parse_error, const OutputFormat& format) {
    if (parse_error.get_exit_code() != 0) return print_error(usage_error(app, parse_error), format);
    const bool is_help = dynamic_cast<const CLI::CallForHelp*>(&parse_error) != nullptr;
    const auto printed = print(is_help ? help_text(app) : std::string(parse_error.what()) + '\n');
    return printed ? 0 : print_error(printed.error(), format);
}

int run_chosen(const Program& program) {
    auto done = program.run();
    if (done) return *done;
    Error error = std::move(done).error();
    if (error.code == Errc::usage && error.hint.empty()) error.hint = help_of(program.chosen);
    return print_error(error, program.format);
}

int parse_and_run(int argc, char** argv, std::span<const AddCommand> commands, OutputFormat& format) {
    Program program{.format = format, .chosen = {}, .run = {}};
    CLI::App app("Weir counts what each tenant's virtual NIC sends and receives, exactly.", "weir");
    app.formatter(help_style(24));
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.set_version_flag("--version", fmt::format("weir {}", version), "Print the version and exit");
    app.require_subcommand(0, 1);
    app.footer(exit_codes);
    for (const auto add : commands)
        add(app, program);
    app.formatter(help_style(14));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& parse_error) {
        return after_parsing(app, parse_error, format);
    }
    format = program.format;
    if (program.run) return run_chosen(program);
    say("a command is expected");
    fmt::print(stderr, "\n{}", help_text(app));
    return static_cast<int>(Errc::usage);
}

}  // namespace

CLI::App& add_plain_command(CLI::App& app, const char* group, const char* name, const std::string& description,
                            const std::string& examples) {
    CLI::App& command = *app.add_subcommand(name, description);
    command.group(group);
    command.footer("Examples:\n" + examples);
    return command;
}

CLI::App& add_command(CLI::App& app, Program& program, const char* group, const char* name,
                      const std::string& description, const std::string& examples) {
    CLI::App& command = add_plain_command(app, group, name, description, examples);
    command.add_flag("-j,--json", program.format.json, "Print JSON, on one line")->group("Output");
    command.add_flag("-p,--pretty", program.format.pretty, "Print JSON, indented")->group("Output");
    return command;
}

void on_chosen(CLI::App& command, Program& program, std::function<Result<int>()> run) {
    command.callback([&command, &program, run = std::move(run)] {
        program.chosen = full_name(command);
        program.run = run;
    });
}

int run(int argc, char** argv, std::span<const AddCommand> commands) {
    survive_closed_pipes();
    OutputFormat format = format_of(std::span(argv, static_cast<std::size_t>(argc)));
    try {
        return parse_and_run(argc, argv, commands, format);
    } catch (const std::exception& exception) {
        return print_error({Errc::failed, "unexpected failure", exception.what(), ""}, format);
    }
}

}  // namespace weir::cli
