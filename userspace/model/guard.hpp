// SPDX-License-Identifier: GPL-2.0-or-later
// The guard's list: the addresses that a vNIC's tenant may send from (docs/guard.md). No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "model/address.hpp"
#include "shared/guard.h"

namespace weir {

inline constexpr std::size_t guard_prefixes_max = WEIR_GUARD_PREFIXES_MAX;

// One address or prefix, with the bits behind its length set to 0: fd00::2/64 is fd00::/64. Errc::usage for what is no
// address, or none that anybody sends from.
Result<Prefix> guard_prefix_from(std::string_view text);

// What is expected instead of such a list; nothing if it is fine: 1 to guard_prefixes_max entries, each once.
std::optional<std::string> guard_list_problem(const std::vector<Prefix>& prefixes);

// As the programs read it, and back. Of a list that is fine.
weir_guard guard_of(const std::vector<Prefix>& prefixes);
std::vector<Prefix> prefixes_of(const weir_guard& guard);

// "10.0.0.2, fd00::/64".
std::string guard_words(const std::vector<Prefix>& prefixes);

}  // namespace weir
