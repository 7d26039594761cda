// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "lib/histogram.h"

namespace weir {
namespace {

TEST(HistogramBuckets, AreNoWiderThanAnEighthAndLeaveNoGap) {
    for (__u32 bucket = 1; bucket + 1 < WEIR_HISTOGRAM_BUCKETS; bucket++) {
        const __u64 low = weir_histogram_low_ns(bucket), high = weir_histogram_low_ns(bucket + 1);
        ASSERT_LT(low, high);
        EXPECT_LE((high - low) * 8, low) << bucket;
        EXPECT_EQ(weir_histogram_place(low), bucket);
        EXPECT_EQ(weir_histogram_place(high - 1), bucket);
    }
    EXPECT_EQ(weir_histogram_place(0), 0U);
    EXPECT_EQ(weir_histogram_place(63), 0U);
    EXPECT_EQ(weir_histogram_place(~0ULL), WEIR_HISTOGRAM_BUCKETS - 1U);
    EXPECT_LE(weir_histogram_low_ns(1), 100U);
    EXPECT_GE(weir_histogram_low_ns(WEIR_HISTOGRAM_BUCKETS - 1), 100'000'000'000U);
}

std::vector<std::uint64_t> drawn(const std::function<double(std::mt19937_64&)>& draw, std::size_t count) {
    std::mt19937_64 random(count);
    std::vector<std::uint64_t> values(count);
    for (auto& value : values)
        value = static_cast<std::uint64_t>(std::clamp(draw(random), 100.0, 1e11));
    return values;
}

// The bound that latency-method.md states: within one bucket, 12.5 %, of the delay that a sort finds at the same rank.
void expect_percentiles(std::vector<std::uint64_t> values) {
    Histogram histogram;
    for (const auto value : values)
        histogram.add(value);
    std::ranges::sort(values);
    EXPECT_EQ(histogram.count(), values.size());
    EXPECT_EQ(histogram.min_ns(), values.front());
    EXPECT_EQ(histogram.max_ns(), values.back());
    for (const double fraction : {0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank = std::max<std::size_t>(
            1, static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size()))));
        const auto exact = static_cast<double>(values[rank - 1]);
        EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(fraction)), exact, exact / 8 + 1) << fraction;
    }
}

TEST(Histogram, PercentilesAreThoseOfASort) {
    for (const std::size_t count : {1U, 2U, 3U, 10U, 1000U, 100'000U}) {
        SCOPED_TRACE(count);
        expect_percentiles(drawn([](auto& random) { return std::lognormal_distribution(9.0, 1.5)(random); }, count));
        expect_percentiles(
            drawn([](auto& random) { return std::uniform_real_distribution(100.0, 1e11)(random); }, count));
        expect_percentiles(drawn([](auto&) { return 20'123'456.0; }, count));
        expect_percentiles(
            drawn([](auto& random) { return std::bernoulli_distribution(0.01)(random) ? 4e7 : 51'000.0; }, count));
    }
}

TEST(Histogram, EqualDelaysGiveTheirOwnValue) {
    Histogram histogram;
    for (int i = 0; i < 1000; i++)
        histogram.add(80'061'234);
    histogram.add(99'000'000);
    EXPECT_EQ(histogram.percentile_ns(0.5), 80'061'234U);
    EXPECT_EQ(histogram.percentile_ns(1), 99'000'000U);
}

TEST(Histogram, MergedIsTheSameAsCountedTogether) {
    Histogram one;
    Histogram other;
    Histogram both;
    for (const auto value : drawn([](auto& random) { return std::exponential_distribution(1e-5)(random); }, 5000)) {
        (value % 3 == 0 ? one : other).add(value);
        both.add(value);
    }
    one += other;
    EXPECT_EQ(one, both);
}

TEST(Histogram, AWindowHasWhatCameAfter) {
    Histogram earlier;
    earlier.add(1000);
    earlier.add(900'000);
    Histogram later = earlier;
    EXPECT_EQ((later - earlier).count(), 0U);
    EXPECT_EQ((later - earlier).max_ns(), 0U);
    later.add(50'000);
    later.add(2'000'000);
    const Histogram window = later - earlier;
    EXPECT_EQ(window.count(), 2U);
    EXPECT_EQ(window.max_ns(), 2'000'000U);  // moved, so exact
    EXPECT_LE(window.min_ns(), 50'000U);     // did not move: the bucket's bound
    EXPECT_GE(window.min_ns(), 50'000U - 50'000 / 8);
    EXPECT_NEAR(static_cast<double>(window.percentile_ns(0.5)), 50'000, 50'000.0 / 8);
}

TEST(Histogram, OneThatNobodyWroteIsEmpty) {
    const Histogram histogram{weir_histogram{}};
    EXPECT_TRUE(histogram.empty());
    EXPECT_EQ(histogram.min_ns(), 0U);
    EXPECT_EQ(histogram.max_ns(), 0U);
    EXPECT_EQ(histogram.percentile_ns(0.99), 0U);
    EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, IsReadAsTheProgramsWriteIt) {
    weir_histogram raw{};
    Histogram expected;
    for (const std::uint64_t value : {70U, 5000U, 5001U, 800U}) {
        weir_histogram_add(&raw, value);
        expected.add(value);
    }
    EXPECT_EQ(Histogram(raw), expected);
}

TEST(Latency, CpusAddUpAndWindowsSubtract) {
    weir_latency cpu{};
    weir_histogram_add(&cpu.host[WEIR_TX], 2000);
    weir_histogram_add(&cpu.rtt[WEIR_RTT_NETWORK], 30'000'000);
    cpu.trouble[WEIR_RX] = {.retransmits = 5, .unseen = 3, .out_of_order = 2, .zero_windows = 1};
    cpu.host_left_out[WEIR_TX][WEIR_HOST_FUTURE] = 4;
    Latency one;
    add_cpu(one, cpu);
    Latency two = one;
    add_cpu(two, cpu);
    EXPECT_EQ(two.of(LatencyKind::host_tx).count(), 2U);
    EXPECT_EQ(two.of(LatencyKind::rtt_network).count(), 2U);
    EXPECT_TRUE(two.of(LatencyKind::rtt_tenant).empty());
    const Latency window = two - one;
    EXPECT_EQ(window.of(LatencyKind::host_tx).count(), 1U);
    EXPECT_EQ(window.trouble_of(Direction::rx), one.trouble_of(Direction::rx));
    EXPECT_EQ(window.host_left_out[WEIR_TX][WEIR_HOST_FUTURE], 4U);
}

TEST(Latency, LossIsOnTheSideThatTheVnicDidNotSee) {
    // The tenant's data: 10 sent again, 3 of which never came here. The peer's: 7 sent again, all 7 lost before.
    const LossSides lost = loss_sides({.retransmits = 10, .unseen = 3}, {.retransmits = 7, .unseen = 7});
    EXPECT_EQ(lost.tenant, 3U);
    EXPECT_EQ(lost.network, 7U + 7U);
}

}  // namespace
}  // namespace weir
