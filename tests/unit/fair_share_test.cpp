#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/share.hpp"
#include "support/share_cases.hpp"

namespace weir {
namespace {

using test::exact_shares;
using test::Sender;
using test::ShareCase;
using test::ShareSimulator;
using test::unbounded;
using testing::HasSubstr;

constexpr std::uint64_t gbit = 1'000'000'000;
constexpr std::uint64_t tick_ns = 2'000'000;

// What the exact answer may be missed by: 0.5 %, and what a byte a tick and whole bits per second come to.
long double allowed(long double exact_bps) { return exact_bps * 0.005L + 8e9L / tick_ns + 2; }

class Draw {
public:
    explicit Draw(std::uint64_t seed) : random_(seed) {}
    bool one_in(unsigned n) { return random_() % n == 0; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + random_() % (high - low + 1); }
    // Evenly over the orders of magnitude.
    long double scaled(long double low, long double high) {
        return low * std::pow(high / low, std::uniform_real_distribution<double>(0, 1)(random_));
    }

private:
    std::mt19937_64 random_;
};

struct RandomHost {
    std::uint64_t capacity_bps;
    std::vector<ShareCase> cases;
    ShareSimulator simulator;
};

std::size_t random_size(Draw& draw) {
    return static_cast<std::size_t>(draw.one_in(100) ? draw.between(2048, 4096) : draw.scaled(1, 400));
}

RandomHost random_host(Draw& draw, std::size_t size) {
    const auto capacity_bps = static_cast<std::uint64_t>(draw.scaled(1e8L, 4e11L));
    RandomHost host{capacity_bps, std::vector<ShareCase>(size), ShareSimulator(capacity_bps, size)};
    const auto each = static_cast<long double>(capacity_bps) / static_cast<long double>(size);
    long double free_for_mins = static_cast<long double>(capacity_bps) * 0.95L;
    const bool equal_weights = draw.one_in(4), with_mins = draw.one_in(2), with_maxes = draw.one_in(2);
    for (std::size_t i = 0; i < size; i++) {
        auto& tenant = host.cases[i];
        tenant.weight = static_cast<long double>(equal_weights ? 1 : draw.between(1, WEIR_SHARE_WEIGHT_MAX));
        if (with_mins && draw.one_in(3))
            tenant.min_bps = std::floor(std::min(draw.scaled(each / 30, each * 2), free_for_mins));
        free_for_mins -= tenant.min_bps;
        if (with_maxes && draw.one_in(3))
            tenant.max_bps = std::floor(std::max(draw.scaled(each / 30, each * 30), tenant.min_bps) + 1);
        host.simulator.configure(i, static_cast<std::uint32_t>(tenant.weight),
                                 static_cast<std::uint64_t>(tenant.min_bps),
                                 std::isinf(tenant.max_bps) ? 0 : static_cast<std::uint64_t>(tenant.max_bps));
    }
    return host;
}

// A new demand for each tenant, or for some. A tenant that adapts wants all there is or nothing, since how much more one
// that is held back would like nobody can know.
void step_demands(Draw& draw, RandomHost& host, unsigned one_in) {
    const auto each = static_cast<long double>(host.capacity_bps) / static_cast<long double>(host.cases.size());
    for (std::size_t i = 0; i < host.cases.size(); i++) {
        if (!draw.one_in(one_in)) continue;
        auto& tenant = host.simulator.tenant(i);
        tenant.sender = draw.one_in(3) ? Sender::adaptive : Sender::blaster;
        tenant.demand_bps = draw.one_in(3) ? 0 : draw.scaled(each / 100, each * 100);
        if (tenant.sender == Sender::adaptive && tenant.demand_bps > 0) tenant.demand_bps = unbounded;
        host.cases[i].demand_bps = tenant.demand_bps;
    }
}

void expect_exact(const RandomHost& host) {
    const auto exact = exact_shares(static_cast<long double>(host.capacity_bps), host.cases);
    for (std::size_t i = 0; i < exact.size(); i++) {
        const auto& entry = host.simulator.entry(i);
        ASSERT_NEAR(static_cast<double>(entry.grant_bps), static_cast<double>(exact[i]),
                    static_cast<double>(allowed(exact[i])))
            << "tenant " << i << " of " << exact.size() << ", weight " << entry.weight << ", wants "
            << host.cases[i].demand_bps << ", rate " << entry.rate_bps << ", min " << entry.min_bps << ", max " << entry.max_bps
            << ", asked " << entry.wanted_bps << ", capacity " << host.capacity_bps;
    }
}

void expect_sound(const RandomHost& host) {
    ASSERT_LE(host.simulator.sum_of_grants(), static_cast<long double>(host.capacity_bps));
    long double held = 0;
    for (std::size_t i = 0; i < host.cases.size(); i++) {
        const auto& entry = host.simulator.entry(i);
        ASSERT_GE(entry.rate_bps, std::max<std::uint64_t>(entry.min_bps, WEIR_SHARE_RATE_MIN_BPS));
        ASSERT_GE(entry.rate_bps, entry.grant_bps);
        if (entry.max_bps) {
            ASSERT_LE(entry.rate_bps, std::max<std::uint64_t>(entry.max_bps, WEIR_SHARE_RATE_MIN_BPS));
        }
        ASSERT_EQ(entry.byte_cost, weir_share_cost(entry.rate_bps));
        if (entry.reason == WEIR_SHARE_WEIGHT || entry.reason == WEIR_SHARE_MIN)
            held += static_cast<long double>(entry.grant_bps);
    }
    ASSERT_LE(held, static_cast<long double>(host.capacity_bps));
}

// 10,000 random hosts: within three ticks of any step of demand, at any point of an interval, the grants are the exact
// weighted max-min shares.
TEST(FairShare, IsExactThreeTicksAfterAnyStep) {
    Draw draw(1);
    for (int number = 0; number < 5'000; number++) {
        SCOPED_TRACE(number);
        auto host = random_host(draw, random_size(draw));
        for (const unsigned changed : {1U, 3U}) {
            step_demands(draw, host, changed);
            host.simulator.flow(draw.between(1, tick_ns));  // the step fell somewhere between two ticks
            host.simulator.tick();
            expect_sound(host);
            host.simulator.run(1, tick_ns);
            expect_sound(host);
            host.simulator.run(1, tick_ns);
            expect_sound(host);
            expect_exact(host);
            if (HasFatalFailure()) return;
            // Half an interval with the old demand before the next step.
            host.simulator.flow(draw.between(1, tick_ns));
        }
    }
}

}  // namespace
}  // namespace weir
