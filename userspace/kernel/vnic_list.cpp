// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/vnic_list.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"
#include "kernel/ethtool.hpp"
#include "kernel/guards.hpp"
#include "kernel/hooks.hpp"
#include "kernel/limits.hpp"
#include "kernel/qdisc.hpp"
#include "kernel/tables.hpp"
#include "model/pacing.hpp"

namespace weir {
namespace {

void note_ingress(Vnic& vnic) {
    const auto driver = driver_of(vnic.interface);
    if (vnic.ingress == IngressChoice::automatic && !is_xdp(vnic.ingress_hook)) {
        if (driver == "veth" || driver == "tun" || driver == "virtio_net")
            vnic.notes.push_back(fmt::format(
                "ingress hook auto: tc, because on {} a native XDP program switches offloads off or takes the slow way "
                "for GSO frames",
                driver));
        else if (driver_has_free_xdp(driver))
            vnic.notes.emplace_back("ingress hook auto: tc, because an XDP program of another owner is attached");
    }
    if (is_xdp(vnic.ingress_hook)) vnic.notes.emplace_back("ingress counts frames as the driver hands them to XDP");
    if (vnic.ingress_hook == Hook::xdp_generic)
        vnic.notes.push_back(
            fmt::format("XDP runs in generic mode: {} has no native XDP", driver.empty() ? "this driver" : driver));
}

void note_foreign_filters(Vnic& vnic, const weir_vnic_info& info) {
    const auto check = [&](bool ingress, std::uint32_t priority) {
        const auto filters = list_filters(vnic.ifindex, ingress);
        if (!filters) return;
        for (const auto& filter : *filters) {
            if (filter.priority >= priority) break;
            vnic.notes.push_back(
                fmt::format("{}: a {} filter of another owner stands before Weir's (priority {}); what "
                            "it drops or takes is not counted",
                            ingress ? "ingress" : "egress", filter.kind, filter.priority));
        }
    };
    if (vnic.ingress_hook == Hook::clsact) check(true, info.tc_ingress_priority);
    if (vnic.egress_hook == Hook::clsact) check(false, info.tc_egress_priority);
}

std::string revert_note(const Vnic& vnic, const LimitState& state) {
    return fmt::format("the limits revert to {} in {} unless confirmed: weir limit confirm {}",
                       state.before ? limit_words(*state.before) : "none", human_duration(state.revert_in_ns),
                       vnic.tenant);
}

Result<void> add_limits(const Instance& instance, std::vector<Vnic>& vnics) {
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    WEIR_TRY(const auto now, read_clock(instance));
    for (auto& vnic : vnics) {
        if (vnic.role == Role::uplink) continue;
        for (const auto& info : tenants) {
            if (is_free(info) || tenant_of(info) != vnic.tenant) continue;
            const auto state = limit_state_of(info, now.monotonic_ns);
            if (state.limit.is_set() || state.revert_in_ns != 0) vnic.limit = state;
            if (state.revert_in_ns != 0) vnic.notes.push_back(revert_note(vnic, state));
        }
    }
    return {};
}

}  // namespace

Vnic vnic_of(std::uint32_t slot, const weir_vnic_info& info, const std::vector<Link>& links) {
    Vnic vnic;
    vnic.slot = slot;
    vnic.ifindex = info.ifindex;
    vnic.interface = text_of(info.interface);
    vnic.tenant = text_of(info.tenant);
    vnic.role = static_cast<Role>(info.role);
    vnic.ingress = static_cast<IngressChoice>(info.ingress_choice);
    vnic.ingress_hook = static_cast<Hook>(info.ingress_hook);
    vnic.egress_hook = static_cast<Hook>(info.egress_hook);
    vnic.flows = info.flows;
    vnic.flow_sets = info.flow_sets;
    vnic.capacity_bps = info.capacity_bps;
    vnic.capacity_rx_bps = info.capacity_rx_bps;
    vnic.capacity_is_link_speed = info.capacity_source == WEIR_CAPACITY_LINK;
    vnic.no_capacity = info.capacity_source == WEIR_CAPACITY_NONE;
    vnic.attached_ns = info.attached_ns;
    const auto link = std::ranges::find(links, info.ifindex, &Link::ifindex);
    vnic.present = link != links.end();
    if (vnic.present) {
        vnic.interface = link->name;
        vnic.qdisc = link->qdisc;
    }
    return vnic;
}

Result<std::vector<Vnic>> list_vnics(const Instance& instance) {
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    WEIR_TRY(const auto links, list_links());
    std::vector<Vnic> vnics;
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot) {
        if (infos[slot].state != WEIR_VNIC_ATTACHED) continue;
        vnics.push_back(vnic_of(slot, infos[slot], links));
        if (infos[slot].is_guarded == 0) continue;
        WEIR_TRY(vnics.back().addresses, read_guard(instance, slot));
    }
    return vnics;
}

Result<void> add_details(const Instance& instance, std::vector<Vnic>& vnics) {
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    WEIR_CHECK(add_limits(instance, vnics));
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    const auto pacing = pacing_need(infos, tenants);
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    for (auto& vnic : vnics) {
        const auto& info = infos.at(vnic.slot);
        const bool in = ingress_state(instance, vnic.slot, info).held;
        const bool out = egress_state(instance, vnic.slot, info).held;
        if (!vnic.present) {
            vnic.notes.emplace_back("the interface has been deleted; its counters stand until it is detached");
        } else if (!in && !out) {
            vnic.present = false;
            vnic.notes.push_back(fmt::format("its hooks are gone: deleted and created anew, or taken off by somebody "
                                             "else; count again with: weir attach {}",
                                             vnic.interface));
        } else if (!in || !out) {
            vnic.notes.push_back(fmt::format("the {} hook was taken off by somebody else; mend it with: weir attach {}",
                                             in ? "egress" : "ingress", vnic.interface));
        } else {
            note_ingress(vnic);
            note_foreign_filters(vnic, info);
        }
        if (vnic.present && pacing.wants_fq.at(vnic.slot)) {
            auto note = pacing_note(device_qdisc(vnic.ifindex, qdiscs), info.qdisc, pacing.sizes);
            if (!note.empty()) vnic.notes.push_back(std::move(note));
        }
        const auto ledger = open_ledger(instance, vnic.slot);
        const auto flows = open_flow_table(instance, vnic.slot);
        if (ledger && flows) vnic.memory_bytes = map_memory_bytes(ledger->get()) + map_memory_bytes(flows->get());
    }
    return {};
}

}  // namespace weir
