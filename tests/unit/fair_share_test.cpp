// SPDX-License-Identifier: GPL-2.0-or-later
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

// A new demand for each tenant, or for some. A tenant that adapts wants all there is or nothing, since how much more
// one that is held back would like nobody can know.
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
            << host.cases[i].demand_bps << ", rate " << entry.rate_bps << ", min " << entry.min_bps << ", max "
            << entry.max_bps << ", asked " << entry.wanted_bps << ", capacity " << host.capacity_bps;
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
    for (int number = 0; number < 10'000; number++) {
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

// The tick may come early or late: what it measures, it measures over the time that has passed.
TEST(FairShare, DoesNotDependOnTheTickComingInTime) {
    Draw draw(2);
    for (int number = 0; number < 300; number++) {
        SCOPED_TRACE(number);
        auto host = random_host(draw, random_size(draw));
        step_demands(draw, host, 1);
        for (int i = 0; i < 3; i++)
            host.simulator.run(1, draw.between(tick_ns, 50 * tick_ns));
        expect_sound(host);
        expect_exact(host);
        if (HasFatalFailure()) return;
    }
}

// Nobody can know how much more an adaptive sender would like that is held back. Each tick takes it to want all there
// is, so the level only rises, and lets go of those whose wish it has passed.
TEST(FairShare, FindsHowMuchAdaptiveSendersWant) {
    Draw draw(3);
    unsigned late = 0;
    constexpr unsigned hosts = 1'000;
    for (unsigned number = 0; number < hosts; number++) {
        SCOPED_TRACE(number);
        auto host = random_host(draw, random_size(draw));
        const auto each = static_cast<long double>(host.capacity_bps) / static_cast<long double>(host.cases.size());
        for (std::size_t i = 0; i < host.cases.size(); i++) {
            host.cases[i].demand_bps = draw.scaled(each / 10, each * 10);
            host.simulator.tenant(i) = {Sender::adaptive, host.cases[i].demand_bps};
        }
        const auto exact = exact_shares(static_cast<long double>(host.capacity_bps), host.cases);
        const auto near = [&] {
            for (std::size_t i = 0; i < exact.size(); i++) {
                const auto miss = static_cast<long double>(host.simulator.entry(i).grant_bps) - exact[i];
                if (std::abs(miss) > allowed(exact[i])) return false;
            }
            return true;
        };
        host.simulator.run(3, tick_ns);
        late += near() ? 0 : 1;
        host.simulator.run(9, tick_ns);
        EXPECT_TRUE(near());
        expect_sound(host);
        if (HasFailure()) return;
    }
    RecordProperty("late", static_cast<int>(late));
    EXPECT_LE(late, hosts / 10);
}

// Three tenants of weights 1, 2, 4 that want all there is, beside those who sleep.
ShareSimulator three_busy(std::size_t tenants, Sender sender) {
    ShareSimulator simulator(10 * gbit, tenants);
    for (std::size_t i = 0; i < 3; i++) {
        simulator.configure(i, 1U << i, 0, 0);
        simulator.tenant(i) = {sender, sender == Sender::adaptive ? unbounded : 30e9L};
    }
    simulator.run(10, tick_ns);
    return simulator;
}

TEST(FairShare, SleepersCostNobodyAnything) {
    for (const auto sender : {Sender::adaptive, Sender::blaster, Sender::queuer}) {
        for (const std::size_t tenants : {3U, 4U, 64U, 4096U}) {
            const auto simulator = three_busy(tenants, sender);
            for (std::size_t i = 0; i < 3; i++)
                EXPECT_NEAR(static_cast<double>(simulator.carried_bps(i)), 10e9 * (1 << i) / 7, 10e9 / 7 * 0.0001)
                    << tenants << " tenants, " << i;
        }
    }
}

// A burst now and then is no claim on a share: what a thousand sparse tenants really send is all that the busy lose.
TEST(FairShare, SparseTenantsCostWhatTheySend) {
    auto simulator = three_busy(1003, Sender::adaptive);
    Draw draw(4);
    long double busy = 0, sparse = 0;
    constexpr int ticks = 500;
    for (int tick = 0; tick < ticks; tick++) {
        for (std::size_t i = 3; i < simulator.size(); i++)  // a frame of 1514 bytes every ten ticks
            simulator.tenant(i).demand_bps = draw.one_in(10) ? 1514 * 8e9L / tick_ns : 0;
        simulator.run(1, tick_ns);
        for (std::size_t i = 0; i < simulator.size(); i++)
            (i < 3 ? busy : sparse) += simulator.carried_bps(i) / ticks;
    }
    EXPECT_NEAR(static_cast<double>(sparse), 1000 * 1514 * 8e9 / tick_ns / 10, 2e7);
    EXPECT_NEAR(static_cast<double>(busy + sparse), 10e9, 10e9 * 0.005);
}

TEST(FairShare, AWakingTenantHasItsShareFromItsFirstPacketOn) {
    for (const std::size_t tenants : {4U, 64U, 4096U}) {
        auto simulator = three_busy(tenants, Sender::adaptive);
        simulator.configure(3, 2, 0, 0);
        simulator.run(1, tick_ns);
        const double share = 10e9 * 2 / 9;
        if (tenants <= 64) {
            EXPECT_GE(static_cast<double>(simulator.entry(3).rate_bps), share * 0.5) << tenants;
        }
        simulator.tenant(3) = {Sender::adaptive, unbounded};
        simulator.run(2, tick_ns);
        EXPECT_GE(static_cast<double>(simulator.entry(3).rate_bps), share * 0.99) << tenants;
        simulator.run(1, tick_ns);
        EXPECT_GE(static_cast<double>(simulator.carried_bps(3)), share * 0.99) << tenants;
    }
}

// The rates of those who sleep are no promise that the capacity covers, but the sum has a bound.
TEST(FairShare, AllThatWakeAtOnceAreBoundedAndShareAfterOneTick) {
    for (const std::size_t tenants : {16U, 256U, 4096U}) {
        ShareSimulator simulator(10 * gbit, tenants);
        simulator.run(3, tick_ns);
        for (std::size_t i = 0; i < tenants; i++)
            simulator.tenant(i) = {Sender::blaster, 10e9L};
        simulator.flow(tick_ns);
        long double carried = 0;
        for (std::size_t i = 0; i < tenants; i++)
            carried += simulator.carried_bps(i);
        EXPECT_LE(static_cast<double>(carried), 8.0 * 10e9) << tenants;
        simulator.tick();
        simulator.run(1, tick_ns);
        carried = 0;
        for (std::size_t i = 0; i < tenants; i++)
            carried += simulator.carried_bps(i);
        EXPECT_LE(static_cast<double>(carried), 10e9) << tenants;
    }
}

TEST(FairShare, AMinIsThereInEveryInterval) {
    ShareSimulator simulator(10 * gbit, 64);
    simulator.configure(0, 1, 4 * gbit, 0);
    for (std::size_t i = 1; i < simulator.size(); i++) {
        simulator.configure(i, 1000, 0, 0);
        simulator.tenant(i) = {Sender::blaster, 30e9L};
    }
    simulator.run(10, tick_ns);
    for (const auto sender : {Sender::blaster, Sender::queuer, Sender::adaptive}) {
        simulator.tenant(0) = {sender, sender == Sender::adaptive ? unbounded : 5e9L};
        for (int i = 0; i < 20; i++) {
            simulator.run(1, tick_ns);
            EXPECT_GE(static_cast<double>(simulator.carried_bps(0)), 4e9 * 0.999) << i;
        }
        EXPECT_EQ(simulator.entry(0).reason, static_cast<__u32>(WEIR_SHARE_MIN));
        simulator.tenant(0) = {};
        simulator.run(5, tick_ns);
    }
}

// A link that comes up slower than it was when the mins were accepted.
TEST(FairShare, MinsThatNoLongerFitAreCutAlike) {
    ShareSimulator simulator(10 * gbit, 3);
    for (std::size_t i = 0; i < 3; i++) {
        simulator.configure(i, 1, (i + 1) * 3 * gbit, 0);
        simulator.tenant(i) = {Sender::blaster, 30e9L};
    }
    simulator.run(4, tick_ns);
    EXPECT_EQ(simulator.round().outcome, static_cast<__u32>(WEIR_SHARE_SHORT));
    EXPECT_LE(static_cast<double>(simulator.sum_of_grants()), 10e9);
    for (std::size_t i = 0; i < 3; i++)
        EXPECT_NEAR(static_cast<double>(simulator.entry(i).grant_bps), 10e9 * static_cast<double>(i + 1) / 6, 1e7);
}

TEST(FairShare, AnAdaptiveSenderWithoutAQueueReachesItsShareToo) {
    ShareSimulator simulator(10 * gbit, 2);
    simulator.configure(1, 4, 0, 0);
    // As TCP on a short path: it sends what it gets, and no packet waits when the tick looks.
    simulator.run(2, tick_ns);
    for (int i = 0; i < 40; i++) {
        for (const std::size_t tenant : {0U, 1U})
            simulator.tenant(tenant).demand_bps = static_cast<long double>(simulator.entry(tenant).rate_bps);
        simulator.run(1, tick_ns);
    }
    EXPECT_NEAR(static_cast<double>(simulator.entry(0).rate_bps), 2e9, 1e7);
    EXPECT_NEAR(static_cast<double>(simulator.entry(1).rate_bps), 8e9, 4e7);
}

TEST(FairShare, SaysWhy) {
    ShareSimulator simulator(10 * gbit, 4);
    simulator.configure(0, 1, 5 * gbit, 0);
    simulator.configure(1, 1, 0, gbit);
    for (const std::size_t i : {0U, 1U, 2U})
        simulator.tenant(i) = {Sender::blaster, 20e9L};
    simulator.tenant(3) = {Sender::blaster, 5e8L};
    simulator.run(4, tick_ns);
    const std::vector<__u32> expected{WEIR_SHARE_MIN, WEIR_SHARE_MAX, WEIR_SHARE_WEIGHT, WEIR_SHARE_DEMAND};
    for (std::size_t i = 0; i < expected.size(); i++)
        EXPECT_EQ(simulator.entry(i).reason, expected[i]) << i;
    EXPECT_NEAR(static_cast<double>(simulator.entry(3).wanted_bps), 5e8, 1e4);
}

TEST(StaticShares, AreTheSharesWhenAllAsk) {
    Draw draw(5);
    for (int number = 0; number < 500; number++) {
        const auto host = random_host(draw, random_size(draw));
        std::vector<ShareWish> wishes;
        auto cases = host.cases;
        for (std::size_t i = 0; i < cases.size(); i++) {
            cases[i].demand_bps = unbounded;
            const auto& entry = host.simulator.entry(i);
            wishes.push_back({"", entry.min_bps, entry.max_bps, entry.weight});
        }
        const auto exact = exact_shares(static_cast<long double>(host.capacity_bps), cases);
        const auto rates = static_shares(host.capacity_bps, wishes);
        ASSERT_EQ(rates.size(), exact.size());
        for (std::size_t i = 0; i < rates.size(); i++) {
            const auto expected = std::max<long double>(exact[i], WEIR_SHARE_RATE_MIN_BPS);
            ASSERT_NEAR(static_cast<double>(rates[i]), static_cast<double>(expected),
                        static_cast<double>(allowed(expected)))
                << number << " " << i;
            ASSERT_GE(rates[i], wishes[i].min_bps);
        }
    }
}

TEST(CheckShares, RefusesByNameAndNumber) {
    const std::vector<ShareWish> wishes{{"web", 4 * gbit, 0, 1}, {"db", 7 * gbit, 0, 1}, {"mail", 0, gbit, 1}};
    const auto refused = check_shares("eth0", 10 * gbit, Direction::tx, wishes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_EQ(
        to_line(refused.error()),
        "eth0 cannot guarantee 11gbit in tx: the mins of its tenants (db 7gbit, web 4gbit) are 1gbit more than its "
        "capacity of 10gbit (lower mins by 1gbit or attach eth0 with the capacity that it has)");
    EXPECT_TRUE(check_shares("eth0", 11 * gbit, Direction::tx, wishes));
}

TEST(CheckShares, NamesTheLargestOnly) {
    std::vector<ShareWish> wishes;
    for (int i = 0; i < 12; i++)
        wishes.push_back({"t" + std::to_string(i), gbit, 0, 1});
    wishes.push_back({"big", 2 * gbit, 0, 1});
    const auto refused = check_shares("eth0", 10 * gbit, Direction::rx, wishes);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().evidence, HasSubstr("(big 2gbit, t0 1gbit"));
    EXPECT_THAT(refused.error().evidence, HasSubstr("and 5 more)"));
}

TEST(CheckShares, RefusesWhatContradictsItself) {
    const auto min_over_max = check_shares("eth0", 10 * gbit, Direction::rx, std::vector<ShareWish>{{"web", 2, 1, 1}});
    ASSERT_FALSE(min_over_max);
    EXPECT_THAT(min_over_max.error().what, HasSubstr("web cannot have rx-min"));
    for (const std::uint32_t weight : {0U, 1001U}) {
        const auto refused = check_shares("eth0", gbit, Direction::tx, std::vector<ShareWish>{{"web", 0, 0, weight}});
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().what, HasSubstr("weight"));
    }
    const std::vector<ShareWish> overflow{{"a", ~0ULL, 0, 1}, {"b", ~0ULL, 0, 1}};
    EXPECT_FALSE(check_shares("eth0", gbit, Direction::tx, overflow));
}

}  // namespace
}  // namespace weir
