// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/noisy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/units.hpp"
#include "model/noisy_parts.hpp"

namespace weir::noisy {
namespace {

// Of an accused with an excuse, as many others are looked at: the rest would be two hundred sentences.
constexpr std::size_t excused_victims = 4;

// Of the slots in `at`.
double mean_at(const Series& load, const std::vector<std::size_t>& at) {
    double total = 0;
    for (const std::size_t i : at)
        total += load[i];
    return at.empty() ? 0 : total / static_cast<double>(at.size());
}

std::vector<std::size_t> places_of(const Mask& mask) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < mask.size(); ++i)
        if (mask[i] != 0) places.push_back(i);
    return places;
}

double load_in(const Series& load, const Mask& mask) { return mean_at(load, places_of(mask)); }

// What tenants are compared by.
enum class Load { flows, syns, group_packets, peak, bytes, packets };
constexpr std::size_t loads = 6;

Load load_of(const Activity& activity) {
    switch (activity.pattern) {
    case Pattern::spoofing:
    case Pattern::connection_churn:
    case Pattern::conntrack_pressure:
        return Load::flows;
    case Pattern::syn_flood:
    case Pattern::scan:
        return Load::syns;
    case Pattern::broadcast_storm:
        return Load::group_packets;
    case Pattern::microburst:
        return Load::peak;
    default:
        return activity.unit == "bit/s" ? Load::bytes : Load::packets;
    }
}

double value_of(const weir_pulse_direction& own, Load load) {
    switch (load) {
    case Load::flows:
        return std::max(own.new_flows, own.syns);
    case Load::syns:
        return own.syns;
    case Load::group_packets:
        return own.group_packets;
    case Load::peak:
        return own.peak_bytes;
    case Load::bytes:
        return static_cast<double>(own.bytes);
    case Load::packets:
        return own.packets;
    }
    return 0;
}

// The loads of all tenants, each made once: by 200 tenants times as many activities they are asked for.
class Loads {
public:
    explicit Loads(const std::vector<Tenant>& tenants) : tenants_(tenants) {}

    struct One {
        Series series;
        double high = 0;  // 0.9 quantile
    };
    const std::vector<One>& of(Load load, Direction direction) {
        auto& all = made_[static_cast<std::size_t>(load) * WEIR_DIRECTIONS + static_cast<std::size_t>(direction)];
        if (all.empty())
            for (const Tenant& tenant : tenants_) {
                auto series = series_of(tenant, [&](const weir_pulse_slot& slot) {
                    return value_of(slot.direction[static_cast<int>(direction)], load);
                });
                const double high = quantile(series, 0.9);
                all.push_back({std::move(series), high});
            }
        return all;
    }

private:
    const std::vector<Tenant>& tenants_;
    std::array<std::vector<One>, loads * WEIR_DIRECTIONS> made_;
};

// How much of a loud tenant, 0 to 1, one with this load is beside one that does `own`. Half of that is a whole one, a
// quarter is half of one: connections share an uplink unevenly, so few of a crowd have their even share. Less is
// nothing: a hundred small tenants are not three loud ones.
double part_of_crowd(double load, double own) { return 4 * load < own ? 0 : std::min(1.0, 2 * load / own); }

// Why this one is not to blame though others are harmed when it is loud; empty if it is.
std::string exoneration(const Activity& activity, const std::vector<Tenant>& tenants, Loads& made,
                        const Thresholds& t) {
    const std::string& name = tenants[activity.tenant].name;
    const auto& each = made.of(load_of(activity), activity.direction);
    const auto places = places_of(activity.loud);
    const double own = mean_at(each[activity.tenant].series, places);
    double all = 0;
    double crowd = 0;
    for (const auto& tenant : each) {
        const double load = mean_at(tenant.series, places);
        all += load;
        // Also at other moments: who shares with many gets less while this one is there.
        crowd += part_of_crowd(std::max(load, tenant.high), own);
    }
    if (std::round(crowd) >= t.crowd)
        return fmt::format("{} is one of {:.0f} loud tenants: the host is too small for all of them", name,
                           std::round(crowd));
    if (activity.pattern != Pattern::microburst && own < t.share * all)
        return fmt::format("{} does {:.0f} % of what all tenants do", name, 100 * own / all);
    return {};
}

