// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/control.hpp"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "control/common.hpp"
#include "control/drop_tracing.hpp"
#include "control/limit_plan.hpp"
#include "control/pacing.hpp"
#include "control/plan.hpp"
#include "control/share_change.hpp"
#include "control/vnic_change.hpp"
#include "core/text.hpp"
#include "kernel/guards.hpp"
#include "kernel/limits.hpp"
#include "kernel/state_dir.hpp"
#include "kernel/vnic_list.hpp"

namespace weir {
namespace {

constexpr auto busy_hint = "see: weir status";

Result<std::uint32_t> free_slot(const Instance& instance) {
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot)
        if (infos[slot].state == WEIR_VNIC_FREE) return slot;
    return fail(Errc::failed, "cannot attach another interface", fmt::format("all {} places are taken", WEIR_VNICS_MAX),
                busy_hint);
}

using Lines = std::vector<std::string>;

// A list stands before anybody is told to look at it, and goes after.
Result<void> change_with_guard(const Instance& instance, std::uint32_t slot, const weir_vnic_info& now,
                               const weir_vnic_info& wanted, const std::vector<Prefix>& addresses) {
    if (!addresses.empty()) WEIR_CHECK(put_guard(instance, slot, addresses));
    WEIR_CHECK(change_slot(instance, slot, now, wanted));
    return addresses.empty() ? put_guard(instance, slot, addresses) : Result<void>{};
}

Result<void> take_step(const Instance& instance, const Step& step, Lines& warnings) {
    weir_vnic_info wanted = step.wanted;
    switch (step.kind) {
    case Step::Kind::attach: {
        WEIR_TRY(const auto slot, free_slot(instance));
        WEIR_CHECK(put_guard(instance, slot, step.addresses));
        return attach_slot(instance, slot, wanted);
    }
    case Step::Kind::change:
        return change_with_guard(instance, step.slot, step.now, wanted, step.addresses);
    case Step::Kind::replace:
        WEIR_CHECK(detach_slot(instance, step.slot, step.now, warnings));
        WEIR_CHECK(put_guard(instance, step.slot, step.addresses));
        return attach_slot(instance, step.slot, wanted);
    case Step::Kind::detach:
        return detach_slot(instance, step.slot, step.now, warnings);
    }
    return {};
}

// Undoes the steps that were taken, the last one first. What cannot be undone is said beside the error that led here.
Result<void> undo(const Instance& instance, const std::vector<const Step*>& taken, Lines& warnings) {
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    for (const auto* step : taken | std::views::reverse) {
        if (step->kind == Step::Kind::attach) {
            for (std::uint32_t slot = 0; slot < infos.size(); ++slot)
                if (infos[slot].ifindex == step->wanted.ifindex && infos[slot].state == WEIR_VNIC_ATTACHED)
                    WEIR_CHECK(detach_slot(instance, slot, infos[slot], warnings));
        } else if (step->kind == Step::Kind::change) {
            WEIR_CHECK(change_with_guard(instance, step->slot, infos[step->slot], step->now, step->addresses_now));
        }
    }
    return {};
}

// Replaces the pinned programs if they are another build's, and those at the hooks if they are not the pinned ones (a
// process may have died between the two).
Result<bool> bring_programs_up(Instance& instance, bool force) {
    WEIR_TRY(const bool current, programs_are_current(instance));
    if (!current || force) WEIR_CHECK(reload_programs(instance));
    bool any = !current || force;
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    const auto in_id = program_id(instance.tc_in.get());
    const auto out_id = program_id(instance.tc_out.get());
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot) {
        if (infos[slot].state != WEIR_VNIC_ATTACHED) continue;
        const auto state = egress_state(instance, slot, infos[slot]);
        if (!state.held || !ingress_state(instance, slot, infos[slot]).held) continue;
        auto wanted_in_id = in_id;
        if (is_xdp(infos[slot].ingress_hook)) {
            WEIR_TRY(const auto xdp, program_on_demand(instance, OnDemand::xdp));
            wanted_in_id = program_id(xdp.get());
        }
        if (state.program_id == out_id && ingress_state(instance, slot, infos[slot]).program_id == wanted_in_id)
            continue;
        WEIR_CHECK(update_hooks(instance, slot, infos[slot]));
        any = true;
    }
    return any;
}

Result<void> verify(const Instance& instance, const Plan& plan) {
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    for (const auto& step : plan.steps) {
        if (step.kind == Step::Kind::detach) continue;
        bool held = false;
        for (std::uint32_t slot = 0; slot < infos.size(); ++slot)
            if (infos[slot].ifindex == step.wanted.ifindex && infos[slot].state == WEIR_VNIC_ATTACHED)
                held =
                    ingress_state(instance, slot, infos[slot]).held && egress_state(instance, slot, infos[slot]).held;
        if (!held)
            return fail(Errc::failed, "cannot keep hold of " + text_of(step.wanted.interface),
                        "its hooks are gone again right after attaching", "is another tool managing this interface?");
    }
    return {};
}

