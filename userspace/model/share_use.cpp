// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/share_use.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/units.hpp"

namespace weir {
namespace {

// Three digits are enough of a rate that moves: "1.23gbit".
std::string rough_rate(std::uint64_t bps) {
    std::uint64_t unit = 1;
    while (bps / unit >= 1000)
        unit *= 10;
    return print_rate((bps + unit / 2) / unit * unit);
}

std::string lent_words(const FairShare& share, const ShareUse& use, Direction direction) {
    // Less than a hundredth is rounding.
    if (use.borrowed_bps() <= use.fair_bps / 100) return {};
    const auto lenders = share.lenders(direction);
    if (lenders == 0) return {};
    return fmt::format(", lent {} by {} idle tenant{}", rough_rate(use.borrowed_bps()), lenders,
                       lenders == 1 ? "" : "s");
}

}  // namespace

std::string_view to_string(ShareReason reason) {
    switch (reason) {
    case ShareReason::demand:
        return "demand";
    case ShareReason::weight:
        return "weight";
    case ShareReason::min:
        return "min";
    case ShareReason::max:
        return "max";
    case ShareReason::fallback:
        return "fallback";
    }
    return "unknown";
}

const TenantShare* FairShare::find(const std::string& tenant) const {
    const auto at = std::ranges::find(tenants, tenant, &TenantShare::tenant);
    return at == tenants.end() ? nullptr : &*at;
}

std::uint64_t FairShare::total_weight(Direction direction) const {
    std::uint64_t sum = 0;
    for (const auto& tenant : tenants)
        sum += tenant.of(direction).weight;
    return sum;
}

std::size_t FairShare::lenders(Direction direction) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(tenants, [&](const auto& tenant) { return tenant.of(direction).lent_bps() != 0; }));
}

std::string share_words(const FairShare& share, const ShareUse& use, Direction direction) {
    const auto capacity_bps = share.capacity_bps.at(static_cast<std::size_t>(direction));
    const auto by_weight = fmt::format("its share of {} by weight {} of {}", print_rate(capacity_bps), use.weight,
                                       share.total_weight(direction));
    switch (use.reason) {
    case ShareReason::fallback:
        return by_weight + (share.is_running ? "" : ", lent nothing while the tick stands still");
    case ShareReason::max:
        return "its max of " + print_rate(use.max_bps);
    case ShareReason::min:
        return fmt::format("its min of {}", print_rate(use.min_bps));
    case ShareReason::weight:
        return by_weight + lent_words(share, use, direction);
    case ShareReason::demand:
        break;
    }
    if (use.wanted_bps == std::uint64_t{0})
        return fmt::format("asks for nothing; {} lent, {} at once when it asks", rough_rate(use.lent_bps()),
                           rough_rate(use.rate_bps));
    const auto lent =
        use.lent_bps() != 0 ? fmt::format(", {} lent", rough_rate(use.lent_bps())) : lent_words(share, use, direction);
    return fmt::format("all that it asks for, {} of {}{}", rough_rate(use.grant_bps), rough_rate(use.rate_bps), lent);
}

std::string fair_share_note(const FairShare& share) {
    if (!share.is_on) return {};
    if (!share.is_running)
        return share.ticks == 0
                   ? "fair share's tick has never come by: each tenant has its part and nothing is lent; "
                     "start it with: weir limit set or weir attach"
                   : fmt::format("fair share's tick has stopped {} ago: each tenant has its part and nothing is lent; "
                                 "any change starts it again, such as attaching the uplink as it is",
                                 human_duration(share.last_tick_ago_ns));
    for (const auto direction : directions)
        if (share.is_short.at(static_cast<std::size_t>(direction)))
            return fmt::format("mins asked for in {} are more than the uplink's capacity: each is cut by the same part",
                               to_string(direction));
    return {};
}

}  // namespace weir
