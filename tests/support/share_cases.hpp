// SPDX-License-Identifier: GPL-2.0-or-later
// Fair share for tests: the exact answer, by sorting and long double, and tenants that offer what a script says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "model/share.hpp"

namespace weir::test {

inline constexpr long double unbounded = std::numeric_limits<long double>::infinity();

struct ShareCase {
    long double weight = 1;
    long double min_bps = 0;
    long double max_bps = unbounded;
    long double demand_bps = 0;
};

// Weighted max-min with floors and caps: clamp(weight * level, min(min, cap), cap) with cap = min(demand, max), at the
// level where the sum is the capacity. Exact: the sum is linear between the sorted levels at which a tenant leaves its
// floor or reaches its cap.
inline std::vector<long double> exact_shares(long double capacity_bps, const std::vector<ShareCase>& cases) {
    struct Turn {
        long double level;
        long double slope;
    };
    std::vector<Turn> turns;
    std::vector<long double> floors, caps, result;
    long double taken = 0;
    for (const auto& tenant : cases) {
        caps.push_back(std::min({tenant.demand_bps, tenant.max_bps, capacity_bps}));
        floors.push_back(std::min(tenant.min_bps, caps.back()));
        taken += floors.back();
        turns.push_back({floors.back() / tenant.weight, tenant.weight});
        turns.push_back({caps.back() / tenant.weight, -tenant.weight});
    }
    std::ranges::sort(turns, {}, &Turn::level);
    long double level = 0, slope = 0;
    bool found = false;
    for (const auto& turn : turns) {
        const long double more = slope * (turn.level - level);
        if (taken + more >= capacity_bps) {
            if (slope > 0) level += (capacity_bps - taken) / slope;
            found = true;
            break;
        }
        taken += more;
        level = turn.level;
        slope += turn.slope;
    }
    for (std::size_t i = 0; i < cases.size(); i++)
        result.push_back(found ? std::clamp(cases[i].weight * level, floors[i], caps[i]) : caps[i]);
    return result;
}

// How a tenant of the simulator answers to being held back.
enum class Sender {
    blaster,  // sends what it wants, and what is over its rate is dropped
    queuer,   // sends what it wants; what is over its rate waits, up to a horizon, and beyond that is dropped
    adaptive  // sends what it gets, with a standing queue, as TCP does
};

struct SimulatedTenant {
    Sender sender = Sender::blaster;
    long double demand_bps = 0;  // infinite for an adaptive sender that wants all there is
};

// Tenants as fluids between two ticks of the kernel's own arithmetic.
class ShareSimulator {
public:
    static constexpr long double horizon_s = 0.02L;
    static constexpr long double standing_s = 0.001L;

    ShareSimulator(std::uint64_t capacity_bps, std::size_t tenants)
        : tenants_(tenants),
          entries_(tenants),
          samples_(tenants),
          carried_bps_(tenants),
          queue_bits_(tenants),
          offered_bits_(tenants),
          dropped_bits_(tenants),
          round_(std::make_unique<weir_share_round>()) {
        round_->capacity_bps = capacity_bps;
        for (auto& entry : entries_) {
            entry.weight = 1;
            entry.weight_inverse = weir_share_inverse(1);
        }
    }

    void configure(std::size_t i, std::uint32_t weight, std::uint64_t min_bps, std::uint64_t max_bps) {
        entries_[i].weight = weight;
        entries_[i].weight_inverse = weir_share_inverse(weight);
        entries_[i].min_bps = min_bps;
        entries_[i].max_bps = max_bps;
    }

    SimulatedTenant& tenant(std::size_t i) { return tenants_[i]; }
    const weir_share_entry& entry(std::size_t i) const { return entries_[i]; }
    const weir_share_round& round() const { return *round_; }
    long double carried_bps(std::size_t i) const { return carried_bps_[i]; }  // in the last interval
    std::size_t size() const { return tenants_.size(); }

    // Traffic for a time, without a tick.
    void flow(std::uint64_t elapsed_ns) {
        const long double seconds = static_cast<long double>(elapsed_ns) / 1e9L;
        for (std::size_t i = 0; i < tenants_.size(); i++)
            flow_of(i, seconds);
        since_tick_ns_ += elapsed_ns;
    }

    void tick() {
        share_tick(*round_, entries_, samples_, since_tick_ns_);
        since_tick_ns_ = 0;
    }

    void run(unsigned ticks, std::uint64_t elapsed_ns) {
        for (unsigned i = 0; i < ticks; i++) {
            flow(elapsed_ns);
            tick();
        }
    }

    long double sum_of_grants() const {
        long double sum = 0;
        for (const auto& entry : entries_)
            sum += static_cast<long double>(entry.grant_bps);
        return sum;
    }

private:
    void flow_of(std::size_t i, long double seconds) {
        const auto& tenant = tenants_[i];
        auto& sample = samples_[i];
        const long double rate = entries_[i].rate_bps ? static_cast<long double>(entries_[i].rate_bps)
                                                      : static_cast<long double>(WEIR_SHARE_RATE_MIN_BPS);
        const long double room = rate * seconds, wanted = tenant.demand_bps * seconds;
        auto& queue = queue_bits_[i];
        long double offered = wanted, dropped = 0, carried = 0;
        switch (tenant.sender) {
        case Sender::blaster:
            queue = 0;
            carried = std::min(wanted, room);
            dropped = wanted - carried;
            break;
        case Sender::queuer:
            carried = std::min(queue + wanted, room);
            queue += wanted - carried;
            dropped = std::max(0.0L, queue - horizon_s * rate);
            queue -= dropped;
            break;
        case Sender::adaptive:
            carried = offered = std::min(wanted, room);
            queue = tenant.demand_bps > rate ? standing_s * rate : 0;
            break;
        }
        carried_bps_[i] = carried / seconds;
        // Whole bytes, with no part of one lost.
        offered_bits_[i] += offered;
        dropped_bits_[i] += dropped;
        sample.offered_bytes = static_cast<std::uint64_t>(offered_bits_[i] / 8);
        sample.dropped_bytes = static_cast<std::uint64_t>(dropped_bits_[i] / 8);
        sample.backlog_ns = static_cast<std::uint64_t>(queue / rate * 1e9L);
    }

    std::vector<SimulatedTenant> tenants_;
    std::vector<weir_share_entry> entries_;
    std::vector<weir_share_sample> samples_;
    std::vector<long double> carried_bps_;
    std::vector<long double> queue_bits_;
    std::vector<long double> offered_bits_;
    std::vector<long double> dropped_bits_;
    std::unique_ptr<weir_share_round> round_;
    std::uint64_t since_tick_ns_ = 0;
};

}  // namespace weir::test
