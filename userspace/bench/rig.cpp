// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/rig.hpp"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <net/if.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "bench/rig_objects.hpp"
#include "kernel/libbpf_words.hpp"
#include "lib/interface.h"
#include "model/guard.hpp"
#include "model/limit.hpp"

namespace weir::bench {
namespace {

std::unexpected<Error> refused(const std::string& what, int error_number) {
    if (error_number == EPERM)
        return fail(Errc::permission, what, errno_text(error_number), "run as root, or with CAP_BPF and CAP_NET_ADMIN");
    return fail(Errc::failed, what, errno_text(error_number), "run: weir features");
}

// The verifier's verdict is in the last lines of what libbpf said.
std::unexpected<Error> not_loaded(const std::string& what, int error_number) {
    if (error_number == EPERM) return refused(what, error_number);
    return fail(Errc::unsupported, what, fmt::format("{}\n{}", errno_text(error_number), LibbpfWords::last_lines(8)),
                "see: weir features");
}

// Kernel memory of a map, as the kernel says it; 0 where it does not.
std::uint64_t memory_of(int fd) {
    std::ifstream info(fmt::format("/proc/self/fdinfo/{}", fd));
    std::string key;
    std::uint64_t value = 0;
    while (info >> key) {
        if (key == "memlock:" && info >> value) return value;
    }
    return 0;
}

}  // namespace

std::string_view name_of(Program program) {
    switch (program) {
    case Program::empty:
        return "empty";
    case Program::parse:
        return "parse + counter";
    case Program::clock:
        return "clock read";
    case Program::lru:
        return "parse + LRU + clock";
    case Program::tc_in:
        return "weir_tc_in";
    case Program::tc_in_latency:
        return "tc_in, latency";
    case Program::tc_in_limit:
        return "tc_in, limit";
    case Program::tc_in_share:
        return "tc_in, share";
    case Program::tc_in_guard:
        return "tc_in, guard";
    case Program::tc_out:
        return "weir_tc_out";
    case Program::tc_out_latency:
        return "tc_out, latency";
    case Program::xdp_empty:
        return "empty XDP";
    case Program::xdp:
        return "weir_xdp";
    }
    return "";
}

Rig::Rig() : objects_(std::make_unique<Objects>()) {}
Rig::~Rig() = default;

Result<std::unique_ptr<Rig>> Rig::open() {
    const LibbpfWords quiet;
    std::unique_ptr<Rig> rig(new Rig);
    Objects& objects = *rig->objects_;

    for (std::size_t group = 0; group < groups; ++group) {
        auto& object = objects.bench[group];
        object.reset(bench_bpf::open());
        if (!object) return refused("cannot open the benchmark's programs", errno);
        for (const Traffic& traffic : traffics()) {
            if (traffic.group == group)
                bpf_map__set_max_entries(traffic.family == 6 ? object->maps.lru6 : object->maps.lru4, lru_entries);
        }
        if (const int error = bench_bpf::load(object.get()))
            return not_loaded("cannot load the benchmark's programs", -error);
    }
    objects.weir.reset(weir_bpf::open());
    if (!objects.weir) return refused("cannot open Weir's programs", errno);
    if (const int error = weir_bpf::load(objects.weir.get())) return not_loaded("cannot load Weir's programs", -error);
    if (const unsigned index = if_nametoindex("lo")) objects.ifindex = index;
    WEIR_CHECK(rig->make_tables());
    WEIR_CHECK(rig->make_limit());
    WEIR_CHECK(rig->make_guards());
    return rig;
}

Result<void> Rig::make_tables() {
    for (std::size_t group = 0; group < groups; ++group) {
        for (const Program program : programs) {
            if (!has_table(program)) continue;
            Table& table = objects_->tables[group][index_of(program)];
            bpf_map_create_opts options{};
            options.sz = sizeof(options);
            table.ledger = Fd(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "bench_ledger", sizeof(std::uint32_t),
                                             sizeof(weir_ledger), 1, &options));
            options.map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE;
            table.flows = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_flows", sizeof(std::uint32_t),
                                            sizeof(weir_flow_block), weir_flow_blocks(table_sets), &options));
            options.map_flags = BPF_F_MMAPABLE;
            const Fd pulse(bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_pulse", sizeof(std::uint32_t),
                                          sizeof(weir_pulse_ring), 1, &options));
            if (!table.ledger || !table.flows || !pulse) return refused("cannot create a flow table", errno);
            const std::uint32_t slot = slot_of(group, program);
            const int ledger = table.ledger.get(), flows = table.flows.get(), ring = pulse.get();
            if (bpf_map_update_elem(bpf_map__fd(objects_->weir->maps.ledgers), &slot, &ledger, BPF_ANY) ||
                bpf_map_update_elem(bpf_map__fd(objects_->weir->maps.flow_tables), &slot, &flows, BPF_ANY) ||
                bpf_map_update_elem(bpf_map__fd(objects_->weir->maps.pulses), &slot, &ring, BPF_ANY))
                return refused("cannot install a flow table", errno);
        }
    }
    return {};
}

