// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <map>

#include "model/flow.hpp"

namespace weir {
namespace {

struct Both {
    Count tx;
    Count rx;
};

using Evicted = std::map<std::string, FlowSnapshot::Untracked*>;

// Takes up to `amount` off `counter`; says how much.
std::uint64_t take(std::uint64_t& counter, std::uint64_t amount) {
    std::uint64_t taken = std::min(counter, amount);
    counter -= taken;
    return taken;
}

Count take(Count& counter, const Count& amount) {
    return {take(counter.packets, amount.packets), take(counter.bytes, amount.bytes)};
}

// Takes what an evicted flow had before the window off the vNIC's evicted counts.
Both take_evicted(const Evicted& evicted, const Flow& before) {
    auto vnic = evicted.find(before.interface);
    if (vnic == evicted.end()) return {};
    return {take(vnic->second->tx[WEIR_UNTRACKED_EVICTED], before.tx),
            take(vnic->second->rx[WEIR_UNTRACKED_EVICTED], before.rx)};
}

bool less(const Count& a, const Count& b) { return a.packets < b.packets || a.bytes < b.bytes; }

std::uint64_t minus(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

// now + given back - before, never below 0.
Count gained(Count now, const Count& before, const Count& given_back) {
    now += given_back;
    return {minus(now.packets, before.packets), minus(now.bytes, before.bytes)};
}

// Evicted and come back: it has less than it had, or it began when the old one was over. The slack is more than the
// error of the times.
bool began_anew(const Flow& before, const Flow& now) {
    constexpr std::uint64_t slack_ns = 100'000'000;
    return less(now.tx, before.tx) || less(now.rx, before.rx) || now.first_seen_ns > before.last_seen_ns + slack_ns;
}

FlowRtt rtt_window(const FlowRtt& before, FlowRtt now) {
    now.samples = minus(now.samples, before.samples);
    return now.samples == 0 ? FlowRtt{} : now;
}

// What tracking found is gone with a flow that is evicted: one that came back has begun anew.
void track_window(const Flow& before, Flow& now) {
    now.rtt_tenant = rtt_window(before.rtt_tenant, now.rtt_tenant);
    now.rtt_network = rtt_window(before.rtt_network, now.rtt_network);
    now.tx_trouble = now.tx_trouble - before.tx_trouble;
    now.rx_trouble = now.rx_trouble - before.rx_trouble;
}

// The counters of a vNIC that was detached and attached again began at 0. What its parked packets are counted as says
// nothing: it becomes less when one of them finds its flow.
bool ledger_began_anew(const FlowSnapshot::Untracked& before, const FlowSnapshot::Untracked& now) {
    for (std::size_t kind : {WEIR_UNTRACKED_EVICTED, WEIR_UNTRACKED_NO_FLOW})
        if (less(now.tx[kind], before.tx[kind]) || less(now.rx[kind], before.rx[kind])) return true;
    return false;
}

void untracked_window(FlowSnapshot& window, const FlowSnapshot& earlier) {
    for (FlowSnapshot::Untracked& now : window.untracked) {
        auto before = std::ranges::find(earlier.untracked, now.interface, &FlowSnapshot::Untracked::interface);
        if (before == earlier.untracked.end() || ledger_began_anew(*before, now)) continue;
        for (std::size_t kind = 0; kind < WEIR_UNTRACKED_KINDS; kind++) {
            now.tx[kind] = gained(now.tx[kind], before->tx[kind], {});
            now.rx[kind] = gained(now.rx[kind], before->rx[kind], {});
        }
    }
}

}  // namespace

FlowSnapshot window_of(const FlowSnapshot& earlier, const FlowSnapshot& later) {
    FlowSnapshot window;
    window.taken_ns = later.taken_ns;
    window.untracked = later.untracked;
    untracked_window(window, earlier);

    Evicted evicted;
    for (FlowSnapshot::Untracked& vnic : window.untracked)
        evicted[vnic.interface] = &vnic;
    std::map<FlowKey, const Flow*> now_by_key;
    for (const Flow& flow : later.flows)
        now_by_key[flow.key] = &flow;
    std::map<FlowKey, const Flow*> before_by_key;
    for (const Flow& flow : earlier.flows) {
        before_by_key[flow.key] = &flow;
        if (!now_by_key.contains(flow.key)) take_evicted(evicted, flow);
    }

    for (const Flow& now : later.flows) {
        Flow moved = now;
        if (auto found = before_by_key.find(now.key); found != before_by_key.end()) {
            const Flow& before = *found->second;
            const bool anew = began_anew(before, now);
            Both given_back = anew ? take_evicted(evicted, before) : Both{};
            if (!anew) track_window(before, moved);
            moved.tx = gained(now.tx, before.tx, given_back.tx);
            moved.rx = gained(now.rx, before.rx, given_back.rx);
        }
        if (moved.tx != Count{} || moved.rx != Count{}) window.flows.push_back(std::move(moved));
    }
    return window;
}

}  // namespace weir
