// SPDX-License-Identifier: GPL-2.0-or-later
// The steps of noisy::judge, each a pure function: series, who is loud, who is harmed.
#pragma once

#include <span>

#include "model/noisy.hpp"

namespace weir::noisy {

inline constexpr double slots_per_second = 1e9 / static_cast<double>(slot_ns);
inline constexpr double bits_per_byte = 8;

using Series = std::vector<double>;
using Mask = std::vector<char>;

// All vNICs of a tenant together. Peaks are the highest of any.
struct Tenant {
    std::string name;
    std::vector<weir_pulse_slot> slots = {};
};

std::vector<Tenant> tenants_of(const Window& window);

// Of `values`; 0 if there are none. `quantile` from 0 to 1.
double quantile(Series values, double quantile);
double median(const Series& values);
double sum(const Series& values);
// How likely a value of `high` is above one of `low`, ties half (Mann and Whitney's U over its maximum).
double separation(const Series& high, const Series& low);

template <class Value>
Series series_of(const Tenant& tenant, const Value& value) {
    Series series;
    series.reserve(tenant.slots.size());
    for (const auto& slot : tenant.slots)
        series.push_back(static_cast<double>(value(slot)));
    return series;
}
Series picked(const Series& series, const Mask& mask);

// A time in which a tenant did something loud.
struct Activity {
    std::size_t tenant = 0;
    Pattern pattern = Pattern::bandwidth_hog;
    Direction direction = Direction::tx;
    Series load;  // per slot, of what makes it loud
    Mask loud;    // by slot
    Mask quiet;   // by slot; neither: too near to a loud one
    std::size_t episodes = 0;
    std::size_t begin = 0;
    std::string_view metric;  // of the load
    std::string_view unit;
    double per_second = 1;  // from a slot's load to the metric's unit
    std::vector<Evidence> evidence;
};

// Where harm of a kind can be at all: decided once a tenant, from its best and worst slots, whatever the accused. Most
// tenants are well all the time, and need no comparison with anybody.
struct Frailty {
    bool latency[WEIR_DIRECTIONS] = {};  // by side
    bool burst_latency = false;
    bool loss = false;
    bool answers = false;
    [[nodiscard]] bool is_any() const { return latency[0] || latency[1] || burst_latency || loss || answers; }
};
Frailty frailty_of(const Tenant& tenant, const Thresholds& thresholds);

std::vector<Activity> find_activities(const Window& window, const std::vector<Tenant>& tenants,
                                      const Thresholds& thresholds);

// What the activity did to a tenant; nothing if nothing. What spoke against it goes to `dismissed`.
std::vector<Victim> find_harm(const Activity& activity, const std::vector<Tenant>& tenants, std::size_t victim,
                              const Frailty& frailty, const Thresholds& thresholds,
                              std::vector<std::string>& dismissed);

// The command that mends it; empty if none of this host does.
std::string remedy_of(const Activity& activity, const std::vector<Tenant>& tenants, const std::vector<Victim>& victims,
                      const Window& window);

}  // namespace weir::noisy
