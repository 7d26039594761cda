// SPDX-License-Identifier: GPL-2.0-or-later
// Who was loud, when, and how.
#include <algorithm>
#include <functional>

#include "model/noisy_parts.hpp"

namespace weir::noisy {
namespace {

// What follows a loud slot is neither: queues drain, and what was lost is sent again after some 200 ms.
constexpr std::size_t settle_slots = 5;
constexpr std::size_t gap_slots = 2;  // so short a pause is none

struct Shape {
    double floor = 0;       // per slot
    bool is_short = false;  // each slot by itself: bursts
};

void fill_gaps(Mask& mask) {
    std::size_t last = mask.size();
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0) continue;
        if (last < i && i - last <= gap_slots + 1)
            std::fill(mask.begin() + static_cast<std::ptrdiff_t>(last), mask.begin() + static_cast<std::ptrdiff_t>(i),
                      1);
        last = i;
    }
}

Mask quiet_of(const Mask& loud, std::size_t after) {
    Mask quiet(loud.size(), 1);
    for (std::size_t i = 0; i < loud.size(); ++i) {
        if (loud[i] == 0) continue;
        const std::size_t from = i == 0 || after == 0 ? i : i - 1, to = std::min(loud.size() - 1, i + after);
        for (std::size_t j = from; j <= to; ++j)
            quiet[j] = 0;
    }
    return quiet;
}

std::size_t count(const Mask& mask) { return static_cast<std::size_t>(std::ranges::count(mask, 1)); }

// Divides the window by the load into loud and quiet. False if there are not both.
bool divide(Activity& activity, const Shape& shape, const Thresholds& thresholds) {
    const auto enough = static_cast<std::size_t>(thresholds.loud_slots);
    if (activity.load.size() < enough) return false;
    Series sorted = activity.load;
    std::ranges::sort(sorted, std::greater<>());
    const double high = sorted[enough - 1];
    if (high < shape.floor || high <= 0) return false;
    Series rest;
    for (const double load : activity.load)
        if (load < 0.3 * high) rest.push_back(load);
    const double low = median(rest);
    if (high < thresholds.loud_ratio * low) return false;
    const double cut = std::max(shape.floor, low + 0.3 * (high - low));
    activity.loud.assign(activity.load.size(), 0);
    for (std::size_t i = 0; i < activity.load.size(); ++i)
        activity.loud[i] = activity.load[i] >= cut ? 1 : 0;
    if (!shape.is_short) fill_gaps(activity.loud);
    activity.quiet = quiet_of(activity.loud, shape.is_short ? 1 : settle_slots);
    const auto quiet_enough = static_cast<std::size_t>(thresholds.quiet_slots);
    if (shape.is_short && count(activity.quiet) < quiet_enough) activity.quiet = quiet_of(activity.loud, 0);
    if (count(activity.loud) < enough || count(activity.quiet) < quiet_enough) return false;
    activity.begin = static_cast<std::size_t>(std::ranges::find(activity.loud, 1) - activity.loud.begin());
    for (std::size_t i = 0; i < activity.loud.size(); ++i)
        if (activity.loud[i] != 0 && (i == 0 || activity.loud[i - 1] == 0)) activity.episodes += 1;
    return true;
}

// Sums of one tenant over the loud slots.
struct Sums {
    double packets_tx = 0;
    double packets_rx = 0;
    double bytes_tx = 0;
    double bytes_rx = 0;
    double small_tx = 0;
    double small_rx = 0;
    double syns_tx = 0;
    double syns_rx = 0;
    double syn_acks_rx = 0;
    double resets_rx = 0;
    double flows_tx = 0;
    double foreign = 0;
};

Sums sums_of(const Tenant& tenant, const Mask& mask) {
    Sums sums;
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0) continue;
        const auto& tx = tenant.slots[i].direction[WEIR_TX];
        const auto& rx = tenant.slots[i].direction[WEIR_RX];
        sums.packets_tx += tx.packets;
        sums.packets_rx += rx.packets;
        sums.bytes_tx += static_cast<double>(tx.bytes);
        sums.bytes_rx += static_cast<double>(rx.bytes);
        sums.small_tx += tx.small_packets;
        sums.small_rx += rx.small_packets;
        sums.syns_tx += tx.syns;
        sums.syns_rx += rx.syns;
        sums.syn_acks_rx += rx.syn_acks;
        sums.resets_rx += rx.resets;
        sums.flows_tx += tx.new_flows;
        sums.foreign += tx.foreign_flows;
    }
    return sums;
}

