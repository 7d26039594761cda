// SPDX-License-Identifier: GPL-2.0-or-later
// One direction's limit and a rule for it, for tests of what it decides (bpf/lib/limit.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>

#include "lib/limit.h"

namespace weir {

inline constexpr std::uint64_t ms_ns = 1'000'000, second_ns = 1'000'000'000;
inline constexpr std::uint64_t start_ns = 1000 * second_ns;

struct Ask {
    double bps = 0;
    std::uint64_t packets_per_second = 0;
    weir_limit_mode mode = WEIR_LIMIT_SHAPE;
    std::uint64_t burst_ns = 2 * ms_ns;
};

inline weir_limit_rule rule_of(const Ask& ask) {
    weir_limit_rule rule{};
    if (ask.bps > 0) rule.byte_cost = static_cast<__u64>(std::llround(std::ldexp(8e9 / ask.bps, WEIR_COST_SHIFT)));
    if (ask.packets_per_second != 0)
        rule.packet_cost = static_cast<__u64>(
            std::llround(std::ldexp(1e9 / static_cast<double>(ask.packets_per_second), WEIR_TIME_SHIFT)));
    rule.packet_burst = weir_fixed_time(10 * ms_ns);
    const double packet_ns = ask.bps > 0 ? 1514 * 8e9 / ask.bps : 0;
    const double least_burst_ns = ask.mode == WEIR_LIMIT_POLICE ? 2 * packet_ns : 0;
    rule.burst = weir_fixed_time(static_cast<__u64>(std::max(static_cast<double>(ask.burst_ns), least_burst_ns)));
    rule.flow_burst = weir_fixed_time(static_cast<__u64>(std::max(16 * packet_ns, 8e6)));
    rule.horizon = weir_fixed_time(static_cast<__u64>(std::max(20 * packet_ns, 1e8)));
    rule.target_ns = static_cast<__u64>(std::max(1.5 * packet_ns, 5e6));
    rule.overload_horizon = ask.mode == WEIR_LIMIT_SHAPE ? weir_fixed_time(rule.target_ns * 3 / 2) : rule.horizon;
    rule.interval_ns = 100 * ms_ns;
    rule.mode = ask.mode;
    return rule;
}

// One direction's limit, on the heap because it holds its flows' buckets.
class Bucket {
public:
    explicit Bucket(const Ask& ask) : limit_(std::make_unique<weir_limit_direction>()) { limit_->rule = rule_of(ask); }
    weir_limit_direction& limit() { return *limit_; }

    // `can_mark`: the packet is ECN capable.
    weir_limit_case send(std::uint64_t now_ns, std::uint64_t bytes, std::uint64_t flow, std::uint64_t packets = 1,
                         bool can_mark = false) {
        weir_limit_case one{};
        weir_limit_open(limit_.get(), now_ns, bytes, packets, flow * 0x9e3779b97f4a7c15ULL, &one);
        if (one.outcome == WEIR_LIMIT_SIGNAL) {
            if (can_mark) {
                marks++;
            } else if (!one.is_mark_only) {
                one.outcome = WEIR_LIMIT_DROP;
                one.reason = WEIR_DROP_AQM;
            }
        }
        if (one.outcome == WEIR_LIMIT_SIGNAL || one.outcome == WEIR_LIMIT_QUEUE) weir_limit_close(limit_.get(), &one);
        return one;
    }
    std::uint64_t marks = 0;

private:
    std::unique_ptr<weir_limit_direction> limit_;
};

inline bool passes(const weir_limit_case& one) { return one.outcome != WEIR_LIMIT_DROP; }

}  // namespace weir
