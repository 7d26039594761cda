// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/share.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/units.hpp"

namespace weir {
namespace {

constexpr std::size_t named_max = 8;

// "web 4gbit, db 3gbit": the largest first.
std::string list_of_mins(std::span<const ShareWish> wishes) {
    std::vector<const ShareWish*> with_min;
    for (const auto& wish : wishes)
        if (wish.min_bps) with_min.push_back(&wish);
    std::ranges::stable_sort(with_min, std::greater{}, &ShareWish::min_bps);
    std::string text;
    for (std::size_t i = 0; i < std::min(with_min.size(), named_max); i++)
        text += fmt::format("{}{} {}", i ? ", " : "", with_min[i]->tenant, print_rate(with_min[i]->min_bps));
    if (with_min.size() > named_max) text += fmt::format(" and {} more", with_min.size() - named_max);
    return text;
}

}  // namespace

Result<void> check_shares(std::string_view uplink, std::uint64_t capacity_bps, Direction direction,
                          std::span<const ShareWish> wishes) {
    const auto word = to_string(direction);
    std::uint64_t sum_bps = 0;
    for (const auto& wish : wishes) {
        if (wish.weight < 1 || wish.weight > WEIR_SHARE_WEIGHT_MAX)
            return fail(Errc::usage, fmt::format("tenant {} cannot have weight {}", wish.tenant, wish.weight),
                        fmt::format("weights are 1 to {}", WEIR_SHARE_WEIGHT_MAX));
        if (wish.max_bps && wish.min_bps > wish.max_bps)
            return fail(Errc::usage,
                        fmt::format("tenant {} cannot have {}-min {}", wish.tenant, word, print_rate(wish.min_bps)),
                        fmt::format("its {}-max is {}", word, print_rate(wish.max_bps)),
                        "lower the min or raise the max");
        if (__builtin_add_overflow(sum_bps, wish.min_bps, &sum_bps)) sum_bps = ~0ULL;
    }
    if (sum_bps > capacity_bps)
        return fail(Errc::usage, fmt::format("{} cannot guarantee {} in {}", uplink, print_rate(sum_bps), word),
                    fmt::format("the mins of its tenants ({}) are {} more than its capacity of {}",
                                list_of_mins(wishes), print_rate(sum_bps - capacity_bps), print_rate(capacity_bps)),
                    fmt::format("lower mins by {} or attach {} with the capacity that it has",
                                print_rate(sum_bps - capacity_bps), uplink));
    return {};
}

void share_tick(weir_share_round& round, std::span<weir_share_entry> entries,
                std::span<const weir_share_sample> samples, std::uint64_t elapsed_ns) {
    weir_share_begin(&round, elapsed_ns);
    for (std::size_t i = 0; i < entries.size(); i++)
        weir_share_measure(&round, &entries[i], &samples[i]);
    const auto walk_fine = [&] {
        for (std::uint32_t at = 0; at < WEIR_SHARE_FINE; at++)
            weir_share_walk_fine(&round, at);
    };
    walk_fine();
    if (!weir_share_pick(&round)) {
        for (const auto& entry : entries)
            weir_share_sort(&round, &entry);
        for (std::uint32_t place = 0; place < WEIR_SHARE_COARSE; place++)
            weir_share_walk_coarse(&round, place);
        weir_share_pick_coarse(&round);
        for (const auto& entry : entries)
            if (entry.cap_u) weir_share_take(&round, &entry);
        walk_fine();
        weir_share_pick_fine(&round);
    }
    for (auto& entry : entries)
        weir_share_settle(&round, &entry);
}

std::vector<std::uint64_t> static_shares(std::uint64_t capacity_bps, std::span<const ShareWish> wishes) {
    const auto round = std::make_unique<weir_share_round>();
    std::vector<weir_share_entry> entries(wishes.size());
    std::vector<weir_share_sample> samples(wishes.size());
    round->capacity_bps = capacity_bps;
    for (std::size_t i = 0; i < wishes.size(); i++) {
        entries[i].min_bps = wishes[i].min_bps;
        entries[i].max_bps = wishes[i].max_bps;
        entries[i].weight = wishes[i].weight;
        entries[i].weight_inverse = weir_share_inverse(wishes[i].weight);
        entries[i].is_primed = 1;
        samples[i].offered_bytes = ~0ULL;
    }
    share_tick(*round, entries, samples, 1'000'000);
    std::vector<std::uint64_t> rates;
    rates.reserve(entries.size());
    for (const auto& entry : entries)
        rates.push_back(std::max<std::uint64_t>(entry.grant_bps, WEIR_SHARE_RATE_MIN_BPS));
    return rates;
}

}  // namespace weir
