// SPDX-License-Identifier: GPL-2.0-or-later
// Tenants' limits in the running state: what is remembered of them (tenant_info), what the programs compute with
// (limits), and which vNICs they are in force at (tenant and flags of the interface table).
//
// tenant_info is the journal. It is written first, and the rest is then made what it says. A process killed in between
// leaves a tenant_info that mend_limits() enforces. A tenant that is to have no limits any more has an entry without
// limits until everything of it is gone.
//
// Programs read a limit while it is written: its words are stored one by one and never a bucket's, and an interface is
// told of a limit after the limit is in place and before it goes. Every function that writes is called under StateLock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "model/limit.hpp"

namespace weir {

// Every slot of tenant_info, WEIR_TENANTS_MAX of them; one without a name is free.
Result<std::vector<weir_tenant_info>> read_tenant_infos(const Instance& instance);

std::string tenant_of(const weir_tenant_info& info);

// The journal entry of a tenant, not written yet.
weir_tenant_info make_tenant_info(const std::string& tenant);

// Writes the journal entry and makes it so: the limit in place or, for one without limits, gone with its entry.
Result<void> put_tenant(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info);

// The same for several at once, which read what they have in common once.
struct PlacedTenant {
    std::uint32_t slot = 0;
    weir_tenant_info info{};
};
Result<void> put_tenants(const Instance& instance, const std::vector<PlacedTenant>& placed);

// Makes the running state what all entries say, after a process that died half way through a change. What was not
// confirmed in time is settled for good: the limits before it are the wish again.
Result<void> mend_limits(const Instance& instance);

// What an interface of a tenant has to know: WEIR_IF_LIMIT_* and the tenant's slot, both 0 without limits.
struct TenantEntry {
    std::uint32_t slot = 0;
    std::uint32_t flags = 0;
};
TenantEntry tenant_entry_of(const std::vector<weir_tenant_info>& tenants, const weir_vnic_info& vnic);

// Whether what the programs see is what the entry says.
Result<bool> limit_stands(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info);

}  // namespace weir
