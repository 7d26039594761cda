// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/hooks.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "kernel/ethtool.hpp"

namespace weir {
namespace {

Hook ingress_hook_of(const weir_vnic_info& info) { return static_cast<Hook>(info.ingress_hook); }
Hook egress_hook_of(const weir_vnic_info& info) { return static_cast<Hook>(info.egress_hook); }

std::string link_path(const Instance& instance, std::uint32_t slot, bool ingress) {
    return fmt::format("{}/slot{}_{}", instance.directory, slot, ingress ? "ingress" : "egress");
}

// EINVAL on kernels before 6.6, which have no such attach type.
bool kernel_has_tcx(std::uint32_t ifindex) {
    DECLARE_LIBBPF_OPTS(bpf_prog_query_opts, options);
    return bpf_prog_query_opts(static_cast<int>(ifindex), BPF_TCX_INGRESS, &options) == 0;
}

// The lowest priority number that no other filter has, so as to stand before as many of them as can be.
std::uint32_t free_priority(const std::vector<Filter>& filters) {
    std::uint32_t priority = 1;
    while (std::ranges::find(filters, priority, &Filter::priority) != filters.end())
        ++priority;
    return priority;
}

// The qdisc that stands where clsact goes: "" or "clsact". Errc::conflict for a bare ingress qdisc, which excludes it.
Result<std::string> qdisc_for_clsact(std::uint32_t ifindex, const std::string& interface) {
    WEIR_TRY(auto standing, ingress_qdisc(ifindex));
    if (standing == "ingress")
        return fail(Errc::conflict, "cannot attach to " + interface,
                    "an ingress qdisc of another owner stands where clsact is needed",
                    "this kernel has no tcx to attach beside it; remove it: tc qdisc del dev " + interface +
                        " ingress");
    return standing;
}

Result<void> create_link(const Instance& instance, std::uint32_t slot, std::uint32_t ifindex, bool ingress, Hook hook) {
    Fd xdp;
    if (is_xdp(hook)) {
        WEIR_TRY(xdp, program_on_demand(instance, OnDemand::xdp));
    }
    const int program = is_xdp(hook) ? xdp.get() : ingress ? instance.tc_in.get() : instance.tc_out.get();
    const auto type = is_xdp(hook) ? BPF_XDP : ingress ? BPF_TCX_INGRESS : BPF_TCX_EGRESS;
    DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options);
    options.flags = hook == Hook::xdp_native    ? XDP_FLAGS_DRV_MODE
                    : hook == Hook::xdp_generic ? XDP_FLAGS_SKB_MODE
                                                : BPF_F_BEFORE;
    const Fd link(bpf_link_create(program, static_cast<int>(ifindex), type, &options));
    if (!link) {
        const int error = errno;
        const auto code = error == EPERM                           ? Errc::permission
                          : error == EBUSY || error == EEXIST      ? Errc::conflict
                          : error == EOPNOTSUPP || error == ERANGE ? Errc::unsupported
                                                                   : Errc::failed;
        return fail(code, fmt::format("cannot attach the {} program", ingress ? "ingress" : "egress"),
                    error == ERANGE ? "the MTU is too large for native XDP on this driver" : errno_text(error),
                    is_xdp(hook) ? "use --ingress-hook tc" : "");
    }
    const auto path = link_path(instance, slot, ingress);
    if (bpf_obj_pin(link.get(), path.c_str()) != 0) return fail(Errc::failed, "cannot pin " + path, errno_text(errno));
    return {};
}

void release_link(const std::string& path) {
    // Detached first: the last reference is dropped later, in a work queue, and the hook should be free now.
    if (const Fd link(bpf_obj_get(path.c_str())); link) bpf_link_detach(link.get());
    unlink(path.c_str());
}

HookState link_state(const std::string& path, std::uint32_t ifindex) {
    const Fd link(bpf_obj_get(path.c_str()));
    bpf_link_info info{};
    std::uint32_t size = sizeof(info);
    if (!link || bpf_link_get_info_by_fd(link.get(), &info, &size) != 0) return {};
    const std::uint32_t at = info.type == BPF_LINK_TYPE_XDP ? info.xdp.ifindex : info.tcx.ifindex;
    return {.held = at == ifindex && at != 0, .program_id = info.prog_id};
}

HookState filter_state(const weir_vnic_info& info, bool ingress) {
    const auto filters = list_filters(info.ifindex, ingress);
    if (!filters) return {};
    const auto priority = ingress ? info.tc_ingress_priority : info.tc_egress_priority;
    for (const auto& filter : *filters)
        if (filter.priority == priority && filter.handle == info.tc_handle &&
            filter.name == (ingress ? filter_name_in : filter_name_out))
            return {.held = true, .program_id = filter.program_id};
    return {};
}

Result<void> release_filter(const weir_vnic_info& info, bool ingress) {
    if (!filter_state(info, ingress).held) return {};
    return delete_filter(info.ifindex, ingress, ingress ? info.tc_ingress_priority : info.tc_egress_priority,
                         info.tc_handle);
}

Result<void> ensure_clsact(const weir_vnic_info& info) {
    if (info.clsact_is_ours == 0) return {};
    auto created = create_clsact(info.ifindex);
    if (!created && created.error().code == Errc::conflict) return {};
    return created;
}

Result<void> set_tc_filter(const Instance& instance, const weir_vnic_info& info, bool ingress) {
    return set_filter(info.ifindex, ingress, ingress ? info.tc_ingress_priority : info.tc_egress_priority,
                      info.tc_handle, ingress ? instance.tc_in.get() : instance.tc_out.get(),
                      ingress ? filter_name_in : filter_name_out);
}

Result<void> update_link(const std::string& path, int program) {
    const Fd link(bpf_obj_get(path.c_str()));
    if (!link || bpf_link_update(link.get(), program, nullptr) != 0)
        return fail(Errc::failed, "cannot replace the program behind " + path, errno_text(errno));
    return {};
}

}  // namespace