// Whether what a tenant received was sent by another tenant of this host.
const Activity* local_sender(const Activity& received, const std::vector<Activity>& activities,
                             const std::vector<Tenant>& tenants) {
    if (received.direction != Direction::rx) return nullptr;
    const auto load = [&](const Tenant& tenant, int direction) {
        return load_in(series_of(tenant, [&](const weir_pulse_slot& slot) { return slot.direction[direction].bytes; }),
                       received.loud);
    };
    const double got = load(tenants[received.tenant], WEIR_RX);
    for (const Activity& sent : activities) {
        if (sent.tenant == received.tenant || sent.direction != Direction::tx) continue;
        std::size_t both = 0, loud = 0;
        for (std::size_t i = 0; i < sent.loud.size(); ++i) {
            loud += received.loud[i] != 0 ? 1 : 0;
            both += received.loud[i] != 0 && sent.loud[i] != 0 ? 1 : 0;
        }
        const double gave = load(tenants[sent.tenant], WEIR_TX);
        if (both * 10 >= loud * 8 && gave >= 0.6 * got) return &sent;
    }
    return nullptr;
}

// The more specific says more. Where the host's table of connections is full, SYNs are without an answer for that.
int rank(Pattern pattern) {
    switch (pattern) {
    case Pattern::spoofing:
        return 0;
    case Pattern::broadcast_storm:
        return 1;
    case Pattern::conntrack_pressure:
        return 2;
    case Pattern::scan:
        return 3;
    case Pattern::syn_flood:
        return 4;
    case Pattern::inbound_flood:
        return 5;
    case Pattern::packet_flood:
        return 6;
    case Pattern::connection_churn:
        return 7;
    case Pattern::bandwidth_hog:
        return 8;
    case Pattern::microburst:
        return 9;
    }
    return 10;
}

std::uint64_t two_digits(double value) {
    if (value < 1) return 1;
    const double scale = std::pow(10, std::floor(std::log10(value)) - 1);
    return static_cast<std::uint64_t>(scale <= 1 ? std::ceil(value) : std::floor(value / scale) * scale);
}

std::string rate_word(double bps) { return print_rate(two_digits(std::max(bps, static_cast<double>(limit_min_bps)))); }

// Whether what a limit of the tenant delays is held where it leaves. Where nothing does, the queue of shape is a burst
// of 100 ms, and a burst is what the others wait for.
bool is_held(const std::string& tenant, Direction direction, const Window& window) {
    bool is_any = false;
    for (const auto& vnic : window.vnics) {
        if (direction == Direction::tx ? vnic.role != Role::uplink : vnic.tenant != tenant) continue;
        if (!vnic.is_paced) return false;
        is_any = true;
    }
    return is_any;
}

}  // namespace

std::string remedy_of(const Activity& activity, const std::vector<Tenant>& tenants, const std::vector<Victim>& victims,
                      const Window& window) {
    const Tenant& tenant = tenants[activity.tenant];
    const int direction = static_cast<int>(activity.direction);
    const std::string way = activity.direction == Direction::tx ? "tx" : "rx";
    const auto bytes = [&](const Tenant& whose) {
        return series_of(whose, [&](const weir_pulse_slot& slot) { return slot.direction[direction].bytes; });
    };
    const auto packets =
        series_of(tenant, [&](const weir_pulse_slot& slot) { return slot.direction[direction].packets; });
    const double loud_bps = load_in(bytes(tenant), activity.loud) * slots_per_second * bits_per_byte;
    const double quiet_bps = quantile(picked(bytes(tenant), activity.quiet), 0.9) * slots_per_second * bits_per_byte;
    const double quiet_pps = quantile(picked(packets, activity.quiet), 0.9) * slots_per_second;
    const double loud_pps = load_in(packets, activity.loud) * slots_per_second;

    const bool is_shaped = is_held(tenant.name, activity.direction, window);

    // It has filled the uplink before this host can drop any of it.
    if (activity.pattern == Pattern::inbound_flood) return {};
    if (activity.pattern == Pattern::bandwidth_hog) {
        double others = 0, capacity = 0;
        for (const Tenant& other : tenants)
            if (&other != &tenant)
                others += quantile(picked(bytes(other), activity.quiet), 0.9) * slots_per_second * bits_per_byte;
        for (const auto& vnic : window.vnics)
            if (vnic.role == Role::uplink && vnic.capacity_bps != 0) capacity += static_cast<double>(vnic.capacity_bps);
        double rate = loud_bps / 4;
        // Who loses throughput while what passed before was of that size had filled the uplink without the accused:
        // an eighth of it is what the others can do without.
        const double passed = others + quiet_bps;
        if (passed >= rate &&
            std::ranges::any_of(victims, [](const Victim& one) { return one.harm == Harm::throughput; }))
            rate = std::min(rate, passed / 8);
        rate = std::max(rate, quiet_bps);
        if (capacity > 0)
            rate = std::max(capacity / (2 * static_cast<double>(tenants.size())),
                            std::min(0.8 * capacity - others, loud_bps / 2));
        return fmt::format("weir limit set {} --{}-max {}{}", tenant.name, way, rate_word(rate),
                           is_shaped ? "" : " --mode police --burst 5ms");
    }
    if (activity.pattern == Pattern::microburst) {
        return fmt::format("weir limit set {} --{}-max {}{} --burst 1ms", tenant.name, way, rate_word(2 * loud_bps),
                           is_shaped ? "" : " --mode police");
    }
    // Packets: twice what it usually does, and some for what it has not shown yet.
    const double pps = std::max({2 * quiet_pps, 100.0, loud_pps / 100});
    return fmt::format("weir limit set {} --{}-pps {}", tenant.name, way, two_digits(pps));
}

