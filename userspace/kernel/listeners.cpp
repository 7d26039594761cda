// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/listeners.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kernel/rtnetlink.hpp"

namespace weir {
namespace {

// errno; 0 when it is done.
int dump(std::uint8_t family, std::vector<Listener>& listeners) {
    rtnetlink::Request request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    auto* const wanted = request.extra<inet_diag_req_v2>();
    wanted->sdiag_family = family;
    wanted->sdiag_protocol = IPPROTO_TCP;
    wanted->idiag_states = 1U << TCP_LISTEN;
    const auto add = [&](const nlmsghdr* message) {
        if (mnl_nlmsg_get_payload_len(message) < sizeof(inet_diag_msg)) return;
        const auto* found = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
        listeners.push_back({ntohs(found->id.idiag_sport), found->idiag_rqueue, found->idiag_wqueue});
    };
    return transact(request, add, NETLINK_SOCK_DIAG);
}

}  // namespace

Result<std::vector<Listener>> read_listeners() {
    std::vector<Listener> listeners;
    for (const std::uint8_t family : {AF_INET, AF_INET6})
        if (const int error = dump(family, listeners))
            return fail(Errc::failed, "cannot read the listening sockets", errno_text(error));
    return listeners;
}

}  // namespace weir