bool driver_has_free_xdp(const std::string& driver) {
    constexpr std::array drivers{"i40e", "ice", "igb", "igc", "ixgbe", "mlx5_core"};
    return std::ranges::find(drivers, driver) != drivers.end();
}

Result<HookPlan> plan_hooks(const Link& link, IngressChoice choice, TcWay way) {
    if (link.type != ARPHRD_ETHER && link.type != ARPHRD_LOOPBACK)
        return fail(Errc::unsupported, "cannot attach to " + link.name,
                    fmt::format("it carries no Ethernet frames (hardware type {})", link.type),
                    "attach to the interface beneath it");
    HookPlan plan;
    const bool tcx = kernel_has_tcx(link.ifindex);
    if (way == TcWay::tcx && !tcx)
        return fail(Errc::unsupported, "cannot attach to " + link.name, "this kernel has no tcx (Linux 6.6 has)",
                    "use --bpf-hooks clsact");
    const bool use_tcx = way == TcWay::tcx || (way == TcWay::automatic && tcx);
    plan.egress = use_tcx ? Hook::tcx : Hook::clsact;
    if (!use_tcx) WEIR_CHECK(qdisc_for_clsact(link.ifindex, link.name));

    const bool want_xdp = choice == IngressChoice::xdp ||
                          (choice == IngressChoice::automatic && driver_has_free_xdp(driver_of(link.name)));
    plan.ingress = want_xdp ? Hook::xdp_native : plan.egress;
    if (want_xdp && link.has_xdp) {
        if (choice == IngressChoice::xdp)
            return fail(Errc::conflict, "cannot attach to " + link.name,
                        fmt::format("an XDP program of another owner is attached (id {})", link.xdp_program_id),
                        "use --ingress-hook tc");
        plan.ingress = plan.egress;
    }
    return plan;
}

