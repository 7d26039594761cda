// SPDX-License-Identifier: GPL-2.0-or-later
// Counters and states that rtnetlink has of interfaces, their qdiscs and their neighbours. Read only; works without
// root.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "kernel/netlink.hpp"
#include "kernel/qdisc.hpp"

namespace weir {

struct LinkStats : Link {
    std::string parent;   // device that it sits on: "virtio2", "0000:00:05.0"; may be empty
    bool is_tap = false;  // kind "tun" with Ethernet frames
    bool is_loopback = false;
    bool up = false;
    bool carrier = false;
    std::uint32_t rx_queues = 0;
    std::uint32_t tx_queues = 0;
    // IFLA_STATS64 by the names of struct rtnl_link_stats64 ("rx_dropped"), and "carrier_down_count".
    std::vector<std::pair<std::string, std::uint64_t>> counters;
};

// All interfaces of this network namespace.
Result<std::vector<LinkStats>> read_link_stats();

// The root qdisc of an interface, or what stands at its clsact/ingress place.
struct QdiscStats : Qdisc {
    bool is_aqm = false;  // it, or a queue below it, drops early on purpose: fq_codel, codel, cake, pie, red, …
};

// A root's drops hold those of the queues below it: only roots are given.
Result<std::vector<QdiscStats>> read_qdisc_stats();

struct Neighbour {
    std::uint32_t ifindex = 0;
    bool is_ipv4 = false;
    std::uint32_t ipv4 = 0;  // network order
    bool failed = false;     // NUD_FAILED: did not answer
};

// Neighbours of this network namespace that are not made up (NOARP).
Result<std::vector<Neighbour>> read_neighbours();

}  // namespace weir
