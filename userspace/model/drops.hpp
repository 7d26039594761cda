// SPDX-License-Identifier: GPL-2.0-or-later
// Packets that were dropped: where, why, how many. Plain values, no I/O.
//
// Identity of a snapshot: the skbs of its kernel rows + elsewhere_skbs + missed_skbs are all calls of the kernel's own
// tracepoint kfree_skb since the watch began.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/types.hpp"

namespace weir {

// Who says so.
enum class DropSource {
    weir,    // Weir's own ledger
    kernel,  // the tracepoint kfree_skb
};
std::string_view to_string(DropSource source);

// One kind of drop at one interface.
struct DropRow {
    std::string interface;  // empty: none could be told
    std::uint32_t ifindex = 0;
    std::string from;  // the interface by which a packet had arrived that was to leave by `interface`; empty: none
    std::uint32_t from_ifindex = 0;
    std::string tenant;                  // of the attached vNIC; empty: none
    std::optional<Direction> direction;  // the tenant's view; of an interface that is not attached, its own host's
    DropSource source = DropSource::kernel;
    std::string reason;         // as in model/drop_reasons.hpp
    std::string location;       // "tcp_v4_rcv+0x3c [module]"; for Weir's own, the hook's name
    Hook hook = Hook::none;     // of Weir's own rows only
    std::uint64_t packets = 0;  // as the wire would have carried them
    std::uint64_t skbs = 0;     // frames as the kernel held them; of the kernel's rows only
    bool is_normal = false;     // a normal end of a packet's life (drop_reasons.hpp): nothing was lost
};

struct DropSnapshot {
    std::uint64_t taken_ns = 0;  // CLOCK_MONOTONIC
    std::uint64_t since_ns = 0;  // CLOCK_MONOTONIC: since when the kernel's drops are counted
    bool traced = false;         // false: the kernel's drops are not in it, `untraced_why` says why
    std::string untraced_why;
    std::vector<DropRow> rows;
    std::uint64_t elsewhere_skbs = 0;  // of other network namespaces
    std::uint64_t missed_skbs = 0;     // an interrupt's drop in the middle of counting another: in no row
};

// What happened between two snapshots of one watch: rows that did not grow are left out.
DropSnapshot window_of(const DropSnapshot& earlier, const DropSnapshot& later);

// A packet that Weir drops at a hook is dropped by the kernel on Weir's word: takes those out of the kernel's rows
// (reasons tc_ingress, tc_egress and xdp of the same interface and direction), so that no packet is in two rows. Both
// must be since the same moment.
void take_out_own_drops(DropSnapshot& snapshot);

// Puts the rows that lost most first.
void sort_by_packets(std::vector<DropRow>& rows);

}  // namespace weir