Result<void> settle_clsact(weir_vnic_info& info, bool standing_is_ours) {
    if (ingress_hook_of(info) != Hook::clsact && egress_hook_of(info) != Hook::clsact) return {};
    WEIR_TRY(const auto standing, qdisc_for_clsact(info.ifindex, info.interface));
    info.clsact_is_ours = standing.empty() || standing_is_ours ? 1 : 0;
    info.tc_ingress_priority = info.tc_egress_priority = 1;
    if (standing.empty()) return {};
    WEIR_TRY(const auto in, list_filters(info.ifindex, true));
    WEIR_TRY(const auto out, list_filters(info.ifindex, false));
    info.tc_ingress_priority = free_priority(in);
    info.tc_egress_priority = free_priority(out);
    return {};
}

Result<void> attach_ingress(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    if (ingress_hook_of(info) == Hook::clsact) {
        WEIR_CHECK(ensure_clsact(info));
        return set_tc_filter(instance, info, true);
    }
    return create_link(instance, slot, info.ifindex, true, ingress_hook_of(info));
}

Result<void> attach_egress(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    if (egress_hook_of(info) == Hook::clsact) {
        WEIR_CHECK(ensure_clsact(info));
        return set_tc_filter(instance, info, false);
    }
    return create_link(instance, slot, info.ifindex, false, egress_hook_of(info));
}

Result<void> release_ingress(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    release_link(link_path(instance, slot, true));
    return ingress_hook_of(info) == Hook::clsact ? release_filter(info, true) : Result<void>{};
}

Result<void> release_hooks(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    WEIR_CHECK(release_ingress(instance, slot, info));
    release_link(link_path(instance, slot, false));
    return egress_hook_of(info) == Hook::clsact ? release_filter(info, false) : Result<void>{};
}

Result<void> release_clsact(const weir_vnic_info& info) {
    if (info.clsact_is_ours == 0 || egress_hook_of(info) != Hook::clsact) return {};
    WEIR_TRY(const auto standing, ingress_qdisc(info.ifindex));
    if (standing != "clsact") return {};
    WEIR_TRY(const auto in, list_filters(info.ifindex, true));
    WEIR_TRY(const auto out, list_filters(info.ifindex, false));
    if (!in.empty() || !out.empty()) return {};
    return delete_clsact(info.ifindex);
}

HookState ingress_state(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    if (ingress_hook_of(info) == Hook::clsact) return filter_state(info, true);
    return link_state(link_path(instance, slot, true), info.ifindex);
}

HookState egress_state(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    if (egress_hook_of(info) == Hook::clsact) return filter_state(info, false);
    return link_state(link_path(instance, slot, false), info.ifindex);
}

Result<void> update_hooks(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    const auto ingress = ingress_hook_of(info);
    if (is_xdp(ingress)) {
        WEIR_TRY(const auto xdp, program_on_demand(instance, OnDemand::xdp));
        WEIR_CHECK(update_link(link_path(instance, slot, true), xdp.get()));
    } else if (ingress == Hook::clsact) {
        WEIR_CHECK(set_tc_filter(instance, info, true));
    } else {
        WEIR_CHECK(update_link(link_path(instance, slot, true), instance.tc_in.get()));
    }
    if (egress_hook_of(info) == Hook::clsact) return set_tc_filter(instance, info, false);
    return update_link(link_path(instance, slot, false), instance.tc_out.get());
}

bool all_links_dead(const std::string& directory) {
    bool any = false;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        if (!entry.path().filename().string().starts_with("slot")) continue;
        const Fd link(bpf_obj_get(entry.path().c_str()));
        bpf_link_info info{};
        std::uint32_t size = sizeof(info);
        if (!link || bpf_link_get_info_by_fd(link.get(), &info, &size) != 0) return false;
        if ((info.type == BPF_LINK_TYPE_XDP ? info.xdp.ifindex : info.tcx.ifindex) != 0) return false;
        any = true;
    }
    return any;
}

}  // namespace weir
