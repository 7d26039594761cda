// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/netlink.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "kernel/rtnetlink.hpp"

namespace weir {
namespace {

using rtnetlink::code_of;
using rtnetlink::each_attribute;
using rtnetlink::each_nested;
using rtnetlink::put_tc;
using rtnetlink::Request;
using rtnetlink::transact;

void read_xdp(const nlattr* parent, Link& link) {
    each_nested(parent, [&](const nlattr* attribute) {
        const auto type = mnl_attr_get_type(attribute);
        if (type == IFLA_XDP_ATTACHED) {
            link.has_xdp = mnl_attr_get_u8(attribute) != XDP_ATTACHED_NONE;
        } else if (type == IFLA_XDP_PROG_ID) {
            link.xdp_program_id = mnl_attr_get_u32(attribute);
        }
    });
}

std::uint32_t filter_parent(bool ingress) {
    return TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

std::uint32_t filter_info(std::uint32_t priority) { return TC_H_MAKE(priority << 16, htons(ETH_P_ALL)); }

}  // namespace

Link link_of(const nlmsghdr* message) {
    const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    Link link;
    link.ifindex = static_cast<std::uint32_t>(info->ifi_index);
    link.type = info->ifi_type;
    each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
        switch (mnl_attr_get_type(attribute)) {
        case IFLA_IFNAME:
            link.name = mnl_attr_get_str(attribute);
            break;
        case IFLA_QDISC:
            link.qdisc = mnl_attr_get_str(attribute);
            break;
        case IFLA_MTU:
            link.mtu = mnl_attr_get_u32(attribute);
            break;
        case IFLA_XDP:
            read_xdp(attribute, link);
            break;
        case IFLA_LINKINFO:
            each_nested(attribute, [&](const nlattr* nested) {
                if (mnl_attr_get_type(nested) == IFLA_INFO_KIND) link.kind = mnl_attr_get_str(nested);
            });
            break;
        default:
            break;
        }
    });
    return link;
}

Result<std::vector<Link>> list_links() {
    Request request(RTM_GETLINK, NLM_F_DUMP);
    request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
    std::vector<Link> links;
    if (const int error = transact(request, [&](const nlmsghdr* m) { links.push_back(link_of(m)); }))
        return fail(code_of(error), "cannot list the interfaces", errno_text(error));
    return links;
}

Result<std::string> ingress_qdisc(std::uint32_t ifindex) {
    Request request(RTM_GETQDISC, NLM_F_DUMP);
    put_tc(request, ifindex, 0, 0, 0);
    std::string found;
    const int error = transact(request, [&](const nlmsghdr* message) {
        const auto* tc = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        if (tc->tcm_ifindex != static_cast<int>(ifindex) || tc->tcm_parent != TC_H_CLSACT) return;
        each_attribute(message, sizeof(*tc), [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == TCA_KIND) found = mnl_attr_get_str(attribute);
        });
    });
    if (error) return fail(code_of(error), "cannot list the qdiscs", errno_text(error));
    return found;
}

Result<std::vector<Filter>> list_filters(std::uint32_t ifindex, bool ingress) {
    Request request(RTM_GETTFILTER, NLM_F_DUMP);
    put_tc(request, ifindex, filter_parent(ingress), 0, 0);
    std::vector<Filter> filters;
    const int error = transact(request, [&](const nlmsghdr* message) {
        const auto* tc = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        Filter filter;
        filter.priority = tc->tcm_info >> 16;
        filter.handle = tc->tcm_handle;
        each_attribute(message, sizeof(*tc), [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == TCA_KIND) filter.kind = mnl_attr_get_str(attribute);
            if (mnl_attr_get_type(attribute) != TCA_OPTIONS || filter.kind != "bpf") return;
            each_nested(attribute, [&](const nlattr* option) {
                if (mnl_attr_get_type(option) == TCA_BPF_NAME) filter.name = mnl_attr_get_str(option);
                if (mnl_attr_get_type(option) == TCA_BPF_ID) filter.program_id = mnl_attr_get_u32(option);
            });
        });
        if (filter.handle != 0) filters.push_back(std::move(filter));  // handle 0 announces a chain, not a filter
    });
    // EINVAL: there is no qdisc to hold filters.
    if (error && error != EINVAL && error != ENOENT)
        return fail(code_of(error), "cannot list the tc filters", errno_text(error));
    std::ranges::stable_sort(filters, {}, &Filter::priority);
    return filters;
}

Result<void> create_clsact(std::uint32_t ifindex) {
    Request request(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    put_tc(request, ifindex, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0), 0);
    mnl_attr_put_strz(request.get(), TCA_KIND, "clsact");
    if (const int error = transact(request))
        return fail(error == EEXIST ? Errc::conflict : code_of(error), "cannot add the clsact qdisc",
                    errno_text(error));
    return {};
}

Result<void> delete_clsact(std::uint32_t ifindex) {
    Request request(RTM_DELQDISC, NLM_F_ACK);
    put_tc(request, ifindex, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0), 0);
    mnl_attr_put_strz(request.get(), TCA_KIND, "clsact");
    const int error = transact(request);
    if (error && error != ENOENT && error != EINVAL && error != ENODEV)
        return fail(code_of(error), "cannot remove the clsact qdisc", errno_text(error));
    return {};
}

Result<void> set_filter(std::uint32_t ifindex, bool ingress, std::uint32_t priority, std::uint32_t handle,
                        int program_fd, const std::string& name) {
    Request request(RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE);
    put_tc(request, ifindex, filter_parent(ingress), handle, filter_info(priority));
    mnl_attr_put_strz(request.get(), TCA_KIND, "bpf");
    nlattr* options = mnl_attr_nest_start(request.get(), TCA_OPTIONS);
    mnl_attr_put_u32(request.get(), TCA_BPF_FD, static_cast<std::uint32_t>(program_fd));
    mnl_attr_put_strz(request.get(), TCA_BPF_NAME, name.c_str());
    mnl_attr_put_u32(request.get(), TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    mnl_attr_nest_end(request.get(), options);
    if (const int error = transact(request)) return fail(code_of(error), "cannot set the tc filter", errno_text(error));
    return {};
}

Result<void> delete_filter(std::uint32_t ifindex, bool ingress, std::uint32_t priority, std::uint32_t handle) {
    Request request(RTM_DELTFILTER, NLM_F_ACK);
    put_tc(request, ifindex, filter_parent(ingress), handle, filter_info(priority));
    mnl_attr_put_strz(request.get(), TCA_KIND, "bpf");
    const int error = transact(request);
    if (error && error != ENOENT && error != EINVAL && error != ENODEV)
        return fail(code_of(error), "cannot remove the tc filter", errno_text(error));
    return {};
}

}  // namespace weir