// One limit for all, and one of fair share, whose tick has just come by.
Result<void> Rig::make_limit() {
    auto& weir = *objects_->weir;
    for (const std::uint32_t slot : {limit_tenant, share_tenant}) {
        bpf_map_create_opts options{};
        options.sz = sizeof(options);
        options.map_flags = BPF_F_MMAPABLE;
        Fd& map = slot == limit_tenant ? objects_->limit : objects_->share;
        map = Fd(
            bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_limit", sizeof(std::uint32_t), sizeof(weir_limit), 1, &options));
        const auto value = std::make_unique<weir_limit>();
        Limit limit;
        limit.tx.max_bps = slot == limit_tenant ? limit_max_bps : 0;
        value->direction[WEIR_TX].rule = rule_of(limit, limit.tx);
        const std::uint32_t zero = 0;
        const int fd = map.get();
        if (!map || bpf_map_update_elem(fd, &zero, value.get(), BPF_ANY) ||
            bpf_map_update_elem(bpf_map__fd(weir.maps.limits), &slot, &fd, BPF_ANY))
            return refused("cannot create a limit", errno);
    }
    weir_share_entry entry{};
    entry.byte_cost = byte_cost_of(limit_max_bps);
    entry.fallback_cost = entry.byte_cost;
    const auto round = std::make_unique<weir_share_round>();
    round->valid_until_ns = ~std::uint64_t{0};
    const std::uint32_t tx = WEIR_TX, at = WEIR_TX * WEIR_TENANTS_MAX + share_tenant;
    if (bpf_map_update_elem(bpf_map__fd(weir.maps.shares), &at, &entry, BPF_ANY) ||
        bpf_map_update_elem(bpf_map__fd(weir.maps.share_rounds), &tx, round.get(), BPF_ANY))
        return refused("cannot create a share", errno);
    return {};
}

// A full list for each group's vNIC, in which only the last entry of either family says yes.
Result<void> Rig::make_guards() {
    std::vector<Prefix> prefixes;
    for (unsigned i = 0; i + 2 < guard_prefixes_max; ++i) {
        WEIR_TRY(prefixes.emplace_back(), guard_prefix_from(fmt::format("203.0.113.{}", i + 1)));
    }
    for (const char* all : {"0.0.0.0/0", "::/0"}) {
        WEIR_TRY(prefixes.emplace_back(), guard_prefix_from(all));
    }
    const weir_guard guard = guard_of(prefixes);
    const std::uint32_t zero = 0;
    for (std::size_t group = 0; group < groups; ++group) {
        const Fd fd(
            bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_guard", sizeof(std::uint32_t), sizeof(weir_guard), 1, nullptr));
        const std::uint32_t slot = slot_of(group, Program::tc_in_guard);
        const int inner = fd.get();
        if (!fd || bpf_map_update_elem(inner, &zero, &guard, BPF_ANY) ||
            bpf_map_update_elem(bpf_map__fd(objects_->weir->maps.guards), &slot, &inner, BPF_ANY))
            return refused("cannot create a guard", errno);
    }
    return {};
}

int Rig::program_fd(Program program, std::size_t group) const {
    const auto& first = *objects_->bench[0];
    const auto& own = *objects_->bench[group];
    const auto& weir = *objects_->weir;
    switch (program) {
    case Program::empty:
        return bpf_program__fd(first.progs.bench_empty);
    case Program::parse:
        return bpf_program__fd(first.progs.bench_parse);
    case Program::clock:
        return bpf_program__fd(first.progs.bench_clock);
    case Program::lru:
        return bpf_program__fd(own.progs.bench_lru);
    case Program::tc_in:
    case Program::tc_in_latency:
    case Program::tc_in_limit:
    case Program::tc_in_share:
    case Program::tc_in_guard:
        return bpf_program__fd(weir.progs.weir_tc_in);
    case Program::tc_out:
    case Program::tc_out_latency:
        return bpf_program__fd(weir.progs.weir_tc_out);
    case Program::xdp_empty:
        return bpf_program__fd(first.progs.bench_xdp_empty);
    case Program::xdp:
        return bpf_program__fd(weir.progs.weir_xdp);
    }
    return -1;
}

Result<double> Rig::run(const Traffic& traffic, Program program, bench_mode mode, std::uint32_t packets) {
    bench_bpf& bench = *objects_->bench[0];
    const std::string what = fmt::format("cannot measure {} ({})", name_of(program), traffic.shown.name);
    const std::uint32_t zero = 0;

    if (is_weir(program)) {
        const std::uint32_t place = weir_if_place(objects_->ifindex, 0);
        std::uint32_t flags = is_xdp(program) ? std::uint32_t{WEIR_IF_XDP_ACCOUNTS} : 0u;
        if (with_latency(program)) flags |= WEIR_IF_HOST_LATENCY | WEIR_IF_RTT;
        if (program == Program::tc_in_limit || program == Program::tc_in_share) flags |= WEIR_IF_LIMIT_TX;
        if (program == Program::tc_in_guard) flags |= WEIR_IF_GUARD;
        const std::uint32_t tenant = program == Program::tc_in_share ? share_tenant : limit_tenant;
        const weir_if_entry entry{
            objects_->ifindex, slot_of(traffic.group, program), table_sets - 1, flags, hash_seed, tenant, 0};
        if (bpf_map_update_elem(bpf_map__fd(objects_->weir->maps.vnics), &place, &entry, BPF_ANY))
            return refused(what, errno);
    }
    const int target = program_fd(program, traffic.group);
    auto* const targets = is_xdp(program) ? bench.maps.xdp_target : bench.maps.tc_target;
    if (bpf_map_update_elem(bpf_map__fd(targets), &zero, &target, BPF_ANY)) return refused(what, errno);
    bench.bss->bench_mode = mode;
    bench.bss->bench_mask = traffic.mask();
    bench.bss->bench_base = traffic.base();
    bench.bss->bench_is_ipv6 = traffic.family == 6;
    bench.bss->bench_payload = traffic.payload_bytes();
    // As if the packet had come in by an uplink: what it takes through the host belongs to the vNIC it leaves by.
    bench.bss->bench_stamp = program == Program::tc_out_latency ? WEIR_STAMP_SIGN | WEIR_STAMP_UPLINK : 0;

    const Frame frame = frame_of(traffic, 0);
    const std::uint64_t sent_before = bench.bss->bench_sent;
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.repeat = static_cast<int>(packets);
    const auto* const prologue = is_xdp(program) ? bench.progs.bench_xdp : bench.progs.bench_tc;
    if (bpf_prog_test_run_opts(bpf_program__fd(prologue), &options)) return refused(what, errno);

    const int verdict = static_cast<int>(options.retval);
    const int expected = is_xdp(program) ? static_cast<int>(XDP_PASS) : static_cast<int>(TCX_NEXT);
    const std::uint64_t sent = bench.bss->bench_sent - sent_before;
    if (verdict != expected)
        return fail(Errc::failed, what, fmt::format("it returned {}, not {}", verdict, expected), "report this");
    if (sent != packets)
        return fail(Errc::failed, what, fmt::format("{} of {} packets were sent", sent, packets), "report this");
    sent_[static_cast<std::size_t>(&traffic - traffics().data())][index_of(program)] += packets;
    return options.duration;
}

Result<std::vector<BenchProgram>> Rig::describe() const {
    std::vector<BenchProgram> all;
    for (const Program program : programs) {
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        if (bpf_prog_get_info_by_fd(program_fd(program, 0), &info, &size))
            return refused(fmt::format("cannot read what the kernel made of {}", name_of(program)), errno);
        all.push_back(
            {std::string(name_of(program)), is_xdp(program) ? "xdp" : "tc", info.verified_insns, info.jited_prog_len});
    }
    return all;
}

Result<BenchMemory> Rig::memory() const {
    const Table& table = objects_->tables[0][index_of(Program::tc_in)];
    return BenchMemory{memory_of(table.ledger.get()), memory_of(table.flows.get()), table_flows, table_sets};
}

}  // namespace weir::bench
