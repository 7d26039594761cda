// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/noisy_record.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "config/document.hpp"
#include "config/strict_json.hpp"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

// 24 hours: more is no window but a mistake.
constexpr std::uint64_t slots_max = 864'000;
// A minute of 200 busy vNICs is 24 MB.
constexpr std::size_t text_max = std::size_t{1} << 30;

// A number of a slot by its name in the file.
struct Field {
    std::string_view name;
    std::uint64_t (*get)(const weir_pulse_direction&);
    void (*set)(weir_pulse_direction&, std::uint64_t);
};

#define WEIR_RECORD_FIELD(name)                                                                                        \
    Field {                                                                                                            \
        #name, [](const weir_pulse_direction& slot) -> std::uint64_t { return slot.name; },                            \
            [](weir_pulse_direction& slot, std::uint64_t value) {                                                      \
                slot.name = static_cast<decltype(slot.name)>(value);                                                   \
            }                                                                                                          \
    }

constexpr std::array fields{
    WEIR_RECORD_FIELD(bytes),
    WEIR_RECORD_FIELD(packets),
    WEIR_RECORD_FIELD(small_packets),
    WEIR_RECORD_FIELD(peak_bytes),
    WEIR_RECORD_FIELD(peak_packets),
    WEIR_RECORD_FIELD(new_flows),
    WEIR_RECORD_FIELD(syns),
    WEIR_RECORD_FIELD(syn_acks),
    WEIR_RECORD_FIELD(resets),
    WEIR_RECORD_FIELD(group_packets),
    WEIR_RECORD_FIELD(arp_packets),
    WEIR_RECORD_FIELD(foreign_flows),
    WEIR_RECORD_FIELD(retransmits),
    WEIR_RECORD_FIELD(unseen),
    WEIR_RECORD_FIELD(drop_packets),
    WEIR_RECORD_FIELD(delayed_packets),
    WEIR_RECORD_FIELD(rtt_count),
    WEIR_RECORD_FIELD(rtt_sum_ns),
    WEIR_RECORD_FIELD(rtt_max_ns),
    Field{"rtt_min_ns",
          [](const weir_pulse_direction& slot) -> std::uint64_t {
              return slot.rtt_not_min_ns == 0 ? 0 : std::uint32_t{~slot.rtt_not_min_ns};
          },
          [](weir_pulse_direction& slot, std::uint64_t value) {
              slot.rtt_not_min_ns = value == 0 ? 0 : ~static_cast<std::uint32_t>(value);
          }},
    WEIR_RECORD_FIELD(host_count),
    WEIR_RECORD_FIELD(host_sum_ns),
    WEIR_RECORD_FIELD(host_max_ns),
};
#undef WEIR_RECORD_FIELD

Json direction_json(const std::vector<weir_pulse_slot>& slots, int direction) {
    Json json = Json::object();
    for (const Field& field : fields) {
        const auto value = [&](const weir_pulse_slot& slot) { return field.get(slot.direction[direction]); };
        if (std::ranges::all_of(slots, [&](const weir_pulse_slot& slot) { return value(slot) == 0; })) continue;
        Json list = Json::array();
        for (const auto& slot : slots)
            list.push_back(value(slot));
        json[std::string(field.name)] = std::move(list);
    }
    return json;
}

class Reader {
public:
    explicit Reader(const std::string& name) : what_(fmt::format("cannot use {}", name)) {}

    Result<noisy::Window> window(const Json& root) const {
        WEIR_CHECK(keys("", root, {"schema_version", "kind", "slot_ns", "first_slot", "slots", "conntrack", "vnics"}));
        if (root["schema_version"] != 1) return bad("/schema_version", "1", root["schema_version"]);
        if (root["kind"] != "weir record") return bad("/kind", "\"weir record\"", root["kind"]);
        if (root["slot_ns"] != noisy::slot_ns) return bad("/slot_ns", std::to_string(noisy::slot_ns), root["slot_ns"]);
        noisy::Window window;
        WEIR_TRY(window.first_slot,
                 number("/first_slot", root["first_slot"], std::numeric_limits<std::uint64_t>::max()));
        WEIR_TRY(const auto slots, number("/slots", root["slots"], slots_max));
        window.slots = static_cast<std::size_t>(slots);
        const Json& conntrack = root["conntrack"];
        WEIR_CHECK(keys("/conntrack", conntrack, {"count", "max", "failed"}));
        constexpr auto any = std::numeric_limits<std::uint64_t>::max();
        WEIR_TRY(window.conntrack.count, number("/conntrack/count", conntrack["count"], any));
        WEIR_TRY(window.conntrack.max, number("/conntrack/max", conntrack["max"], any));
        WEIR_TRY(window.conntrack.failed, number("/conntrack/failed", conntrack["failed"], any));
        if (!root["vnics"].is_array() || root["vnics"].size() > WEIR_VNICS_MAX)
            return bad("/vnics", "an array of vNICs", root["vnics"]);
        for (std::size_t i = 0; i < root["vnics"].size(); ++i) {
            WEIR_TRY(auto pulse, vnic(fmt::format("/vnics/{}", i), root["vnics"][i], window.slots));
            window.vnics.push_back(std::move(pulse));
        }
        return window;
    }

private:
    Result<noisy::VnicPulse> vnic(const std::string& place, const Json& json, std::size_t slots) const {
        // Records before it was written have no "paced".
        const bool is_older = json.is_object() && !json.contains("paced");
        WEIR_CHECK(keys(place, json,
                        {"interface", "tenant", "role", "capacity_bps", "tx_max_bps", "rx_max_bps",
                         is_older ? "tx" : "paced", "tx", "rx"}));
        noisy::VnicPulse pulse;
        if (!is_older && !json["paced"].is_boolean()) return bad(place + "/paced", "true or false", json["paced"]);
        pulse.is_paced = !is_older && json["paced"].get<bool>();
        for (const char* key : {"interface", "tenant", "role"})
            if (!json[key].is_string()) return bad(fmt::format("{}/{}", place, key), "a string", json[key]);
        pulse.interface = json["interface"].get<std::string>();
        pulse.tenant = json["tenant"].get<std::string>();
        const auto role = role_from(json["role"].get<std::string>());
        if (!role) return bad(place + "/role", "vnic, uplink or guest", json["role"]);
        pulse.role = *role;
        constexpr auto any = std::numeric_limits<std::uint64_t>::max();
        WEIR_TRY(pulse.capacity_bps, number(place + "/capacity_bps", json["capacity_bps"], any));
        WEIR_TRY(pulse.tx_max_bps, number(place + "/tx_max_bps", json["tx_max_bps"], any));
        WEIR_TRY(pulse.rx_max_bps, number(place + "/rx_max_bps", json["rx_max_bps"], any));
        pulse.slots.resize(slots);
        WEIR_CHECK(series(place + "/tx", json["tx"], WEIR_TX, pulse.slots));
        WEIR_CHECK(series(place + "/rx", json["rx"], WEIR_RX, pulse.slots));
        return pulse;
    }

