// SPDX-License-Identifier: GPL-2.0-or-later
// weir version
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "kernel/libbpf_version.hpp"
#include "shared/abi.h"
#include "weir_version.h"

namespace weir::cli {
namespace {

Result<int> run_version(const OutputFormat& format) {
    if (format.for_programs()) {
        Json json = json_object();
        json["version"] = version;
        json["release"] = release;
        json["state_schema"] = WEIR_SCHEMA;
        json["libbpf_version"] = libbpf_version();
        WEIR_CHECK(print(json, format));
    } else {
        WEIR_CHECK(print(fmt::format("weir {}\nstate schema {} (/sys/fs/bpf/weir/v{})\nlibbpf {}\n", version,
                                     WEIR_SCHEMA, WEIR_SCHEMA, libbpf_version())));
    }
    return 0;
}

}  // namespace

void add_version(CLI::App& app, Program& program) {
    CLI::App& command = add_command(app, program, group_machine, "version",
                                    "Print the versions of weir, its state in the kernel, and libbpf.",
                                    "  weir version\n"
                                    "  weir version -j | jq -r .release");
    on_chosen(command, program, [&program] { return run_version(program.format); });
}

}  // namespace weir::cli
