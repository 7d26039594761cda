// SPDX-License-Identifier: GPL-2.0-or-later
// weir demo: three tenants in network namespaces behind a bridge and an uplink, real traffic, and what Weir saw of it
// beside what the traffic's own tools counted.
//
// It touches no interface of the machine: everything stands in network namespaces that only its own processes hold, so
// they are gone with the last of them. Weir is attached inside, and detached again on every way out.
#pragma once

#include "core/result.hpp"
#include "report/report.hpp"

namespace weir {

struct DemoOptions {
    unsigned seconds = 8;  // of traffic, 1 to 600
    Style style;
};

// Prints to stdout: a live view while it runs if that is a terminal, the report at the end. Call it from a process with
// one thread: it forks. SIGINT, SIGTERM, SIGHUP and SIGQUIT end it early, as an error, with everything taken away.
Result<void> run_demo(const DemoOptions& options);

}  // namespace weir
