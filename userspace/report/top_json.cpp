// SPDX-License-Identifier: GPL-2.0-or-later
// The same as JSON, of report/top.hpp.
#include <cmath>

#include "report/parts.hpp"
#include "report/top.hpp"

namespace weir {
namespace {

Json way_json(const WayLoad& way) {
    Json json{{"rate_bps", std::llround(way.bits_per_second)},
              {"rate_pps", way.packets_per_second},
              {"drop_packets", way.drop_packets},
              {"max_bps", nullptr},
              {"fair_bps", nullptr}};
    if (way.max_bps != 0) json["max_bps"] = way.max_bps;
    if (way.fair_bps != 0) json["fair_bps"] = way.fair_bps;
    json["held_by"] = Json::array();
    for (const auto word : way.held_by)
        json["held_by"].push_back(word);
    return json;
}

Json load_json(const TenantLoad& load) {
    Json json{{"tenant", json_text(load.tenant)}, {"interfaces", Json::array()}};
    for (const auto& interface : load.interfaces)
        json["interfaces"].push_back(json_text(interface));
    for (Direction direction : directions)
        json[to_string(direction)] = way_json(load.of(direction));
    const auto set = [&](const char* key, const std::optional<std::uint64_t>& value) {
        json[key] = nullptr;
        if (value) json[key] = *value;
    };
    set("flows", load.flows);
    set("host_p99_ns", load.host_p99_ns);
    set("rtt_network_p99_ns", load.rtt_p99_ns);
    json["disturbs"] = Json::array();
    for (const auto pattern : load.disturbs)
        json["disturbs"].push_back(noisy::to_string(pattern));
    json["suffers"] = Json::array();
    for (const auto harm : load.suffers)
        json["suffers"].push_back(noisy::to_string(harm));
    return json;
}

}  // namespace

Json top_json(const TopFrame& frame, const TopState& state) {
    Json json = json_object();
    json["taken_ns"] = frame.taken_ns;
    json["window_ns"] = frame.loads.window_ns;
    json["tenants"] = Json::array();
    for (const TenantLoad& load : listed(frame, state))
        json["tenants"].push_back(load_json(load));
    json["uplinks"] = Json::array();
    for (const TenantLoad& uplink : frame.loads.uplinks)
        json["uplinks"].push_back({{"interface", json_text(uplink.tenant)},
                                   {"tx", way_json(uplink.of(Direction::tx))},
                                   {"rx", way_json(uplink.of(Direction::rx))}});
    return json;
}

}  // namespace weir
