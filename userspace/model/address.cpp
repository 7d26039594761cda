// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses, prefixes and protocols: the words for them.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/utf8.hpp"
#include "model/flow.hpp"

namespace weir {
namespace {

struct Protocol {
    std::uint8_t number;
    std::string_view name;
};

// The first name of a number is the one that is shown.
constexpr std::array<Protocol, 24> protocols{
    {{6, "tcp"},    {17, "udp"},  {1, "icmp"},      {58, "icmpv6"},  {58, "icmp6"}, {58, "ipv6-icmp"},
     {132, "sctp"}, {47, "gre"},  {50, "esp"},      {51, "ah"},      {2, "igmp"},   {4, "ipip"},
     {41, "ipv6"},  {33, "dccp"}, {136, "udplite"}, {89, "ospf"},    {112, "vrrp"}, {103, "pim"},
     {115, "l2tp"}, {46, "rsvp"}, {88, "eigrp"},    {108, "ipcomp"}, {137, "mpls"}, {59, "ipv6-nonxt"}}};

// A whole decimal number of at most `max`, digits only.
std::optional<unsigned> number_from(std::string_view text, unsigned max) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
    return value;
}

std::optional<Address> address_from(std::string_view text) {
    std::string terminated(text);
    if (terminated.find('\0') != std::string::npos) return std::nullopt;
    Address address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
    address.family = 6;
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
    return std::nullopt;
}

}  // namespace

std::string to_string(const Address& address) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(address.family == 6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof(text));
    return text;
}

std::string to_string(const Prefix& prefix) {
    const auto address = to_string(prefix.address);
    return prefix.bits == (prefix.address.family == 6 ? 128U : 32U) ? address
                                                                    : fmt::format("{}/{}", address, prefix.bits);
}

Result<Prefix> prefix_from(std::string_view text) {
    std::size_t slash = text.find('/');
    auto address = address_from(text.substr(0, slash));
    if (!address)
        return fail(Errc::usage, fmt::format("cannot read the address \"{}\"", utf8_quotable(text)),
                    "not an IPv4 or IPv6 address", "write for example 10.0.0.0/8 or 2001:db8::1");
    unsigned width = address->family == 6 ? 128 : 32;
    if (slash == std::string_view::npos) return Prefix{*address, width};
    auto bits = number_from(text.substr(slash + 1), width);
    if (!bits)
        return fail(Errc::usage, fmt::format("cannot read the address \"{}\"", utf8_quotable(text)),
                    fmt::format("\"{}\" is not a prefix length of an IPv{} address",
                                utf8_quotable(text.substr(slash + 1)), address->family),
                    fmt::format("write a number from 0 to {} after the slash", width));
    return Prefix{*address, *bits};
}

bool Prefix::contains(const Address& other) const {
    if (other.family != address.family) return false;
    std::size_t whole = bits / 8;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    other.bytes.begin()))
        return false;
    if (bits % 8 == 0) return true;
    auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
    return ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
}

std::string protocol_name(std::uint8_t protocol) {
    auto known = std::ranges::find(protocols, protocol, &Protocol::number);
    return known != protocols.end() ? std::string(known->name) : fmt::format("{}", protocol);
}

std::optional<std::uint8_t> protocol_from(std::string_view word) {
    auto known = std::ranges::find(protocols, word, &Protocol::name);
    if (known != protocols.end()) return known->number;
    if (auto number = number_from(word, 255)) return static_cast<std::uint8_t>(*number);
    return std::nullopt;
}

}  // namespace weir
