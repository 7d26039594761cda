// SPDX-License-Identifier: GPL-2.0-or-later
// A recorded window as JSON text and back: what `weir record` writes and `weir noisy --replay` reads. Pure.
//
//     {"schema_version":1,"kind":"weir record","slot_ns":100000000,"first_slot":12,"slots":3,
//      "conntrack":{"count":0,"max":0,"failed":0},
//      "vnics":[{"interface":"vnet3","tenant":"web","role":"vnic","capacity_bps":0,"tx_max_bps":0,"rx_max_bps":0,
//                "paced":true,"tx":{"bytes":[1514,0,90]},"rx":{}}]}
//
// Each field of weir_pulse_direction is a list with a number a slot; one that is all zeros is left out. The program
// keeps a minimum as its complement; here it is the minimum itself, 0 where there is none.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "model/noisy.hpp"

namespace weir {

std::string print_record(const noisy::Window& window);

// An error (Errc::usage) names the place. Every unknown key, wrong type and wrong length is an error.
Result<noisy::Window> parse_record(std::string_view json_text, const std::string& name);

// A whole file; "-" is standard input.
Result<noisy::Window> load_record(const std::string& path);

}  // namespace weir
