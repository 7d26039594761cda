// SPDX-License-Identifier: GPL-2.0-or-later
// Which flows overtake the queue of a limit (bpf/lib/limit.h), driven with a clock of the test's own.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "unit/limit_rig.hpp"

namespace weir {
namespace {

TEST(Limit, SparseFlowsOvertakeTheQueue) {
    Bucket bucket({.bps = 100'000'000});
    std::uint64_t worst_ping = 0, bulk_delay = 0;
    for (std::uint64_t step = 0; step < 20'000; step++) {
        const std::uint64_t now = start_ns + step * 60'000;  // twice the rate
        const auto bulk = bucket.send(now, 1514, 1);
        if (passes(bulk)) bulk_delay = std::max<std::uint64_t>(bulk_delay, bulk.delay_ns);
        if (step % 200 == 0) {
            const auto ping = bucket.send(now, 98, 2);
            ASSERT_TRUE(passes(ping)) << step;
            worst_ping = std::max<std::uint64_t>(worst_ping, ping.delay_ns);
        }
    }
    EXPECT_EQ(worst_ping, 0U);
    EXPECT_GT(bulk_delay, 90 * ms_ns);
}

TEST(Limit, TenThousandSparseFlowsDoNotExceedIt) {
    constexpr double bps = 10e6;
    Bucket bucket({.bps = 10'000'000});
    std::mt19937_64 random(3);
    double bytes = 0;
    for (std::uint64_t step = 0; step < 200'000; step++) {
        const std::uint64_t now = start_ns + step * 25'000;  // 10,000 flows, four times each a second, 128 Mbit/s
        if (passes(bucket.send(now, 400, random() % 10'000))) bytes += 400;
    }
    const double seconds = 200'000 * 25e-6;
    // What stands in the queue at the end is the horizon's.
    EXPECT_LE(bytes * 8, bps * (seconds + 0.11) * 1.005);
    EXPECT_GE(bytes * 8, bps * seconds * 0.99);
}

TEST(Limit, NoFlowOvertakesItself) {
    std::mt19937_64 random(4);
    Bucket bucket({.bps = 50'000'000});
    std::map<std::uint64_t, std::uint64_t> last;
    std::uint64_t now = start_ns;
    for (int i = 0; i < 300'000; i++) {
        now += random() % 150'000;
        const std::uint64_t flow = random() % 4 == 0 ? random() % 3 : 10 + random() % 40;
        const std::uint64_t size = flow < 3 ? 1514 : 80 + random() % 300;
        const auto one = bucket.send(now, size, flow);
        if (!passes(one)) continue;
        ASSERT_GE(now + one.delay_ns + 1, last[flow]) << "flow " << flow << " packet " << i;
        last[flow] = now + one.delay_ns;
    }
}

// Sixteen flows that are a sixteenth of the rate each count as sparse, all of them. What they send ahead of time
// together is an eighth of the rate, and whatever they have taken of it, there is room for every ping.
TEST(Limit, SparseFlowsTogetherOvertakeByAnEighth) {
    for (const std::uint64_t mbps : {10, 50, 1000}) {
        std::mt19937_64 random(5);
        Bucket bucket({.bps = mbps * 1'000'000});
        double passed = 0, at_once = 0;
        int pings = 0, pings_at_once = 0;
        std::uint64_t now = start_ns;
        for (int i = 0; i < 40'000; i++) {
            now += random() % (22'000'000 / mbps);  // 1.1 of the rate
            const auto one = bucket.send(now, 1514, random() % 16);
            if (passes(one)) passed += 1514;
            if (one.outcome == WEIR_LIMIT_PASS) at_once += 1514;
            if (i % 90 != 0 || i < 1000) continue;
            pings++;
            pings_at_once += bucket.send(now, 98, 100).outcome == WEIR_LIMIT_PASS ? 1 : 0;
        }
        EXPECT_GT(at_once, 0.05 * passed) << mbps;
        EXPECT_LT(at_once, 0.14 * passed) << mbps;
        EXPECT_EQ(pings_at_once, pings) << mbps;
    }
}

}  // namespace
}  // namespace weir