double unanswered(const weir_pulse_slot& slot) {
    const auto& tx = slot.direction[WEIR_TX];
    const auto& rx = slot.direction[WEIR_RX];
    return tx.syns > rx.syn_acks ? tx.syns - rx.syn_acks : 0;
}

// One way to be loud.
struct Rule {
    Pattern pattern;
    Direction direction;
    std::string_view metric;
    std::string_view unit;
    double per_second;
    std::function<double(const weir_pulse_slot&)> load;
    Shape shape;
    std::function<bool(const Sums&)> fits;
};

bool is_answering_download(const Sums& sums) { return sums.bytes_rx > 5 * sums.bytes_tx; }

// Packets that come in and are not answered as somebody would who asked for them.
bool is_unasked(const Sums& sums, const Thresholds& t) {
    const bool is_small = sums.small_rx >= t.small_share * sums.packets_rx;
    if (is_small && sums.packets_tx <= 0.3 * sums.packets_rx) return true;
    if (sums.syns_rx >= 0.5 * sums.packets_rx) return true;
    return sums.packets_tx <= 0.01 * sums.packets_rx;
}

std::vector<Rule> rules_of(const Window& window, const Thresholds& t) {
    constexpr double bps = slots_per_second * bits_per_byte;
    const bool is_table_full =
        window.conntrack.max != 0 &&
        (static_cast<double>(window.conntrack.failed) >= t.loss_packets ||
         static_cast<double>(window.conntrack.count) >= t.conntrack_share * static_cast<double>(window.conntrack.max));
    const auto is_mostly_foreign = [t](const Sums& sums) { return sums.foreign >= t.foreign_share * sums.flows_tx; };
    const auto is_unanswered = [t](const Sums& sums) {
        return sums.syns_tx - sums.syn_acks_rx >= t.unanswered_share * sums.syns_tx;
    };
    return {
        {.pattern = Pattern::spoofing,
         .direction = Direction::tx,
         .metric = "foreign_flows_per_second",
         .unit = "flows/s",
         .per_second = slots_per_second,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_TX].foreign_flows); },
         .shape = {.floor = t.foreign_fps / slots_per_second},
         .fits = is_mostly_foreign},
        {.pattern = Pattern::broadcast_storm,
         .direction = Direction::tx,
         .metric = "tx_group_packets_per_second",
         .unit = "packets/s",
         .per_second = slots_per_second,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_TX].group_packets); },
         .shape = {.floor = t.group_pps / slots_per_second},
         .fits = [](const Sums&) { return true; }},
        {.pattern = Pattern::scan,
         .direction = Direction::tx,
         .metric = "unanswered_syns_per_second",
         .unit = "SYN/s",
         .per_second = slots_per_second,
         .load = unanswered,
         .shape = {.floor = t.syn_pps / slots_per_second},
         .fits =
             [=](const Sums& sums) {
                 return is_unanswered(sums) && sums.resets_rx >= t.scan_reset_share * sums.syns_tx;
             }},
        {.pattern = Pattern::syn_flood,
         .direction = Direction::tx,
         .metric = "unanswered_syns_per_second",
         .unit = "SYN/s",
         .per_second = slots_per_second,
         .load = unanswered,
         .shape = {.floor = t.syn_pps / slots_per_second},
         .fits =
             [=](const Sums& sums) {
                 return is_unanswered(sums) && sums.resets_rx < t.scan_reset_share * sums.syns_tx;
             }},
        {.pattern = is_table_full ? Pattern::conntrack_pressure : Pattern::connection_churn,
         .direction = Direction::tx,
         .metric = "new_flows_per_second",
         .unit = "flows/s",
         .per_second = slots_per_second,
         .load =
             [](const weir_pulse_slot& slot) {
                 return static_cast<double>(std::max(slot.direction[WEIR_TX].new_flows, slot.direction[WEIR_TX].syns));
             },
         .shape = {.floor = t.churn_fps / slots_per_second},
         .fits = [=](const Sums& sums) { return !is_mostly_foreign(sums) || sums.foreign == 0; }},
        {.pattern = Pattern::inbound_flood,
         .direction = Direction::rx,
         .metric = "rx_packets_per_second",
         .unit = "packets/s",
         .per_second = slots_per_second,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_RX].packets); },
         .shape = {.floor = t.flood_pps / slots_per_second},
         .fits = [t](const Sums& sums) { return is_unasked(sums, t); }},
        {.pattern = Pattern::inbound_flood,
         .direction = Direction::rx,
         .metric = "rx_bits_per_second",
         .unit = "bit/s",
         .per_second = bps,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_RX].bytes); },
         .shape = {.floor = t.hog_bps / bps},
         .fits = [t](const Sums& sums) { return is_unasked(sums, t); }},
        {.pattern = Pattern::packet_flood,
         .direction = Direction::tx,
         .metric = "tx_packets_per_second",
         .unit = "packets/s",
         .per_second = slots_per_second,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_TX].packets); },
         .shape = {.floor = t.flood_pps / slots_per_second},
         .fits =
             [t](const Sums& sums) {
                 return sums.small_tx >= t.small_share * sums.packets_tx && sums.packets_tx > 1.2 * sums.packets_rx &&
                        !is_answering_download(sums);
             }},
        {.pattern = Pattern::bandwidth_hog,
         .direction = Direction::tx,
         .metric = "tx_bits_per_second",
         .unit = "bit/s",
         .per_second = bps,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_TX].bytes); },
         .shape = {.floor = t.hog_bps / bps},
         .fits = [t](const Sums& sums) { return sums.small_tx < t.small_share * sums.packets_tx; }},
        {.pattern = Pattern::bandwidth_hog,
         .direction = Direction::rx,
         .metric = "rx_bits_per_second",
         .unit = "bit/s",
         .per_second = bps,
         .load = [](const weir_pulse_slot& slot) { return static_cast<double>(slot.direction[WEIR_RX].bytes); },
         .shape = {.floor = t.hog_bps / bps},
         .fits =
             [t](const Sums& sums) { return sums.small_rx < t.small_share * sums.packets_rx && !is_unasked(sums, t); }},
        {.pattern = Pattern::microburst,
         .direction = Direction::tx,
         .metric = "tx_peak_bytes_in_a_millisecond",
         .unit = "bytes",
         .per_second = 1,
         .load =
             [t](const weir_pulse_slot& slot) {
                 const auto& tx = slot.direction[WEIR_TX];
                 const double mean = static_cast<double>(tx.bytes) / WEIR_PULSE_SLOT_MS;
                 return tx.peak_bytes >= t.burst_ratio * mean ? static_cast<double>(tx.peak_bytes) : 0.0;
             },
         .shape = {.floor = t.burst_bytes, .is_short = true},
         .fits = [](const Sums&) { return true; }},
    };
}

