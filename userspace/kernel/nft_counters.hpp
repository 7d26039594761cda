// SPDX-License-Identifier: GPL-2.0-or-later
// Counters of nftables rules that drop, by nf_tables' netlink interface. Read only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace weir {

// A rule whose last two expressions are a counter and a drop or reject, so that what it counts is what it drops. Also
// those that iptables-nft made.
struct NftDropRule {
    std::string rule;  // "inet filter input handle 5"
    std::uint64_t packets = 0;
};

// Those of this network namespace; none where nf_tables is not loaded (asking would load it). Errc::permission without
// CAP_NET_ADMIN.
Result<std::vector<NftDropRule>> read_nft_drops();

}  // namespace weir
