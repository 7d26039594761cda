// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/pacing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.hpp"
#include "kernel/limits.hpp"
#include "kernel/netlink.hpp"
#include "kernel/qdisc.hpp"
#include "kernel/vnic_list.hpp"
#include "model/pacing.hpp"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

std::string name_of(const weir_vnic_info& info) { return text_of(info.interface); }
std::string before_of(const weir_vnic_info& info) { return text_of(info.qdisc_before); }

void set_state(weir_vnic_info& info, weir_qdisc_state state, const std::string& before) {
    info.qdisc = state;
    std::ranges::fill(info.qdisc_before, '\0');
    before.copy(info.qdisc_before, sizeof(info.qdisc_before) - 1);
}

// Writes the journal if it does not say so already.
Result<void> note_state(const Instance& instance, std::uint32_t slot, weir_vnic_info& info, weir_qdisc_state state,
                        const std::string& before) {
    if (info.qdisc == static_cast<std::uint32_t>(state) && before_of(info) == before) return {};
    set_state(info, state, before);
    return write_vnic_info(instance, slot, info);
}

// Installs, completes or enlarges Weir's fq where that is possible.
Result<void> bring_up(const Instance& instance, std::uint32_t slot, weir_vnic_info& info, const DeviceQdisc& standing,
                      const FqSizes& sizes, Lines& warnings) {
    const auto warn = [&](const Error& error) {
        warnings.push_back(fmt::format("{}: {}: {}", name_of(info), error.what, error.evidence));
    };
    if (standing.is_ours()) {
        // Of a journal that was lost: what stood here before is not known.
        if (info.qdisc != WEIR_QDISC_OURS) WEIR_CHECK(note_state(instance, slot, info, WEIR_QDISC_OURS, ""));
        if (const auto grown = grow_fq(info.ifindex, standing, sizes); !grown) warn(grown.error());
        if (standing.state == PacingState::ours) return {};
    } else if (standing.state == PacingState::kernel_default) {
        WEIR_CHECK(note_state(instance, slot, info, WEIR_QDISC_OURS, standing.kind));
    } else {
        return note_state(instance, slot, info, WEIR_QDISC_THEIRS, "");
    }
    const auto installed = install_fq(info.ifindex, standing, sizes);
    if (installed) return {};
    const bool no_fq = installed.error().code == Errc::unsupported;
    if (!no_fq) warn(installed.error());
    if (standing.is_ours()) return {};
    return note_state(instance, slot, info, no_fq ? WEIR_QDISC_NO_FQ : WEIR_QDISC_THEIRS, "");
}

Result<void> bring_down(const Instance& instance, std::uint32_t slot, weir_vnic_info& info, const DeviceQdisc& standing,
                        Lines& warnings) {
    if (!standing.is_ours()) return note_state(instance, slot, info, WEIR_QDISC_THEIRS, "");
    take_pacing_down(info, warnings);
    return write_vnic_info(instance, slot, info);
}

// One line for all interfaces of which the same is to be said.
void say(Lines& lines, const std::string& name, const std::string& note) {
    const auto same = std::ranges::find_if(lines, [&](const auto& line) { return line.ends_with(": " + note); });
    if (same == lines.end())
        lines.push_back(name + ": " + note);
    else
        same->insert(same->size() - note.size() - 2, ", " + name);
}

// Limits are to know whether what they delay is held by anything.
Result<void> tell_limits(const Instance& instance, const std::vector<weir_tenant_info>& tenants,
                         const std::vector<weir_vnic_info>& vnics) {
    const bool is_paced = std::ranges::any_of(
        vnics, [](const auto& info) { return info.state == WEIR_VNIC_ATTACHED && info.qdisc == WEIR_QDISC_OURS; });
    std::vector<PlacedTenant> changed;
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot) {
        if (is_free(tenants[slot]) || (tenants[slot].is_paced != 0) == is_paced) continue;
        changed.push_back({.slot = slot, .info = tenants[slot]});
        changed.back().info.is_paced = is_paced ? 1 : 0;
    }
    return put_tenants(instance, changed);
}

}  // namespace

Result<void> bring_pacing_up(const Instance& instance, Lines& warnings) {
    WEIR_TRY(auto infos, read_vnic_infos(instance));
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    WEIR_TRY(const auto links, list_links());
    WEIR_TRY(const auto found, list_qdiscs());
    const auto need = pacing_need(infos, tenants);
    const auto is_there = [&](const weir_vnic_info& info) {
        return info.state == WEIR_VNIC_ATTACHED &&
               std::ranges::find(links, info.ifindex, &Link::ifindex) != links.end();
    };
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot) {
        auto& info = infos[slot];
        if (!is_there(info)) continue;
        const auto standing = device_qdisc(info.ifindex, found);
        if (need.wants_fq[slot])
            WEIR_CHECK(bring_up(instance, slot, info, standing, need.sizes, warnings));
        else
            WEIR_CHECK(bring_down(instance, slot, info, standing, warnings));
    }
    WEIR_CHECK(tell_limits(instance, tenants, infos));
    if (!need.is_wanted()) return {};
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    Lines notes;
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot) {
        if (!need.wants_fq[slot] || !is_there(infos[slot])) continue;
        const auto note = pacing_note(device_qdisc(infos[slot].ifindex, qdiscs), infos[slot].qdisc, need.sizes);
        if (!note.empty()) say(notes, name_of(infos[slot]), note);
    }
    warnings.insert(warnings.end(), notes.begin(), notes.end());
    return {};
}

void take_pacing_down(weir_vnic_info& info, Lines& warnings) {
    const auto before = before_of(info);
    const auto now = remove_fq(info.ifindex);
    if (!now)
        warnings.push_back(fmt::format("{0}: {1}: {2}; try: tc qdisc del dev {0} root", name_of(info), now.error().what,
                                       now.error().evidence));
    // "noop": an interface that has never been up, or one that is gone.
    else if (!before.empty() && before != "noop" && *now != "noop" && *now != before)
        warnings.push_back(fmt::format("{}: {} stood here before Weir's fq, and what stands here now is {}",
                                       name_of(info), before, *now));
    set_state(info, WEIR_QDISC_THEIRS, "");
}

Result<Lines> take_stray_pacing_down(Lines& warnings) {
    WEIR_TRY(const auto links, list_links());
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    Lines names;
    for (const auto& link : links) {
        if (!device_qdisc(link.ifindex, qdiscs).is_ours()) continue;
        weir_vnic_info info{};
        info.ifindex = link.ifindex;
        link.name.copy(info.interface, sizeof(info.interface) - 1);
        take_pacing_down(info, warnings);
        names.push_back(link.name);
    }
    return names;
}

}  // namespace weir
