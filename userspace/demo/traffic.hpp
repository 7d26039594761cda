// SPDX-License-Identifier: GPL-2.0-or-later
// The tenants' traffic: an iperf3 server in the world and a client inside the tenant for each, and the DNS-like load.
#pragma once

#include <optional>
#include <vector>

#include "core/result.hpp"
#include "demo/dns_load.hpp"
#include "demo/iperf3.hpp"
#include "demo/namespaces.hpp"
#include "demo/process.hpp"
#include "demo/signals.hpp"

namespace weir::demo {

class Traffic {
public:
    // Starts all of it; the servers listen before the first client starts. A stop by signal ends it early.
    static Result<Traffic> start(const Stage& stage, unsigned seconds, StopSignals& signals);

    // Whether all clients have ended by themselves. An error if one has failed.
    Result<bool> finished();

    // Ends what still runs.
    void stop();

    struct Totals {
        std::vector<Iperf3Totals> iperf3;  // in the order of `tenants`
        DnsLoad::Totals dns;
    };
    // After `finished`.
    Result<Totals> totals();

private:
    std::vector<Process> servers_;
    std::vector<Process> clients_;
    std::optional<DnsLoad> dns_;
};

}  // namespace weir::demo
