// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/doctor.hpp"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "collect/collect.hpp"
#include "collect/doctor_sources.hpp"
#include "core/clock.hpp"
#include "kernel/nft_counters.hpp"
#include "model/drop_reasons.hpp"

namespace weir {
namespace {

// What the limits are, as they stand, at the interfaces that have drops.
void add_limits(DoctorSnapshot& snapshot, const std::vector<VnicLedger>& dropping) {
    if (dropping.empty()) return;
    const auto limits = collect_limits("");
    if (!limits) {
        snapshot.missing.push_back("Weir's limits: " + to_line(limits.error()));
        return;
    }
    for (const VnicLedger& entry : dropping) {
        const auto at = std::ranges::find(limits->limits, entry.vnic.tenant, &TenantLimitState::tenant);
        if (at == limits->limits.end()) continue;
        for (const Direction direction : directions) {
            const auto& limit = direction == Direction::tx ? at->state.limit.tx : at->state.limit.rx;
            const std::string word(to_string(direction));
            const Place place{entry.vnic.interface, word};
            snapshot.levels[{"limit." + word + "_max_bps", place}] = limit.max_bps;
            snapshot.levels[{"limit." + word + "_pps", place}] = limit.packets_per_second;
        }
    }
}

}  // namespace

namespace doctor_sources {

void add_firewall(DoctorSnapshot& snapshot) {
    const auto rules = read_nft_drops();
    if (!rules) {
        snapshot.missing.push_back("the firewall's counters: " + to_line(rules.error()));
        return;
    }
    for (const NftDropRule& rule : *rules)
        snapshot.counters[{"nft.dropped", {"", rule.rule}}] += rule.packets;
}

void add_ledgers(DoctorSnapshot& snapshot) {
    const auto ledgers = collect_ledgers("");
    if (!ledgers) {
        snapshot.missing.push_back("Weir's own counters: " + to_line(ledgers.error()));
        return;
    }
    std::vector<VnicLedger> dropping;
    for (const VnicLedger& entry : ledgers->vnics) {
        const auto nic = std::ranges::find(snapshot.nics, entry.vnic.interface, &NicFacts::interface);
        if (nic != snapshot.nics.end()) nic->tenant = entry.vnic.tenant;
        const auto drops = entry.ledger.tx.drop_total().packets + entry.ledger.rx.drop_total().packets;
        if (drops != 0) dropping.push_back(entry);
        for (const Direction direction : directions) {
            const Hook hook = hook_of(entry.vnic, direction);
            const Place place{entry.vnic.interface, std::string(to_string(direction))};
            for (std::size_t reason = 0; reason < WEIR_DROP_COUNT; reason++) {
                const auto packets = entry.ledger.of(direction).drops.at(reason).packets;
                snapshot.counters[{"weir." + std::string(drop_reason_name(reason)), place}] += packets;
                snapshot.counters[{is_xdp(hook) ? "weir_hook.xdp" : "weir_hook.tc", place}] += packets;
            }
        }
    }
    add_limits(snapshot, dropping);
}

// Ticks that did not come; grows while there should be some.
void add_shares(DoctorSnapshot& snapshot) {
    const auto share = collect_shares();
    if (!share || !share->is_on) return;
    const bool stands = !share->is_running && share->interval_ns != 0;
    snapshot.counters[{"weir.share_ticks_missed", {}}] = stands ? share->last_tick_ago_ns / share->interval_ns : 0;
}

void add_traced(DoctorSnapshot& snapshot, const DropWatch& drops) {
    const auto seen = drops.snapshot("");
    if (!seen) {
        snapshot.missing.push_back("drops that the kernel traces: " + to_line(seen.error()));
        return;
    }
    if (!seen->traced) snapshot.missing.push_back("drops that the kernel traces: " + seen->untraced_why);
    for (const DropRow& row : seen->rows) {
        if (row.source != DropSource::kernel || row.is_normal) continue;
        std::string part = row.direction ? std::string(to_string(*row.direction)) + ", at " : "at ";
        part += row.location;
        const DropReason* const known = explain(row);
        const std::string reason(known != nullptr ? known->name : std::string_view(row.reason));
        snapshot.counters[{"trace." + reason, {row.interface, std::move(part)}}] += row.packets;
    }
}

}  // namespace doctor_sources

Result<DoctorSnapshot> collect_doctor(const std::string& interface, const DropWatch* drops) {
    using namespace doctor_sources;
    DoctorSnapshot snapshot;
    snapshot.taken_ns = monotonic_ns();
    snapshot.cpus = static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_ONLN));
    WEIR_CHECK(add_interfaces(snapshot, interface));
    add_protocols(snapshot);
    add_softnet(snapshot);
    add_conntrack(snapshot);
    add_machine_tables(snapshot);
    add_sockets(snapshot);
    add_cpu_time(snapshot);
    add_vm_threads(snapshot);
    add_firewall(snapshot);
    add_ledgers(snapshot);
    add_shares(snapshot);
    if (drops != nullptr) add_traced(snapshot, *drops);
    return snapshot;
}

}  // namespace weir
