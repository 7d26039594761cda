// SPDX-License-Identifier: GPL-2.0-or-later
// What a limit decides (bpf/lib/bucket.h, aqm.h, limit.h), driven with a clock of the test's own.
#include "unit/limit_rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace weir {
namespace {

TEST(Limit, HoldsEveryRateExactly) {
    std::mt19937_64 random(1);
    constexpr int frames = 200'000;
    for (const std::uint64_t rate_bps :
         {64'000ULL, 1'000'000ULL, 99'900'000ULL, 1'000'000'000ULL, 25'000'000'000ULL, 400'000'000'000ULL}) {
        for (const auto mode : {LimitMode::shape, LimitMode::police}) {
            Bucket bucket({.bps = rate_bps, .mode = mode});
            const auto bps = static_cast<double>(rate_bps);
            // Three times the rate, for half a second at least: many bursts.
            const std::uint64_t mean_bytes = std::max<std::uint64_t>(800, rate_bps / 8 * 3 / 2 / frames);
            ASSERT_LT(2 * mean_bytes, WEIR_FRAME_MAX_BYTES) << "no frame is so long";
            const double mean_ns = static_cast<double>(mean_bytes) * 8e9 / bps / 3;
            double clock = start_ns, bytes = 0;
            std::uint64_t last_departure = 0;
            for (int i = 0; i < frames; i++) {
                clock += mean_ns;
                const std::uint64_t size = 64 + random() % (2 * (mean_bytes - 64));
                const auto one = bucket.send(static_cast<std::uint64_t>(clock), size, 7);
                if (!passes(one)) continue;
                bytes += static_cast<double>(size);
                last_departure = static_cast<std::uint64_t>(clock) + one.delay_ns;
            }
            const double seconds = (static_cast<double>(last_departure) - start_ns) / 1e9;
            const double burst_bytes = static_cast<double>(bucket.limit().rule.burst >> WEIR_TIME_SHIFT) * bps / 8e9;
            const double most = burst_bytes + 2 * static_cast<double>(mean_bytes);
            EXPECT_GT(bps * seconds, 20 * burst_bytes * 8) << "too short to tell";
            EXPECT_LE(bytes * 8, bps * seconds * 1.0005 + most * 8) << bps << " mode " << to_string(mode);
            EXPECT_GE(bytes * 8, bps * seconds * 0.9995 - most * 8) << bps << " mode " << to_string(mode);
        }
    }
}

TEST(Limit, NeverMoreThanTheBurstInAnyWindow) {
    std::mt19937_64 random(2);
    constexpr double bps = 100e6;
    Bucket bucket({.bps = 100'000'000});
    std::vector<std::pair<std::uint64_t, std::uint64_t>> departures;
    std::uint64_t now = start_ns;
    for (int i = 0; i < 100'000; i++) {
        now += random() % 60'000;
        if (random() % 1000 == 0) now += random() % (300 * ms_ns);  // idle, then back
        const std::uint64_t segments = 1 + random() % 44, size = 1514 * segments;
        const auto one = bucket.send(now, size, 7, segments);
        if (passes(one)) departures.emplace_back(now + one.delay_ns, size);
    }
    for (std::size_t first = 0; first < departures.size(); first += 97) {
        double bytes = 0;
        for (std::size_t i = first; i < departures.size(); i++) {
            const double window_s = static_cast<double>(departures[i].first - departures[first].first) / 1e9;
            if (window_s > 1) break;
            // A frame that leaves at the window's beginning is earned before it.
            if (i > first) bytes += static_cast<double>(departures[i].second);
            ASSERT_LE(bytes * 8, bps * (window_s + 2.001e-3)) << first << " to " << i;
        }
    }
}

TEST(Limit, AnIdleHourEarnsNoMoreThanTheBurst) {
    Bucket bucket({.bps = 100'000'000});
    EXPECT_TRUE(passes(bucket.send(start_ns, 1514, 7)));
    std::uint64_t at_once = 0;
    for (int i = 0; i < 1000; i++) {
        const auto one = bucket.send(start_ns + 3600 * second_ns, 1514, 7);
        if (passes(one) && one.delay_ns == 0) at_once += 1514;
    }
    EXPECT_LE(at_once, 25'000U);  // 2 ms of 100 Mbit/s
    EXPECT_GE(at_once, 25'000U - 1514);
}

// The word wraps after 208 days. One that was left behind must not look like a queue.
TEST(Limit, AWordOfLongAgoIsPast) {
    Bucket bucket({.bps = 100'000'000});
    for (const std::uint64_t days : {100ULL, 150ULL, 207ULL, 300ULL, 1000ULL}) {
        bucket.limit().byte_time = weir_fixed_time(start_ns);
        const auto one = bucket.send(start_ns + days * 86400 * second_ns, 1514, 7);
        EXPECT_EQ(one.outcome, static_cast<__u32>(WEIR_LIMIT_PASS)) << days;
    }
}

// A clock read before another CPU's update must move nothing backwards and earn nothing.
TEST(Limit, AnOldClockDoesNoHarm) {
    Bucket bucket({.bps = 100'000'000});
    bucket.send(start_ns + 10 * ms_ns, 1514, 1);
    const std::uint64_t word = bucket.limit().byte_time;
    bucket.send(start_ns, 1514, 2);
    EXPECT_EQ(bucket.limit().byte_time, word + weir_byte_time(1514, bucket.limit().rule.byte_cost));
}

TEST(Limit, ThreadsLoseNoUpdate) {
    __u64 word = weir_fixed_time(start_ns);
    constexpr int per_thread = 400'000;
    const auto hammer = [&](std::uint64_t cost) {
        for (int i = 0; i < per_thread; i++)
            weir_bucket_take(&word, weir_fixed_time(start_ns), cost, WEIR_NEVER_FULL);
    };
    std::thread a(hammer, 3), b(hammer, 5);
    a.join();
    b.join();
    EXPECT_EQ(word - weir_fixed_time(start_ns), per_thread * (3ULL + 5));
}

// A flood that no signal slows has no use of a long queue: what it is let through leaves within 1.5 targets, whatever
// pauses it makes, so that a new rate is on the wire at once. Who comes after it has the whole horizon again.
TEST(Limit, AFloodGetsAShortQueueAndWhoComesAfterItALongOne) {
    Bucket bucket({.bps = 50'000'000});
    std::uint64_t worst_ns = 0, now = start_ns;
    double bytes = 0;
    for (; now < start_ns + 6 * second_ns; now += 80'000) {  // 151 Mbit/s
        if (now / ms_ns % 400 == 0) now += 12 * ms_ns;       // longer than what is queued
        const auto one = bucket.send(now, 1514, 1);
        if (!passes(one) || now < start_ns + 3 * second_ns) continue;
        bytes += 1514;
        worst_ns = std::max<std::uint64_t>(worst_ns, one.delay_ns);
    }
    EXPECT_LT(worst_ns, 7'800'000U);
    EXPECT_GT(bytes * 8, 50e6 * 2.92);
    now += 200 * ms_ns;
    std::uint64_t longest_ns = 0;
    for (const std::uint64_t end = now + 80 * ms_ns; now < end; now += 80'000) {
        const auto one = bucket.send(now, 1514, 1);
        if (passes(one)) longest_ns = std::max<std::uint64_t>(longest_ns, one.delay_ns);
    }
    EXPECT_GT(longest_ns, 80 * ms_ns);
}

TEST(Limit, EcnIsMarkedInsteadOfDropped) {
    Bucket bucket({.bps = 100'000'000});
    std::uint64_t drops = 0;
    for (std::uint64_t step = 0; step < 10'000; step++)
        drops += !passes(bucket.send(start_ns + step * 118'000, 1514, 1, 1, true));  // 1.03 of the rate
    EXPECT_GT(bucket.marks, 5U);
    EXPECT_EQ(drops, 0U);
}

TEST(Limit, MarkModeDelaysNothingAndDropsLate) {
    Bucket bucket({.bps = 100'000'000, .mode = LimitMode::mark});
    std::uint64_t first_mark = 0, first_drop = 0;
    for (std::uint64_t step = 0; step < 10'000; step++) {
        const std::uint64_t now = start_ns + step * 60'000;
        const auto one = bucket.send(now, 1514, 1, 1, true);
        EXPECT_EQ(one.delay_ns, 0U);
        if (bucket.marks != 0 && first_mark == 0) first_mark = now - start_ns;
        if (!passes(one) && first_drop == 0) first_drop = now - start_ns;
    }
    EXPECT_GT(first_mark, 5 * ms_ns);
    EXPECT_LT(first_mark, 20 * ms_ns);
    EXPECT_GT(first_drop, 80 * ms_ns);
}

TEST(Limit, PacketRateCountsSegments) {
    Bucket bucket({.packets_per_second = 10'000});
    std::uint64_t packets = 0, drops = 0;
    for (std::uint64_t step = 0; step < 10'000; step++) {
        const auto one = bucket.send(start_ns + step * 500'000, 15140, 7, 10);  // 20,000 a second
        if (passes(one)) {
            packets += 10;
        } else {
            EXPECT_EQ(one.reason, static_cast<__u32>(WEIR_DROP_PPS));
            drops += 10;
        }
    }
    EXPECT_NEAR(static_cast<double>(packets), 50'000, 150);
    EXPECT_EQ(packets + drops, 100'000U);
}

TEST(Limit, GoesBackByItself) {
    Bucket bucket({.bps = 1'000'000});
    bucket.limit().before = rule_for({.bps = 100'000'000});
    bucket.limit().rule.revert_at_ns = start_ns + second_ns;
    const auto admitted = [&](std::uint64_t from) {
        double bytes = 0;
        for (std::uint64_t step = 0; step < 10'000; step++)
            if (passes(bucket.send(from + step * 50'000, 1514, 7))) bytes += 1514;
        return bytes * 8 / 0.5;
    };
    EXPECT_LT(admitted(start_ns), 2e6);
    EXPECT_NEAR(admitted(start_ns + second_ns), 100e6, 22e6);  // the queue of the horizon is on top
    bucket.limit().before = {};
    EXPECT_NEAR(admitted(start_ns + 2 * second_ns), 242.24e6, 1e3);  // no limit at all
}

// The rate is changed in mid-traffic: what has its departure time keeps it, nothing is lost, order stays.
TEST(Limit, AChangeOfRateLosesNothing) {
    Bucket bucket({.bps = 100'000'000});
    std::uint64_t last = 0, drops = 0;
    for (std::uint64_t step = 0; step < 100'000; step++) {
        const std::uint64_t now = start_ns + step * 400'000;  // 30 Mbit/s
        if (step % 250 == 0) bucket.limit().rule = rule_for({.bps = step % 500 != 0 ? 40'000'000U : 100'000'000U});
        const auto one = bucket.send(now, 1514, 7);
        drops += !passes(one);
        EXPECT_GE(now + one.delay_ns, last);
        last = now + one.delay_ns;
    }
    EXPECT_EQ(drops, 0U);
}

TEST(Limit, OverheadIsChargedAPacket) {
    Bucket bucket({.bps = 100'000'000});
    bucket.limit().rule.overhead_bytes = 24;
    bucket.send(start_ns, 15140, 7, 10);
    EXPECT_EQ(bucket.limit().byte_time - weir_fixed_time(start_ns),
              weir_byte_time(15140 + 240, bucket.limit().rule.byte_cost));
    bucket.limit().rule.overhead_bytes = -100;  // less than nothing is the least
    EXPECT_EQ(weir_charged_bytes(60, 1, -100), 1U);
}

TEST(Aqm, InverseSquareRootIsGoodToOneInTenThousand) {
    for (std::uint64_t count = 1; count <= WEIR_AQM_COUNT_MAX; count += 1 + count / 64) {
        const double exact = std::ldexp(1 / std::sqrt(static_cast<double>(count)), 32);
        EXPECT_NEAR(static_cast<double>(weir_inverse_sqrt(count)) / exact, 1, 1e-4) << count;
    }
}

// RFC 8289: the first signal an interval after the queue has come to stand, then at interval / sqrt(count).
TEST(Aqm, FollowsTheControlLaw) {
    auto limit = std::make_unique<weir_limit_direction>();
    const weir_limit_rule rule = rule_for({.bps = 100'000'000});
    std::vector<double> signals;
    for (std::uint64_t now = start_ns; now < start_ns + second_ns; now += 100'000)
        if (weir_aqm_signal(limit.get(), &rule, now, 20 * ms_ns))
            signals.push_back(static_cast<double>(now - start_ns));
    ASSERT_GE(signals.size(), 5U);
    EXPECT_NEAR(signals[0], 100e6, 1e5);
    for (std::size_t i = 1; i < signals.size(); i++)
        EXPECT_NEAR(signals[i] - signals[i - 1], 100e6 / std::sqrt(static_cast<double>(i)), 2e5) << i;
    // A queue shorter than the target ends it.
    EXPECT_EQ(weir_aqm_signal(limit.get(), &rule, start_ns + second_ns, ms_ns), 0);
    EXPECT_EQ(limit->aqm_is_dropping, 0U);
}

}  // namespace
}  // namespace weir
