// SPDX-License-Identifier: GPL-2.0-or-later
// One question to rtnetlink (or another of netlink's families) and its answers, by libmnl. Internal to kernel/.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <functional>

#include "core/result.hpp"

namespace weir::rtnetlink {

using Visit = std::function<void(const nlmsghdr*)>;
using VisitAttribute = std::function<void(const nlattr*)>;

// A message under construction.
class Request {
public:
    // `type` is RTM_* or the other family's, `flags` NLM_F_* beside NLM_F_REQUEST.
    Request(std::uint16_t type, std::uint16_t flags);
    Request(const Request&) = delete;  // it points into itself
    Request& operator=(const Request&) = delete;
    nlmsghdr* get() { return header_; }
    template <class T>
    T* extra() {
        return static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
    }

private:
    static constexpr std::size_t request_bytes = 512;
    alignas(nlmsghdr) std::array<char, request_bytes> buffer_{};
    nlmsghdr* header_;
};

// Sends the request on a socket of its own and hands every answer to `visit`. Returns 0 or an errno value. `family` is
// NETLINK_*.
int transact(Request& request, const Visit& visit, int family = NETLINK_ROUTE);
// The same for one whose only answer is an acknowledgement (NLM_F_ACK).
int transact(Request& request);

void each_attribute(const nlmsghdr* message, std::size_t header_bytes, const VisitAttribute& visit);
void each_nested(const nlattr* parent, const VisitAttribute& visit);

// The header of a qdisc's or filter's message.
void put_tc(Request& request, std::uint32_t ifindex, std::uint32_t parent, std::uint32_t handle, std::uint32_t info);

Errc code_of(int error_number);

}  // namespace weir::rtnetlink