    Result<void> series(const std::string& place, const Json& json, int direction,
                        std::vector<weir_pulse_slot>& slots) const {
        if (!json.is_object()) return bad(place, "an object", json);
        for (const auto& [key, list] : json.items()) {
            const auto at = place + pointer_step(key);
            const auto* const field = std::ranges::find(fields, std::string_view(key), &Field::name);
            if (field == fields.end()) return bad(at, "a field of a pulse", list);
            if (!list.is_array() || list.size() != slots.size())
                return bad(at, fmt::format("a list of {} numbers", slots.size()), list);
            for (std::size_t i = 0; i < slots.size(); ++i) {
                WEIR_TRY(const auto value,
                         number(fmt::format("{}/{}", at, i), list[i], std::numeric_limits<std::uint64_t>::max()));
                field->set(slots[i].direction[direction], value);
            }
        }
        return {};
    }

    Result<void> keys(const std::string& place, const Json& json, std::initializer_list<std::string_view> known) const {
        if (!json.is_object()) return bad(place, "an object", json);
        for (const auto& [key, unused] : json.items())
            if (std::ranges::find(known, std::string_view(key)) == known.end())
                return fail(Errc::usage, what_, place + pointer_step(key) + ": unknown key");
        for (const std::string_view key : known)
            if (!json.contains(key))
                return fail(Errc::usage, what_,
                            fmt::format("{}: expected the key \"{}\", which is missing", pointer_text(place), key));
        return {};
    }

    Result<std::uint64_t> number(const std::string& place, const Json& json, std::uint64_t most) const {
        if (!json.is_number_unsigned() || json.get<std::uint64_t>() > most)
            return bad(place, fmt::format("a whole number up to {}", most), json);
        return json.get<std::uint64_t>();
    }

    std::unexpected<Error> bad(const std::string& place, std::string_view wanted, const Json& found) const {
        return fail(Errc::usage, what_,
                    fmt::format("{}: expected {}, found {}", pointer_text(place), wanted, shown(found)));
    }

    std::string what_;
};

}  // namespace

std::string print_record(const noisy::Window& window) {
    Json json{{"schema_version", 1},
              {"kind", "weir record"},
              {"slot_ns", noisy::slot_ns},
              {"first_slot", window.first_slot},
              {"slots", window.slots},
              {"conntrack",
               {{"count", window.conntrack.count}, {"max", window.conntrack.max}, {"failed", window.conntrack.failed}}},
              {"vnics", Json::array()}};
    for (const auto& vnic : window.vnics)
        json["vnics"].push_back({{"interface", vnic.interface},
                                 {"tenant", vnic.tenant},
                                 {"role", to_string(vnic.role)},
                                 {"capacity_bps", vnic.capacity_bps},
                                 {"tx_max_bps", vnic.tx_max_bps},
                                 {"rx_max_bps", vnic.rx_max_bps},
                                 {"paced", vnic.is_paced},
                                 {"tx", direction_json(vnic.slots, WEIR_TX)},
                                 {"rx", direction_json(vnic.slots, WEIR_RX)}});
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<noisy::Window> parse_record(std::string_view json_text, const std::string& name) {
    WEIR_TRY(const Json root, parse_strict_json(json_text, fmt::format("cannot read {}", name)));
    return Reader(name).window(root);
}

Result<noisy::Window> load_record(const std::string& path) {
    WEIR_TRY(const std::string text, load_text(path, text_max));
    return parse_record(text, path == "-" ? "standard input" : path);
}

}  // namespace weir
