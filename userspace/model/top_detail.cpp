// SPDX-License-Identifier: GPL-2.0-or-later
// An opened tenant, of model/top.hpp.
#include <algorithm>

#include "model/top.hpp"

namespace weir {
namespace {

std::uint64_t between(std::uint64_t earlier_ns, std::uint64_t later_ns) {
    return later_ns - std::min(earlier_ns, later_ns);
}

}  // namespace

TopDetail detail_of(const std::string& tenant, const TopReading& first, const TopReading& before,
                    const TopReading& last) {
    TopDetail detail;
    detail.tenant = tenant;
    detail.window_ns = between(first.ledgers.taken_ns, last.ledgers.taken_ns);
    detail.flows_window_ns = between(before.flows.taken_ns, last.flows.taken_ns);
    const bool is_first = detail.window_ns == 0;
    detail.flows = detail.flows_window_ns == 0 ? last.flows : window_of(before.flows, last.flows);
    detail.ledgers = is_first ? last.ledgers : window_of(first.ledgers, last.ledgers);
    detail.latency = is_first ? last.latency : window_of(first.latency, last.latency);
    // Since it was opened from the beginning: the kernel's are counted from then on.
    detail.drops = window_of(first.drops, last.drops);
    take_out_own_drops(detail.drops);
    sort_by_packets(detail.drops.rows);
    return detail;
}

}  // namespace weir
