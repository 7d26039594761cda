// SPDX-License-Identifier: GPL-2.0-or-later
#include "packets/harness.hpp"

#include "lib/interface.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace weir::test {
namespace {

weir_bpf* loaded_skeleton() {
    static const std::unique_ptr<weir_bpf, DestroySkeleton> skeleton = [] {
        std::unique_ptr<weir_bpf, DestroySkeleton> fresh(weir_bpf__open());
        if (!fresh) throw std::runtime_error(std::string("cannot open the programs: ") + std::strerror(errno));
        if (const int error = weir_bpf__load(fresh.get()); error != 0)
            throw std::runtime_error(std::string("cannot load the programs: ") + std::strerror(-error));
        return fresh;
    }();
    return skeleton.get();
}

void check(int result, const char* what) {
    if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

std::size_t limit_memory_bytes() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (sizeof(weir_limit) + page - 1) / page * page;
}

}  // namespace

Machine::Machine() : skeleton_(loaded_skeleton()) {}

Machine::~Machine() {
    const weir_if_entry none{};
    for (__u32 place : places_)
        bpf_map_update_elem(bpf_map__fd(skeleton_->maps.vnics), &place, &none, BPF_ANY);
    for (const Vnic& vnic : vnics_) {
        bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.ledgers), &vnic.slot);
        bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.flow_tables), &vnic.slot);
        close(vnic.ledger);
        close(vnic.flows);
    }
    for (const __u32 slot : guards_)
        bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.guards), &slot);
    if (limit_memory_ != nullptr) munmap(limit_memory_, limit_memory_bytes());
    if (limit_ >= 0) {
        const __u32 tenant = 0;
        bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.limits), &tenant);
        close(limit_);
    }
}

void Machine::add_guard(const weir_guard& guard, __u32 slot) {
    const __u32 zero = 0;
    const int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "test_guard", 4, sizeof(weir_guard), 1, nullptr);
    check(map, "guard");
    guards_.push_back(slot);
    check(bpf_map_update_elem(map, &zero, &guard, BPF_ANY), "guard");
    check(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.guards), &slot, &map, BPF_ANY), "guards");
    close(map);
}

weir_limit& Machine::add_limit() {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.map_flags = BPF_F_MMAPABLE;
    const __u32 tenant = 0;
    limit_ = bpf_map_create(BPF_MAP_TYPE_ARRAY, "test_limit", 4, sizeof(weir_limit), 1, &options);
    check(limit_, "limit");
    check(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.limits), &tenant, &limit_, BPF_ANY), "limits");
    limit_memory_ = mmap(nullptr, limit_memory_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, limit_, 0);
    check(limit_memory_ == MAP_FAILED ? -1 : 0, "mapping the limit");
    return *static_cast<weir_limit*>(limit_memory_);
}

void Machine::add_vnic(__u32 ifindex, __u32 slot, __u32 flags, __u32 sets) {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    const int ledger = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "test_ledger", 4, sizeof(weir_ledger), 1, &options);
    check(ledger, "ledger");
    options.map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE;
    const int flows =
        bpf_map_create(BPF_MAP_TYPE_ARRAY, "test_flows", 4, sizeof(weir_flow_block), weir_flow_blocks(sets), &options);
    check(flows, "flow table");
    vnics_.push_back({slot, sets, ledger, flows});
    check(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.ledgers), &slot, &ledger, BPF_ANY), "ledgers");
    check(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.flow_tables), &slot, &flows, BPF_ANY), "flow_tables");
    set_entry(weir_if_place(ifindex, 0), {ifindex, slot, sets - 1, flags, 0x123456789abcdef0ull, 0, 0});
}

void Machine::set_entry(__u32 place, const weir_if_entry& entry) {
    check(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.vnics), &place, &entry, BPF_ANY), "vnics");
    places_.push_back(place);
}

const Machine::Vnic& Machine::vnic(__u32 slot) const {
    const auto found = std::ranges::find(vnics_, slot, &Vnic::slot);
    if (found == vnics_.end()) throw std::runtime_error("no such vNIC");
    return *found;
}

