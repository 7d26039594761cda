#include "control/pacing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/limits.hpp"
#include "kernel/netlink.hpp"
#include "kernel/qdisc.hpp"
#include "kernel/vnic_list.hpp"
#include "model/pacing.hpp"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

std::string name_of(const weir_vnic_info& info) { return text_of(info.interface, sizeof(info.interface)); }

bool is_ours(const DeviceQdisc& device) {
    return device.state == PacingState::ours || device.state == PacingState::ours_incomplete;
}

// Writes the journal if it does not say so already.
Result<void> note_state(const Instance& instance, std::uint32_t slot, weir_vnic_info& info, weir_qdisc_state state,
                        const std::string& before) {
    if (info.qdisc == static_cast<std::uint32_t>(state) &&
        text_of(info.qdisc_before, sizeof(info.qdisc_before)) == before)
        return {};
    info.qdisc = state;
    std::ranges::fill(info.qdisc_before, '\0');
    before.copy(info.qdisc_before, sizeof(info.qdisc_before) - 1);
    return write_vnic_info(instance, slot, info);
}

// Installs, completes or enlarges Weir's fq where that is possible.
Result<void> bring_up(const Instance& instance, std::uint32_t slot, weir_vnic_info& info, const DeviceQdisc& standing,
                      const FqSizes& sizes, Lines& lines) {
    const auto said = [&](const Error& error) {
        lines.push_back(fmt::format("{}: {}: {}", name_of(info), error.what, error.evidence));
    };
    if (is_ours(standing)) {
        // Of before a journal that was lost: what stood here is not known.
        if (info.qdisc != WEIR_QDISC_OURS) WEIR_CHECK(note_state(instance, slot, info, WEIR_QDISC_OURS, ""));
        if (const auto grown = grow_fq(info.ifindex, standing, sizes); !grown) said(grown.error());
        if (standing.state == PacingState::ours) return {};
    } else if (standing.state == PacingState::kernel_default) {
        WEIR_CHECK(note_state(instance, slot, info, WEIR_QDISC_OURS, standing.kind));
    } else {
        return note_state(instance, slot, info, WEIR_QDISC_THEIRS, "");
    }
    const auto installed = install_fq(info.ifindex, standing, sizes);
    if (installed) return {};
    if (installed.error().code == Errc::unsupported) return note_state(instance, slot, info, WEIR_QDISC_NO_FQ, "");
    said(installed.error());
    return is_ours(standing) ? Result<void>{} : note_state(instance, slot, info, WEIR_QDISC_THEIRS, "");
}

Result<void> bring_down(const Instance& instance, std::uint32_t slot, weir_vnic_info& info, const DeviceQdisc& standing,
                        Lines& lines) {
    if (is_ours(standing) || info.qdisc == WEIR_QDISC_OURS) {
        WEIR_TRY(const auto told, take_pacing_down(info));
        lines.insert(lines.end(), told.begin(), told.end());
        return write_vnic_info(instance, slot, info);
    }
    return note_state(instance, slot, info, WEIR_QDISC_THEIRS, "");
}

// One line for all interfaces of which the same is to be said.
void say(Lines& lines, const std::string& name, const std::string& note) {
    const auto same = std::ranges::find_if(lines, [&](const auto& line) { return line.ends_with(": " + note); });
    if (same == lines.end())
        lines.push_back(name + ": " + note);
    else
        same->insert(same->size() - note.size() - 2, ", " + name);
}

}  // namespace

Result<Lines> bring_pacing_up(const Instance& instance) {
    WEIR_TRY(auto infos, read_vnic_infos(instance));
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    const auto need = pacing_need(infos, tenants);
    WEIR_TRY(const auto before, list_qdiscs());
    WEIR_TRY(const auto links, list_links());
    Lines lines;
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot) {
        auto& info = infos[slot];
        if (info.state != WEIR_VNIC_ATTACHED) continue;
        if (std::ranges::find(links, info.ifindex, &Link::ifindex) == links.end()) continue;
        const auto standing = device_qdisc(info.ifindex, before);
        if (need.wants_fq[slot])
            WEIR_CHECK(bring_up(instance, slot, info, standing, need.sizes, lines));
        else
            WEIR_CHECK(bring_down(instance, slot, info, standing, lines));
    }
    if (!need.is_wanted()) return lines;
    WEIR_TRY(const auto after, list_qdiscs());
    for (std::uint32_t slot = 0; slot < infos.size(); ++slot) {
        if (!need.wants_fq[slot] || std::ranges::find(links, infos[slot].ifindex, &Link::ifindex) == links.end())
            continue;
        const auto note = pacing_note(device_qdisc(infos[slot].ifindex, after), infos[slot].qdisc, need.sizes);
        if (!note.empty()) say(lines, name_of(infos[slot]), note);
    }
    return lines;
}

Result<Lines> take_pacing_down(weir_vnic_info& info) {
    Lines lines;
    const auto before = text_of(info.qdisc_before, sizeof(info.qdisc_before));
    const auto now = remove_fq(info.ifindex);
    if (!now)
        lines.push_back(fmt::format("{}: {}: {}; try: tc qdisc del dev {} root", name_of(info), now.error().what,
                                    now.error().evidence, name_of(info)));
    // An interface that had never been up had none; one that is gone has none.
    else if (info.qdisc == WEIR_QDISC_OURS && !before.empty() && before != "noop" && *now != "noop" && *now != before)
        lines.push_back(fmt::format("{}: {} stood here before Weir's fq, and now the kernel's default is {}",
                                    name_of(info), before, *now));
    info.qdisc = WEIR_QDISC_THEIRS;
    std::ranges::fill(info.qdisc_before, '\0');
    return lines;
}

Result<Lines> take_all_pacing_down() {
    WEIR_TRY(const auto links, list_links());
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    Lines lines;
    for (const auto& link : links) {
        if (!is_ours(device_qdisc(link.ifindex, qdiscs))) continue;
        weir_vnic_info info{};
        info.ifindex = link.ifindex;
        link.name.copy(info.interface, sizeof(info.interface) - 1);
        WEIR_TRY(const auto told, take_pacing_down(info));
        lines.insert(lines.end(), told.begin(), told.end());
    }
    return lines;
}

}  // namespace weir
