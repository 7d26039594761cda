// SPDX-License-Identifier: GPL-2.0-or-later
// Has drops counted all the time, with no process running, or no longer.
#pragma once

#include "control/control.hpp"
#include "core/result.hpp"

namespace weir {

// Their reports are empty if that is so already.
Result<ChangeReport> keep_drop_tracer(const ChangeOptions& options);
Result<ChangeReport> stop_drop_tracer(const ChangeOptions& options);

// The second for who holds the StateLock; adds to a report.
Result<void> stop_drop_tracer(ChangeReport& report, const ChangeOptions& options);

}  // namespace weir
