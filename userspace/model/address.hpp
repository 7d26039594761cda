// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and prefixes as values. No I/O.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace weir {

// An IPv4 or IPv6 address, network byte order; IPv4 uses the first four bytes.
struct Address {
    std::uint8_t family = 4;  // 4 or 6
    std::array<std::uint8_t, 16> bytes{};
    friend auto operator<=>(const Address&, const Address&) = default;
};
std::string to_string(const Address& address);

// An address with a prefix length: "10.0.0.0/8", "2001:db8::1".
struct Prefix {
    Address address;
    unsigned bits = 32;
    [[nodiscard]] bool contains(const Address& other) const;
    friend auto operator<=>(const Prefix&, const Prefix&) = default;
};
Result<Prefix> prefix_from(std::string_view text);

// "10.0.0.2" for one address, "fd00::/64" for more.
std::string to_string(const Prefix& prefix);

}  // namespace weir
