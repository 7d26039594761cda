// SPDX-License-Identifier: GPL-2.0-or-later
// Where shaped packets leave, and how large an fq they need there. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shared/abi.h"

namespace weir {

// Of an fq qdisc, in skbs.
struct FqSizes {
    std::uint32_t limit_packets = 0;
    std::uint32_t flow_limit_packets = 0;  // one tenant's bulk flow may be all that waits
    friend bool operator==(const FqSizes&, const FqSizes&) = default;
};

inline constexpr std::uint32_t fq_limit_min_packets = 10'000;  // fq's own default
inline constexpr std::uint32_t fq_limit_max_packets = 1'000'000;

struct PacingNeed {
    std::vector<bool> wants_fq;  // by slot of vnic_info: packets with a departure time may leave by it
    FqSizes sizes;
    [[nodiscard]] bool is_wanted() const;
};

// From what is attached and from the limits in force, and those that come back unless a change is confirmed. A limit
// takes part in mode shape and with a rate of bytes.
PacingNeed pacing_need(std::span<const weir_vnic_info> vnics, std::span<const weir_tenant_info> tenants);

}  // namespace weir
