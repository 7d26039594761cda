// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/tables.hpp"

#include <bpf/bpf.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <span>
#include <string>

#include <fmt/format.h>

#include "kernel/cpus.hpp"
#include "kernel/limits.hpp"
#include "kernel/mapped_table.hpp"
#include "lib/interface.h"
#include "model/types.hpp"

namespace weir {
namespace {

std::uint32_t flags_of(const weir_vnic_info& info) {
    std::uint32_t flags = 0;
    if (info.role != WEIR_ROLE_VNIC) flags |= WEIR_IF_EGRESS_IS_TX;
    if (info.role == WEIR_ROLE_UPLINK) flags |= WEIR_IF_IS_UPLINK;
    // A guest forwards nothing, so there is no way through a host to measure.
    if (info.role != WEIR_ROLE_GUEST) flags |= WEIR_IF_HOST_LATENCY;
    flags |= WEIR_IF_RTT;
    if (is_xdp(info.ingress_hook)) flags |= WEIR_IF_XDP_ACCOUNTS;
    if (info.is_guarded != 0 && info.role == WEIR_ROLE_VNIC) flags |= WEIR_IF_GUARD;
    return flags;
}

Result<weir_if_entry> read_place(const Instance& instance, std::uint32_t place) {
    weir_if_entry entry{};
    if (bpf_map_lookup_elem(instance.vnics.get(), &place, &entry) != 0)
        return fail(Errc::failed, "cannot read the interface table", errno_text(errno));
    return entry;
}

Result<void> write_place(const Instance& instance, std::uint32_t place, const weir_if_entry& entry) {
    if (bpf_map_update_elem(instance.vnics.get(), &place, &entry, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot write the interface table", errno_text(errno));
    return {};
}

Result<void> enter_interface(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    weir_if_entry entry{};
    entry.slot = slot;
    entry.flow_set_mask = info.flow_sets - 1;
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    const auto tenant = tenant_entry_of(tenants, info);
    entry.tenant = tenant.slot;
    entry.flags = flags_of(info) | tenant.flags;
    if (getrandom(&entry.hash_seed, sizeof(entry.hash_seed), 0) != sizeof(entry.hash_seed))
        return fail(Errc::failed, "cannot draw a random seed", errno_text(errno));
    for (std::uint32_t probe = 0; probe < WEIR_IF_PROBES; ++probe) {
        const auto place = weir_if_place(info.ifindex, probe);
        WEIR_TRY(const auto standing, read_place(instance, place));
        if (standing.ifindex != 0 && standing.ifindex != info.ifindex) continue;
        // The programs look at ifindex first: all else has to stand before it does.
        WEIR_CHECK(write_place(instance, place, entry));
        entry.ifindex = info.ifindex;
        return write_place(instance, place, entry);
    }
    return fail(Errc::failed, "cannot enter the interface",
                fmt::format("{} interfaces with neighbouring numbers are attached", WEIR_IF_PROBES));
}

Result<void> put(int outer, std::uint32_t slot, int inner, const char* name) {
    if (bpf_map_update_elem(outer, &slot, &inner, BPF_ANY) != 0)
        return fail(Errc::failed, fmt::format("cannot put the {} in place", name), errno_text(errno));
    return {};
}

Result<Fd> open_inner(int outer, std::uint32_t slot, const char* name) {
    std::uint32_t id = 0;
    if (bpf_map_lookup_elem(outer, &slot, &id) != 0)
        return fail(Errc::failed, fmt::format("cannot find the {} of slot {}", name, slot), errno_text(errno));
    Fd fd(bpf_map_get_fd_by_id(id));
    if (!fd) return fail(Errc::failed, fmt::format("cannot open the {} of slot {}", name, slot), errno_text(errno));
    return fd;
}

Result<Mapped<const weir_flow_block>> map_flow_table(int table_fd, std::size_t blocks) {
    return Mapped<const weir_flow_block>::of(table_fd, blocks, PROT_READ, "cannot map a flow table");
}

// A mapped table, and a copy of it that is being made.
struct TableView {
    std::span<const weir_flow_block> from;
    std::vector<weir_flow_block>& to;
    std::uint32_t sets;
};

// Copies a slot that no program is in the middle of changing. The state word is read before and after.
void copy_slot(const TableView& table, std::size_t set, std::size_t way) {
    const std::size_t sets = table.sets;
    const auto copy_lines = [&] {
        table.to[set].hot.way[way] = table.from[set].hot.way[way];
        const weir_flow_hot& hot = table.to[set].hot.way[way];
        if (hot.state == 0) return;
        for (const std::size_t block : {sets * WEIR_FLOW_REGION_TRACK + set, sets * WEIR_FLOW_REGION_RESULT + set})
            if (hot.is_tracked != 0) table.to[block].hot.way[way] = table.from[block].hot.way[way];
        const std::size_t addresses = sets * WEIR_FLOW_REGION_ADDRESS + set / 2;
        if (hot.family == 6)
            table.to[addresses].address[set & 1].way[way] = table.from[addresses].address[set & 1].way[way];
    };
    const std::atomic_ref state(const_cast<weir_flow_hot&>(table.from[set].hot.way[way]).state);
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const auto before = state.load(std::memory_order_acquire);
        copy_lines();
        std::atomic_thread_fence(std::memory_order_acquire);
        if ((before & WEIR_FLOW_LOCKED) == 0 && state.load(std::memory_order_relaxed) == before) return;
    }
}

}  // namespace

std::uint32_t flow_sets_for(std::uint32_t flows) {
    return std::bit_ceil(std::max<std::uint32_t>(1, (flows * 2 + WEIR_FLOW_WAYS - 1) / WEIR_FLOW_WAYS));
}

Result<void> install_tables(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    const Fd ledger(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "weir_ledger", sizeof(std::uint32_t), sizeof(weir_ledger),
                                   1, nullptr));
    if (!ledger) return fail(Errc::failed, "cannot create the ledger", errno_text(errno));
    DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
    const Fd flows(bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_flows", sizeof(std::uint32_t), sizeof(weir_flow_block),
                                  weir_flow_blocks(info.flow_sets), &options));
    if (!flows)
        return fail(Errc::failed, fmt::format("cannot create a flow table for {} flows", info.flows), errno_text(errno),
                    "use a smaller --flows");
    DECLARE_LIBBPF_OPTS(bpf_map_create_opts, mapped, .map_flags = BPF_F_MMAPABLE);
    const Fd pulse(
        bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_pulse", sizeof(std::uint32_t), sizeof(weir_pulse_ring), 1, &mapped));
    if (!pulse) return fail(Errc::failed, "cannot create the pulse's ring", errno_text(errno));
    WEIR_CHECK(put(instance.ledgers.get(), slot, ledger.get(), "ledger"));
    WEIR_CHECK(put(instance.pulses.get(), slot, pulse.get(), "pulse"));
    WEIR_CHECK(put(instance.flow_tables.get(), slot, flows.get(), "flow table"));
    return enter_interface(instance, slot, info);
}

Result<void> remove_tables(const Instance& instance, std::uint32_t slot, std::uint32_t ifindex) {
    for (std::uint32_t probe = 0; probe < WEIR_IF_PROBES; ++probe) {
        const auto place = weir_if_place(ifindex, probe);
        WEIR_TRY(const auto entry, read_place(instance, place));
        if (entry.ifindex == ifindex && entry.slot == slot) WEIR_CHECK(write_place(instance, place, {}));
    }
    for (const int outer :
         {instance.ledgers.get(), instance.flow_tables.get(), instance.guards.get(), instance.pulses.get()})
        if (bpf_map_delete_elem(outer, &slot) != 0 && errno != ENOENT)
            return fail(Errc::failed, fmt::format("cannot remove the tables of slot {}", slot), errno_text(errno));
    return {};
}

Result<void> update_interface_flags(const Instance& instance, const weir_vnic_info& info) {
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    return update_interface_flags(instance, tenants, info);
}

Result<void> update_interface_flags(const Instance& instance, const std::vector<weir_tenant_info>& tenants,
                                    const weir_vnic_info& info) {
    constexpr std::uint32_t limit_flags = WEIR_IF_LIMIT_TX | WEIR_IF_LIMIT_RX;
    const auto tenant = tenant_entry_of(tenants, info);
    for (std::uint32_t probe = 0; probe < WEIR_IF_PROBES; ++probe) {
        const auto place = weir_if_place(info.ifindex, probe);
        WEIR_TRY(auto entry, read_place(instance, place));
        if (entry.ifindex != info.ifindex) continue;
        const auto wanted_flags = flags_of(info) | tenant.flags;
        if (entry.tenant == tenant.slot && entry.flags == wanted_flags) return {};
        // A packet may see any mixture of the old and the new entry: first what both tenants have a limit for.
        entry.flags = wanted_flags & (entry.flags | ~limit_flags);
        WEIR_CHECK(write_place(instance, place, entry));
        entry.tenant = tenant.slot;
        WEIR_CHECK(write_place(instance, place, entry));
        entry.flags = wanted_flags;
        return write_place(instance, place, entry);
    }
    return fail(Errc::failed, "cannot change the interface's flags", "it is not in the interface table");
}

Result<Fd> open_ledger(const Instance& instance, std::uint32_t slot) {
    return open_inner(instance.ledgers.get(), slot, "ledger");
}

Result<Fd> open_flow_table(const Instance& instance, std::uint32_t slot) {
    return open_inner(instance.flow_tables.get(), slot, "flow table");
}

Result<Fd> open_pulse(const Instance& instance, std::uint32_t slot) {
    return open_inner(instance.pulses.get(), slot, "pulse");
}

Result<std::vector<weir_ledger>> read_ledger(int ledger_fd) {
    WEIR_TRY(const auto cpus, possible_cpus());
    static_assert(sizeof(weir_ledger) % 8 == 0, "per-CPU values are rounded up to 8 bytes");
    std::vector<weir_ledger> ledgers(cpus);
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(ledger_fd, &zero, ledgers.data()) != 0)
        return fail(Errc::failed, "cannot read a ledger", errno_text(errno));
    return ledgers;
}

