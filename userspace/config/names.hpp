// SPDX-License-Identifier: GPL-2.0-or-later
// What an interface, a tenant, a vNIC's settings and a limit may be. The command line and documents obey the same
// rules. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "model/types.hpp"

namespace weir {

// What is expected instead of such a name; nothing if the name is fine. Interface names by the kernel's rules.
std::optional<std::string> interface_name_problem(std::string_view name);
std::optional<std::string> tenant_name_problem(std::string_view name);

// The same for a limit's values: a rate in bits per second, packets per second, a burst (0: the mode's own), overhead.
std::optional<std::string> limit_rate_problem(std::uint64_t bps);
std::optional<std::string> limit_pps_problem(std::uint64_t packets_per_second);
std::optional<std::string> limit_weight_problem(std::uint64_t weight);
std::optional<std::string> limit_burst_problem(std::uint64_t burst_ns);
std::optional<std::string> limit_overhead_problem(std::int64_t overhead_bytes);

}  // namespace weir
