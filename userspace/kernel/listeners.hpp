// SPDX-License-Identifier: GPL-2.0-or-later
// Listening TCP sockets and their accept queues, by sock_diag. Read only; works without root.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.hpp"

namespace weir {

struct Listener {
    std::uint16_t port = 0;
    std::uint32_t waiting = 0;  // connections that nobody has accepted yet
    std::uint32_t room = 0;     // as many fit; the kernel lets in one more
};

// Those of this network namespace, IPv4 and IPv6.
Result<std::vector<Listener>> read_listeners();

}  // namespace weir