Report judge(const Window& window, const Thresholds& thresholds) {
    Report report;
    report.window_ns = window.slots * slot_ns;
    const auto tenants = tenants_of(window);
    const auto activities = find_activities(window, tenants, thresholds);
    std::vector<Frailty> frailties;
    frailties.reserve(tenants.size());
    for (const Tenant& tenant : tenants)
        frailties.push_back(frailty_of(tenant, thresholds));
    Loads made(tenants);
    std::map<std::size_t, std::vector<Neighbour>> by_tenant;
    for (const Activity& activity : activities) {
        const std::string& name = tenants[activity.tenant].name;
        Neighbour neighbour{.tenant = name, .pattern = activity.pattern, .direction = activity.direction};
        auto excuse = exoneration(activity, tenants, made, thresholds);
        for (std::size_t i = 0, compared = 0; i < tenants.size(); ++i) {
            // Who has an excuse is accused in no case: what is said of it needs one victim, or a few that are none.
            if (!excuse.empty() && (!neighbour.victims.empty() || compared == excused_victims)) break;
            compared += frailties[i].is_any() ? 1 : 0;
            if (i == activity.tenant && activity.pattern != Pattern::inbound_flood) continue;
            auto victims = find_harm(activity, tenants, i, frailties[i], thresholds, neighbour.alternatives);
            std::ranges::move(victims, std::back_inserter(neighbour.victims));
        }
        if (neighbour.victims.empty()) {
            for (const auto& words : neighbour.alternatives)
                report.dismissed.push_back(fmt::format("{} ({}): {}", name, to_string(activity.pattern), words));
            continue;
        }
        if (!excuse.empty()) {
            report.dismissed.push_back(std::move(excuse));
            continue;
        }
        if (const Activity* sender = local_sender(activity, activities, tenants)) {
            report.dismissed.push_back(fmt::format("{} ({}): what it received came from {}", name,
                                                   to_string(activity.pattern), tenants[sender->tenant].name));
            continue;
        }
        neighbour.begin = activity.begin;
        neighbour.loud_slots = static_cast<std::size_t>(std::ranges::count(activity.loud, 1));
        neighbour.episodes = activity.episodes;
        neighbour.evidence = activity.evidence;
        neighbour.remedy = remedy_of(activity, tenants, neighbour.victims, window);
        if (neighbour.remedy.empty())
            neighbour.advice =
                fmt::format("have what is sent to {} dropped before the uplink: what arrives has done its harm", name);
        for (const Victim& victim : neighbour.victims)
            neighbour.certainty = std::max(neighbour.certainty, victim.certainty);
        by_tenant[activity.tenant].push_back(std::move(neighbour));
    }
    for (auto& [tenant, patterns] : by_tenant) {
        const auto best = std::ranges::min_element(patterns, {}, [](const Neighbour& n) { return rank(n.pattern); });
        report.neighbours.push_back(std::move(*best));
    }
    std::ranges::sort(report.neighbours, std::greater<>(), &Neighbour::certainty);
    std::ranges::sort(report.dismissed);
    const auto [first, last] = std::ranges::unique(report.dismissed);
    report.dismissed.erase(first, last);
    return report;
}

}  // namespace weir::noisy
