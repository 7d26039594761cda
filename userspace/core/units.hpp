// SPDX-License-Identifier: GPL-2.0-or-later
// Rates, sizes, counts and times: from what people write, and to what people read. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace weir {

// Rates as in tc(8), in bits per second: "64kbit", "100mbit", "1.5gbit", "10tbit", "1000000bit", and the binary kibit,
// mibit, gibit, tibit. A bare number, "100mbps" and "100m" are refused with a line that says why and what to write
// (tc reads 'mbps' as megabytes per second; people mean megabits). Errc::usage.
Result<std::uint64_t> parse_rate(std::string_view text);

// The shortest spelling that parse_rate reads back to the same value: 10000000000 -> "10gbit".
std::string print_rate(std::uint64_t bits_per_second);

// Times with one of the units us, ms and s, in nanoseconds: "2ms", "1.5s", "500us"; a bare 0 is fine. Errc::usage.
Result<std::uint64_t> parse_time(std::string_view text);

// The spelling with the largest unit that has no fraction, which parse_time reads back: 2000000 -> "2ms".
std::string print_time(std::uint64_t time_ns);

// For people, about 4 significant digits: "941.2 Mbit/s", "12.3 kbit/s", "0 bit/s".
std::string human_bit_rate(double bits_per_second);
std::string human_packet_rate(double packets_per_second);  // "83.2 kpps", "12 pps"
std::string human_bytes(std::uint64_t bytes);              // decimal: "1.53 GB", "812 B"
std::string human_memory(std::uint64_t bytes);             // binary: "2.1 MiB"
std::string human_count(std::uint64_t count);              // "12,345" up to 8 digits, then "123.4 M"
std::string human_duration(std::uint64_t nanoseconds);     // "1.2 µs", "340 ms", "12.4 s", "3h 12m", "4d 2h"

}  // namespace weir
