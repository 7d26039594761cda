// SPDX-License-Identifier: GPL-2.0-or-later
// One direction's limit under the rule that user space makes for it, for tests of what it decides (bpf/lib/limit.h).
#pragma once

#include <cstdint>
#include <memory>

#include "lib/limit.h"
#include "model/limit.hpp"

namespace weir {

inline constexpr std::uint64_t ms_ns = 1'000'000, second_ns = 1'000'000'000;
inline constexpr std::uint64_t start_ns = 1000 * second_ns;

struct Ask {
    std::uint64_t bps = 0;
    std::uint64_t packets_per_second = 0;
    LimitMode mode = LimitMode::shape;
};

// What user space makes of it, as for a limit that somebody sets.
inline weir_limit_rule rule_for(const Ask& ask) {
    const Limit limit{.tx = {.max_bps = ask.bps, .packets_per_second = ask.packets_per_second, .min_bps = 0},
                      .rx = {},
                      .burst_ns = 0,
                      .mode = ask.mode};
    return rule_of(limit, limit.tx);
}

// One direction's limit, on the heap because it holds its flows' buckets.
class Bucket {
public:
    explicit Bucket(const Ask& ask) : limit_(std::make_unique<weir_limit_direction>()) { limit_->rule = rule_for(ask); }
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
