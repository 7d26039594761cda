// SPDX-License-Identifier: GPL-2.0-or-later
// What rtnetlink says about interfaces, qdiscs and filters. Read only, except for the clsact qdisc.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace weir {

struct Link {
    std::uint32_t ifindex = 0;
    std::string name;
    std::uint16_t type = 0;  // ARPHRD_*
    std::string kind;        // rtnetlink kind: "veth", "tun", "bridge"; empty for hardware
    std::string qdisc;       // root qdisc's kind
    std::uint32_t mtu = 0;
    bool has_xdp = false;  // a program is attached
    std::uint32_t xdp_program_id = 0;
};

// An interface as rtnetlink's message has it.
Link link_of(const nlmsghdr* message);

// All interfaces of this network namespace, one dump.
Result<std::vector<Link>> list_links();

// What stands at an interface's clsact/ingress place: "clsact", "ingress", or empty.
Result<std::string> ingress_qdisc(std::uint32_t ifindex);

struct Filter {
    std::uint32_t priority = 0;
    std::uint32_t handle = 0;
    std::string kind;  // "bpf", "u32", …
    std::string name;  // kind bpf: the name given when it was attached
    std::uint32_t program_id = 0;
};

// The filters on one side of clsact (or of a plain ingress qdisc), lowest priority number first.
Result<std::vector<Filter>> list_filters(std::uint32_t ifindex, bool ingress);

// Creates the clsact qdisc; an existing ingress or clsact qdisc is Errc::conflict.
Result<void> create_clsact(std::uint32_t ifindex);
Result<void> delete_clsact(std::uint32_t ifindex);

// Adds the program as a direct-action filter, or puts it in place of the one with this priority and handle, atomically.
Result<void> set_filter(std::uint32_t ifindex, bool ingress, std::uint32_t priority, std::uint32_t handle,
                        int program_fd, const std::string& name);
Result<void> delete_filter(std::uint32_t ifindex, bool ingress, std::uint32_t priority, std::uint32_t handle);

}  // namespace weir