Result<std::vector<weir_ledger>> read_ledger(const Instance& instance, std::uint32_t slot) {
    WEIR_TRY(const auto fd, open_ledger(instance, slot));
    return read_ledger(fd.get());
}

Result<std::vector<weir_flow_block>> copy_flow_table(int table_fd, std::uint32_t sets) {
    WEIR_TRY(const auto mapped, map_flow_table(table_fd, weir_flow_blocks(sets)));
    std::vector<weir_flow_block> copy(mapped.values().size());
    const TableView table{.from = mapped.values(), .to = copy, .sets = sets};
    for (std::size_t set = 0; set < sets; ++set)
        for (std::size_t way = 0; way < WEIR_FLOW_WAYS; ++way)
            copy_slot(table, set, way);
    return copy;
}

Result<std::uint64_t> count_flows(int table_fd, std::uint32_t sets, std::uint32_t now_tick, std::uint32_t ticks) {
    WEIR_TRY(const auto mapped, map_flow_table(table_fd, sets));
    // Modulo 2^32. A packet that came since `now_tick` was read makes its flow younger than that.
    const auto is_alive = [&](std::uint32_t tick) { return static_cast<std::int32_t>(tick - (now_tick - ticks)) >= 0; };
    std::uint64_t count = 0;
    for (const auto& block : mapped.values())
        for (const weir_flow_hot& hot : block.hot.way)
            if (hot.state != 0 && hot.family != 0 && is_alive(hot.last_seen_tick)) count++;
    return count;
}

Result<void> copy_pulse(int pulse_fd, weir_pulse_ring& ring) {
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(pulse_fd, &zero, &ring) != 0)
        return fail(Errc::failed, "cannot read a pulse", errno_text(errno));
    return {};
}

std::uint64_t map_memory_bytes(int map_fd) {
    std::ifstream file(fmt::format("/proc/self/fdinfo/{}", map_fd));
    for (std::string line; std::getline(file, line);) {
        constexpr std::string_view key = "memlock:";
        if (!line.starts_with(key)) continue;
        const auto from = line.find_first_not_of(" \t", key.size());
        std::uint64_t bytes = 0;
        if (from != std::string::npos) std::from_chars(line.data() + from, line.data() + line.size(), bytes);
        return bytes;
    }
    return 0;
}

}  // namespace weir
