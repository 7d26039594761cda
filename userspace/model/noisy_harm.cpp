// SPDX-License-Identifier: GPL-2.0-or-later
// What a loud time did to another tenant, against that tenant's own quiet one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "model/noisy_parts.hpp"

namespace weir::noisy {
namespace {

// Slots before the loud ones begin, in which harm speaks for the accused; and how many of them.
constexpr std::size_t before_slots = 5;

// Fewer slots with a sample than these say nothing.
constexpr std::size_t loud_samples = 4;
constexpr std::size_t quiet_samples = 8;

// A burst is compared with slots so near to it; and fewer bursts than these say nothing: eleven of twelve by chance is
// three in a thousand.
constexpr std::size_t beside_slots = 2;
constexpr std::size_t pairs_least = 12;

struct Samples {
    Series loud;
    Series quiet;
    Series before;  // the last of the quiet ones before the first loud one
};

// `value` of a slot, where there is one.
template <class Value>
Samples samples_of(const Activity& activity, const Tenant& tenant, const Value& value) {
    Samples samples;
    for (std::size_t i = 0; i < tenant.slots.size(); ++i) {
        const std::optional<double> sample = value(tenant.slots[i]);
        if (!sample) continue;
        if (activity.loud[i] != 0) samples.loud.push_back(*sample);
        if (activity.quiet[i] != 0) samples.quiet.push_back(*sample);
        if (i < activity.begin && i + before_slots + 1 >= activity.begin && i + 1 < activity.begin)
            samples.before.push_back(*sample);
    }
    return samples;
}

// Of an even number, between the two in the middle: the lower one of few is below most other values.
double middle_of(Series values) {
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Each loud slot's, and at the same place in `quiet` the middle of the slots right beside it that are not loud: what a
// machine's own delays are at that moment. For what is loud for a slot at a time.
template <class Value>
Samples pairs_of(const Activity& activity, const Tenant& tenant, const Value& value) {
    Samples pairs;
    for (std::size_t i = 0; i < tenant.slots.size(); ++i) {
        const auto sample = activity.loud[i] != 0 ? value(tenant.slots[i]) : std::nullopt;
        if (!sample) continue;
        Series beside;
        for (std::size_t j = i - std::min(i, beside_slots); j < std::min(i + beside_slots + 1, tenant.slots.size());
             ++j)
            if (const auto other = activity.loud[j] == 0 ? value(tenant.slots[j]) : std::nullopt)
                beside.push_back(*other);
        if (beside.empty()) continue;
        pairs.loud.push_back(*sample);
        pairs.quiet.push_back(middle_of(std::move(beside)));
    }
    return pairs;
}

Series differences_of(const Samples& pairs) {
    Series differences;
    for (std::size_t i = 0; i < pairs.loud.size(); ++i)
        differences.push_back(pairs.loud[i] - pairs.quiet[i]);
    return differences;
}

// Whether most of what was measured right before it began was already nearer to the harm than to the baseline.
bool was_there_before(const Samples& samples, double baseline, double harmed) {
    if (samples.before.size() < 3) return false;
    const double middle = (baseline + harmed) / 2;
    const auto beyond = std::ranges::count_if(
        samples.before, [&](double value) { return harmed > baseline ? value > middle : value < middle; });
    return static_cast<std::size_t>(beyond) * 2 > samples.before.size();
}

double certainty_of(const Activity& activity, double apart, double ratio, std::size_t samples) {
    const double by_separation = std::clamp((apart - 0.5) * 2, 0.0, 1.0);
    double by_number = 1 - 0.5 * std::exp(-static_cast<double>(samples) / 8);
    if (activity.episodes > 1) by_number = std::min(1.0, by_number + 0.1);
    const double by_effect = std::clamp(0.7 + 0.15 * std::log2(std::max(1.0, ratio)), 0.7, 1.0);
    return by_separation * by_number * by_effect;
}

double per_second(const Series& series) { return median(series) * slots_per_second; }

std::uint32_t rtt_min(const weir_pulse_direction& direction) { return ~direction.rtt_not_min_ns; }

std::optional<double> mean_rtt(const weir_pulse_direction& direction) {
    if (direction.rtt_count == 0) return std::nullopt;
    return static_cast<double>(direction.rtt_sum_ns) / direction.rtt_count;
}

// Whether the harm may show on the tenant's side of the vNIC as well: where the host's CPU is what they share.
bool is_about_cpu(const Activity& activity) {
    switch (activity.pattern) {
    case Pattern::bandwidth_hog:
    case Pattern::microburst:
        return false;
    default:
        return true;
    }
}

std::optional<Victim> latency_harm(const Activity& activity, const Tenant& victim, const Thresholds& t, int side,
                                   std::string& why_not) {
    const bool by_max = activity.pattern == Pattern::microburst;
    const double least_ns = by_max ? t.burst_latency_ns : t.latency_ns;
    const auto value = [&](const weir_pulse_slot& slot) -> std::optional<double> {
        const auto& direction = slot.direction[side];
        if (direction.rtt_count == 0) return std::nullopt;
        return by_max ? direction.rtt_max_ns : mean_rtt(direction);
    };
    auto samples = samples_of(activity, victim, value);
    double apart = separation(samples.loud, samples.quiet);
    double longer_ns = median(samples.loud) - median(samples.quiet);
    bool is_paired = false;
    if (by_max) {
        auto pairs = pairs_of(activity, victim, value);
        const auto differences = differences_of(pairs);
        const double rises = separation(differences, {0}), rise_ns = median(differences);
        is_paired = differences.size() >= pairs_least && rises >= t.separation && rise_ns >= least_ns;
        if (is_paired) {
            samples = std::move(pairs);
            apart = rises;
            longer_ns = rise_ns;
        }
    }
    if (samples.loud.size() < loud_samples || samples.quiet.size() < quiet_samples) return std::nullopt;
    const double harmed = median(samples.loud), baseline = median(samples.quiet);
    if (harmed < t.latency_ratio * baseline || longer_ns < least_ns) return std::nullopt;
    if (apart < t.separation) {
        why_not = fmt::format("the round trips of {} were longer at other times too", victim.name);
        return std::nullopt;
    }
    // In pairs each burst has its own before.
    if (!is_paired && was_there_before(samples, baseline, harmed)) {
        why_not = fmt::format("the round trips of {} had grown before", victim.name);
        return std::nullopt;
    }
    Victim found{.tenant = victim.name, .harm = Harm::latency};
    found.certainty = certainty_of(activity, apart, harmed / std::max(1.0, baseline), samples.loud.size());
    const bool is_network = side == WEIR_TX;
    found.evidence.push_back({is_network ? (by_max ? "rtt_network_max_ns" : "rtt_network_mean_ns")
                                         : (by_max ? "rtt_tenant_max_ns" : "rtt_tenant_mean_ns"),
                              harmed, baseline, "ns"});
    found.evidence.push_back({is_network ? (by_max ? "rtt_network_max_p99_ns" : "rtt_network_mean_p99_ns")
                                         : (by_max ? "rtt_tenant_max_p99_ns" : "rtt_tenant_mean_p99_ns"),
                              quantile(samples.loud, 0.99), quantile(samples.quiet, 0.99), "ns"});
    const auto least = samples_of(activity, victim, [&](const weir_pulse_slot& slot) -> std::optional<double> {
        if (slot.direction[side].rtt_count == 0) return std::nullopt;
        return rtt_min(slot.direction[side]);
    });
    found.evidence.push_back(
        {is_network ? "rtt_network_min_ns" : "rtt_tenant_min_ns", median(least.loud), median(least.quiet), "ns"});
    found.evidence.push_back(
        {"samples", static_cast<double>(samples.loud.size()), static_cast<double>(samples.quiet.size()), "slots"});
    return found;
}

std::optional<Victim> loss_harm(const Activity& activity, const Tenant& victim, const Thresholds& t,
                                std::string& why_not) {
    const auto samples = samples_of(activity, victim, [](const weir_pulse_slot& slot) -> std::optional<double> {
        return slot.direction[WEIR_TX].retransmits + slot.direction[WEIR_RX].retransmits;
    });
    const auto packets = samples_of(activity, victim, [](const weir_pulse_slot& slot) -> std::optional<double> {
        return slot.direction[WEIR_TX].packets + slot.direction[WEIR_RX].packets;
    });
    const double lost = sum(samples.loud);
    const auto loud = static_cast<double>(samples.loud.size()), quiet = static_cast<double>(samples.quiet.size());
    const double usual = sum(samples.quiet) / quiet * loud;
    if (lost < t.loss_packets || lost < t.loss_ratio * (usual + 1)) return std::nullopt;
    if (lost < t.loss_share * sum(packets.loud)) return std::nullopt;
    const double harmed = lost / loud, baseline = sum(samples.quiet) / quiet;
    const auto slots_hit =
        static_cast<std::size_t>(std::ranges::count_if(samples.loud, [](double n) { return n > 0; }));
    if (slots_hit < loud_samples) return std::nullopt;
    if (!samples.before.empty() &&
        sum(samples.before) / static_cast<double>(samples.before.size()) > (harmed + baseline) / 2) {
        why_not = fmt::format("{} had lost packets before", victim.name);
        return std::nullopt;
    }
    Victim found{.tenant = victim.name, .harm = Harm::loss};
    // Most slots have no loss at all, so it is the counts that are apart: Poisson's deviation from the usual number.
    const double sigmas = (lost - usual) / std::sqrt(std::max(1.0, usual) + 1);
    found.certainty =
        certainty_of(activity, 0.5 + 0.5 * (1 - std::exp(-sigmas / 3)), lost / std::max(1.0, usual), slots_hit);
    found.evidence.push_back(
        {"retransmits_per_second", harmed * slots_per_second, baseline * slots_per_second, "packets/s"});
    found.evidence.push_back({"retransmits", lost, usual, "packets"});
    return found;
}

// What it asks for is answered less: requests of any kind.
std::optional<Victim> answer_harm(const Activity& activity, const Tenant& victim, const Thresholds& t) {
    const auto ratio = samples_of(activity, victim, [](const weir_pulse_slot& slot) -> std::optional<double> {
        if (slot.direction[WEIR_TX].packets < 5) return std::nullopt;
        return static_cast<double>(slot.direction[WEIR_RX].packets) / slot.direction[WEIR_TX].packets;
    });
    const auto asked = samples_of(activity, victim, [](const weir_pulse_slot& slot) -> std::optional<double> {
        return slot.direction[WEIR_TX].packets;
    });
    if (ratio.loud.size() < loud_samples || ratio.quiet.size() < quiet_samples) return std::nullopt;
    const double harmed = median(ratio.loud), baseline = median(ratio.quiet);
    // Somebody who sends without being answered (a stream, an upload in large frames) has no answers to miss.
    if (baseline < 0.5 || baseline > 2 || harmed > t.throughput_ratio * baseline) return std::nullopt;
    if (median(asked.loud) < 0.5 * median(asked.quiet) || median(asked.loud) > 2 * median(asked.quiet))
        return std::nullopt;
    const double apart = separation(ratio.quiet, ratio.loud);
    if (apart < t.separation || was_there_before(ratio, baseline, harmed)) return std::nullopt;
    Victim found{.tenant = victim.name, .harm = Harm::loss};
    found.certainty = certainty_of(activity, apart, baseline / std::max(0.01, harmed), ratio.loud.size());
    found.evidence.push_back({"answers_per_packet_sent", harmed, baseline, "packets"});
    return found;
}

// Less than it had. For those of whom something else says that they want more.
std::optional<Victim> throughput_harm(const Activity& activity, const Tenant& victim, const Thresholds& t) {
    for (const int direction : {WEIR_TX, WEIR_RX}) {
        const auto samples = samples_of(activity, victim, [&](const weir_pulse_slot& slot) -> std::optional<double> {
            return static_cast<double>(slot.direction[direction].bytes);
        });
        const double harmed = median(samples.loud), baseline = median(samples.quiet);
        if (baseline * slots_per_second * bits_per_byte < t.throughput_bps || harmed > t.throughput_ratio * baseline)
            continue;
        const double apart = separation(samples.quiet, samples.loud);
        if (apart < t.separation || was_there_before(samples, baseline, harmed)) continue;
        Victim found{.tenant = victim.name, .harm = Harm::throughput};
        found.certainty = certainty_of(activity, apart, baseline / std::max(1.0, harmed), samples.loud.size());
        found.evidence.push_back({direction == WEIR_TX ? "tx_bits_per_second" : "rx_bits_per_second",
                                  per_second(samples.loud) * bits_per_byte, per_second(samples.quiet) * bits_per_byte,
                                  "bit/s"});
        return found;
    }
    return std::nullopt;
}

// Whether what it sends or receives itself rose at the same moments, enough to be its own neighbour.
bool is_its_own_doing(const Activity& activity, const Tenant& victim, const Tenant& accused, const Thresholds& t) {
    for (const int direction : {WEIR_TX, WEIR_RX}) {
        const auto load = [&](const Tenant& tenant, const Mask& mask) {
            const Series series =
                series_of(tenant, [&](const weir_pulse_slot& slot) { return slot.direction[direction].bytes; });
            return sum(picked(series, mask)) / std::max<double>(1, static_cast<double>(std::ranges::count(mask, 1)));
        };
        // What comes to everybody was not asked for.
        const auto rx_packets = [&](auto value) { return sum(picked(series_of(victim, value), activity.loud)); };
        if (direction == WEIR_RX &&
            rx_packets([](const weir_pulse_slot& slot) { return slot.direction[WEIR_RX].group_packets; }) >
                0.5 * rx_packets([](const weir_pulse_slot& slot) { return slot.direction[WEIR_RX].packets; }))
            continue;
        const double loud = load(victim, activity.loud), quiet = load(victim, activity.quiet);
        const double accused_rise = load(accused, activity.loud) - load(accused, activity.quiet);
        if ((loud - quiet) * slots_per_second * bits_per_byte > t.throughput_bps && loud > t.own_load_ratio * quiet &&
            loud - quiet > 0.2 * accused_rise)
            return true;
    }
    return false;
}

// Whether its own limit held it at these moments.
bool is_at_its_limit(const Activity& activity, const Tenant& victim) {
    const auto held = samples_of(activity, victim, [](const weir_pulse_slot& slot) -> std::optional<double> {
        double packets = 0;
        for (const auto& direction : slot.direction)
            packets += direction.drop_packets + direction.delayed_packets;
        return packets;
    });
    const auto all = samples_of(activity, victim, [](const weir_pulse_slot& slot) -> std::optional<double> {
        return slot.direction[WEIR_TX].packets + slot.direction[WEIR_RX].packets;
    });
    return sum(held.loud) > 0.1 * sum(all.loud);
}

// The median of any so many of the values is at least the first and at most the second.
struct Span {
    double low = 0;
    double high = 0;
};
Span medians_of(Series values, std::size_t low_count, std::size_t high_count) {
    std::ranges::sort(values);
    const std::size_t low = (low_count + 1) / 2 - 1, high = high_count / 2;
    if (values.size() < std::max(low_count, high_count)) return {};
    return {values[low], values[values.size() - 1 - high]};
}

}  // namespace

Frailty frailty_of(const Tenant& tenant, const Thresholds& t) {
    Frailty frailty;
    Series worst, ratios;
    Series means[WEIR_DIRECTIONS];
    double lost = 0;
    for (const auto& slot : tenant.slots) {
        for (int side = 0; side < WEIR_DIRECTIONS; ++side) {
            const auto& direction = slot.direction[side];
            lost += direction.retransmits;
            if (const auto mean = mean_rtt(direction)) means[side].push_back(*mean);
            if (side == WEIR_TX && direction.rtt_count != 0) worst.push_back(direction.rtt_max_ns);
        }
        if (slot.direction[WEIR_TX].packets >= 5)
            ratios.push_back(static_cast<double>(slot.direction[WEIR_RX].packets) / slot.direction[WEIR_TX].packets);
    }
    const auto is_apart = [&](const Series& values, double least_ns) {
        const auto [low, high] = medians_of(values, quiet_samples, loud_samples);
        return high >= t.latency_ratio * low && high - low >= least_ns && high > 0;
    };
    for (int side = 0; side < WEIR_DIRECTIONS; ++side)
        frailty.latency[side] = is_apart(means[side], t.latency_ns);
    frailty.burst_latency = is_apart(worst, t.burst_latency_ns);
    frailty.loss = lost >= t.loss_packets;
    const auto [low, high] = medians_of(ratios, loud_samples, quiet_samples);
    frailty.answers = high > 0 && low <= t.throughput_ratio * high;
    return frailty;
}

std::vector<Victim> find_harm(const Activity& activity, const std::vector<Tenant>& tenants, std::size_t victim_index,
                              const Frailty& frailty, const Thresholds& thresholds,
                              std::vector<std::string>& dismissed) {
    if (!frailty.is_any()) return {};
    const Tenant& victim = tenants[victim_index];
    const Tenant& accused = tenants[activity.tenant];
    std::vector<Victim> found;
    std::string why_not;
    std::optional<Victim> latency, loss, throughput;
    if (activity.pattern == Pattern::microburst ? frailty.burst_latency : frailty.latency[WEIR_TX])
        latency = latency_harm(activity, victim, thresholds, WEIR_TX, why_not);
    if (!latency && is_about_cpu(activity) && frailty.latency[WEIR_RX])
        latency = latency_harm(activity, victim, thresholds, WEIR_RX, why_not);
    if (frailty.loss) loss = loss_harm(activity, victim, thresholds, why_not);
    if (!loss && frailty.answers) loss = answer_harm(activity, victim, thresholds);
    if (latency || loss) throughput = throughput_harm(activity, victim, thresholds);
    for (auto& harm : {latency, loss, throughput})
        if (harm && harm->certainty >= thresholds.certainty) found.push_back(*harm);
    if (found.empty()) {
        if (!why_not.empty()) dismissed.push_back(why_not);
        return found;
    }
    if (victim_index != activity.tenant && is_its_own_doing(activity, victim, accused, thresholds)) {
        dismissed.push_back(fmt::format("{} itself sent or received more at the same moments", victim.name));
        return {};
    }
    if (is_at_its_limit(activity, victim)) {
        dismissed.push_back(fmt::format("{} was held by its own limit", victim.name));
        return {};
    }
    return found;
}

}  // namespace weir::noisy
