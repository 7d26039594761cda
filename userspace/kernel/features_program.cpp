// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/features_program.hpp"

#include <array>

namespace weir {
namespace {

constexpr std::array<bpf_insn, 2> return_value(int value) {
    return {bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = value},
            bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
}

// libbpf returns -errno and sets errno; Fd takes any negative number for none.
Fd load(bpf_prog_type type, int value, bpf_prog_load_opts options) {
    const auto program = return_value(value);
    return Fd(bpf_prog_load(type, "weir_probe", "GPL", program.data(), program.size(), &options));
}

}  // namespace

Fd load_trivial(bpf_prog_type type, int value, __u32 flags) {
    LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = flags);
    return load(type, value, options);
}

Fd load_tracepoint(__u32 btf_id) {
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP, .attach_btf_id = btf_id);
    return load(BPF_PROG_TYPE_TRACING, 0, options);
}

}  // namespace weir
