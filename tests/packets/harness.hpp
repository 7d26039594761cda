// SPDX-License-Identifier: GPL-2.0-or-later
// The programs, loaded for a test and run by BPF_PROG_TEST_RUN on this kernel: nothing is attached, nothing pinned.
#pragma once

#include "shared/abi.h"
#include "support/known_frame.hpp"
#include "weir.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

struct DestroySkeleton {
    void operator()(weir_bpf* skeleton) const { weir_bpf__destroy(skeleton); }
};

// What one run said. `error` is the errno of a run that the kernel refused; then nothing else is filled in.
struct RunResult {
    int error = 0;
    int verdict = 0;
    Bytes out;
};

// What the skb of a tc program's run has beside its bytes; 0 is 'as it comes'.
struct RunOptions {
    __u32 ifindex = 0;
    __u32 gso_size = 0;
    __u32 gso_segs = 0;
    __u32 wire_len = 0;
    unsigned repeat = 1;
};

// The programs' maps, with one table and one ledger a vNIC as user space would make them.
class Machine {
public:
    Machine();
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // A vNIC at `slot`, counting what `ifindex` carries. The interface number 1 (lo) is what a test run arrives at.
    void add_vnic(__u32 ifindex, __u32 slot = 0, __u32 flags = 0, __u32 sets = 16);
    void set_entry(__u32 place, const weir_if_entry& entry);
    // A limit for the tenant at slot 0, which is every vNIC's: its memory, as user space maps it. WEIR_IF_LIMIT_* of a
    // vNIC make it one that it has.
    weir_limit& add_limit();
    // The addresses that the vNIC at `slot` may send from, if it has WEIR_IF_GUARD.
    void add_guard(const weir_guard& guard, __u32 slot = 0);
    void detach(__u32 ifindex) { set_entry(ifindex, {}); }

    // The sum over all CPUs.
    [[nodiscard]] weir_ledger ledger(__u32 slot = 0) const;
    struct Flow {
        weir_flow_hot hot;
        weir_flow_address address;
        weir_flow_track track;
        weir_flow_result result;
    };
    [[nodiscard]] std::vector<Flow> flows(__u32 slot = 0) const;
    // Empties the ledger and the flow table of a vNIC.
    void reset(__u32 slot = 0);

    [[nodiscard]] static RunResult run(int program, const Bytes& frame, const RunOptions& options = {});
    [[nodiscard]] int tc_in() const { return bpf_program__fd(skeleton_->progs.weir_tc_in); }
    [[nodiscard]] int tc_out() const { return bpf_program__fd(skeleton_->progs.weir_tc_out); }
    [[nodiscard]] int xdp() const { return bpf_program__fd(skeleton_->progs.weir_xdp); }

private:
    struct Vnic {
        __u32 slot;
        __u32 sets;
        int ledger;
        int flows;
    };
    [[nodiscard]] const Vnic& vnic(__u32 slot) const;

    weir_bpf* skeleton_ = nullptr;  // loaded once a process: the verifier takes its time
    std::vector<Vnic> vnics_;
    std::vector<__u32> places_;
    int limit_ = -1;
    std::vector<__u32> guards_;
    void* limit_memory_ = nullptr;
};

inline weir_count total_of(const weir_ledger_direction& direction) {
    weir_count sum{};
    for (const weir_count& count : direction.classes) {
        sum.packets += count.packets;
        sum.bytes += count.bytes;
    }
    return sum;
}

inline weir_count untracked_of(const weir_ledger_direction& direction) {
    weir_count sum{};
    for (const weir_count& count : direction.untracked) {
        sum.packets += count.packets;
        sum.bytes += count.bytes;
    }
    return sum;
}

// sum of flows + untracked = ledger, packets and bytes, both directions.
void expect_identity(const Machine& machine, __u32 slot = 0);
// Nothing at all was counted.
void expect_nothing(const Machine& machine, __u32 slot = 0);

}  // namespace weir::test