weir_ledger Machine::ledger(__u32 slot) const {
    const __u32 key = 0;
    std::vector<weir_ledger> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    check(bpf_map_lookup_elem(vnic(slot).ledger, &key, cpus.data()), "ledger");
    weir_ledger sum{};
    // All its members but `scratch` are counters, or else (what names the parked flow, least and most delays) no test
    // looks at their sum.
    constexpr std::size_t words = offsetof(weir_ledger, scratch) / sizeof(__u64);
    constexpr std::size_t latency = offsetof(weir_ledger, latency) / sizeof(__u64);
    auto* to = reinterpret_cast<__u64*>(&sum);
    for (const weir_ledger& cpu : cpus) {
        const auto* from = reinterpret_cast<const __u64*>(&cpu);
        for (std::size_t i = 0; i < words; i++)
            to[i] += from[i];
        for (std::size_t i = latency; i < sizeof(weir_ledger) / sizeof(__u64); i++)
            to[i] += from[i];
    }
    return sum;
}

std::vector<Machine::Flow> Machine::flows(__u32 slot) const {
    const Vnic& of = vnic(slot);
    std::vector<Flow> out;
    const auto block = [&of](__u32 index) {
        auto read = std::make_unique<weir_flow_block>();
        check(bpf_map_lookup_elem(of.flows, &index, read.get()), "flow table");
        return read;
    };
    for (__u32 set = 0; set < of.sets; set++) {
        const auto hot = block(set), track = block(of.sets * WEIR_FLOW_REGION_TRACK + set),
                   result = block(of.sets * WEIR_FLOW_REGION_RESULT + set),
                   address = block(of.sets * WEIR_FLOW_REGION_ADDRESS + set / 2);
        for (int way = 0; way < WEIR_FLOW_WAYS; way++) {
            if (hot->hot.way[way].state != 0)
                out.push_back({hot->hot.way[way], address->address[set & 1].way[way], track->track.way[way],
                               result->result.way[way]});
        }
    }
    return out;
}

void Machine::reset(__u32 slot) {
    const Vnic& of = vnic(slot);
    const __u32 key = 0;
    const std::vector<weir_ledger> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    check(bpf_map_update_elem(of.ledger, &key, cpus.data(), BPF_ANY), "ledger");
    const weir_flow_block none{};
    for (__u32 block = 0; block < weir_flow_blocks(of.sets); block++)
        check(bpf_map_update_elem(of.flows, &block, &none, BPF_ANY), "flow table");
}

RunResult Machine::run(int program, const Bytes& frame, const RunOptions& options) {
    RunResult run;
    run.out.resize(frame.size() + 64);
    LIBBPF_OPTS(bpf_test_run_opts, test);
    test.data_in = frame.data();
    test.data_size_in = static_cast<__u32>(frame.size());
    test.data_out = run.out.data();
    test.data_size_out = static_cast<__u32>(run.out.size());
    test.repeat = static_cast<int>(options.repeat);
    __sk_buff skb{};
    skb.ifindex = options.ifindex;
    skb.gso_size = options.gso_size;
    skb.gso_segs = options.gso_segs;
    skb.wire_len = options.wire_len;
    const __sk_buff plain{};
    if (std::memcmp(&skb, &plain, sizeof skb) != 0) {
        test.ctx_in = &skb;
        test.ctx_size_in = sizeof skb;
    }
    if (bpf_prog_test_run_opts(program, &test) != 0) {
        run.error = errno;
        return run;
    }
    run.verdict = static_cast<int>(test.retval);
    run.out.resize(test.data_size_out);
    return run;
}

void expect_identity(const Machine& machine, __u32 slot) {
    const weir_ledger ledger = machine.ledger(slot);
    const auto flows = machine.flows(slot);
    for (int direction : {WEIR_TX, WEIR_RX}) {
        weir_count held = untracked_of(ledger.direction[direction]);
        held.packets += ledger.direction[direction].parked.count.packets;
        held.bytes += ledger.direction[direction].parked.count.bytes;
        for (const auto& flow : flows) {
            held.packets += flow.hot.direction[direction].packets;
            held.bytes += flow.hot.direction[direction].bytes;
        }
        const weir_count total = total_of(ledger.direction[direction]);
        EXPECT_EQ(held.packets, total.packets) << "direction " << direction;
        EXPECT_EQ(held.bytes, total.bytes) << "direction " << direction;
    }
}

void expect_nothing(const Machine& machine, __u32 slot) {
    const weir_ledger ledger = machine.ledger(slot), none{};
    EXPECT_EQ(std::memcmp(&ledger, &none, sizeof ledger), 0);
    EXPECT_TRUE(machine.flows(slot).empty());
}

}  // namespace weir::test
