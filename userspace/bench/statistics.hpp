// SPDX-License-Identifier: GPL-2.0-or-later
// Figures of a benchmark out of its runs, and what they are held to. Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

// Of many runs of one program: nanoseconds per packet.
struct Figures {
    double median_ns = 0;
    double min_ns = 0;
    double lower_quartile_ns = 0;
    double upper_quartile_ns = 0;
    [[nodiscard]] double iqr_ns() const { return upper_quartile_ns - lower_quartile_ns; }
};

// The value below which `fraction` (0 to 1) of sorted `values` lie, between two neighbours in proportion. 0 of nothing.
inline double quantile(const std::vector<double>& sorted, double fraction) {
    if (sorted.empty()) return 0;
    const double place = fraction * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(place));
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

inline Figures figures_of(std::vector<double> runs_ns) {
    std::ranges::sort(runs_ns);
    return {quantile(runs_ns, 0.5), quantile(runs_ns, 0.0), quantile(runs_ns, 0.25), quantile(runs_ns, 0.75)};
}

// What the data path is held to: so many nanoseconds above an empty program, or, on a machine that is slower than the
// one the limit was set on, so small a part of what the reference costs on the same machine.
struct Bar {
    std::string name;
    double limit_ns = 0;
    std::optional<double> ratio_limit;  // none: only the nanoseconds count
};

struct Verdict {
    Bar bar;
    double measured_ns = 0;   // above empty
    double reference_ns = 0;  // above empty
    double ratio = 0;         // measured to reference; 0 where the reference has no figure
    bool passed = false;
    bool by_ratio = false;  // missed the nanoseconds, held the ratio
};

inline Verdict judge(Bar bar, double measured_ns, double reference_ns) {
    Verdict verdict{std::move(bar), measured_ns, reference_ns};
    if (reference_ns > 0) verdict.ratio = measured_ns / reference_ns;
    verdict.passed = measured_ns <= verdict.bar.limit_ns;
    if (!verdict.passed && reference_ns > 0) {
        // 0 where there is none: no program that missed its nanoseconds costs nothing.
        verdict.by_ratio = verdict.ratio <= verdict.bar.ratio_limit.value_or(0);
        verdict.passed = verdict.by_ratio;
    }
    return verdict;
}

}  // namespace weir
