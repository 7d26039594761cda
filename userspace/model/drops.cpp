// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/drops.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "model/drop_reasons.hpp"

namespace weir {
namespace {

auto identity(const DropRow& row) {
    return std::tie(row.source, row.ifindex, row.from_ifindex, row.direction, row.tenant, row.reason, row.location);
}

struct ByIdentity {
    bool operator()(const DropRow* a, const DropRow* b) const { return identity(*a) < identity(*b); }
};

// Whether the kernel's row is of a reason that it gives to what a program at such a hook drops.
bool is_at_hook(const DropRow& own, const DropRow& kernel) {
    if (kernel.source != DropSource::kernel || kernel.ifindex != own.ifindex || kernel.direction != own.direction)
        return false;
    const auto* const known = explain(kernel);
    const std::string_view reason = known != nullptr ? known->name : std::string_view(kernel.reason);
    if (is_xdp(own.hook)) return reason == "xdp";
    return reason == "tc_ingress" || reason == "tc_egress";
}

}  // namespace

std::string_view to_string(DropSource source) { return source == DropSource::weir ? "weir" : "kernel"; }

DropSnapshot window_of(const DropSnapshot& earlier, const DropSnapshot& later) {
    DropSnapshot window = later;
    window.since_ns = earlier.taken_ns;
    window.rows.clear();
    std::map<const DropRow*, const DropRow*, ByIdentity> before;
    for (const auto& row : earlier.rows)
        before.emplace(&row, &row);
    for (const auto& row : later.rows) {
        DropRow grown = row;
        // A counter that is lower than before began anew in between (its vNIC was attached again).
        if (const auto at = before.find(&row); at != before.end() && at->second->packets <= row.packets) {
            grown.packets -= at->second->packets;
            grown.skbs -= std::min(at->second->skbs, row.skbs);
        }
        if (grown.packets != 0 || grown.skbs != 0) window.rows.push_back(std::move(grown));
    }
    window.elsewhere_skbs -= earlier.elsewhere_skbs;
    window.missed_skbs -= earlier.missed_skbs;
    return window;
}

void take_out_own_drops(DropSnapshot& snapshot) {
    for (const auto& own : snapshot.rows) {
        if (own.source != DropSource::weir) continue;
        std::uint64_t left = own.packets;
        for (auto& row : snapshot.rows) {
            if (!is_at_hook(own, row)) continue;
            const auto taken = std::min(left, row.packets);
            row.packets -= taken;
            left -= taken;
        }
    }
    std::erase_if(snapshot.rows, [](const DropRow& row) { return row.packets == 0; });
}

void sort_by_packets(std::vector<DropRow>& rows) {
    std::ranges::stable_sort(rows, [](const DropRow& a, const DropRow& b) {
        if (a.packets != b.packets) return a.packets > b.packets;
        return std::tie(a.interface, a.reason, a.location) < std::tie(b.interface, b.reason, b.location);
    });
}

}  // namespace weir
