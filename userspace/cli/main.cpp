// SPDX-License-Identifier: GPL-2.0-or-later
#include <malloc.h>

#include "cli/commands.hpp"

int main(int argc, char** argv) {
    using namespace weir::cli;
    // A command copies tables of a megabyte several times. What one copy frees the next one takes: given back to the
    // kernel in between, it is zeroed and faulted in again, a quarter of what `weir status` costs.
    constexpr int kept_bytes = 32 << 20;
    mallopt(M_MMAP_THRESHOLD, kept_bytes);
    mallopt(M_TRIM_THRESHOLD, kept_bytes);
    // In the order of weir --help.
    constexpr AddCommand commands[] = {add_attach, add_detach, add_limit,    add_apply, add_export, add_status,
                                       add_stats,  add_flows,  add_latency,  add_drops, add_doctor, add_noisy,
                                       add_record, add_top,    add_features, add_bench, add_version};
    return run(argc, argv, commands);
}
