// SPDX-License-Identifier: GPL-2.0-or-later
// A benchmark of a program that returned early is worthless: here the programs' own counters are held against what was
// sent, to the packet.
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>

#include "bench/rig_objects.hpp"
#include "lib/flow_table.h"

namespace weir::bench {
namespace {

std::unexpected<Error> miscounted(Program program, std::size_t group, const std::string& what, std::uint64_t found,
                                  std::uint64_t expected) {
    return fail(Errc::failed, "the measured program did not do its work",
                fmt::format("{}, group {}: {}: {} found, {} expected", name_of(program), group, what, found, expected),
                "report this");
}

std::vector<const Traffic*> traffics_of(std::size_t group) {
    std::vector<const Traffic*> of_group;
    for (const Traffic& traffic : traffics())
        if (traffic.group == group) of_group.push_back(&traffic);
    return of_group;
}

struct FlowTotals {
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
    std::uint64_t most_packets = 0;  // of one flow
    void add(std::uint64_t of_one) {
        ++flows;
        packets += of_one;
        most_packets = std::max(most_packets, of_one);
    }
};

Result<FlowTotals> read_flows(int fd, std::uint32_t direction) {
    const std::size_t bytes = std::size_t{table_sets} * sizeof(weir_flow_block);
    void* const at = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return fail(Errc::failed, "cannot read a flow table", errno_text(errno));
    const auto* const blocks = static_cast<const weir_flow_block*>(at);
    FlowTotals totals;
    for (std::uint32_t set = 0; set < table_sets; ++set)
        for (const weir_flow_hot& way : blocks[set].hot.way)
            if (way.state) totals.add(way.direction[direction].packets);
    munmap(at, bytes);
    return totals;
}

template <class Value>
Result<Value> read_summed(int fd, void (*add)(Value&, const Value&)) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus <= 0) return fail(Errc::failed, "cannot count the CPUs", errno_text(-cpus));
    static_assert(sizeof(Value) % 8 == 0, "the kernel pads each CPU's value to 8 bytes");
    std::vector<Value> of_cpu(static_cast<std::size_t>(cpus));
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(fd, &zero, of_cpu.data()))
        return fail(Errc::failed, "cannot read a map", errno_text(errno));
    Value sum{};
    for (const Value& value : of_cpu)
        add(sum, value);
    return sum;
}

void add_count(weir_count& to, const weir_count& count) {
    to.packets += count.packets;
    to.bytes += count.bytes;
}

void add_ledger(weir_ledger& to, const weir_ledger& cpu) {
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        weir_ledger_direction& sum = to.direction[direction];
        const weir_ledger_direction& add = cpu.direction[direction];
        sum.skbs += add.skbs;
        for (int i = 0; i < WEIR_CLASS_COUNT; ++i)
            add_count(sum.classes[i], add.classes[i]);
        for (int i = 0; i < WEIR_UNTRACKED_KINDS; ++i)
            add_count(sum.untracked[i], add.untracked[i]);
        add_count(sum.untracked[WEIR_UNTRACKED_BUSY], add.parked.count);
        to.latency.trouble[direction].retransmits += cpu.latency.trouble[direction].retransmits;
        to.latency.trouble[direction].out_of_order += cpu.latency.trouble[direction].out_of_order;
        for (int i = 0; i < WEIR_HISTOGRAM_BUCKETS; ++i)
            to.latency.host[direction].buckets[i].count += cpu.latency.host[direction].buckets[i].count;
    }
}

}  // namespace

// Through a program's table, by it and by the one that shares it.
std::uint64_t Rig::sent_to(const Traffic& traffic, Program table) const {
    const auto& of_traffic = sent_[static_cast<std::size_t>(&traffic - traffics().data())];
    std::uint64_t sent = 0;
    for (const Program program : programs)
        if (table_of(program) == table) sent += of_traffic[index_of(program)];
    return sent;
}

// Every packet that went out with latency on was measured, and none besides; none was taken for one sent again.
Result<void> Rig::check_latency(std::size_t group, Program program) const {
    const Table& table = objects_->tables[group][index_of(table_of(program))];
    WEIR_TRY(const weir_ledger ledger, read_summed<weir_ledger>(table.ledger.get(), add_ledger));
    std::uint64_t sent = 0, measured = 0, troubles = 0;
    for (const Traffic* traffic : traffics_of(group))
        sent += sent_[static_cast<std::size_t>(traffic - traffics().data())][index_of(program)];
    for (const weir_histogram_bucket& bucket : ledger.latency.host[direction_of(program)].buckets)
        measured += bucket.count;
    for (const weir_tcp_trouble& trouble : ledger.latency.trouble)
        troubles += trouble.retransmits + trouble.out_of_order;
    if (table_of(program) == Program::tc_in) sent = 0;
    if (measured != sent) return miscounted(program, group, "host delays", measured, sent);
    if (troubles != 0) return miscounted(program, group, "packets sent again", troubles, 0);
    return {};
}

