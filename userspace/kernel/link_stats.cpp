// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link_stats.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "kernel/rtnetlink.hpp"

namespace weir {
namespace {

using rtnetlink::each_attribute;
using rtnetlink::each_nested;
using rtnetlink::Request;

struct Field {
    const char* name;
    std::size_t offset;
};

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define WEIR_FIELD(name) {#name, offsetof(rtnl_link_stats64, name)}
constexpr Field fields[] = {
    WEIR_FIELD(rx_packets),        WEIR_FIELD(tx_packets),       WEIR_FIELD(rx_bytes),
    WEIR_FIELD(tx_bytes),          WEIR_FIELD(rx_errors),        WEIR_FIELD(tx_errors),
    WEIR_FIELD(rx_dropped),        WEIR_FIELD(tx_dropped),       WEIR_FIELD(rx_length_errors),
    WEIR_FIELD(rx_over_errors),    WEIR_FIELD(rx_crc_errors),    WEIR_FIELD(rx_frame_errors),
    WEIR_FIELD(rx_fifo_errors),    WEIR_FIELD(rx_missed_errors), WEIR_FIELD(tx_aborted_errors),
    WEIR_FIELD(tx_carrier_errors), WEIR_FIELD(tx_fifo_errors),   WEIR_FIELD(tx_heartbeat_errors),
    WEIR_FIELD(tx_window_errors),  WEIR_FIELD(rx_nohandler),     WEIR_FIELD(rx_otherhost_dropped),
};
#undef WEIR_FIELD

// Older kernels have a shorter structure.
void read_stats(const nlattr* attribute, LinkStats& link) {
    const auto* bytes = static_cast<const char*>(mnl_attr_get_payload(attribute));
    const std::size_t size = mnl_attr_get_payload_len(attribute);
    for (const Field& field : fields) {
        std::uint64_t value = 0;
        if (field.offset + sizeof(value) > size) continue;
        std::memcpy(&value, bytes + field.offset, sizeof(value));
        link.counters.emplace_back(field.name, value);
    }
}

void read_tun(const nlattr* parent, LinkStats& link) {
    each_nested(parent, [&](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) != IFLA_INFO_DATA) return;
        each_nested(attribute, [&](const nlattr* data) {
            constexpr std::uint8_t iff_tap = 2;
            if (mnl_attr_get_type(data) == IFLA_TUN_TYPE) link.is_tap = mnl_attr_get_u8(data) == iff_tap;
        });
    });
}

// Beside what link_of() reads.
void read_attribute(const nlattr* attribute, LinkStats& link) {
    switch (mnl_attr_get_type(attribute)) {
    case IFLA_CARRIER:
        link.carrier = mnl_attr_get_u8(attribute) != 0;
        break;
    case IFLA_NUM_RX_QUEUES:
        link.rx_queues = mnl_attr_get_u32(attribute);
        break;
    case IFLA_NUM_TX_QUEUES:
        link.tx_queues = mnl_attr_get_u32(attribute);
        break;
    case IFLA_CARRIER_DOWN_COUNT:
        link.counters.emplace_back("carrier_down_count", mnl_attr_get_u32(attribute));
        break;
    case IFLA_PARENT_DEV_NAME:
        link.parent = mnl_attr_get_str(attribute);
        break;
    case IFLA_STATS64:
        read_stats(attribute, link);
        break;
    case IFLA_LINKINFO:
        if (link.kind == "tun") read_tun(attribute, link);
        break;
    default:
        break;
    }
}

constexpr std::array<std::string_view, 10> aqms{"fq_codel", "codel", "cake",  "pie", "fq_pie",
                                                "red",      "gred",  "choke", "sfb", "dualpi2"};

bool is_aqm(const Qdisc& qdisc) { return std::ranges::find(aqms, qdisc.kind) != aqms.end(); }

Result<void> done(int error, const char* what) {
    if (error != 0) return fail(rtnetlink::code_of(error), what, errno_text(error));
    return {};
}

}  // namespace

Result<std::vector<LinkStats>> read_link_stats() {
    Request request(RTM_GETLINK, NLM_F_DUMP);
    request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
    std::vector<LinkStats> links;
    const int error = transact(request, [&](const nlmsghdr* message) {
        const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
        LinkStats link;
        static_cast<Link&>(link) = link_of(message);
        link.up = (info->ifi_flags & IFF_UP) != 0;
        link.is_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
        each_attribute(message, sizeof(*info), [&](const nlattr* attribute) { read_attribute(attribute, link); });
        links.push_back(std::move(link));
    });
    WEIR_CHECK(done(error, "cannot read the interfaces' counters"));
    return links;
}

Result<std::vector<QdiscStats>> read_qdisc_stats() {
    WEIR_TRY(const auto all, list_every_qdisc());
    std::vector<QdiscStats> roots;
    for (const Qdisc& qdisc : all) {
        if (!qdisc.is_root() && !qdisc.is_ingress()) continue;
        roots.push_back({qdisc, is_aqm(qdisc)});
        for (const Qdisc& other : all)
            if (other.ifindex == qdisc.ifindex && !qdisc.is_ingress()) roots.back().is_aqm |= is_aqm(other);
    }
    return roots;
}

Result<std::vector<Neighbour>> read_neighbours() {
    Request request(RTM_GETNEIGH, NLM_F_DUMP);
    request.extra<ndmsg>()->ndm_family = AF_UNSPEC;
    std::vector<Neighbour> neighbours;
    const int error = transact(request, [&](const nlmsghdr* message) {
        const auto* info = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
        if (info->ndm_family != AF_INET && info->ndm_family != AF_INET6) return;
        if ((info->ndm_state & NUD_NOARP) != 0) return;
        Neighbour neighbour{.ifindex = static_cast<std::uint32_t>(info->ndm_ifindex),
                            .is_ipv4 = info->ndm_family == AF_INET,
                            .failed = (info->ndm_state & NUD_FAILED) != 0};
        each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == NDA_DST && neighbour.is_ipv4 &&
                mnl_attr_get_payload_len(attribute) == sizeof(neighbour.ipv4))
                std::memcpy(&neighbour.ipv4, mnl_attr_get_payload(attribute), sizeof(neighbour.ipv4));
        });
        neighbours.push_back(neighbour);
    });
    WEIR_CHECK(done(error, "cannot read the neighbours"));
    return neighbours;
}

}  // namespace weir
