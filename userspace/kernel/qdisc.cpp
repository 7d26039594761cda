// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/qdisc.hpp"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "kernel/rtnetlink.hpp"

namespace weir {
namespace {

using rtnetlink::each_attribute;
using rtnetlink::each_nested;
using rtnetlink::put_tc;
using rtnetlink::Request;
using rtnetlink::transact;

constexpr std::uint32_t own_handle = 0x7765u << 16;

// Forwarded packets have no socket and are sorted by this many bits of their hash: a flow that waits holds up those
// that share its place till its own next departure. fq's own 10 bits are few for all tenants of a host; 16 bound the
// memory that random addresses can take at some 8 MB an fq.
constexpr std::uint32_t orphan_mask = 0xffff;

void read_options(const nlattr* options, Qdisc& qdisc) {
    each_nested(options, [&](const nlattr* option) {
        if (mnl_attr_get_type(option) == TCA_FQ_PLIMIT) qdisc.limit_packets = mnl_attr_get_u32(option);
        if (mnl_attr_get_type(option) == TCA_FQ_FLOW_PLIMIT) qdisc.flow_limit_packets = mnl_attr_get_u32(option);
    });
}

void read_statistics(const nlattr* statistics, Qdisc& qdisc) {
    each_nested(statistics, [&](const nlattr* nested) {
        if (mnl_attr_get_type(nested) != TCA_STATS_QUEUE) return;
        gnet_stats_queue queue{};
        std::memcpy(&queue, mnl_attr_get_payload(nested),
                    std::min<std::size_t>(sizeof(queue), mnl_attr_get_payload_len(nested)));
        qdisc.backlog_packets = queue.qlen;
        qdisc.drops = queue.drops;
    });
}

Qdisc read_qdisc(const nlmsghdr* message) {
    const auto* tc = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
    Qdisc qdisc;
    qdisc.ifindex = static_cast<std::uint32_t>(tc->tcm_ifindex);
    qdisc.handle = tc->tcm_handle;
    qdisc.parent = tc->tcm_parent;
    each_attribute(message, sizeof(*tc), [&](const nlattr* attribute) {
        const auto type = mnl_attr_get_type(attribute);
        if (type == TCA_KIND) qdisc.kind = mnl_attr_get_str(attribute);
        if (type == TCA_OPTIONS && qdisc.kind == "fq") read_options(attribute, qdisc);
        if (type == TCA_STATS2) read_statistics(attribute, qdisc);
    });
    return qdisc;
}

bool is_own_root(const Qdisc& qdisc) {
    return qdisc.is_root() && qdisc.handle == own_handle && (qdisc.kind == "fq" || qdisc.kind == "mq");
}

// `flags` NLM_F_*; `sizes` for kind fq.
int put_qdisc(std::uint16_t flags, std::uint32_t ifindex, std::uint32_t parent, std::uint32_t handle, const char* kind,
              const FqSizes* sizes) {
    Request request(RTM_NEWQDISC, static_cast<std::uint16_t>(NLM_F_ACK | flags));
    put_tc(request, ifindex, parent, handle, 0);
    mnl_attr_put_strz(request.get(), TCA_KIND, kind);
    if (sizes) {
        nlattr* options = mnl_attr_nest_start(request.get(), TCA_OPTIONS);
        mnl_attr_put_u32(request.get(), TCA_FQ_PLIMIT, sizes->limit_packets);
        mnl_attr_put_u32(request.get(), TCA_FQ_FLOW_PLIMIT, sizes->flow_limit_packets);
        mnl_attr_put_u32(request.get(), TCA_FQ_ORPHAN_MASK, orphan_mask);
        mnl_attr_nest_end(request.get(), options);
    }
    return transact(request);
}

int delete_root(std::uint32_t ifindex) {
    Request request(RTM_DELQDISC, NLM_F_ACK);
    put_tc(request, ifindex, TC_H_ROOT, own_handle, 0);
    return transact(request);
}

constexpr std::uint16_t new_only = NLM_F_CREATE | NLM_F_EXCL;

std::unexpected<Error> put_failed(int error) {
    // The kernel knows no such kind, and modprobe found no module either.
    if (error == ENOENT) return fail(Errc::unsupported, "cannot add an fq qdisc", "this kernel has no fq");
    if (error == EEXIST) return fail(Errc::conflict, "cannot add an fq qdisc", "another owner's qdisc stands there");
    return fail(rtnetlink::code_of(error), "cannot add an fq qdisc", errno_text(error));
}

Result<void> fill_queues(std::uint32_t ifindex, const FqSizes& sizes) {
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    for (const auto& qdisc : qdiscs) {
        if (qdisc.ifindex != ifindex || TC_H_MAJ(qdisc.parent) != own_handle || !qdisc.is_default()) continue;
        if (const int error = put_qdisc(new_only, ifindex, qdisc.parent, 0, "fq", &sizes)) return put_failed(error);
    }
    return {};
}

std::uint64_t backlog_packets(const DeviceQdisc& device) {
    std::uint64_t packets = 0;
    for (const auto& fq : device.fqs)
        packets += fq.backlog_packets;
    return packets;
}

}  // namespace

Result<std::vector<Qdisc>> list_every_qdisc() {
    static_assert(TC_H_INGRESS == 0xfffffff1 && TC_H_CLSACT == TC_H_INGRESS, "Qdisc::is_ingress()");
    Request request(RTM_GETQDISC, NLM_F_DUMP);
    put_tc(request, 0, 0, 0, 0);
    std::vector<Qdisc> qdiscs;
    const int error = transact(request, [&](const nlmsghdr* message) { qdiscs.push_back(read_qdisc(message)); });
    if (error) return fail(rtnetlink::code_of(error), "cannot list the qdiscs", errno_text(error));
    return qdiscs;
}

Result<std::vector<Qdisc>> list_qdiscs() {
    WEIR_TRY(auto qdiscs, list_every_qdisc());
    std::erase_if(qdiscs, [](const Qdisc& qdisc) { return qdisc.is_ingress(); });
    return qdiscs;
}

DeviceQdisc device_qdisc(std::uint32_t ifindex, const std::vector<Qdisc>& qdiscs) {
    DeviceQdisc device;
    const auto root = std::ranges::find_if(qdiscs, [&](const auto& q) { return q.ifindex == ifindex && q.is_root(); });
    if (root == qdiscs.end()) return device;
    device.kind = root->kind;
    if (root->kind == "fq") device.fqs.push_back(*root);
    if (root->kind == "mq") {
        for (const auto& child : qdiscs) {
            if (child.ifindex != ifindex || child.is_root() || TC_H_MAJ(child.parent) != root->handle) continue;
            ++device.queues;
            if (child.kind == "fq" && !(is_own_root(*root) && child.is_default()))
                device.fqs.push_back(child);
            else
                ++device.queues_bare;
        }
    }
    const bool holds = !device.fqs.empty() && device.queues_bare == 0;
    if (root->is_default())
        device.state = PacingState::kernel_default;
    else if (is_own_root(*root))
        device.state = holds ? PacingState::ours : PacingState::ours_incomplete;
    else
        device.state = holds ? PacingState::foreign_fq : PacingState::foreign;
    return device;
}

bool has_fq_module() {
    if (::access("/sys/module/sch_fq", F_OK) == 0) return true;
    utsname names{};
    if (::uname(&names) != 0) return false;
    for (const char* list : {"modules.builtin", "modules.dep"}) {
        std::ifstream file(fmt::format("/lib/modules/{}/{}", names.release, list));
        for (std::string line; std::getline(file, line);)
            if (line.find("/sch_fq.ko") < line.find(':')) return true;
    }
    return false;
}

std::string pacing_note(const DeviceQdisc& standing, std::uint32_t qdisc_state, const FqSizes& sizes) {
    constexpr std::string_view policed = "limits on what leaves here are policed, not shaped";
    switch (standing.state) {
    case PacingState::ours:
        return {};
    case PacingState::ours_incomplete:
        return fmt::format("{} of {} queues have no fq: {}", standing.queues_bare, standing.queues, policed);
    case PacingState::kernel_default:
        if (qdisc_state == WEIR_QDISC_NO_FQ) return fmt::format("this kernel has no fq: {}", policed);
        return fmt::format("no fq stands here: {}; mend it with: weir attach IFACE", policed);
    case PacingState::foreign:
        return fmt::format("has its own qdisc ({}), which stays: {}", standing.kind, policed);
    case PacingState::foreign_fq:
        break;
    }
    std::uint32_t room = ~std::uint32_t{0};
    for (const auto& fq : standing.fqs)
        room = std::min({room, fq.limit_packets, fq.flow_limit_packets});
    if (room >= sizes.limit_packets) return {};
    return fmt::format("has its own fq, which stays; it drops what waits beyond {} packets: give it limit {} and "
                       "flow_limit {}",
                       room, sizes.limit_packets, sizes.flow_limit_packets);
}

Result<void> install_fq(std::uint32_t ifindex, const DeviceQdisc& standing, const FqSizes& sizes) {
    if (standing.state == PacingState::ours_incomplete) return fill_queues(ifindex, sizes);
    if (standing.kind != "mq") {
        const int error = put_qdisc(new_only, ifindex, TC_H_ROOT, own_handle, "fq", &sizes);
        return error ? put_failed(error) : Result<void>{};
    }
    // The default mq has no handle by which its queues could be named: Weir's own first, with the default's children.
    if (const int error = put_qdisc(new_only, ifindex, TC_H_ROOT, own_handle, "mq", nullptr)) return put_failed(error);
    auto filled = fill_queues(ifindex, sizes);
    if (!filled) delete_root(ifindex);
    return filled;
}

Result<void> grow_fq(std::uint32_t ifindex, const DeviceQdisc& standing, const FqSizes& sizes) {
    if (!standing.is_ours()) return {};
    for (const auto& fq : standing.fqs) {
        const FqSizes wanted{std::max(fq.limit_packets, sizes.limit_packets),
                             std::max(fq.flow_limit_packets, sizes.flow_limit_packets)};
        if (wanted.limit_packets == fq.limit_packets && wanted.flow_limit_packets == fq.flow_limit_packets) continue;
        // Of the same handle and kind, without NLM_F_CREATE: fq_change(), nothing is put in place of anything.
        if (const int error = put_qdisc(NLM_F_REPLACE, ifindex, fq.parent, fq.handle, "fq", &wanted))
            return fail(rtnetlink::code_of(error), "cannot change the sizes of fq", errno_text(error));
    }
    return {};
}

Result<std::string> remove_fq(std::uint32_t ifindex, std::chrono::milliseconds drain) {
    constexpr auto look_again = std::chrono::milliseconds(2);
    const auto end = std::chrono::steady_clock::now() + drain;
    for (;;) {
        WEIR_TRY(const auto qdiscs, list_qdiscs());
        const auto device = device_qdisc(ifindex, qdiscs);
        if (!device.is_ours()) return device.kind;
        if (backlog_packets(device) == 0 || std::chrono::steady_clock::now() >= end) break;
        std::this_thread::sleep_for(look_again);
    }
    const int error = delete_root(ifindex);
    if (error && error != ENOENT && error != EINVAL && error != ENODEV)
        return fail(rtnetlink::code_of(error), "cannot take fq off", errno_text(error));
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    return device_qdisc(ifindex, qdiscs).kind;
}

}  // namespace weir
