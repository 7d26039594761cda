// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/collect.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <set>

#include <fmt/format.h>

#include "collect/parts.hpp"
#include "kernel/instance.hpp"
#include "kernel/tables.hpp"
#include "kernel/vnic_list.hpp"
#include "lib/tcp_track.h"

namespace weir {
namespace {

// Of each vNIC that is meant, what `value_of` makes of its ledger.
template <class Snapshot, class ValueOf>
Result<Snapshot> collect_each(const std::string& selector, const ValueOf& value_of) {
    WEIR_TRY(auto selected, open_selected(selector));
    Snapshot snapshot;
    if (!selected.instance) return snapshot;
    WEIR_TRY(const auto now, read_clock(*selected.instance));
    snapshot.taken_ns = now.monotonic_ns;
    for (auto& vnic : selected.vnics) {
        WEIR_TRY(const auto cpus, read_ledger(*selected.instance, vnic.slot));
        snapshot.vnics.push_back({std::move(vnic), value_of(cpus)});
    }
    return snapshot;
}

Latency latency_of(const std::vector<weir_ledger>& cpus) {
    Latency latency;
    for (const auto& cpu : cpus)
        add_cpu(latency, cpu.latency);
    return latency;
}

Address address_of(std::uint8_t family, std::uint32_t word, const std::uint32_t* words) {
    Address address;
    address.family = family;
    if (family == 6)
        std::memcpy(address.bytes.data(), words, 16);
    else
        std::memcpy(address.bytes.data(), &word, 4);
    return address;
}

struct FlowCopy {
    std::vector<weir_flow_block> blocks;
    std::vector<weir_ledger> cpus;
};

bool parks_the_same(const std::vector<weir_ledger>& a, const std::vector<weir_ledger>& b) {
    for (std::size_t cpu = 0; cpu < a.size(); ++cpu)
        for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction)
            if (std::memcmp(&a[cpu].direction[direction].parked, &b[cpu].direction[direction].parked,
                            sizeof(weir_parked)) != 0)
                return false;
    return true;
}

// The table, and the ledger behind it. What is parked moves into the table when its flow's next packet comes: if that
// was while the table was copied, the copy is made again, so that no flow is shown with less than it had. A busy host
// can be unlucky every time: then what is missing is that one flow's parked packets, for this snapshot.
Result<FlowCopy> copy_flows(const Instance& instance, const Vnic& vnic) {
    constexpr int tries = 4;
    WEIR_TRY(const auto fd, open_flow_table(instance, vnic.slot));
    FlowCopy copy;
    WEIR_TRY(copy.cpus, read_ledger(instance, vnic.slot));
    for (int i = 0; i < tries; ++i) {
        const auto before = std::move(copy.cpus);
        WEIR_TRY(copy.blocks, copy_flow_table(fd.get(), vnic.flow_sets));
        WEIR_TRY(copy.cpus, read_ledger(instance, vnic.slot));
        if (parks_the_same(before, copy.cpus)) break;
    }
    return copy;
}

// Turns the programs' ticks into nanoseconds of CLOCK_MONOTONIC. A tick is modulo 2^32; what it means is the moment in
// the past that is nearest to now.
class TickClock {
public:
    explicit TickClock(const weir_clock_sample& now)
        : now_ns_(now.monotonic_ns), now_tick_(static_cast<std::uint32_t>(now.jiffies >> WEIR_FLOW_TICK_SHIFT)) {}
    [[nodiscard]] std::uint64_t nanoseconds(std::uint32_t tick) const {
        const std::uint64_t age_ns = static_cast<std::uint32_t>(now_tick_ - tick) * tick_ns_;
        return age_ns < now_ns_ ? now_ns_ - age_ns : 0;
    }

private:
    std::uint64_t now_ns_;
    std::uint32_t now_tick_;
    std::uint64_t tick_ns_ = flow_tick_ns();
};

Count count_of(const weir_count& count) { return {count.packets, count.bytes}; }

FlowRtt rtt_of(const weir_flow_result_direction& raw) {
    return {.last_ns = std::uint64_t{raw.rtt_last} << WEIR_RTT_UNIT_SHIFT,
            .min_ns = std::uint64_t{raw.rtt_min} << WEIR_RTT_UNIT_SHIFT,
            .samples = raw.rtt_samples};
}

TcpTrouble trouble_of(const weir_flow_result_direction& raw) {
    return {.retransmits = raw.retransmits,
            .unseen = raw.unseen,
            .out_of_order = raw.out_of_order,
            .zero_windows = raw.zero_windows};
}

// Data that the tenant sends measures the network's side.
void add_result(Flow& flow, const weir_flow_result& result) {
    flow.rtt_network = rtt_of(result.direction[WEIR_TX]);
    flow.rtt_tenant = rtt_of(result.direction[WEIR_RX]);
    flow.tx_trouble = trouble_of(result.direction[WEIR_TX]);
    flow.rx_trouble = trouble_of(result.direction[WEIR_RX]);
}

// The longer life is the true one's: the other slot had the flow for a moment.
void merge_result(Flow& into, const Flow& other) {
    const auto merge = [](FlowRtt& a, const FlowRtt& b) {
        if (b.samples > a.samples) a.last_ns = b.last_ns;
        if (a.samples == 0 || (b.samples != 0 && b.min_ns < a.min_ns)) a.min_ns = b.min_ns;
        a.samples += b.samples;
    };
    merge(into.rtt_network, other.rtt_network);
    merge(into.rtt_tenant, other.rtt_tenant);
    into.tx_trouble += other.tx_trouble;
    into.rx_trouble += other.rx_trouble;
}

// Adds the flows of one table; two slots with the same key are one flow.
void add_flows(const Vnic& vnic, const std::vector<weir_flow_block>& blocks, const TickClock& clock,
               std::vector<Flow>& flows) {
    std::map<FlowKey, std::size_t> seen;
    const std::size_t sets = vnic.flow_sets;
    for (std::size_t set = 0; set < sets; ++set) {
        for (std::size_t way = 0; way < WEIR_FLOW_WAYS; ++way) {
            const auto& hot = blocks[set].hot.way[way];
            const auto& address = blocks[sets * WEIR_FLOW_REGION_ADDRESS + set / 2].address[set & 1].way[way];
            const auto& track = blocks[sets * WEIR_FLOW_REGION_TRACK + set].track.way[way];
            const auto& result = blocks[sets * WEIR_FLOW_REGION_RESULT + set].result.way[way];
            if (hot.state == 0 || hot.family == 0) continue;
            Flow flow;
            flow.key = {.slot = vnic.slot,
                        .protocol = hot.protocol,
                        .tenant_address = address_of(hot.family, hot.tenant_word, address.tenant),
                        .peer_address = address_of(hot.family, hot.peer_word, address.peer),
                        .tenant_port = hot.tenant_port,
                        .peer_port = hot.peer_port};
            flow.tx = count_of(hot.direction[WEIR_TX]);
            flow.rx = count_of(hot.direction[WEIR_RX]);
            flow.first_seen_ns = clock.nanoseconds(hot.first_seen_tick);
            flow.last_seen_ns = clock.nanoseconds(hot.last_seen_tick);
            if (hot.is_tracked != 0 && track.direction[0].flags & WEIR_TRACK_RESULT) add_result(flow, result);
            if (const auto [at, is_new] = seen.try_emplace(flow.key, flows.size()); !is_new) {
                auto& same = flows[at->second];
                same.tx += flow.tx;
                same.rx += flow.rx;
                same.first_seen_ns = std::min(same.first_seen_ns, flow.first_seen_ns);
                same.last_seen_ns = std::max(same.last_seen_ns, flow.last_seen_ns);
                merge_result(same, flow);
                continue;
            }
            flow.interface = vnic.interface;
            flow.tenant = vnic.tenant;
            flows.push_back(std::move(flow));
        }
    }
}

}  // namespace

