// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/listeners.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

namespace weir {
namespace {

constexpr std::size_t buffer_bytes = 32768;

using Socket = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

int add_listener(const nlmsghdr* message, void* data) {
    if (mnl_nlmsg_get_payload_len(message) < sizeof(inet_diag_msg)) return MNL_CB_OK;
    const auto* found = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
    static_cast<std::vector<Listener>*>(data)->push_back(
        {ntohs(found->id.idiag_sport), found->idiag_rqueue, found->idiag_wqueue});
    return MNL_CB_OK;
}

int dump(const mnl_socket* sock, std::uint8_t family, std::uint32_t sequence, std::vector<Listener>& listeners) {
    alignas(nlmsghdr) std::array<char, buffer_bytes> buffer{};
    nlmsghdr* const header = mnl_nlmsg_put_header(buffer.data());
    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = sequence;
    auto* request = static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
    request->sdiag_family = family;
    request->sdiag_protocol = IPPROTO_TCP;
    request->idiag_states = 1U << TCP_LISTEN;
    if (mnl_socket_sendto(sock, header, header->nlmsg_len) < 0) return errno;
    for (;;) {
        const auto size = mnl_socket_recvfrom(sock, buffer.data(), buffer.size());
        if (size < 0) return errno;
        const int more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), sequence,
                                    mnl_socket_get_portid(sock), add_listener, &listeners);
        if (more < 0) return errno;
        if (more == 0) return 0;
    }
}

}  // namespace

Result<std::vector<Listener>> read_listeners() {
    const Socket sock(mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC), mnl_socket_close);
    if (!sock || mnl_socket_bind(sock.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        return fail(Errc::failed, "cannot read the listening sockets", errno_text(errno));
    std::vector<Listener> listeners;
    std::uint32_t sequence = 0;
    for (const std::uint8_t family : {AF_INET, AF_INET6})
        if (const int error = dump(sock.get(), family, ++sequence, listeners))
            return fail(Errc::failed, "cannot read the listening sockets", errno_text(error));
    return listeners;
}

}  // namespace weir
