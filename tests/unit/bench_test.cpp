// SPDX-License-Identifier: GPL-2.0-or-later
// The figures of the benchmark and what they are held to.
#include "bench/statistics.hpp"

#include <gtest/gtest.h>

#include "bench/tick_cost.hpp"

namespace weir::test {
namespace {

TEST(BenchFigures, MedianOfAnOddNumberIsTheMiddleOne) {
    const Figures figures = figures_of({9, 1, 5});
    EXPECT_DOUBLE_EQ(figures.median_ns, 5);
    EXPECT_DOUBLE_EQ(figures.min_ns, 1);
}

TEST(BenchFigures, MedianOfAnEvenNumberIsBetweenTheMiddleTwo) {
    EXPECT_DOUBLE_EQ(figures_of({40, 10, 20, 31}).median_ns, 25.5);
}

TEST(BenchFigures, OneWildRunDoesNotMoveTheMedian) {
    EXPECT_DOUBLE_EQ(figures_of({50, 51, 52, 53, 100'000}).median_ns, 52);
}

TEST(BenchFigures, QuartilesLieBetweenNeighboursInProportion) {
    // Places 0.25 * 3 = 0.75 and 2.25 of 10, 20, 30, 40.
    const Figures figures = figures_of({30, 10, 40, 20});
    EXPECT_DOUBLE_EQ(figures.lower_quartile_ns, 17.5);
    EXPECT_DOUBLE_EQ(figures.upper_quartile_ns, 32.5);
    EXPECT_DOUBLE_EQ(figures.iqr_ns(), 15);
}

TEST(BenchFigures, QuartilesOfFiveAreTheirOwnMembers) {
    const Figures figures = figures_of({5, 4, 3, 2, 1});
    EXPECT_DOUBLE_EQ(figures.lower_quartile_ns, 2);
    EXPECT_DOUBLE_EQ(figures.upper_quartile_ns, 4);
}

TEST(BenchFigures, OneRunIsAllFiguresAtOnce) {
    const Figures figures = figures_of({7});
    EXPECT_DOUBLE_EQ(figures.median_ns, 7);
    EXPECT_DOUBLE_EQ(figures.min_ns, 7);
    EXPECT_DOUBLE_EQ(figures.iqr_ns(), 0);
}

TEST(BenchFigures, NoRunsGiveZeroAndDoNotReadPastTheEnd) {
    EXPECT_DOUBLE_EQ(figures_of({}).median_ns, 0);
    EXPECT_DOUBLE_EQ(quantile({}, 1.0), 0);
}

TEST(BenchFigures, TheLastQuantileIsTheGreatest) { EXPECT_DOUBLE_EQ(quantile({1, 2, 3}, 1.0), 3); }

TEST(BenchVerdict, WithinTheNanosecondsTheRatioDoesNotMatter) {
    const Verdict verdict = judge({"one flow", 80, 0.9}, 80, 40);
    EXPECT_TRUE(verdict.passed);
    EXPECT_FALSE(verdict.by_ratio);
    EXPECT_DOUBLE_EQ(verdict.ratio, 2.0);
}

TEST(BenchVerdict, OverTheNanosecondsTheRatioDecides) {
    const Verdict held = judge({"one flow", 80, 0.9}, 90, 100);
    EXPECT_TRUE(held.passed);
    EXPECT_TRUE(held.by_ratio);
    EXPECT_DOUBLE_EQ(held.ratio, 0.9);

    const Verdict missed = judge({"one flow", 80, 0.9}, 91, 100);
    EXPECT_FALSE(missed.passed);
    EXPECT_FALSE(missed.by_ratio);
}

TEST(BenchVerdict, WithoutARatioOnlyTheNanosecondsCount) {
    EXPECT_FALSE(judge({"every packet new", 250, std::nullopt}, 251, 10'000).passed);
    EXPECT_TRUE(judge({"every packet new", 250, std::nullopt}, 250, 10'000).passed);
}

TEST(BenchVerdict, AReferenceWithoutAFigureSavesNobody) {
    for (const double reference : {0.0, -3.0}) {
        const Verdict verdict = judge({"65,536 flows", 220, 0.6}, 300, reference);
        EXPECT_FALSE(verdict.passed);
        EXPECT_DOUBLE_EQ(verdict.ratio, 0);
    }
}

TEST(BenchVerdict, KeepsWhatItJudged) {
    const Verdict verdict = judge({"65,536 flows", 220, 0.6}, 150, 320);
    EXPECT_EQ(verdict.bar.name, "65,536 flows");
    EXPECT_DOUBLE_EQ(verdict.measured_ns, 150);
    EXPECT_DOUBLE_EQ(verdict.reference_ns, 320);
}

TEST(BenchTick, IsHeldToWhatItTakesAtQuietMoments) {
    TickCost cost{.tenants = 256, .interval_ns = 4'000'000, .tick_ns = 42'000, .lower_quartile_ns = 31'000};
    EXPECT_TRUE(cost.passed());  // held to nothing
    cost.cpu_limit = 0.01;
    EXPECT_TRUE(cost.passed());
    cost.lower_quartile_ns = 41'000;
    EXPECT_FALSE(cost.passed());
}

}  // namespace
}  // namespace weir::test
