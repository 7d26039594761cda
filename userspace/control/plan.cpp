// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/plan.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"
#include "kernel/ethtool.hpp"
#include "kernel/guards.hpp"
#include "kernel/tables.hpp"
#include "kernel/vnic_list.hpp"

namespace weir {
namespace {

std::string name_of(const weir_vnic_info& info) { return text_of(info.interface); }
std::string tenant_of(const weir_vnic_info& info) { return text_of(info.tenant); }

// "capacity 10gbit", "capacity 10gbit in tx, 1gbit in rx", "capacity 10gbit (the link's speed)".
std::string capacity_words(const weir_vnic_info& info) {
    if (info.capacity_bps == 0) return "no capacity";
    auto words = "capacity " + print_rate(info.capacity_bps);
    if (info.capacity_rx_bps != 0) words += fmt::format(" in tx, {} in rx", print_rate(info.capacity_rx_bps));
    if (info.capacity_source == WEIR_CAPACITY_LINK) words += " (the link's speed)";
    return words;
}

std::string guard_change(const std::vector<Prefix>& addresses) {
    return addresses.empty() ? "any source address" : "source addresses " + guard_words(addresses);
}

std::string describe(const weir_vnic_info& info) {
    return fmt::format("{} (tenant {}, role {}): {} in, {} out", name_of(info), tenant_of(info),
                       to_string(static_cast<Role>(info.role)), to_string(static_cast<Hook>(info.ingress_hook)),
                       to_string(static_cast<Hook>(info.egress_hook))) +
           (info.capacity_bps != 0 ? ", " + capacity_words(info) : "");
}

struct Standing {
    std::uint32_t slot = 0;
    bool alive = false;  // at least one of its hooks is held
};

// The slot that holds this interface now, or one that held an interface of this name which is gone.
std::optional<Standing> find_standing(const Link& link, const Instance* instance, const Running& running) {
    std::optional<Standing> dead;
    for (std::uint32_t slot = 0; slot < running.size(); ++slot) {
        const auto& info = running[slot];
        if (info.state != WEIR_VNIC_ATTACHED) continue;
        const bool alive = info.ifindex == link.ifindex &&
                           (ingress_state(*instance, slot, info).held || egress_state(*instance, slot, info).held);
        if (alive) return Standing{slot, true};
        if (info.ifindex == link.ifindex || name_of(info) == link.name) dead = Standing{slot, false};
    }
    return dead;
}

// Of an uplink whose capacity nobody has given, and whose link does not tell it. Empty of any other.
std::string without_capacity(const weir_vnic_info& info) {
    if (info.role != WEIR_ROLE_UPLINK || info.capacity_bps != 0 || info.capacity_source == WEIR_CAPACITY_NONE)
        return {};
    return fmt::format("{}: no capacity, so tenants do not share it: {}; give --capacity RATE, or --capacity none",
                       name_of(info), link_speed(name_of(info)).why_unknown);
}

// Differences that change_slot can bring about without losing a counter.
std::string in_place_changes(const weir_vnic_info& now, const weir_vnic_info& wanted) {
    std::string changes;
    const auto add = [&](const std::string& text) { changes += (changes.empty() ? "" : ", ") + text; };
    if (tenant_of(now) != tenant_of(wanted)) add("tenant " + tenant_of(wanted));
    if (now.capacity_bps != wanted.capacity_bps || now.capacity_rx_bps != wanted.capacity_rx_bps ||
        now.capacity_source != wanted.capacity_source)
        add(capacity_words(wanted));
    if (now.ingress_choice != wanted.ingress_choice)
        add(fmt::format("ingress hook {}", to_string(static_cast<IngressChoice>(wanted.ingress_choice))));
    return changes;
}

Result<std::optional<Step>> step_for_standing(const Link& link, const Standing& standing, const Instance& instance,
                                              const weir_vnic_info& now, weir_vnic_info wanted,
                                              const std::vector<Prefix>& addresses) {
    Step step{.kind = Step::Kind::change,
              .slot = standing.slot,
              .now = now,
              .wanted = wanted,
              .addresses = addresses,
              .line = {},
              .warning = {}};
    if (!standing.alive) {
        step.kind = Step::Kind::replace;
        step.line = "attach " + describe(wanted);
        step.warning = fmt::format("{} is a new interface; the counters of the deleted one end here", link.name);
        return step;
    }
    if (now.role != wanted.role || now.flow_sets != wanted.flow_sets) {
        step.kind = Step::Kind::replace;
        step.line = "attach anew " + describe(wanted);
        step.warning = fmt::format("{}: another {} begins its counters at 0", link.name,
                                   now.role != wanted.role ? "role" : "--flows");
        return step;
    }
    auto changes = in_place_changes(now, wanted);
    if (now.is_guarded != 0) {
        WEIR_TRY(step.addresses_now, read_guard(instance, standing.slot));
    }
    if (step.addresses_now != addresses) changes += (changes.empty() ? "" : ", ") + guard_change(addresses);
    const bool whole =
        ingress_state(instance, standing.slot, now).held && egress_state(instance, standing.slot, now).held;
    if (!whole) changes += std::string(changes.empty() ? "" : ", ") + "the missing hook put back";
    // A name that changed is kept up in the journal, silently: the ifindex is what counts.
    if (changes.empty() && name_of(now) == link.name && now.flows == wanted.flows) return std::nullopt;
    if (!changes.empty()) step.line = fmt::format("change {}: {}", link.name, changes);
    return step;
}

Result<std::optional<Step>> step_for(const VnicSpec& spec, const Link& link, const Instance* instance,
                                     const Running& running, TcWay way) {
    const auto standing = find_standing(link, instance, running);
    Link seen = link;
    if (standing && standing->alive && is_xdp(running[standing->slot].ingress_hook))
        seen.has_xdp = false;  // it is Weir's own
    WEIR_TRY(const auto hooks, plan_hooks(seen, spec.ingress, way));
    const auto wanted = make_info(spec, link, hooks);
    if (standing) return step_for_standing(link, *standing, *instance, running[standing->slot], wanted, spec.addresses);
    return Step{.kind = Step::Kind::attach,
                .slot = 0,
                .now = {},
                .wanted = wanted,
                .addresses = spec.addresses,
                .line =
                    "attach " + describe(wanted) + (spec.addresses.empty() ? "" : ", " + guard_change(spec.addresses)),
                .warning = {}};
}

Step detach_step(std::uint32_t slot, const weir_vnic_info& info, const std::string& present_name) {
    return {.kind = Step::Kind::detach,
            .slot = slot,
            .now = info,
            .wanted = {},
            .line = "detach " + present_name,
            .warning = {}};
}

std::string present_name(const weir_vnic_info& info, const std::vector<Link>& links) {
    const auto link = std::ranges::find(links, info.ifindex, &Link::ifindex);
    return link == links.end() ? name_of(info) : link->name;
}

Result<std::vector<const Link*>> find_links(const std::vector<VnicSpec>& specs, const std::vector<Link>& links) {
    std::vector<const Link*> found;
    std::string missing;
    for (const auto& spec : specs) {
        const auto link = std::ranges::find(links, spec.interface, &Link::name);
        if (link == links.end())
            missing += (missing.empty() ? "" : ", ") + spec.interface;
        else
            found.push_back(&*link);
    }
    if (!missing.empty())
        return fail(Errc::failed, "cannot attach to " + missing, "no such interface in this network namespace",
                    "see: ip link");
    return found;
}

}  // namespace

Result<Plan> make_plan(const std::vector<VnicSpec>& specs, const Instance* instance, const Running& running, TcWay way,
                       bool exact) {
    WEIR_TRY(const auto links, list_links());
    WEIR_TRY(const auto found, find_links(specs, links));
    Plan plan;
    std::set<std::uint32_t> kept;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        WEIR_TRY(auto step, step_for(specs[i], *found[i], instance, running, way));
        if (const auto standing = find_standing(*found[i], instance, running)) kept.insert(standing->slot);
        if (!step) continue;
        if (auto words = without_capacity(step->wanted); !words.empty())
            step->warning = step->warning.empty() ? std::move(words) : step->warning + "; " + words;
        plan.steps.push_back(std::move(*step));
    }
    if (!exact) return plan;
    for (std::uint32_t slot = 0; slot < running.size(); ++slot)
        if (running[slot].state == WEIR_VNIC_ATTACHED && !kept.contains(slot))
            plan.steps.push_back(detach_step(slot, running[slot], present_name(running[slot], links)));
    return plan;
}

