// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/guard.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "core/utf8.hpp"

namespace weir {
namespace {

// The bits of a prefix, as bytes.
std::array<std::uint8_t, 16> mask_of(unsigned bits) {
    std::array<std::uint8_t, 16> mask{};
    for (unsigned bit = 0; bit < bits; ++bit)
        mask.at(bit / 8) |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
    return mask;
}

bool is_multicast(const Address& address) {
    return address.family == 6 ? address.bytes[0] == 0xff : (address.bytes[0] & 0xf0) == 0xe0;
}

}  // namespace

Result<Prefix> guard_prefix_from(std::string_view text) {
    WEIR_TRY(auto prefix, prefix_from(text));
    const auto mask = mask_of(prefix.bits);
    for (std::size_t i = 0; i < mask.size(); ++i)
        prefix.address.bytes[i] &= mask[i];
    const bool is_unspecified = prefix.bits != 0 && prefix.address == Address{prefix.address.family, {}};
    if (is_unspecified || (is_multicast(prefix.address) && prefix.bits >= 4))
        return fail(Errc::usage, fmt::format("cannot take the address \"{}\"", utf8_quotable(text)),
                    fmt::format("nobody sends from {} addresses", is_unspecified ? "unspecified" : "multicast"),
                    "write the tenant's own, for example 10.0.0.2 or 2001:db8::/64");
    return prefix;
}

std::optional<std::string> guard_list_problem(const std::vector<Prefix>& prefixes) {
    if (prefixes.empty() || prefixes.size() > guard_prefixes_max)
        return fmt::format("1 to {} addresses or prefixes", guard_prefixes_max);
    for (auto at = prefixes.begin(); at != prefixes.end(); ++at)
        if (std::find(std::next(at), prefixes.end(), *at) != prefixes.end()) return "each address once";
    return std::nullopt;
}

weir_guard guard_of(const std::vector<Prefix>& prefixes) {
    weir_guard guard{};
    for (std::size_t i = 0; i < std::min(prefixes.size(), guard_prefixes_max); ++i) {
        auto& entry = guard.prefixes[i];
        const auto mask = mask_of(prefixes[i].bits);
        std::memcpy(entry.address, prefixes[i].address.bytes.data(), sizeof(entry.address));
        std::memcpy(entry.mask, mask.data(), sizeof(entry.mask));
        entry.family = prefixes[i].address.family;
        entry.bits = prefixes[i].bits;
    }
    return guard;
}

std::vector<Prefix> prefixes_of(const weir_guard& guard) {
    std::vector<Prefix> prefixes;
    for (const auto& entry : guard.prefixes) {
        if (entry.family == 0) break;
        Prefix prefix{.address = {.family = static_cast<std::uint8_t>(entry.family), .bytes = {}}, .bits = entry.bits};
        std::memcpy(prefix.address.bytes.data(), entry.address, sizeof(entry.address));
        prefixes.push_back(prefix);
    }
    return prefixes;
}

std::string guard_words(const std::vector<Prefix>& prefixes) {
    std::string words;
    for (const auto& prefix : prefixes)
        words += (words.empty() ? "" : ", ") + to_string(prefix);
    return words;
}

}  // namespace weir
