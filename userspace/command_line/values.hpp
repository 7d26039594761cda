// SPDX-License-Identifier: GPL-2.0-or-later
// From the words of the command line to values. Every error is Errc::usage and reads "--option: expected …, found …".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "model/types.hpp"

namespace weir::cli {

std::unexpected<Error> expected(std::string_view option, std::string_view wanted, std::string_view found);

// An error of somebody else's parser, with the option it came by.
std::unexpected<Error> under(std::string_view option, Error error);

// One of a few words: word_of("--role", "vnic, uplink or guest", text, role_from).
template <class Value>
Result<Value> word_of(std::string_view option, std::string_view wanted, const std::string& text,
                      std::optional<Value> (*from)(std::string_view)) {
    if (const auto value = from(text)) return *value;
    return expected(option, wanted, text);
}

// For help: "0.1 to 86400".
std::string duration_range();

// A whole number, in digits only.
Result<std::uint64_t> number_of(std::string_view option, const std::string& text, std::uint64_t min, std::uint64_t max);

// Seconds as a decimal within duration_range, to nanoseconds.
Result<std::uint64_t> duration_of(const std::string& text, std::string_view option = "--duration");

// A rate as in tc(8): "10gbit".
Result<std::uint64_t> rate_of(std::string_view option, const std::string& text);

// Values of a limit (config/names.hpp says which); "none" and 0 are 0.
Result<std::uint64_t> limit_rate_of(std::string_view option, const std::string& text);
Result<std::uint64_t> limit_pps_of(std::string_view option, const std::string& text);
Result<std::uint32_t> weight_of(std::string_view option, const std::string& text);
Result<std::uint64_t> burst_of(std::string_view option, const std::string& text);
Result<std::int32_t> overhead_of(std::string_view option, const std::string& text);

// --addresses: "10.0.0.2,fd00::/64"; "none" is an empty list.
Result<std::vector<Prefix>> addresses_of(std::string_view option, const std::string& text);

// Names that the kernel could have given an interface; each once.
Result<void> check_interfaces(const std::vector<std::string>& interfaces);
Result<void> check_tenant(const std::string& tenant, std::string_view option = "--tenant");

// --bpf-hooks.
Result<TcWay> tc_way_of(const std::string& text);

}  // namespace weir::cli
