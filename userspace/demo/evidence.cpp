// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/evidence.hpp"

#include <algorithm>

#include "collect/collect.hpp"
#include "demo/tenants.hpp"

namespace weir::demo {
namespace {

constexpr unsigned quiet_ms = 100;
constexpr unsigned patience_ms = 5000;

std::uint64_t packets_in(const LedgerSnapshot& snapshot) {
    std::uint64_t packets = 0;
    for (const auto& vnic : snapshot.vnics)
        packets += vnic.ledger.tx.total().packets + vnic.ledger.rx.total().packets;
    return packets;
}

// Two equal readings in a row. What still moves after `patience_ms` is taken as it is.
Result<void> wait_for_quiet(StopSignals& signals) {
    std::uint64_t before = 0;
    for (unsigned waited = 0; waited < patience_ms; waited += quiet_ms) {
        WEIR_TRY(const auto now, collect_ledgers(""));
        if (packets_in(now) == before) return {};
        before = packets_in(now);
        if (signals.sleep(quiet_ms) != 0) return {};
    }
    return {};
}

Result<Evidence::Peer> read_peer(const Namespace& where) {
    return inside(where, []() -> Result<Evidence::Peer> {
        WEIR_TRY(const auto devices, read_devices());
        WEIR_TRY(const auto segments, read_tcp_segments_sent());
        const auto eth0 = devices.find("eth0");
        return Evidence::Peer{.tcp_sent = segments,
                              .dropped_on_the_way = eth0 == devices.end() ? 0 : eth0->second.tx_dropped};
    });
}

}  // namespace

const VnicLedger* Evidence::vnic(std::string_view interface) const {
    const auto at = std::ranges::find(ledgers.vnics, interface, [](const VnicLedger& v) { return v.vnic.interface; });
    return at == ledgers.vnics.end() ? nullptr : &*at;
}

Result<Evidence> gather(const Stage& stage, StopSignals& signals) {
    WEIR_CHECK(wait_for_quiet(signals));
    Evidence evidence;
    WEIR_TRY(evidence.ledgers, collect_ledgers(""));
    WEIR_TRY(evidence.flows, collect_flows(""));
    WEIR_TRY(evidence.latency, collect_latency(""));
    WEIR_TRY(evidence.host, read_devices());
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        WEIR_TRY(const auto peer, read_peer(stage.tenant(i)));
        evidence.peers.push_back(peer);
    }
    WEIR_TRY(evidence.world, read_peer(stage.world));
    return evidence;
}

}  // namespace weir::demo
