// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/share_plan.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/text.hpp"
#include "model/share.hpp"

namespace weir {
namespace {

bool is_attached(const weir_vnic_info& vnic) {
    return vnic.state == WEIR_VNIC_ATTACHED || vnic.state == WEIR_VNIC_ATTACHING;
}

// The wishes of all tenants with a vNIC, sorted by name.
std::vector<ShareWish> wishes_of(std::span<const weir_vnic_info> vnics, std::span<const weir_tenant_info> tenants,
                                 int direction) {
    std::map<std::string, ShareWish> wishes;
    for (const auto& vnic : vnics) {
        if (!is_attached(vnic) || vnic.role != WEIR_ROLE_VNIC) continue;
        const auto name = text_of(vnic.tenant);
        wishes.try_emplace(name, ShareWish{.tenant = name});
    }
    for (const auto& info : tenants) {
        const auto known = wishes.find(text_of(info.tenant));
        if (known == wishes.end()) continue;
        const auto& wish = info.wish.direction[direction];
        known->second.min_bps = wish.min_bps;
        known->second.max_bps = wish.max_bps;
        known->second.weight = std::max<std::uint32_t>(1, info.wish.weight);
    }
    std::vector<ShareWish> sorted;
    sorted.reserve(wishes.size());
    for (auto& [name, wish] : wishes)
        sorted.push_back(std::move(wish));
    return sorted;
}

// "eth0", or "eth0 and eth1" of several.
std::string uplinks_with_capacity(std::span<const weir_vnic_info> vnics) {
    std::vector<std::string> names;
    for (const auto& vnic : vnics)
        if (is_attached(vnic) && vnic.role == WEIR_ROLE_UPLINK && vnic.capacity_bps != 0)
            names.push_back(text_of(vnic.interface));
    return fmt::format("{}", fmt::join(names, " and "));
}

}  // namespace

std::array<std::uint64_t, WEIR_DIRECTIONS> capacities_of(std::span<const weir_vnic_info> vnics) {
    std::array<std::uint64_t, WEIR_DIRECTIONS> sums{};
    for (const auto& vnic : vnics) {
        if (!is_attached(vnic) || vnic.role != WEIR_ROLE_UPLINK || vnic.capacity_bps == 0) continue;
        sums[WEIR_TX] += vnic.capacity_bps;
        sums[WEIR_RX] += vnic.capacity_rx_bps != 0 ? vnic.capacity_rx_bps : vnic.capacity_bps;
    }
    for (auto& sum : sums)
        if (sum != 0) sum = std::clamp<std::uint64_t>(sum, WEIR_SHARE_CAPACITY_MIN_BPS, WEIR_SHARE_CAPACITY_MAX_BPS);
    return sums;
}

std::vector<SharedTenant> shared_tenants(std::span<const weir_vnic_info> vnics,
                                         std::span<const weir_tenant_info> tenants) {
    const auto capacities = capacities_of(vnics);
    std::vector<SharedTenant> shared;
    if (capacities[WEIR_TX] == 0) return shared;
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        const auto way = static_cast<std::size_t>(direction);
        const auto wishes = wishes_of(vnics, tenants, direction);
        const auto rates = static_shares(capacities.at(way), wishes);
        shared.resize(wishes.size());
        for (std::size_t i = 0; i < wishes.size(); ++i) {
            shared[i].tenant = wishes[i].tenant;
            shared[i].part.at(way) = {.capacity_bps = capacities.at(way), .fallback_bps = rates[i]};
        }
    }
    return shared;
}

Result<void> check_shares_fit(std::span<const weir_vnic_info> vnics, std::span<const weir_tenant_info> tenants) {
    const auto capacities = capacities_of(vnics);
    if (capacities[WEIR_TX] == 0) return {};
    for (const auto direction : directions) {
        const auto way = static_cast<std::size_t>(direction);
        WEIR_CHECK(check_shares(uplinks_with_capacity(vnics), capacities.at(way), direction,
                                wishes_of(vnics, tenants, static_cast<int>(way))));
    }
    return {};
}

}  // namespace weir
