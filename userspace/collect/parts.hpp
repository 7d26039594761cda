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

// A file of /proc or /sys, whole; nothing if it cannot be read.
std::optional<std::string> read_file(const std::string& path);

// The number at that place in it; nothing if there is none.
std::optional<std::uint64_t> number_in(const std::string& path, std::size_t index = 0);

// How long a tick of flow times is: bpf/lib/flow_table.h counts jiffies.
std::uint64_t flow_tick_ns();

}  // namespace weir
