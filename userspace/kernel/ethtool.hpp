// SPDX-License-Identifier: GPL-2.0-or-later
// What ethtool knows of an interface, by its ioctl (linux/ethtool.h). Read only; works without root.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace weir {

struct EthtoolFacts {
    std::string driver;
    std::string bus;              // "0000:00:05.0", "virtio2"
    std::uint64_t speed_bps = 0;  // 0: the driver does not say
    std::uint32_t rx_ring = 0;    // 0 here and below: the driver does not say
    std::uint32_t rx_ring_max = 0;
    std::uint32_t tx_ring = 0;
    std::uint32_t tx_ring_max = 0;
    std::uint32_t rx_queues = 0;
    std::uint32_t tx_queues = 0;
    std::uint32_t queues_max = 0;
    std::vector<std::string> offloads;  // those that are on
};

class Ethtool {
public:
    static Result<Ethtool> open();

    // The driver's name: "veth", "tun", "virtio_net", "mlx5_core"; empty if it has none.
    [[nodiscard]] std::string driver(const std::string& interface) const;

    // What the driver does not offer stays empty.
    [[nodiscard]] EthtoolFacts facts(const std::string& interface) const;

    // The driver's own counters, blanks around their names taken off; of several with one name (a queue each) the sum.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters(const std::string& interface) const;

private:
    explicit Ethtool(Fd sock) : sock_(std::move(sock)) {}
    // One ETHTOOL_* command, its structure at `data`.
    [[nodiscard]] bool ask(const std::string& interface, void* data) const;
    Fd sock_;
};

// The same of an interface by itself.
std::string driver_of(const std::string& interface);

// What the link carries; 0 where nothing real says so: no carrier, or a device whose speed is made up (veth, tap,
// bridge).
struct LinkSpeed {
    std::uint64_t bps = 0;
    std::string why_unknown;  // "the speed of a link of driver veth is made up"
};
LinkSpeed link_speed(const std::string& interface);

}  // namespace weir