// Ledger by class == sent, flows + untracked == ledger, and as many flows as fit.
Result<void> Rig::check_weir(std::size_t group, Program program) const {
    const Table& table = objects_->tables[group][index_of(program)];
    const std::uint32_t direction = direction_of(program);
    const std::vector<const Traffic*> together = traffics_of(group);
    WEIR_TRY(const weir_ledger ledger, read_summed<weir_ledger>(table.ledger.get(), add_ledger));
    WEIR_TRY(const FlowTotals flows, read_flows(table.flows.get(), direction));
    const weir_ledger_direction& counted = ledger.direction[direction];

    std::array<std::uint64_t, WEIR_CLASS_COUNT> sent{};
    std::uint64_t total = 0;
    for (const Traffic* traffic : together) {
        const std::uint64_t packets = sent_to(*traffic, program);
        sent[traffic->class_id] += packets;
        total += packets;
    }
    for (std::size_t i = 0; i < WEIR_CLASS_COUNT; ++i) {
        const std::string name(class_name(i));
        if (counted.classes[i].packets != sent[i])
            return miscounted(program, group, name + " packets", counted.classes[i].packets, sent[i]);
        if (counted.classes[i].bytes != sent[i] * frame_bytes)
            return miscounted(program, group, name + " bytes", counted.classes[i].bytes, sent[i] * frame_bytes);
    }
    if (counted.skbs != total) return miscounted(program, group, "frames", counted.skbs, total);

    std::uint64_t untracked = 0;
    for (const weir_count& kind : counted.untracked)
        untracked += kind.packets;
    if (flows.packets + untracked != total)
        return miscounted(program, group, "packets in flows and untracked", flows.packets + untracked, total);
    // Two flows of one set with the same 31-bit tag: expected about once in 10^9 packets that are each a new flow.
    const std::uint64_t busy = counted.untracked[WEIR_UNTRACKED_BUSY].packets;
    if (busy > 3 + total / 100'000'000) return miscounted(program, group, "packets kept out of the table", busy, 0);
    const std::uint64_t expected = flows_expected(together, direction, hash_seed, table_sets);
    if (flows.flows != expected) return miscounted(program, group, "flows", flows.flows, expected);
    if (together.front()->every_new() && flows.most_packets != 1)
        return miscounted(program, group, "packets of a flow that was to be new", flows.most_packets, 1);
    return {};
}

Result<void> Rig::check_lru(std::size_t group) const {
    const auto& maps = objects_->bench[group]->maps;
    const std::vector<const Traffic*> together = traffics_of(group);
    FlowTotals flows;
    for (const bpf_map* map : {maps.lru4, maps.lru6}) {
        std::array<std::uint8_t, sizeof(bench_lru_key6)> key{};
        const int fd = bpf_map__fd(map);
        for (bool first = true; bpf_map_get_next_key(fd, first ? nullptr : key.data(), key.data()) == 0;
             first = false) {
            bench_lru_value value{};
            if (bpf_map_lookup_elem(fd, key.data(), &value) == 0) flows.add(value.packets);
        }
    }
    if (together.front()->every_new()) {
        if (flows.flows < lru_entries / 2) return miscounted(Program::lru, group, "flows", flows.flows, lru_entries);
        if (flows.most_packets != 1)
            return miscounted(Program::lru, group, "packets of a flow that was to be new", flows.most_packets, 1);
        return {};
    }
    std::uint64_t sent = 0, live = 0;
    for (const Traffic* traffic : together) {
        sent += sent_[static_cast<std::size_t>(traffic - traffics().data())][index_of(Program::lru)];
        // The one IPv4 UDP flow is also the first of the 4,096.
        const bool inside = group == 0 && traffic->shown.live_flows == 1 && traffic->class_id == WEIR_CLASS_IPV4_UDP;
        live += inside ? 0 : traffic->shown.live_flows;
    }
    if (flows.packets != sent) return miscounted(Program::lru, group, "packets", flows.packets, sent);
    if (flows.flows != live) return miscounted(Program::lru, group, "flows", flows.flows, live);
    return {};
}

Result<void> Rig::check_parse() const {
    WEIR_TRY(
        const bench_scratch scratch,
        read_summed<bench_scratch>(bpf_map__fd(objects_->bench[0]->maps.parse_scratch),
                                   [](bench_scratch& to, const bench_scratch& cpu) { to.packets += cpu.packets; }));
    std::uint64_t sent = 0;
    for (const auto& of_traffic : sent_)
        sent += of_traffic[index_of(Program::parse)];
    if (scratch.packets != sent) return miscounted(Program::parse, 0, "packets", scratch.packets, sent);
    if (objects_->bench[0]->bss->bench_clock_ns == 0) return miscounted(Program::clock, 0, "clock", 0, 1);
    return {};
}

Result<void> Rig::check() const {
    WEIR_CHECK(check_parse());
    for (std::size_t group = 0; group < groups; ++group) {
        for (const Program program : programs) {
            if (has_table(program)) WEIR_CHECK(check_weir(group, program));
            if (with_latency(program)) WEIR_CHECK(check_latency(group, program));
        }
        WEIR_CHECK(check_lru(group));
    }
    return {};
}

}  // namespace weir::bench
