// SPDX-License-Identifier: GPL-2.0-or-later
// Weir's figures beside everyone else's. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "demo/evidence.hpp"

namespace weir::demo {

// One figure that two have counted independently.
struct Comparison {
    std::string tenant;
    std::string what;
    std::uint64_t weir = 0;
    std::uint64_t other = 0;
    std::string other_text;  // who says so, and of what terms it is made
    bool exact = true;       // must be equal, or else no less than low and no more than high
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint64_t lost_before = 0;  // what the kernel lost before it came to the vNIC: Weir cannot have it

    [[nodiscard]] std::int64_t difference() const { return static_cast<std::int64_t>(weir - other); }
    // Equal, or short by no more than was lost on the way to the vNIC; or within its bounds.
    [[nodiscard]] bool holds() const;
};

std::vector<Comparison> compare(const Evidence& evidence);

// flows + untracked = ledger: packets and bytes, tx and rx, of every vNIC.
struct Books {
    unsigned exact = 0;
    unsigned all = 0;
};
Books audit(const Evidence& evidence);

// The flows of one interface.
std::vector<const Flow*> flows_of(const Evidence& evidence, std::string_view interface);

}  // namespace weir::demo