ChangeReport report_of(const Plan& plan, bool dry_run) {
    ChangeReport report;
    for (const auto& step : plan.steps) {
        add_line(report, step.line, dry_run);
        if (!step.warning.empty()) report.warnings.push_back(step.warning);
    }
    return report;
}

// Takes all steps or, if one fails, none.
Result<void> execute(const Instance& instance, const Plan& plan, Lines& warnings) {
    std::vector<const Step*> taken;
    for (const auto& step : plan.steps) {
        if (auto done = take_step(instance, step, warnings); !done) {
            auto error = done.error();
            if (const auto undone = undo(instance, taken, warnings); !undone)
                error.evidence += "; and what was done before could not be undone: " + to_line(undone.error());
            const auto& info = step.kind == Step::Kind::detach ? step.now : step.wanted;
            error.what = text_of(info.interface) + ": " + error.what;
            return std::unexpected(error);
        }
        taken.push_back(&step);
    }
    return verify(instance, plan);
}

// What is wanted of vNICs and limits.
struct Wanted {
    const std::vector<VnicSpec>& vnics;
    const std::vector<TenantLimit>* limits;  // none: limits stay as they are
    bool exact;                              // vNICs that are not among them are detached
};

// While nothing has changed yet: this kernel may refuse one of them.
Result<void> load_on_demand(const Instance& instance, const Plan& plan) {
    for (const auto& step : plan.steps) {
        if (step.kind == Step::Kind::detach) continue;
        if (is_xdp(step.wanted.ingress_hook)) WEIR_CHECK(program_on_demand(instance, OnDemand::xdp));
        if (step.wanted.capacity_bps != 0) WEIR_CHECK(program_on_demand(instance, OnDemand::tick));
    }
    return {};
}

// Limits and shares first, so that no interface is attached without its tenant's.
Result<void> execute_both(const Instance& instance, const LimitPlan& limits, const Plan& vnics, Lines& warnings) {
    WEIR_CHECK(execute(instance, limits));
    auto done = prepare_shares(instance, vnics);
    if (done) done = execute(instance, vnics, warnings);
    if (done) return {};
    if (const auto undone = undo(instance, limits); !undone)
        done.error().evidence += "; and the limits could not be put back: " + to_line(undone.error());
    return done;
}

Result<ChangeReport> bring_about(const Wanted& wanted, const ChangeOptions& options) {
    WEIR_TRY(const auto lock, StateLock::take());
    WEIR_TRY(auto instance, open_instance());
    if (instance && !options.dry_run) WEIR_CHECK(recover(*instance));
    WEIR_TRY(const auto running, running_of(instance));
    WEIR_TRY(const auto plan,
             make_plan(wanted.vnics, instance ? &*instance : nullptr, running, options.tc_way, wanted.exact));
    LimitPlan limits;
    WEIR_TRY(const auto tenants, tenants_of(instance));
    if (wanted.limits != nullptr) {
        WEIR_TRY(limits, plan_limits(tenants, *wanted.limits));
    }
    WEIR_CHECK(check_shares_after(running, plan, tenants, limits));
    auto report = report_of(plan, options.dry_run);
    add_lines(report, limits, options.dry_run);
    if (options.dry_run) {
        if (instance && options.reload) report.lines.emplace_back("would replace the running programs");
        return report;
    }
    if (!instance) {
        if (plan.steps.empty() && limits.steps.empty()) return report;
        WEIR_TRY(instance, create_instance());
    } else {
        WEIR_TRY(const auto before, running_version(*instance));
        WEIR_TRY(const bool replaced, bring_programs_up(*instance, options.reload));
        if (replaced)
            report.lines.insert(report.lines.begin(), "replaced the programs of " + before + ", counters kept");
    }
    auto done = load_on_demand(*instance, plan);
    if (done) done = execute_both(*instance, limits, plan, report.warnings);
    WEIR_CHECK(bring_shares_up(*instance));
    WEIR_CHECK(bring_pacing_up(*instance, report));
    WEIR_CHECK(remove_if_empty(*instance));
    if (!done) return std::unexpected(done.error());
    if (wanted.limits != nullptr) WEIR_CHECK(warn_of_absent(report, instance, limits));
    return report;
}

