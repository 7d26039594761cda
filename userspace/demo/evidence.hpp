// SPDX-License-Identifier: GPL-2.0-or-later
// All that the report is made of, read when the traffic is over: Weir's figures, and those of everyone else.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.hpp"
#include "demo/kernel_counts.hpp"
#include "demo/namespaces.hpp"
#include "demo/signals.hpp"
#include "demo/traffic.hpp"
#include "model/flow.hpp"
#include "model/latency.hpp"
#include "model/ledger.hpp"

namespace weir::demo {

struct Evidence {
    LedgerSnapshot ledgers;
    FlowSnapshot flows;
    LatencySnapshot latency;
    Traffic::Totals traffic;
    Devices host;  // the interfaces' own counters in the host namespace

    struct Peer {
        TcpSegments tcp_sent;                  // by this kernel's TCP
        std::uint64_t dropped_on_the_way = 0;  // skbs that its eth0 could not hand over to the host's end
    };
    std::vector<Peer> peers;  // in the order of `tenants`
    Peer world;

    [[nodiscard]] const VnicLedger* vnic(std::string_view interface) const;
};

// Waits until no packet moves any more, then reads. `traffic` is left for the caller to fill in.
Result<Evidence> gather(const Stage& stage, StopSignals& signals);

}  // namespace weir::demo
