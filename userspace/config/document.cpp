// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <numeric>
#include <span>

#include "config/names.hpp"
#include "config/strict_json.hpp"
#include "core/units.hpp"
#include "model/guard.hpp"
#include "model/noisy.hpp"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> document_keys{"$schema", "schema_version", "vnics", "limits", "noisy"};
constexpr std::array<std::string_view, 8> vnic_keys{"interface", "tenant",   "role",        "ingress_hook",
                                                    "flows",     "capacity", "capacity_rx", "addresses"};

constexpr std::array<std::string_view, 11> limit_keys{"tenant", "tx_max", "rx_max", "tx_min", "rx_min",        "weight",
                                                      "tx_pps", "rx_pps", "burst",  "mode",   "overhead_bytes"};

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < a.size(); i++) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); j++) {
            std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

// Reads one document. The first problem ends it.
class Reader {
public:
    explicit Reader(const std::string& name) : what_(fmt::format("cannot use {}", name)) {}

    Result<Document> document(const Json& root) const {
        WEIR_CHECK(object("", root, document_keys, {"schema_version", "vnics"}));
        if (root.contains("$schema") && !root["$schema"].is_string())
            return expected("/$schema", "a string", root["$schema"]);
        if (whole(root["schema_version"]) != 1) return expected("/schema_version", "1", root["schema_version"]);
        const Json& vnics = root["vnics"];
        if (!vnics.is_array()) return expected("/vnics", "an array", vnics);
        if (vnics.size() > WEIR_VNICS_MAX)
            return bad("/vnics", fmt::format("expected at most {} entries, found {}", WEIR_VNICS_MAX, vnics.size()));

        Document document;
        std::map<std::string, std::size_t> seen;
        for (std::size_t i = 0; i < vnics.size(); i++) {
            std::string place = fmt::format("/vnics/{}", i);
            WEIR_TRY(VnicSpec spec, vnic(place, vnics[i]));
            auto [first, is_new] = seen.emplace(spec.interface, i);
            if (!is_new)
                return bad(place + "/interface", fmt::format("expected an interface that is not in the document yet, "
                                                             "found {} of /vnics/{} again",
                                                             shown(spec.interface), first->second));
            document.vnics.push_back(std::move(spec));
        }
        if (root.contains("limits")) {
            WEIR_TRY(document.limits, limits(root["limits"]));
        }
        if (root.contains("noisy")) {
            WEIR_TRY(document.noisy, thresholds(root["noisy"]));
        }
        return document;
    }

private:
    Result<std::map<std::string, double>> thresholds(const Json& value) const {
        if (!value.is_object()) return expected("/noisy", "an object", value);
        std::vector<std::string_view> known;
        for (const auto& info : noisy::threshold_table())
            known.push_back(info.name);
        WEIR_CHECK(object("/noisy", value, known, {}));
        std::map<std::string, double> found;
        for (const auto& [key, number] : value.items()) {
            if (!number.is_number() || number.get<double>() < 0)
                return expected("/noisy" + pointer_step(key), "a number that is not negative", number);
            found[key] = number.get<double>();
        }
        return found;
    }

    Result<std::vector<TenantLimit>> limits(const Json& value) const {
        if (!value.is_array()) return expected("/limits", "an array", value);
        if (value.size() > WEIR_TENANTS_MAX)
            return bad("/limits", fmt::format("expected at most {} entries, found {}", WEIR_TENANTS_MAX, value.size()));
        std::vector<TenantLimit> found;
        std::map<std::string, std::size_t> seen;
        for (std::size_t i = 0; i < value.size(); i++) {
            const std::string place = fmt::format("/limits/{}", i);
            WEIR_TRY(TenantLimit entry, tenant_limit(place, value[i]));
            const auto [first, is_new] = seen.emplace(entry.tenant, i);
            if (!is_new)
                return bad(place + "/tenant", fmt::format("expected a tenant whose limits are not in the document yet, "
                                                          "found {} of /limits/{} again",
                                                          shown(entry.tenant), first->second));
            found.push_back(std::move(entry));
        }
        return found;
    }

    Result<TenantLimit> tenant_limit(const std::string& place, const Json& value) const {
        WEIR_CHECK(object(place, value, limit_keys, {"tenant"}));
        TenantLimit entry;
        Limit& limit = entry.limit;
        WEIR_TRY(entry.tenant, name(place + "/tenant", value["tenant"], tenant_name_problem));
        WEIR_TRY(limit.tx.max_bps, optional_rate(place, value, "tx_max"));
        WEIR_TRY(limit.rx.max_bps, optional_rate(place, value, "rx_max"));
        WEIR_TRY(limit.tx.min_bps, optional_rate(place, value, "tx_min"));
        WEIR_TRY(limit.rx.min_bps, optional_rate(place, value, "rx_min"));
        WEIR_TRY(limit.weight, optional_weight(place, value));
        WEIR_TRY(limit.tx.packets_per_second, optional_pps(place, value, "tx_pps"));
        WEIR_TRY(limit.rx.packets_per_second, optional_pps(place, value, "rx_pps"));
        if (!limit.is_set())
            return bad(
                place,
                R"(expected at least one of the keys "tx_max", "rx_max", "tx_min", "rx_min", "weight", "tx_pps" and "rx_pps")");
        if (value.contains("mode")) {
            WEIR_TRY(limit.mode, word(place + "/mode", value["mode"], limit_mode_from, "shape, mark or police"));
        }
        if (value.contains("burst")) {
            WEIR_TRY(limit.burst_ns, burst(place + "/burst", value["burst"]));
        }
        if (value.contains("overhead_bytes")) {
            WEIR_TRY(limit.overhead_bytes, overhead(place + "/overhead_bytes", value["overhead_bytes"]));
        }
        return entry;
    }

    Result<std::uint64_t> optional_rate(const std::string& place, const Json& object, const char* key) const {
        if (!object.contains(key)) return 0;
        const auto at = fmt::format("{}/{}", place, key);
        WEIR_TRY(const auto bps, rate(at, object[key], "100mbit"));
        if (const auto wanted = limit_rate_problem(bps)) return expected(at, *wanted, object[key]);
        return bps;
    }

    Result<std::uint64_t> optional_pps(const std::string& place, const Json& object, const char* key) const {
        if (!object.contains(key)) return 0;
        const auto number = whole(object[key]);
        const auto wanted = limit_pps_problem(number.value_or(0));
        if (wanted) return expected(fmt::format("{}/{}", place, key), *wanted, object[key]);
        return *number;
    }

    Result<std::uint32_t> optional_weight(const std::string& place, const Json& object) const {
        if (!object.contains("weight")) return 0;
        const auto number = whole(object["weight"]);
        if (const auto wanted = limit_weight_problem(number.value_or(0)))
            return expected(place + "/weight", *wanted, object["weight"]);
        return static_cast<std::uint32_t>(*number);
    }

    Result<std::uint64_t> burst(const std::string& place, const Json& value) const {
        if (!value.is_string()) return expected(place, "a time such as \"2ms\"", value);
        const auto time_ns = parse_time(value.get_ref<const std::string&>());
        if (!time_ns)
            return fail(Errc::usage, what_,
                        fmt::format("{}: expected a time such as \"2ms\", found {}: {}", place, shown(value),
                                    time_ns.error().evidence),
                        time_ns.error().hint);
        if (const auto wanted = limit_burst_problem(*time_ns)) return expected(place, *wanted, value);
        return *time_ns;
    }

    Result<std::int32_t> overhead(const std::string& place, const Json& value) const {
        // -20.0 is an integer in JSON Schema too. Beyond 2^53 nothing is in range, so a double tells it.
        const double number = value.is_number() ? value.get<double>() : limit_max_overhead_bytes + 1;
        const auto wanted = limit_overhead_problem(number == std::floor(number) && std::abs(number) < 0x1p53
                                                       ? static_cast<std::int64_t>(number)
                                                       : limit_max_overhead_bytes + 1);
        if (wanted) return expected(place, *wanted, value);
        return static_cast<std::int32_t>(number);
    }

    Result<std::uint64_t> rate(const std::string& place, const Json& value, std::string_view example) const {
        const auto wanted = fmt::format("a rate such as \"{}\"", example);
        if (!value.is_string()) return expected(place, wanted, value);
        auto rate = parse_rate(value.get_ref<const std::string&>());
        if (!rate)
            return fail(
                Errc::usage, what_,
                fmt::format("{}: expected {}, found {}: {}", place, wanted, shown(value), rate.error().evidence),
                rate.error().hint);
        return *rate;
    }

    Result<VnicSpec> vnic(const std::string& place, const Json& value) const {
        WEIR_CHECK(object(place, value, vnic_keys, {"interface"}));
        VnicSpec spec;
        WEIR_TRY(spec.interface, name(place + "/interface", value["interface"], interface_name_problem));
        if (value.contains("tenant")) {
            WEIR_TRY(spec.tenant, name(place + "/tenant", value["tenant"], tenant_name_problem));
        }
        if (value.contains("role")) {
            WEIR_TRY(spec.role, word(place + "/role", value["role"], role_from, "vnic, uplink or guest"));
        }
        if (value.contains("ingress_hook")) {
            WEIR_TRY(spec.ingress,
                     word(place + "/ingress_hook", value["ingress_hook"], ingress_choice_from, "auto, tc or xdp"));
        }
        if (value.contains("flows")) {
            WEIR_TRY(spec.flows, flows(place + "/flows", value["flows"]));
        }
        if (value.contains("capacity")) {
            spec.no_capacity = value["capacity"] == "none" && spec.role == Role::uplink;
            if (!spec.no_capacity) {
                WEIR_TRY(spec.capacity_bps, capacity(place + "/capacity", value["capacity"], spec.role));
            }
        }
        if (value.contains("addresses")) {
            WEIR_TRY(spec.addresses, addresses(place + "/addresses", value["addresses"], spec.role));
        }
        if (value.contains("capacity_rx")) {
            const auto at = place + "/capacity_rx";
            WEIR_TRY(spec.capacity_rx_bps, capacity(at, value["capacity_rx"], spec.role));
            if (spec.capacity_bps == 0) return bad(at, R"(expected only with a rate as "capacity")");
        }
        return spec;
    }

    Result<std::vector<Prefix>> addresses(const std::string& place, const Json& value, Role role) const {
        const auto wanted = fmt::format("an array of 1 to {} addresses", guard_prefixes_max);
        if (role != Role::vnic)
            return bad(place, fmt::format("expected only with the role vnic, found with the role {}", to_string(role)));
        if (!value.is_array() || value.empty()) return expected(place, wanted, value);
        if (value.size() > guard_prefixes_max)
            return bad(place, fmt::format("expected {}, found {}", wanted, value.size()));
        std::vector<Prefix> found;
        for (std::size_t i = 0; i < value.size(); i++) {
            const auto at = fmt::format("{}/{}", place, i);
            if (!value[i].is_string()) return expected(at, R"(an address such as "10.0.0.2" or "fd00::/64")", value[i]);
            auto prefix = guard_prefix_from(value[i].get_ref<const std::string&>());
            if (!prefix)
                return fail(Errc::usage, what_,
                            fmt::format(R"({}: expected an address such as "10.0.0.2" or "fd00::/64", found {}: {})",
                                        at, shown(value[i]), prefix.error().evidence),
                            prefix.error().hint);
            found.push_back(*prefix);
        }
        if (const auto problem = guard_list_problem(found)) return bad(place, "expected " + *problem);
        return found;
    }

    Result<void> object(const std::string& place, const Json& value, std::span<const std::string_view> known,
                        std::initializer_list<std::string_view> required) const {
        if (!value.is_object()) return expected(place, "an object", value);
        for (const auto& [key, unused] : value.items()) {
            if (std::ranges::find(known, key) == known.end()) return unknown_key(place, key, known);
        }
        for (std::string_view key : required) {
            if (!value.contains(key)) return bad(place, fmt::format("expected the key \"{}\", which is missing", key));
        }
        return {};
    }

    std::unexpected<Error> unknown_key(const std::string& place, const std::string& key,
                                       std::span<const std::string_view> known) const {
        auto distance = [&](std::string_view candidate) { return edit_distance(key, candidate); };
        std::string_view nearest = *std::ranges::min_element(known, {}, distance);
        std::string hint = distance(nearest) <= std::max<std::size_t>(2, nearest.size() / 3)
                               ? fmt::format("did you mean \"{}\"?", nearest)
                               : fmt::format("known keys: {}", fmt::join(known, ", "));
        return fail(Errc::usage, what_, place + pointer_step(key) + ": unknown key", hint);
    }

    Result<std::string> name(const std::string& place, const Json& value,
                             std::optional<std::string> (*problem)(std::string_view)) const {
        if (!value.is_string()) return expected(place, "a string", value);
        auto text = value.get<std::string>();
        if (auto wanted = problem(text)) return expected(place, *wanted, value);
        return text;
    }

    template <class T>
    Result<T> word(const std::string& place, const Json& value, std::optional<T> (*from)(std::string_view),
                   std::string_view words) const {
        auto known = value.is_string() ? from(value.get_ref<const std::string&>()) : std::nullopt;
        if (!known) return expected(place, words, value);
        return *known;
    }

    // The value as a whole number, also where it is written as 8192.0, which JSON Schema calls an integer too.
    static std::optional<std::uint64_t> whole(const Json& value) {
        if (value.is_number_unsigned()) return value.get<std::uint64_t>();
        if (!value.is_number_float()) return std::nullopt;
        auto number = value.get<double>();
        if (number != std::floor(number) || number < 0 || number >= 0x1p53) return std::nullopt;
        return static_cast<std::uint64_t>(number);
    }

    Result<std::uint32_t> flows(const std::string& place, const Json& value) const {
        auto number = whole(value);
        if (!number || *number < flows_min || *number > flows_max)
            return expected(place, fmt::format("a whole number from {} to {}", flows_min, flows_max), value);
        return static_cast<std::uint32_t>(*number);
    }

    Result<std::uint64_t> capacity(const std::string& place, const Json& value, Role role) const {
        if (role != Role::uplink)
            return bad(place,
                       fmt::format("expected only with the role uplink, found with the role {}", to_string(role)));
        WEIR_TRY(const auto bps, rate(place, value, "10gbit"));
        if (bps == 0)
            return fail(Errc::usage, what_, fmt::format("{}: expected a rate above 0, found {}", place, shown(value)),
                        "leave the key out when the capacity is not known");
        return bps;
    }

    std::unexpected<Error> expected(const std::string& place, std::string_view wanted, const Json& found) const {
        return bad(place, fmt::format("expected {}, found {}", wanted, shown(found)));
    }

    std::unexpected<Error> bad(const std::string& place, const std::string& problem) const {
        return fail(Errc::usage, what_, fmt::format("{}: {}", pointer_text(place), problem));
    }

    std::string what_;
};

}  // namespace

Result<Document> parse_document(std::string_view json_text, const std::string& name) {
    WEIR_TRY(Json root, parse_strict_json(json_text, fmt::format("cannot read {}", name)));
    return Reader(name).document(root);
}

}  // namespace weir
