// SPDX-License-Identifier: GPL-2.0-or-later
// Who shares the uplinks, and what each one's part is if everybody asks. Pure: follows from what is attached and what
// was wished for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "model/types.hpp"
#include "shared/abi.h"

namespace weir {

// Bits per second of all attached uplinks together, by direction; 0: no uplink has a capacity. Which of several uplinks
// a tenant's packets leave by is not known where they are charged, so their capacities count as one.
std::array<std::uint64_t, WEIR_DIRECTIONS> capacities_of(std::span<const weir_vnic_info> vnics);

// One tenant under fair share.
struct SharedTenant {
    std::string tenant;
    std::array<weir_share_part, WEIR_DIRECTIONS> part{};
};

// Every tenant that has a vNIC attached (role vnic), by name. Empty without a capacity.
std::vector<SharedTenant> shared_tenants(std::span<const weir_vnic_info> vnics,
                                         std::span<const weir_tenant_info> tenants);

// Refuses, by name and number, mins that are more than the uplinks carry (check_shares() of model/share.hpp), for what
// is about to be: `vnics` and `tenants` as they will stand.
Result<void> check_shares_fit(std::span<const weir_vnic_info> vnics, std::span<const weir_tenant_info> tenants);

}  // namespace weir
