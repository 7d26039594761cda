// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of weir. Each file defines one, main.cpp lists them in the order of weir --help.
#pragma once

#include "command_line/program.hpp"

namespace weir::cli {

void add_attach(CLI::App& app, Program& program);
void add_detach(CLI::App& app, Program& program);
void add_limit(CLI::App& app, Program& program);
void add_apply(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_status(CLI::App& app, Program& program);
void add_stats(CLI::App& app, Program& program);
void add_flows(CLI::App& app, Program& program);
void add_latency(CLI::App& app, Program& program);
void add_drops(CLI::App& app, Program& program);
void add_doctor(CLI::App& app, Program& program);
void add_noisy(CLI::App& app, Program& program);
void add_record(CLI::App& app, Program& program);
void add_top(CLI::App& app, Program& program);
void add_features(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);
void add_version(CLI::App& app, Program& program);

}  // namespace weir::cli
