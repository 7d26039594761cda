// SPDX-License-Identifier: GPL-2.0-or-later
// Limits of a tenant: what was asked for, and the numbers that the programs compute with. Plain values, no I/O.
// Units and the programs' side: bpf/shared/limit.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/limit.h"
#include "shared/share.h"

namespace weir {

enum class LimitMode { shape = WEIR_LIMIT_SHAPE, mark = WEIR_LIMIT_MARK, police = WEIR_LIMIT_POLICE };

// "shape", "mark", "police".
std::string_view to_string(LimitMode mode);
std::optional<LimitMode> limit_mode_from(std::string_view word);

inline constexpr std::uint64_t limit_min_bps = WEIR_LIMIT_MIN_BPS;
inline constexpr std::uint64_t limit_max_bps = WEIR_LIMIT_MAX_BPS;
inline constexpr std::uint64_t limit_min_pps = 1;
inline constexpr std::uint64_t limit_max_pps = 1'000'000'000;
inline constexpr std::uint64_t limit_max_burst_ns = 1'000'000'000;
// The virtual queue takes no packet beyond this, or beyond so many full packets where they take longer.
inline constexpr std::uint64_t limit_horizon_ns = 100'000'000;
inline constexpr std::uint64_t limit_horizon_packets = 20;
inline constexpr std::uint32_t share_weight_max = WEIR_SHARE_WEIGHT_MAX;
inline constexpr std::int32_t limit_min_overhead_bytes = -64;
inline constexpr std::int32_t limit_max_overhead_bytes = 256;

// The burst where none is asked for.
inline constexpr std::uint64_t limit_burst_ns = 2'000'000;
inline constexpr std::uint64_t limit_police_burst_ns = 20'000'000;

// What Ethernet puts on the wire around a frame: preamble 8, frame check sequence 4, gap 12.
inline constexpr std::int32_t ethernet_overhead_bytes = 24;

// One direction, the tenant's view. 0: no limit.
struct DirectionLimit {
    std::uint64_t max_bps = 0;             // bits per second, limit_min_bps to limit_max_bps
    std::uint64_t packets_per_second = 0;  // limit_min_pps to limit_max_pps
    std::uint64_t min_bps = 0;             // of fair share: what the tenant gets at least while it asks; as max_bps
    [[nodiscard]] bool limits() const { return max_bps != 0 || packets_per_second != 0; }
    [[nodiscard]] bool is_set() const { return limits() || min_bps != 0; }
    friend bool operator==(const DirectionLimit&, const DirectionLimit&) = default;
};

struct Limit {
    DirectionLimit tx;
    DirectionLimit rx;
    std::uint64_t burst_ns = 0;  // up to limit_max_burst_ns; 0: the mode's own
    LimitMode mode = LimitMode::shape;
    std::int32_t overhead_bytes = 0;  // of each packet, beside its layer 2 length
    std::uint32_t weight = 0;         // of fair share, 1 to share_weight_max; 0: not set, counts as 1
    [[nodiscard]] bool is_set() const { return tx.is_set() || rx.is_set() || weight != 0; }
    friend bool operator==(const Limit&, const Limit&) = default;
};

struct TenantLimit {
    std::string tenant;
    Limit limit;
    friend bool operator==(const TenantLimit&, const TenantLimit&) = default;
};

// What one command changes of a limit; the rest stays. A value of 0 removes a rate and gives a burst back to its mode.
struct LimitChange {
    std::optional<std::uint64_t> tx_max_bps;
    std::optional<std::uint64_t> rx_max_bps;
    std::optional<std::uint64_t> tx_min_bps;
    std::optional<std::uint64_t> rx_min_bps;
    std::optional<std::uint64_t> tx_pps;
    std::optional<std::uint64_t> rx_pps;
    std::optional<std::uint64_t> burst_ns;
    std::optional<LimitMode> mode;
    std::optional<std::int32_t> overhead_bytes;
    std::optional<std::uint32_t> weight;
    [[nodiscard]] bool is_empty() const;
};
Limit changed(Limit limit, const LimitChange& change);

// A tenant's limits as they stand at some moment.
struct LimitState {
    Limit limit;                        // in force
    std::uint64_t revert_in_ns = 0;     // until `before` is in force again, unless confirmed; 0: nothing to confirm
    std::optional<Limit> before;        // nothing: no limits
    std::uint64_t reverted_ago_ns = 0;  // what was not confirmed in time ended so long ago; 0: no such thing
    friend bool operator==(const LimitState&, const LimitState&) = default;
};

// Whether nobody has the slot.
inline bool is_free(const weir_tenant_info& info) { return info.tenant[0] == '\0'; }

// As the state remembers it (weir_tenant_info), and back. `now_ns` is CLOCK_MONOTONIC.
weir_tenant_wish wish_of(const Limit& limit);
Limit limit_of(const weir_tenant_wish& wish);
LimitState limit_state_of(const weir_tenant_info& info, std::uint64_t now_ns);

// The tenant's, after whose deadline nobody came: what stood before is what is wished for again. Nothing else changes.
weir_tenant_info settled(weir_tenant_info info, std::uint64_t now_ns);

// Whether a packet of that direction (weir_direction) has anything to do with the limit or with fair share, now or
// after the deadline.
bool limits_direction(const weir_tenant_info& info, int direction);
// Whether the tenant is under fair share in that direction, or in any.
bool is_shared(const weir_tenant_info& info, int direction);
bool is_shared(const weir_tenant_info& info);
// Whether the user has put anything, now or before a change that is not confirmed.
bool has_wish(const weir_tenant_info& info);
// Whether there is anything to keep of the tenant.
bool has_limits(const weir_tenant_info& info);

// The burst that is in force. `share` is the tenant's part of the uplinks, if it has one.
std::uint64_t burst_ns_of(const Limit& limit, const DirectionLimit& direction, const weir_share_part& share = {});

// What the programs compute with; revert_at_ns is 0.
// `is_paced`: an fq holds what waits. Where none does, the queue is only an allowance for senders that come in fits,
// and short it would cost rate and gain nothing.
weir_limit_rule rule_of(const Limit& limit, const DirectionLimit& direction, const weir_share_part& share = {},
                        bool is_paced = true);

// For people: "tx 100mbit, rx 200mbit and 5000 pps, shape, burst 5ms", "tx at least 10mbit, weight 2, shape"; "no
// limits".
std::string limit_words(const Limit& limit);
// The same in a column: "100mbit/200mbit shape"; "100mbit/- police".
std::string limit_short(const Limit& limit);

// The rates' fixed point. Rounded to the nearest: off by less than 4e-7 up to limit_max_bps, and by less than 1e-5 up
// to 50 million packets per second.
constexpr std::uint64_t byte_cost_of(std::uint64_t bps) {
    return bps == 0 ? 0 : ((std::uint64_t{8'000'000'000} << WEIR_COST_SHIFT) + bps / 2) / bps;
}
constexpr std::uint64_t packet_cost_of(std::uint64_t pps) {
    return pps == 0 ? 0 : ((std::uint64_t{1'000'000'000} << WEIR_TIME_SHIFT) + pps / 2) / pps;
}
static_assert((std::uint64_t{8'000'000'000} << WEIR_COST_SHIFT) >> WEIR_COST_SHIFT == 8'000'000'000);
static_assert(byte_cost_of(limit_min_bps) <= ~std::uint64_t{0} / WEIR_FRAME_MAX_BYTES,
              "a frame at the lowest rate fits");
static_assert(byte_cost_of(limit_max_bps) >= 1'250'000, "half a unit is 4e-7 at the highest rate");

}  // namespace weir
