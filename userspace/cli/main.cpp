// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.hpp"

int main(int argc, char** argv) {
    using namespace weir::cli;
    // In the order of weir --help.
    constexpr AddCommand commands[] = {add_attach, add_detach, add_limit,    add_apply, add_export, add_status,
                                       add_stats,  add_flows,  add_latency,  add_drops, add_doctor, add_noisy,
                                       add_record, add_top,    add_features, add_bench, add_version};
    return run(argc, argv, commands);
}