std::uint64_t flow_tick_ns() {
    // One jiffy is the resolution of the coarse clock (kernel/time/posix-timers.c, KTIME_LOW_RES).
    timespec resolution{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
    return static_cast<std::uint64_t>(resolution.tv_nsec) << WEIR_FLOW_TICK_SHIFT;
}

Result<Selected> open_selected(const std::string& selector) {
    Selected selected;
    WEIR_TRY(selected.instance, open_instance());
    if (selected.instance) {
        WEIR_TRY(selected.vnics, list_vnics(*selected.instance));
    }
    if (selector.empty()) return selected;

    std::set<std::string> known;
    for (const auto& vnic : selected.vnics)
        known.insert({vnic.interface, vnic.tenant});
    if (!known.contains(selector)) {
        std::string words;
        for (const auto& name : known)
            words += (words.empty() ? "there is " : ", ") + name;
        return fail(Errc::failed, fmt::format("no attached interface or tenant is called \"{}\"", selector),
                    words.empty() ? "nothing is attached" : words, "see: weir status");
    }
    std::erase_if(selected.vnics,
                  [&](const Vnic& vnic) { return vnic.interface != selector && vnic.tenant != selector; });
    return selected;
}

Result<LedgerSnapshot> collect_ledgers(const std::string& selector) {
    return collect_each<LedgerSnapshot>(selector, ledger_of);
}

Result<LatencySnapshot> collect_latency(const std::string& selector) {
    return collect_each<LatencySnapshot>(selector, latency_of);
}

Result<FlowSnapshot> collect_flows(const std::string& selector) {
    WEIR_TRY(const auto selected, open_selected(selector));
    FlowSnapshot snapshot;
    if (!selected.instance) return snapshot;
    for (const auto& vnic : selected.vnics) {
        WEIR_TRY(const auto copy, copy_flows(*selected.instance, vnic));
        WEIR_TRY(const auto now, read_clock(*selected.instance));
        snapshot.taken_ns = now.monotonic_ns;
        add_flows(vnic, copy.blocks, TickClock(now), snapshot.flows);
        const Ledger ledger = ledger_of(copy.cpus);
        FlowSnapshot::Untracked untracked{vnic.interface, vnic.tenant, ledger.tx.untracked, ledger.rx.untracked};
        for (const auto& cpu : copy.cpus)
            add_parked(snapshot, untracked, vnic.slot, cpu);
        snapshot.untracked.push_back(std::move(untracked));
    }
    return snapshot;
}

Result<std::vector<Vnic>> collect_vnics(const std::string& selector) {
    WEIR_TRY(auto selected, open_selected(selector));
    if (selected.instance) WEIR_CHECK(add_details(*selected.instance, selected.vnics));
    return std::move(selected.vnics);
}

}  // namespace weir
