// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the running state: ledgers, histograms and flow tables. Takes no lock; a reader never stops a packet.
//
// Concurrency: any number of readers beside any writer. Each counter is read whole; counters of one vNIC that are read
// while packets pass are consistent to within the packets of that moment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "model/flow.hpp"
#include "model/latency.hpp"
#include "model/ledger.hpp"
#include "model/limit_use.hpp"
#include "model/share_use.hpp"

namespace weir {

// `selector` is an interface or a tenant; empty means all. An unknown one is an error (Errc::failed) that names what
// there is. With nothing attached at all the snapshots are empty.
Result<LedgerSnapshot> collect_ledgers(const std::string& selector);
Result<LatencySnapshot> collect_latency(const std::string& selector);
Result<FlowSnapshot> collect_flows(const std::string& selector);
Result<std::vector<Vnic>> collect_vnics(const std::string& selector);

// Fair share of all tenants at this moment; off where no uplink has a capacity.
Result<FairShare> collect_shares();

// Tenants with limits or under fair share, attached or not; empty means all. One that is attached and has neither gives
// none; one that nobody knows is an error.
Result<LimitSnapshot> collect_limits(const std::string& tenant);

}  // namespace weir
