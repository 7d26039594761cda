// SPDX-License-Identifier: GPL-2.0-or-later
// What the collectors share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "model/limit_use.hpp"
#include "model/types.hpp"

namespace weir {

struct Selected {
    std::optional<Instance> instance;  // nothing: nothing is attached
    std::vector<Vnic> vnics;
};

// The attached vNICs of an interface or a tenant, all if `selector` is empty. An unknown one is an error that names
// what there is.
Result<Selected> open_selected(const std::string& selector);

// Tenants with a limit, or with one to be confirmed, or under fair share.
Result<std::vector<TenantLimitState>> limit_states(const Instance& instance, std::uint64_t now_ns);

// How long a tick of flow times is: bpf/lib/flow_table.h counts jiffies.
std::uint64_t flow_tick_ns();

}  // namespace weir
