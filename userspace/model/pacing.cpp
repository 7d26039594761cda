// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/pacing.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "model/limit.hpp"

namespace weir {
namespace {

// What of a limit may wait at a time (its horizon, docs/qos-method.md), if packets are as small as they get. More than fq has
// room for, and it would drop what the bucket has let through and charged: the tenant would get less than its limit.
constexpr std::uint64_t smallest_packet_bytes = 60;

std::string tenant_of(const weir_vnic_info& vnic) { return text_of(vnic.tenant); }

std::uint64_t shaped_bps(const weir_tenant_wish& wish, int direction) {
    return wish.mode == WEIR_LIMIT_SHAPE ? wish.direction[direction].max_bps : 0;
}

// The highest rate at which packets of that direction may be delayed; 0: none are. Without a max, what the tenant may
// have is all of the uplinks.
std::uint64_t shaped_bps(const weir_tenant_info& tenant, int direction) {
    const bool comes_back = tenant.revert_at_ns != 0 && tenant.had_limits_before != 0;
    const std::uint64_t capacity_bps = tenant.share[direction].capacity_bps;
    const auto shaped = [&](const weir_tenant_wish& wish) -> std::uint64_t {
        const auto max_bps = shaped_bps(wish, direction);
        if (capacity_bps == 0 || wish.mode != WEIR_LIMIT_SHAPE) return max_bps;
        return max_bps == 0 ? capacity_bps : std::min(max_bps, capacity_bps);
    };
    return std::max(shaped(tenant.wish), comes_back ? shaped(tenant.before) : 0);
}

std::uint64_t queue_packets(std::uint64_t bps) {
    if (bps == 0) return 0;
    constexpr std::uint64_t least_bytes = limit_horizon_packets * WEIR_FULL_PACKET_BYTES;
    return std::max(bps / 8'000 * (limit_horizon_ns / 1'000'000), least_bytes) / smallest_packet_bytes;
}

}  // namespace

bool PacingNeed::is_wanted() const { return std::ranges::find(wants_fq, true) != wants_fq.end(); }

PacingNeed pacing_need(std::span<const weir_vnic_info> vnics, std::span<const weir_tenant_info> tenants) {
    std::uint64_t packets = 0;
    bool tx_is_shaped = false;
    std::set<std::string> rx_shaped;
    for (const auto& tenant : tenants) {
        const auto name = text_of(tenant.tenant);
        if (name.empty()) continue;
        const auto is_attached = [&](const auto& vnic) {
            return vnic.state == WEIR_VNIC_ATTACHED && tenant_of(vnic) == name;
        };
        const auto tx_bps = shaped_bps(tenant, WEIR_TX), rx_bps = shaped_bps(tenant, WEIR_RX);
        if ((tx_bps == 0 && rx_bps == 0) || std::ranges::none_of(vnics, is_attached)) continue;
        packets += queue_packets(tx_bps) + queue_packets(rx_bps);
        if (tx_bps != 0) tx_is_shaped = true;
        if (rx_bps != 0) rx_shaped.insert(name);
    }
    // What comes in by an uplink or a guest's NIC gets its time there, and leaves by a vNIC if it goes any further.
    const bool rx_passes_on = std::ranges::any_of(vnics, [&](const auto& vnic) {
        return vnic.state == WEIR_VNIC_ATTACHED && vnic.role != WEIR_ROLE_VNIC && rx_shaped.contains(tenant_of(vnic));
    });
    PacingNeed need;
    for (const auto& vnic : vnics) {
        const bool rx_leaves = vnic.role == WEIR_ROLE_VNIC && (rx_passes_on || rx_shaped.contains(tenant_of(vnic)));
        // A vNIC's tx gets its time where it comes in, and may leave by any of them: uplink, another vNIC.
        need.wants_fq.push_back(vnic.state == WEIR_VNIC_ATTACHED && (tx_is_shaped || rx_leaves));
    }
    const auto limit =
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(packets, fq_limit_min_packets, fq_limit_max_packets));
    need.sizes = {limit, limit};
    return need;
}

}  // namespace weir
