// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/limit.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/units.hpp"
#include "lib/fair_share.h"

namespace weir {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t full_packet_bytes = WEIR_FULL_PACKET_BYTES;

// What may wait in the virtual queue: as much as the TCP windows of one host's tenant are likely to hold.
constexpr std::uint64_t horizon_bytes = std::uint64_t{32} << 20;

// A flow's own bucket has one in so many of the limit's bytes.
constexpr std::uint64_t flow_share = std::uint64_t{1} << WEIR_FLOW_SHARE_SHIFT;

constexpr std::uint64_t fixed(std::uint64_t time_ns) { return time_ns << WEIR_TIME_SHIFT; }

// Time of `bytes` at the rate, in nanoseconds; 0 without a rate. 64 kbit/s and 32 MiB: 4.2e12 ns.
constexpr std::uint64_t time_ns(std::uint64_t bytes, std::uint64_t bps) {
    return bps == 0 ? 0 : bytes * std::uint64_t{8'000'000'000} / bps;
}
static_assert(horizon_bytes <= ~std::uint64_t{0} / 8'000'000'000);

constexpr std::array mode_words{std::pair{LimitMode::shape, std::string_view("shape")},
                                std::pair{LimitMode::mark, std::string_view("mark")},
                                std::pair{LimitMode::police, std::string_view("police")}};

std::string rate_words(const DirectionLimit& direction, std::string_view joint, std::string_view unit) {
    std::string words;
    if (direction.max_bps != 0) words = print_rate(direction.max_bps);
    if (direction.packets_per_second != 0)
        words += fmt::format("{}{}{}", words.empty() ? "" : joint, direction.packets_per_second, unit);
    return words;
}

}  // namespace

std::string_view to_string(LimitMode mode) {
    for (const auto& [value, word] : mode_words)
        if (value == mode) return word;
    return "unknown";
}

std::optional<LimitMode> limit_mode_from(std::string_view word) {
    for (const auto& [value, known] : mode_words)
        if (known == word) return value;
    return std::nullopt;
}

bool LimitChange::is_empty() const {
    return !tx_max_bps && !rx_max_bps && !tx_min_bps && !rx_min_bps && !weight && !tx_pps && !rx_pps && !burst_ns &&
           !mode && !overhead_bytes;
}

Limit changed(Limit limit, const LimitChange& change) {
    limit.tx.max_bps = change.tx_max_bps.value_or(limit.tx.max_bps);
    limit.rx.max_bps = change.rx_max_bps.value_or(limit.rx.max_bps);
    limit.tx.min_bps = change.tx_min_bps.value_or(limit.tx.min_bps);
    limit.rx.min_bps = change.rx_min_bps.value_or(limit.rx.min_bps);
    limit.weight = change.weight.value_or(limit.weight);
    limit.tx.packets_per_second = change.tx_pps.value_or(limit.tx.packets_per_second);
    limit.rx.packets_per_second = change.rx_pps.value_or(limit.rx.packets_per_second);
    limit.burst_ns = change.burst_ns.value_or(limit.burst_ns);
    limit.mode = change.mode.value_or(limit.mode);
    limit.overhead_bytes = change.overhead_bytes.value_or(limit.overhead_bytes);
    return limit;
}

weir_tenant_wish wish_of(const Limit& limit) {
    weir_tenant_wish wish{};
    const auto put = [](weir_limit_wish& raw, const DirectionLimit& direction) {
        raw.max_bps = direction.max_bps;
        raw.min_bps = direction.min_bps;
        raw.packets_per_second = direction.packets_per_second;
    };
    put(wish.direction[0], limit.tx);
    put(wish.direction[1], limit.rx);
    wish.burst_ns = limit.burst_ns;
    wish.mode = static_cast<std::uint32_t>(limit.mode);
    wish.overhead_bytes = limit.overhead_bytes;
    wish.weight = limit.weight;
    return wish;
}

Limit limit_of(const weir_tenant_wish& wish) {
    const auto direction = [](const weir_limit_wish& raw) {
        return DirectionLimit{
            .max_bps = raw.max_bps, .packets_per_second = raw.packets_per_second, .min_bps = raw.min_bps};
    };
    return {.tx = direction(wish.direction[0]),
            .rx = direction(wish.direction[1]),
            .burst_ns = wish.burst_ns,
            .mode = static_cast<LimitMode>(wish.mode),
            .overhead_bytes = wish.overhead_bytes,
            .weight = wish.weight};
}

LimitState limit_state_of(const weir_tenant_info& info, std::uint64_t now_ns) {
    LimitState state{.limit = limit_of(info.wish), .revert_in_ns = 0, .before = std::nullopt, .reverted_ago_ns = 0};
    if (info.revert_at_ns == 0) return state;
    if (now_ns >= info.revert_at_ns) {
        state.limit = limit_of(settled(info, now_ns).wish);
        state.reverted_ago_ns = std::max<std::uint64_t>(1, now_ns - info.revert_at_ns);
        return state;
    }
    state.revert_in_ns = info.revert_at_ns - now_ns;
    if (info.had_limits_before != 0) state.before = limit_of(info.before);
    return state;
}

weir_tenant_info settled(weir_tenant_info info, std::uint64_t now_ns) {
    if (info.revert_at_ns == 0 || now_ns < info.revert_at_ns) return info;
    info.wish = info.had_limits_before != 0 ? info.before : weir_tenant_wish{};
    info.before = {};
    info.had_limits_before = 0;
    info.revert_at_ns = 0;
    return info;
}

bool is_shared(const weir_tenant_info& info, int direction) { return info.share[direction].capacity_bps != 0; }
bool is_shared(const weir_tenant_info& info) { return is_shared(info, 0) || is_shared(info, 1); }

bool limits_direction(const weir_tenant_info& info, int direction) {
    const auto is_set = [direction](const weir_tenant_wish& wish) {
        const weir_limit_wish& one = wish.direction[direction];
        return one.max_bps != 0 || one.packets_per_second != 0;
    };
    return is_shared(info, direction) || is_set(info.wish) ||
           (info.revert_at_ns != 0 && info.had_limits_before != 0 && is_set(info.before));
}

bool has_wish(const weir_tenant_info& info) {
    return limit_of(info.wish).is_set() ||
           (info.revert_at_ns != 0 && info.had_limits_before != 0 && limit_of(info.before).is_set());
}

bool has_limits(const weir_tenant_info& info) { return is_shared(info) || has_wish(info); }

namespace {

// The lowest rate that may be in force and the highest one; 0 without any.
struct RateRange {
    std::uint64_t low_bps = 0;
    std::uint64_t high_bps = 0;
};

RateRange range_of(const DirectionLimit& direction, const weir_share_part& share) {
    if (share.capacity_bps == 0) return {direction.max_bps, direction.max_bps};
    const std::uint64_t max_bps = direction.max_bps != 0 ? direction.max_bps : share.capacity_bps;
    return {std::min<std::uint64_t>(share.fallback_bps, max_bps), std::min<std::uint64_t>(share.capacity_bps, max_bps)};
}

}  // namespace

std::uint64_t burst_ns_of(const Limit& limit, const DirectionLimit& direction, const weir_share_part& share) {
    const std::uint64_t own = limit.mode == LimitMode::police ? 20 * ms : 2 * ms;
    const std::uint64_t burst = limit.burst_ns != 0 ? limit.burst_ns : own;
    // Less than that, and a police would never let the second of two packets through.
    if (limit.mode == LimitMode::police)
        return std::max(burst, time_ns(2 * full_packet_bytes, range_of(direction, share).low_bps));
    return burst;
}

weir_limit_rule rule_of(const Limit& limit, const DirectionLimit& direction, const weir_share_part& share,
                        bool is_paced) {
    weir_limit_rule rule{};
    const auto [low_bps, high_bps] = range_of(direction, share);
    const std::uint64_t full_packet_ns = time_ns(full_packet_bytes, low_bps);
    rule.byte_cost = byte_cost_of(direction.max_bps);
    rule.packet_cost = packet_cost_of(direction.packets_per_second);
    rule.burst = fixed(burst_ns_of(limit, direction, share));
    rule.packet_burst = std::max<std::uint64_t>(fixed(10 * ms), 64 * rule.packet_cost);
    rule.flow_burst = fixed(std::max(8 * ms, time_ns(2 * full_packet_bytes * flow_share, low_bps)));
    rule.mode = static_cast<std::uint32_t>(limit.mode);
    rule.overhead_bytes = limit.overhead_bytes;
    const std::uint64_t queue_ns =
        high_bps == 0 ? limit_horizon_ns : std::clamp(time_ns(horizon_bytes, high_bps), 10 * ms, limit_horizon_ns);
    rule.horizon = fixed(std::max(queue_ns, time_ns(limit_horizon_packets * full_packet_bytes, low_bps)));
    rule.target_ns = std::max<std::uint64_t>(5 * ms, full_packet_ns * 3 / 2);
    rule.overload_horizon = is_paced && limit.mode == LimitMode::shape
                                ? std::min<std::uint64_t>(rule.horizon, fixed(rule.target_ns * 3 / 2))
                                : rule.horizon;
    rule.interval_ns = std::max<std::uint64_t>(100 * ms, rule.target_ns + 95 * ms);
    if (share.capacity_bps == 0) return rule;
    const std::uint32_t weight = limit.weight != 0 ? limit.weight : 1;
    rule.share_min_bps = direction.min_bps;
    rule.share_max_bps = direction.max_bps;
    rule.share_fallback_cost = weir_share_cost(share.fallback_bps);
    rule.share_weight = weight | std::uint64_t{weir_share_inverse(weight)} << 32;
    return rule;
}

std::string limit_words(const Limit& limit) {
    if (!limit.is_set()) return "no limits";
    std::string words;
    const auto add = [&](const std::string& part) { words += (words.empty() ? "" : ", ") + part; };
    if (limit.tx.limits()) add("tx " + rate_words(limit.tx, " and ", " pps"));
    if (limit.rx.limits()) add("rx " + rate_words(limit.rx, " and ", " pps"));
    if (limit.tx.min_bps != 0) add("tx at least " + print_rate(limit.tx.min_bps));
    if (limit.rx.min_bps != 0) add("rx at least " + print_rate(limit.rx.min_bps));
    if (limit.weight != 0) add(fmt::format("weight {}", limit.weight));
    add(std::string(to_string(limit.mode)));
    if (limit.burst_ns != 0) add("burst " + print_time(limit.burst_ns));
    if (limit.overhead_bytes != 0) add(fmt::format("overhead {} B", limit.overhead_bytes));
    return words;
}

std::string limit_short(const Limit& limit) {
    if (!limit.is_set()) return "-";
    const auto words = [](const DirectionLimit& direction) {
        return direction.limits() ? rate_words(direction, "+", "pps") : std::string("-");
    };
    const auto weight = limit.weight != 0 ? fmt::format(" w{}", limit.weight) : std::string();
    return fmt::format("{}/{} {}{}", words(limit.tx), words(limit.rx), to_string(limit.mode), weight);
}

}  // namespace weir
