// SPDX-License-Identifier: GPL-2.0-or-later
// The demo from the first interface to the report. Runs in a process of its own, inside the host namespace.
#pragma once

#include "core/result.hpp"
#include "demo/demo.hpp"
#include "demo/namespaces.hpp"
#include "demo/signals.hpp"

namespace weir::demo {

// Leaves Weir attached; whoever calls it detaches. Programs that it started have ended when it returns.
Result<void> play(const Stage& stage, const DemoOptions& options, StopSignals& signals);

}  // namespace weir::demo
