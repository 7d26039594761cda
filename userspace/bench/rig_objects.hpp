// SPDX-License-Identifier: GPL-2.0-or-later
// What a Rig holds, for rig.cpp and rig_check.cpp only, so that no other file of the rig includes skeletons.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>

#include "bench.skel.h"
#include "bench/rig.hpp"
#include "weir.skel.h"

namespace weir::bench {

struct Table {
    Fd ledger;
    Fd flows;
};

struct Rig::Objects {
    struct CloseBench {
        void operator()(bench_bpf* object) const { bench_bpf::destroy(object); }
    };
    struct CloseWeir {
        void operator()(weir_bpf* object) const { weir_bpf::destroy(object); }
    };
    // One copy of the reference programs a group, each with LRU maps of its own. The prologues and the empty programs
    // of the first are the ones that run.
    std::array<std::unique_ptr<bench_bpf, CloseBench>, groups> bench;
    std::unique_ptr<weir_bpf, CloseWeir> weir;
    std::array<std::array<Table, programs.size()>, groups> tables;
    Fd limit;
    Fd share;
    std::uint32_t ifindex = 1;  // of the loopback device, which BPF_PROG_TEST_RUN gives to its packets
};

// Slots of the two tenants.
inline constexpr std::uint32_t limit_tenant = 0;
inline constexpr std::uint32_t share_tenant = 1;

constexpr std::uint32_t slot_of(std::size_t group, Program program) {
    return static_cast<std::uint32_t>(group * programs.size() + index_of(table_of(program)));
}

}  // namespace weir::bench
