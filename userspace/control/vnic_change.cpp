// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/vnic_change.hpp"

#include <cstring>
#include <utility>

#include "control/pacing.hpp"
#include "control/share_change.hpp"
#include "core/clock.hpp"
#include "kernel/ethtool.hpp"
#include "kernel/limits.hpp"
#include "kernel/tables.hpp"

namespace weir {
namespace {

void set_text(char* field, std::size_t room, const std::string& text) {
    const auto size = text.copy(field, room - 1);
    field[size] = '\0';
}

Result<void> attach_ingress_with_fallback(const Instance& instance, std::uint32_t slot, weir_vnic_info& info) {
    auto attached = attach_ingress(instance, slot, info);
    if (attached || info.ingress_hook != WEIR_HOOK_XDP_NATIVE || attached.error().code == Errc::conflict)
        return attached;
    info.ingress_hook =
        info.ingress_choice == WEIR_INGRESS_XDP ? std::to_underlying(Hook::xdp_generic) : info.egress_hook;
    WEIR_CHECK(write_vnic_info(instance, slot, info));
    WEIR_CHECK(update_interface_flags(instance, info));
    return attach_ingress(instance, slot, info);
}

// The link's speed where nothing was asked for. A link that is down has none: then there is no capacity before the
// uplink is attached again.
void set_capacity(weir_vnic_info& info, const VnicSpec& spec) {
    info.capacity_bps = spec.capacity_bps;
    info.capacity_rx_bps = spec.capacity_rx_bps;
    info.capacity_source = spec.no_capacity ? WEIR_CAPACITY_NONE : WEIR_CAPACITY_ASKED;
    if (spec.role != Role::uplink || spec.capacity_bps != 0 || spec.no_capacity) return;
    info.capacity_bps = link_speed(spec.interface).bps;
    if (info.capacity_bps != 0) info.capacity_source = WEIR_CAPACITY_LINK;
}

Result<void> build(const Instance& instance, std::uint32_t slot, weir_vnic_info& info) {
    WEIR_CHECK(install_tables(instance, slot, info));
    WEIR_CHECK(attach_ingress_with_fallback(instance, slot, info));
    WEIR_CHECK(attach_egress(instance, slot, info));
    info.state = WEIR_VNIC_ATTACHED;
    return write_vnic_info(instance, slot, info);
}

}  // namespace

Result<void> recover(const Instance& instance) {
    std::vector<std::string> unsaid;  // of qdiscs: status says what matters of those that stay
    remove_unfinished_reload(instance);
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot)
        if (infos[slot].state == WEIR_VNIC_ATTACHING || infos[slot].state == WEIR_VNIC_DETACHING)
            WEIR_CHECK(detach_slot(instance, slot, infos[slot], unsaid));
    WEIR_CHECK(mend_limits(instance));
    WEIR_CHECK(bring_shares_up(instance));
    return bring_pacing_up(instance, unsaid);
}

weir_vnic_info make_info(const VnicSpec& spec, const Link& link, const HookPlan& plan) {
    weir_vnic_info info{};
    info.state = WEIR_VNIC_ATTACHING;
    info.ifindex = link.ifindex;
    set_text(info.interface, sizeof(info.interface), link.name);
    set_text(info.tenant, sizeof(info.tenant), spec.tenant.empty() ? link.name : spec.tenant);
    info.role = static_cast<std::uint32_t>(spec.role);
    info.ingress_choice = static_cast<std::uint32_t>(spec.ingress);
    info.ingress_hook = static_cast<std::uint32_t>(plan.ingress);
    info.egress_hook = static_cast<std::uint32_t>(plan.egress);
    info.tc_handle = filter_handle;
    info.flows = spec.flows;
    info.flow_sets = flow_sets_for(spec.flows);
    set_capacity(info, spec);
    info.is_guarded = spec.addresses.empty() ? 0 : 1;
    info.attached_ns = realtime_ns();
    return info;
}

Result<void> attach_slot(const Instance& instance, std::uint32_t slot, weir_vnic_info& info) {
    WEIR_CHECK(settle_clsact(info, false));
    WEIR_CHECK(write_vnic_info(instance, slot, info));
    auto built = build(instance, slot, info);
    if (built) return {};
    std::vector<std::string> unsaid;
    WEIR_CHECK(detach_slot(instance, slot, info, unsaid));
    return built;
}

Result<void> detach_slot(const Instance& instance, std::uint32_t slot, weir_vnic_info info,
                         std::vector<std::string>& warnings) {
    info.state = WEIR_VNIC_DETACHING;
    WEIR_CHECK(write_vnic_info(instance, slot, info));
    WEIR_CHECK(release_hooks(instance, slot, info));
    if (info.qdisc == WEIR_QDISC_OURS) take_pacing_down(info, warnings);
    WEIR_CHECK(release_clsact(info));
    WEIR_CHECK(remove_tables(instance, slot, info.ifindex));
    return write_vnic_info(instance, slot, {});
}

Result<void> change_slot(const Instance& instance, std::uint32_t slot, const weir_vnic_info& now,
                         weir_vnic_info wanted) {
    wanted.state = WEIR_VNIC_ATTACHED;
    wanted.attached_ns = now.attached_ns;
    wanted.flow_sets = now.flow_sets;
    wanted.qdisc = now.qdisc;
    std::memcpy(wanted.qdisc_before, now.qdisc_before, sizeof(now.qdisc_before));
    const bool keeps_ingress =
        is_xdp(now.ingress_hook) == is_xdp(wanted.ingress_hook) && ingress_state(instance, slot, now).held;
    const bool keeps_egress = egress_state(instance, slot, now).held;
    if (keeps_ingress) wanted.ingress_hook = now.ingress_hook;
    if (keeps_egress) wanted.egress_hook = now.egress_hook;
    if (!keeps_ingress) WEIR_CHECK(release_ingress(instance, slot, now));
    WEIR_CHECK(settle_clsact(wanted, now.clsact_is_ours != 0));
    if (keeps_ingress) wanted.tc_ingress_priority = now.tc_ingress_priority;
    if (keeps_egress) wanted.tc_egress_priority = now.tc_egress_priority;
    WEIR_CHECK(write_vnic_info(instance, slot, wanted));
    WEIR_CHECK(update_interface_flags(instance, wanted));
    if (!keeps_ingress) {
        WEIR_CHECK(attach_ingress_with_fallback(instance, slot, wanted));
        WEIR_CHECK(write_vnic_info(instance, slot, wanted));
    }
    return keeps_egress ? Result<void>{} : attach_egress(instance, slot, wanted);
}

}  // namespace weir