Result<Plan> make_detach_plan(const std::vector<std::string>& interfaces, const Running& running) {
    WEIR_TRY(const auto links, list_links());
    Plan plan;
    std::string missing;
    for (const auto& interface : interfaces) {
        std::optional<std::uint32_t> by_old_name;
        std::optional<std::uint32_t> by_name;
        for (std::uint32_t slot = 0; slot < running.size(); ++slot) {
            if (running[slot].state != WEIR_VNIC_ATTACHED) continue;
            if (present_name(running[slot], links) == interface) by_name = slot;
            if (name_of(running[slot]) == interface) by_old_name = slot;
        }
        const auto slot = by_name ? by_name : by_old_name;
        if (!slot)
            missing += (missing.empty() ? "" : ", ") + interface;
        else if (std::ranges::find(plan.steps, *slot, &Step::slot) == plan.steps.end())
            plan.steps.push_back(detach_step(*slot, running[*slot], present_name(running[*slot], links)));
    }
    if (!missing.empty())
        return fail(Errc::failed, "cannot detach " + missing, "it is not attached", "see: weir status");
    return plan;
}

Plan make_detach_all_plan(const Running& running) {
    const auto links = list_links();
    Plan plan;
    for (std::uint32_t slot = 0; slot < running.size(); ++slot)
        if (running[slot].state != WEIR_VNIC_FREE)
            plan.steps.push_back(
                detach_step(slot, running[slot], links ? present_name(running[slot], *links) : name_of(running[slot])));
    return plan;
}

}  // namespace weir
