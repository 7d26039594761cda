// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/common.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "control/pacing.hpp"
#include "core/text.hpp"
#include "kernel/limits.hpp"
#include "kernel/state_dir.hpp"
#include "kernel/vnic_list.hpp"

namespace weir {
namespace {

std::string past(const std::string& line) {
    const auto space = line.find(' ');
    const auto verb = line.substr(0, space);
    return (verb == "change" ? "changed" : verb + "ed") + line.substr(space);
}

std::string absence_of(const std::string& tenant, const Running& running) {
    for (const auto& vnic : running) {
        if (vnic.state != WEIR_VNIC_ATTACHED || text_of(vnic.tenant) != tenant) continue;
        if (vnic.role != WEIR_ROLE_UPLINK) return {};
    }
    return fmt::format("no interface of {0} is attached: its limits take effect when one is "
                       "(weir attach IFACE --tenant {0})",
                       tenant);
}

}  // namespace

Result<Running> running_of(const std::optional<Instance>& instance) {
    if (!instance) return Running{};
    return read_vnic_infos(*instance);
}

Result<Tenants> tenants_of(const std::optional<Instance>& instance) {
    return tenants_of(instance ? &*instance : nullptr);
}

void add_line(ChangeReport& report, const std::string& line, bool dry_run) {
    if (!line.empty()) report.lines.push_back(dry_run ? "would " + line : past(line));
}

void add_lines(ChangeReport& report, const LimitPlan& plan, bool dry_run) {
    for (const auto& step : plan.steps)
        add_line(report, step.line, dry_run);
}

Result<void> warn_of_absent(ChangeReport& report, const std::optional<Instance>& instance, const LimitPlan& plan) {
    WEIR_TRY(const auto running, running_of(instance));
    for (const auto& step : plan.steps) {
        if (!has_wish(step.wanted)) continue;
        const auto warning = absence_of(tenant_of(step.wanted), running);
        if (!warning.empty()) report.warnings.push_back(warning);
    }
    return {};
}

Result<void> bring_pacing_up(const Instance& instance, ChangeReport& report) {
    std::vector<std::string> told;
    WEIR_CHECK(bring_pacing_up(instance, told));
    if (!report.lines.empty()) report.warnings.insert(report.warnings.end(), told.begin(), told.end());
    return {};
}

Result<void> remove_if_empty(const Instance& instance) {
    WEIR_TRY(const auto infos, read_vnic_infos(instance));
    if (std::ranges::any_of(infos, [](const auto& info) { return info.state != WEIR_VNIC_FREE; })) return {};
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    if (std::ranges::any_of(tenants, [](const auto& info) { return !is_free(info); })) return {};
    return remove_state_directory(instance.directory);
}

}  // namespace weir
