// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/rtnetlink.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace weir::rtnetlink {
namespace {

constexpr std::size_t dump_buffer_bytes = 32768;

using Socket = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

int on_message(const nlmsghdr* message, void* data) {
    (*static_cast<const Visit*>(data))(message);
    return MNL_CB_OK;
}

int on_attribute(const nlattr* attribute, void* data) {
    (*static_cast<const VisitAttribute*>(data))(attribute);
    return MNL_CB_OK;
}

}  // namespace

Request::Request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

int transact(Request& request, const Visit& visit, int family) {
    const Socket sock(mnl_socket_open2(family, SOCK_CLOEXEC), mnl_socket_close);
    if (!sock || mnl_socket_bind(sock.get(), 0, MNL_SOCKET_AUTOPID) < 0) return errno;
    // Answers carry the request's attributes otherwise; capped they fit, and the kernel checks dumps strictly.
    const int on = 1;
    mnl_socket_setsockopt(sock.get(), NETLINK_CAP_ACK, const_cast<int*>(&on), sizeof(on));
    request.get()->nlmsg_seq = 1;
    if (mnl_socket_sendto(sock.get(), request.get(), request.get()->nlmsg_len) < 0) return errno;
    std::array<char, dump_buffer_bytes> buffer{};
    for (;;) {
        const auto size = mnl_socket_recvfrom(sock.get(), buffer.data(), buffer.size());
        if (size < 0) return errno;
        const int more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 1, mnl_socket_get_portid(sock.get()),
                                    on_message, const_cast<Visit*>(&visit));
        if (more < 0) return errno;
        if (more == 0) return 0;
    }
}

int transact(Request& request) {
    return transact(request, [](const nlmsghdr*) {});
}

void each_attribute(const nlmsghdr* message, std::size_t header_bytes, const VisitAttribute& visit) {
    mnl_attr_parse(message, static_cast<unsigned>(header_bytes), on_attribute, const_cast<VisitAttribute*>(&visit));
}

void each_nested(const nlattr* parent, const VisitAttribute& visit) {
    mnl_attr_parse_nested(parent, on_attribute, const_cast<VisitAttribute*>(&visit));
}

void put_tc(Request& request, std::uint32_t ifindex, std::uint32_t parent, std::uint32_t handle, std::uint32_t info) {
    auto* tc = request.extra<tcmsg>();
    tc->tcm_family = AF_UNSPEC;
    tc->tcm_ifindex = static_cast<int>(ifindex);
    tc->tcm_parent = parent;
    tc->tcm_handle = handle;
    tc->tcm_info = info;
}

Errc code_of(int error_number) { return error_number == EPERM ? Errc::permission : Errc::failed; }

}  // namespace weir::rtnetlink
