// SPDX-License-Identifier: GPL-2.0-or-later
// Documents for `weir apply` and from `weir export`: JSON text to values and back, with errors that name the place.
// The format is configs/weir.schema.json. Pure.
//
//     {"schema_version": 1,
//      "vnics": [{"interface": "vnet3", "tenant": "web", "role": "vnic", "ingress_hook": "auto", "flows": 8192},
//                {"interface": "eth0", "role": "uplink", "capacity": "10gbit"}],
//      "limits": [{"tenant": "web", "tx_max": "100mbit", "rx_pps": 50000, "mode": "shape", "burst": "2ms",
//                  "overhead_bytes": 24}],
//      "noisy": {"latency_ratio": 2}}
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "model/types.hpp"

namespace weir {

// An error (Errc::usage) names the JSON pointer and what was expected: "/vnics/3/role: expected vnic, uplink or guest,
// found \"host\"". Every unknown key, wrong type, bad unit, duplicate interface, tenant and key is an error.
Result<Document> parse_document(std::string_view json_text, const std::string& name);

// Reads and parses a file; "-" is standard input.
Result<Document> load_document(const std::string& path);

// The text of a file, "-" for standard input; at most 16 MiB.
Result<std::string> load_text(const std::string& path, std::size_t most_bytes = std::size_t{16} << 20);

std::string print_document(const Document& document);

}  // namespace weir
