// SPDX-License-Identifier: GPL-2.0-or-later
// What kernels older than this one refuse. The lab runs them; this says it at once, and where.
#include "weir.skel.h"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir::test {
namespace {

enum class State : std::uint8_t { unseen, on_path, done };

bool is_jump(const bpf_insn& insn) {
    const int kind = BPF_CLASS(insn.code);
    return kind == BPF_JMP || kind == BPF_JMP32;
}

bool is_wide(const bpf_insn& insn) { return insn.code == (BPF_LD | BPF_DW | BPF_IMM); }

// Where an instruction may go on, in the order in which the verifier looks.
std::vector<std::size_t> successors(std::span<const bpf_insn> insns, std::size_t at) {
    const auto& insn = insns[at];
    const auto target = [&](int offset) { return static_cast<std::size_t>(static_cast<long>(at) + 1 + offset); };
    if (!is_jump(insn)) return {at + (is_wide(insn) ? 2 : 1)};
    if (BPF_OP(insn.code) == BPF_EXIT) return {};
    if (BPF_OP(insn.code) == BPF_CALL) return {at + 1};
    if (BPF_OP(insn.code) == BPF_JA) return {target(BPF_CLASS(insn.code) == BPF_JMP32 ? insn.imm : insn.off)};
    return {at + 1, target(insn.off)};
}

// Before 6.8 (commit 10e14e9652bf) check_cfg() in kernel/bpf/verifier.c lets loops close by a jump only: an instruction
// that is no jump, or a call, must not run on into one that is on the path to it. Where the compiler lays out a loop
// with its end before its beginning, such kernels refuse the program.
std::string loop_closed_by_running_on(std::span<const bpf_insn> insns, std::size_t begin) {
    std::vector<State> states(insns.size(), State::unseen);
    struct Frame {
        std::size_t at;
        std::size_t next;
    };
    std::vector<Frame> path{{begin, 0}};
    states[begin] = State::on_path;
    while (!path.empty()) {
        auto& top = path.back();
        const auto ways = successors(insns, top.at);
        if (top.next == ways.size()) {
            states[top.at] = State::done;
            path.pop_back();
            continue;
        }
        const std::size_t from = top.at;
        const std::size_t to = ways[top.next++];
        const bool may_close =
            is_jump(insns[from]) && BPF_OP(insns[from].code) != BPF_CALL && BPF_OP(insns[from].code) != BPF_EXIT;
        if (to >= insns.size()) return "leaves the program at " + std::to_string(from);
        if (states[to] == State::on_path && !may_close)
            return "back-edge from insn " + std::to_string(from) + " to " + std::to_string(to);
        if (states[to] != State::unseen) continue;
        states[to] = State::on_path;
        path.push_back({to, 0});
    }
    return {};
}

TEST(OldKernels, LoopsAreClosedByJumps) {
    const std::unique_ptr<weir_bpf, decltype(&weir_bpf__destroy)> skeleton(weir_bpf__open_and_load(),
                                                                           weir_bpf__destroy);
    ASSERT_NE(skeleton, nullptr);
    bpf_program* program = nullptr;
    unsigned functions = 0;
    bpf_object__for_each_program(program, skeleton->obj) {
        const std::span insns(bpf_program__insns(program), bpf_program__insn_cnt(program));
        // The program's own function begins at 0, each other one where a call leads.
        std::vector<std::size_t> begins{0};
        for (std::size_t at = 0; at < insns.size(); at += is_wide(insns[at]) ? 2 : 1)
            if (insns[at].code == (BPF_JMP | BPF_CALL) && insns[at].src_reg == BPF_PSEUDO_CALL)
                begins.push_back(static_cast<std::size_t>(static_cast<long>(at) + 1 + insns[at].imm));
        functions += static_cast<unsigned>(begins.size());
        for (const auto begin : begins)
            EXPECT_EQ(loop_closed_by_running_on(insns, begin), "") << bpf_program__name(program);
    }
    EXPECT_GT(functions, 4U) << "the functions beside the programs themselves were not found";
}

}  // namespace
}  // namespace weir::test