Result<ChangeReport> take_down(const Instance& instance, const Plan& plan, const ChangeOptions& options) {
    auto report = report_of(plan, options.dry_run);
    if (options.dry_run) return report;
    WEIR_CHECK(execute(instance, plan, report.warnings));
    WEIR_CHECK(bring_shares_up(instance));
    WEIR_CHECK(bring_pacing_up(instance, report));
    WEIR_CHECK(remove_if_empty(instance));
    return report;
}

// State that no process can reach any more: half made directories, and those of network namespaces whose interfaces
// are all gone.
Result<void> sweep(ChangeReport& report, const ChangeOptions& options) {
    WEIR_TRY(const auto directories, all_state_directories());
    for (const auto& directory : directories) {
        const bool unfinished = directory.ends_with(aside_suffix);
        if (!unfinished && !all_links_dead(directory)) continue;
        if (!options.dry_run) WEIR_CHECK(remove_state_directory(directory));
        if (unfinished) continue;
        report.lines.push_back((options.dry_run ? "would remove " : "removed ") + directory +
                               ", whose interfaces are gone");
    }
    return {};
}

}  // namespace

Result<ChangeReport> attach(const std::vector<VnicSpec>& specs, const ChangeOptions& options) {
    return bring_about({.vnics = specs, .limits = nullptr, .exact = false}, options);
}

Result<ChangeReport> apply(const Document& document, const ChangeOptions& options) {
    return bring_about(
        {.vnics = document.vnics, .limits = document.limits ? &*document.limits : nullptr, .exact = true}, options);
}

Result<ChangeReport> detach(const std::vector<std::string>& interfaces, const ChangeOptions& options) {
    WEIR_TRY(const auto lock, StateLock::take());
    WEIR_TRY(const auto instance, open_instance());
    if (instance && !options.dry_run) WEIR_CHECK(recover(*instance));
    WEIR_TRY(const auto running, running_of(instance));
    WEIR_TRY(const auto plan, make_detach_plan(interfaces, running));
    return instance ? take_down(*instance, plan, options) : ChangeReport{};
}

Result<ChangeReport> detach_all(const ChangeOptions& options) {
    WEIR_TRY(const auto lock, StateLock::take());
    WEIR_TRY(const auto directory, state_directory());
    auto instance = open_instance();
    ChangeReport report;
    if (!instance) {
        // State that cannot be opened is state that cannot be used: its pins go, and with them links and maps.
        if (!options.dry_run) WEIR_CHECK(remove_state_directory(directory));
        report.warnings.push_back(to_line(instance.error()));
        report.lines.push_back((options.dry_run ? "would remove " : "removed ") + directory);
    } else if (*instance) {
        WEIR_TRY(const auto running, running_of(*instance));
        WEIR_TRY(const auto tenants, tenants_of(*instance));
        const auto limits = plan_limit_clear_all(tenants);
        WEIR_TRY(report, take_down(**instance, make_detach_all_plan(running), options));
        add_lines(report, limits, options.dry_run);
        if (!options.dry_run) {
            // Anew: nobody shares an uplink any more.
            WEIR_TRY(const auto left, tenants_of(*instance));
            WEIR_CHECK(execute(**instance, plan_limit_clear_all(left)));
            WEIR_CHECK(remove_if_empty(**instance));
        }
    }
    if (!options.dry_run) {
        WEIR_TRY(const auto names, take_stray_pacing_down(report.warnings));
        for (const auto& name : names)
            report.lines.push_back("removed the fq that was left at " + name);
    }
    WEIR_CHECK(stop_drop_tracer(report, options));
    WEIR_CHECK(sweep(report, options));
    return report;
}

Result<Document> export_document() {
    WEIR_TRY(const auto instance, open_instance());
    Document document;
    document.limits.emplace();
    if (!instance) return document;
    WEIR_TRY(const auto vnics, list_vnics(*instance));
    for (const auto& vnic : vnics) {
        if (!vnic.present) continue;
        document.vnics.push_back({.interface = vnic.interface,
                                  .tenant = vnic.tenant,
                                  .role = vnic.role,
                                  .ingress = vnic.ingress,
                                  .flows = vnic.flows,
                                  .capacity_bps = vnic.capacity_is_link_speed ? 0 : vnic.capacity_bps,
                                  .capacity_rx_bps = vnic.capacity_is_link_speed ? 0 : vnic.capacity_rx_bps,
                                  .no_capacity = vnic.no_capacity,
                                  .addresses = vnic.addresses});
    }
    WEIR_TRY(const auto tenants, tenants_of(instance));
    for (const auto& info : tenants)
        if (const Limit limit = limit_of(info.wish); limit.is_set())
            document.limits->push_back({.tenant = tenant_of(info), .limit = limit});
    std::ranges::sort(*document.limits, {}, &TenantLimit::tenant);
    return document;
}

}  // namespace weir
