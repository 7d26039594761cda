// SPDX-License-Identifier: GPL-2.0-or-later
// Attaching one program to one hook of one interface, and letting go again. tcx and XDP hooks are links, pinned as
// slot<N>_ingress and slot<N>_egress in the state directory: unpinned, they vanish with the process, so a killed weir
// leaves either a pinned link or nothing. A clsact filter outlives the process that adds it and is known by priority,
// handle and name instead.
//
// Weir stands first at its hook (tcx: at the head of the list; clsact: the lowest free priority), so it counts what
// reaches the hook, whatever others then do with it. All calls are made under StateLock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "kernel/instance.hpp"
#include "kernel/netlink.hpp"
#include "model/types.hpp"

namespace weir {

inline constexpr auto filter_name_in = "weir_tc_in";
inline constexpr auto filter_name_out = "weir_tc_out";
inline constexpr std::uint32_t filter_handle = 0x77656972;  // "weir"

// How the hooks of an interface are going to be held, decided before anything is changed.
struct HookPlan {
    Hook ingress = Hook::none;
    Hook egress = Hook::none;
};

// Decides, and finds every conflict with another owner: Errc::conflict, Errc::unsupported.
Result<HookPlan> plan_hooks(const Link& link, IngressChoice choice, TcWay way);

// Whether `driver` runs a native XDP program without switching offloads off or going a slow way, as those of veth and
// tap do. Pure.
bool driver_has_free_xdp(const std::string& driver);

// Settles where the clsact filters of `info` go, by what stands at the interface at this moment: their priorities, and
// whether the qdisc is Weir's to remove. `standing_is_ours`: a clsact that stands now is known to be Weir's. For the
// moment after anything old has been let go and before the journal is written; does nothing for other hooks.
Result<void> settle_clsact(weir_vnic_info& info, bool standing_is_ours);

// Attach as `info` says (its hook, priority and handle fields).
Result<void> attach_ingress(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);
Result<void> attach_egress(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);

// Lets go; what is gone already is fine.
Result<void> release_hooks(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);
Result<void> release_ingress(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);
// After the hooks: the clsact qdisc goes too if it is Weir's and nobody else's filters are in it. Linux 6.1 empties the
// root qdisc for it (qdisc_graft() deactivates the device), so what waits there is to have left.
Result<void> release_clsact(const weir_vnic_info& info);

struct HookState {
    bool held = false;             // the program runs at this hook of this interface
    std::uint32_t program_id = 0;  // which one
};
HookState ingress_state(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);
HookState egress_state(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);

// Puts the pinned programs in place of those that run at the hooks, atomically; no packet goes uncounted.
Result<void> update_hooks(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info);

// Whether every link pinned in a directory belongs to an interface that is gone (a dead network namespace); false if
// there is none.
bool all_links_dead(const std::string& directory);

}  // namespace weir