void add_evidence(Activity& activity, const Tenant& tenant) {
    const auto pair = [&](std::string_view metric, std::string_view unit, double factor, const auto& value) {
        const Series series = series_of(tenant, value);
        activity.evidence.push_back({metric, median(picked(series, activity.loud)) * factor,
                                     median(picked(series, activity.quiet)) * factor, unit});
    };
    const int direction = static_cast<int>(activity.direction);
    activity.evidence.push_back({activity.metric, median(picked(activity.load, activity.loud)) * activity.per_second,
                                 median(picked(activity.load, activity.quiet)) * activity.per_second, activity.unit});
    const bool is_tx = activity.direction == Direction::tx;
    if (activity.unit != "bit/s")
        pair(is_tx ? "tx_bits_per_second" : "rx_bits_per_second", "bit/s", slots_per_second * bits_per_byte,
             [=](const weir_pulse_slot& slot) { return slot.direction[direction].bytes; });
    if (activity.unit != "packets/s")
        pair(is_tx ? "tx_packets_per_second" : "rx_packets_per_second", "packets/s", slots_per_second,
             [=](const weir_pulse_slot& slot) { return slot.direction[direction].packets; });
    pair(is_tx ? "tx_peak_packets_in_a_millisecond" : "rx_peak_packets_in_a_millisecond", "packets", 1,
         [=](const weir_pulse_slot& slot) { return slot.direction[direction].peak_packets; });
}

}  // namespace

std::vector<Activity> find_activities(const Window& window, const std::vector<Tenant>& tenants,
                                      const Thresholds& thresholds) {
    std::vector<Activity> activities;
    const auto rules = rules_of(window, thresholds);
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        for (const Rule& rule : rules) {
            Activity activity;
            activity.tenant = i;
            activity.pattern = rule.pattern;
            activity.direction = rule.direction;
            activity.metric = rule.metric;
            activity.unit = rule.unit;
            activity.per_second = rule.per_second;
            activity.load = series_of(tenants[i], rule.load);
            if (!divide(activity, rule.shape, thresholds)) continue;
            if (!rule.fits(sums_of(tenants[i], activity.loud))) continue;
            add_evidence(activity, tenants[i]);
            activities.push_back(std::move(activity));
        }
    }
    return activities;
}

}  // namespace weir::noisy
