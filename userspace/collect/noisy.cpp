// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/noisy.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "collect/collect.hpp"
#include "collect/parts.hpp"
#include "kernel/instance.hpp"
#include "kernel/limits.hpp"
#include "kernel/qdisc.hpp"
#include "kernel/tables.hpp"
#include "kernel/vnic_list.hpp"
#include "lib/pulse.h"
#include "model/proc_text.hpp"

namespace weir {
namespace {

// How often a reader tries to find no CPU between its own count and the ring.
constexpr int tries = 8;

struct Sight {
    std::unique_ptr<weir_pulse_ring> ring;
    std::vector<weir_pulse> cpus;
};

Result<std::vector<weir_pulse>> read_cpus(int ledger_fd) {
    WEIR_TRY(const auto ledgers, read_ledger(ledger_fd));
    std::vector<weir_pulse> cpus;
    cpus.reserve(ledgers.size());
    for (const auto& ledger : ledgers)
        cpus.push_back(ledger.pulse);
    return cpus;
}

bool same_slots(const std::vector<weir_pulse>& a, const std::vector<weir_pulse>& b) {
    return std::ranges::equal(a, b, {}, &weir_pulse::slot, &weir_pulse::slot);
}

// The ring, and what the CPUs have not handed on yet. If one did so meanwhile, all is read again.
Result<Sight> look(const Instance& instance, std::uint32_t slot) {
    WEIR_TRY(const auto ledger, open_ledger(instance, slot));
    WEIR_TRY(const auto pulse, open_pulse(instance, slot));
    Sight sight;
    sight.ring = std::make_unique<weir_pulse_ring>();
    WEIR_TRY(sight.cpus, read_cpus(ledger.get()));
    for (int i = 0; i < tries; ++i) {
        const auto before = std::move(sight.cpus);
        WEIR_CHECK(copy_pulse(pulse.get(), *sight.ring));
        WEIR_TRY(sight.cpus, read_cpus(ledger.get()));
        if (same_slots(before, sight.cpus)) break;
    }
    return sight;
}

// What a CPU has, its unfinished millisecond included, as it would hand it on.
weir_pulse_slot open_slot_of(weir_pulse cpu) {
    if (cpu.ms_end_ns != 0) weir_pulse_close_ms(&cpu, nullptr);
    return cpu.open;
}

void fill_slots(const Sight& sight, std::uint64_t first, std::vector<weir_pulse_slot>& slots) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::uint64_t place = (first + i) % WEIR_PULSE_SLOTS;
        if (sight.ring->slot_number[place] == first + i + 1) slots[i] = sight.ring->slots[place];
    }
    for (const auto& cpu : sight.cpus) {
        if (cpu.slot < first || cpu.slot >= first + slots.size()) continue;
        const weir_pulse_slot open = open_slot_of(cpu);
        for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction)
            weir_pulse_add(&slots[cpu.slot - first].direction[direction], &open.direction[direction]);
    }
}

std::uint64_t conntrack_failures() {
    std::uint64_t sum = 0;
    for (const auto& [name, value] : parse_net_stat(read_file("/proc/net/stat/nf_conntrack").value_or("")))
        if (name == "drop" || name == "insert_failed" || name == "early_drop") sum += value;
    return sum;
}

noisy::Conntrack read_conntrack() {
    return {.count = number_in("/proc/sys/net/netfilter/nf_conntrack_count").value_or(0),
            .max = number_in("/proc/sys/net/netfilter/nf_conntrack_max").value_or(0),
            .failed = conntrack_failures()};
}

}  // namespace

Result<noisy::Window> collect_pulses(std::size_t slots) {
    noisy::Window window;
    WEIR_TRY(const auto instance, open_instance());
    window.conntrack = read_conntrack();
    if (!instance) return window;
    WEIR_TRY(const auto vnics, list_vnics(*instance));
    WEIR_TRY(const auto tenants, read_tenant_infos(*instance));
    WEIR_TRY(const auto now, read_clock(*instance));
    WEIR_TRY(const auto qdiscs, list_qdiscs());
    const bool has_fq = has_fq_module();
    const std::uint64_t end = now.monotonic_ns / noisy::slot_ns;  // the slot that is not over
    window.slots = std::min<std::size_t>({slots, noisy_look_back_slots, end});
    window.first_slot = end - window.slots;
    for (const auto& vnic : vnics) {
        WEIR_TRY(const auto sight, look(*instance, vnic.slot));
        noisy::VnicPulse pulse{
            .interface = vnic.interface, .tenant = vnic.tenant, .role = vnic.role, .capacity_bps = vnic.capacity_bps};
        for (const auto& info : tenants) {
            if (tenant_of(info) != vnic.tenant) continue;
            const auto limit = limit_state_of(info, now.monotonic_ns).limit;
            pulse.tx_max_bps = limit.tx.max_bps;
            pulse.rx_max_bps = limit.rx.max_bps;
        }
        const auto standing = device_qdisc(vnic.ifindex, qdiscs);
        pulse.is_paced = standing.state == PacingState::ours || standing.state == PacingState::foreign_fq ||
                         (standing.state == PacingState::kernel_default && has_fq);
        pulse.slots.resize(window.slots);
        fill_slots(sight, window.first_slot, pulse.slots);
        window.vnics.push_back(std::move(pulse));
    }
    return window;
}

void append(noisy::Window& window, const noisy::Window& later) {
    if (window.first_slot == 0) {
        window = later;
        return;
    }
    const std::uint64_t end = std::max(window.first_slot + window.slots, later.first_slot + later.slots);
    const auto total = static_cast<std::size_t>(end - window.first_slot);
    std::map<std::string, std::vector<weir_pulse_slot>> known;
    for (auto& vnic : window.vnics)
        known[vnic.interface] = std::move(vnic.slots);
    window.vnics = later.vnics;
    for (std::size_t v = 0; v < window.vnics.size(); ++v) {
        auto& vnic = window.vnics[v];
        vnic.slots = std::move(known[vnic.interface]);
        vnic.slots.resize(total);
        for (std::size_t i = 0; i < later.slots; ++i)
            if (later.first_slot + i >= window.first_slot)
                vnic.slots[static_cast<std::size_t>(later.first_slot + i - window.first_slot)] =
                    later.vnics[v].slots[i];
    }
    window.slots = total;
    // What failed since the beginning is the caller's to tell: the counter goes on.
    window.conntrack = later.conntrack;
}

}  // namespace weir
