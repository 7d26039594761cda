// SPDX-License-Identifier: GPL-2.0-or-later
// Probes of the bpf(2) system call: programs, maps, type information. Each makes what Weir would make, in small.
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "kernel/btf.hpp"
#include "kernel/features_probe.hpp"
#include "kernel/features_program.hpp"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace weir {
namespace {

Finding probe_btf() {
    const Btf kernel(btf__load_vmlinux_btf());
    if (!kernel) return {false, "/sys/kernel/btf/vmlinux: " + errno_text(errno)};
    return {true, "/sys/kernel/btf/vmlinux, " + std::to_string(btf__type_cnt(kernel.get())) + " types"};
}

bool is_bpffs(const std::string& place) {
    struct statfs found{};
    return statfs(place.c_str(), &found) == 0 && static_cast<std::uint32_t>(found.f_type) == BPF_FS_MAGIC;
}

Finding probe_bpffs() {
    const char* const place = "/sys/fs/bpf";
    if (is_bpffs(place)) return {true, std::string("mounted at ") + place};
    if (is_bpffs(std::string("/proc/1/root") + place))
        return {true, std::string("mounted at ") + place + " of process 1's mount namespace"};
    // In a mount namespace of this process's own, so that nobody else sees it.
    if (unshare(CLONE_NEWNS) != 0) return {false, "not mounted; unshare: " + errno_text(errno)};
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return {false, "not mounted; cannot be tried: " + errno_text(errno)};
    if (mount("bpf", place, "bpf", 0, nullptr) != 0)
        return {false, std::string("cannot be mounted at ") + place + ": " + errno_text(errno)};
    return {true, std::string("not mounted yet; can be, at ") + place};
}

Finding probe_programs() {
    const Fd program = load_trivial(BPF_PROG_TYPE_SCHED_CLS, 0);
    if (!program) return missing(errno);
    return {true, "a classifier loads"};
}

Finding probe_jit() {
    const Fd program = load_trivial(BPF_PROG_TYPE_SCHED_CLS, 0);
    if (!program) return missing(errno);
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (bpf_prog_get_info_by_fd(program.get(), &info, &size) != 0) return missing(errno);
    if (info.jited_prog_len == 0) return {false, "programs are interpreted; sysctl net.core.bpf_jit_enable=1"};
    return {true, "programs are compiled"};
}

Finding probe_syscall_programs() {
    constexpr int answer = 7;
    const Fd program = load_trivial(BPF_PROG_TYPE_SYSCALL, answer, BPF_F_SLEEPABLE);
    if (!program) return missing(errno);
    LIBBPF_OPTS(bpf_test_run_opts, run);
    if (bpf_prog_test_run_opts(program.get(), &run) != 0) return missing(errno);
    if (run.retval != answer) return {false, "ran, but returned " + std::to_string(run.retval)};
    return {true, "one ran"};
}

Fd create_array(__u32 flags, __u32 entries) {
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
    return Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_probe", sizeof(__u32), 512, entries, &options));
}

Finding probe_map_in_map() {
    const Fd model = create_array(BPF_F_INNER_MAP | BPF_F_MMAPABLE, 1);
    const Fd large = create_array(BPF_F_INNER_MAP | BPF_F_MMAPABLE, 64);
    if (!model || !large) return {false, "inner array: " + errno_text(errno)};
    LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = static_cast<__u32>(model.get()));
    const Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "weir_probe", sizeof(__u32), sizeof(__u32), 2, &options));
    if (!outer) return {false, "outer array: " + errno_text(errno)};
    const __u32 key = 1;
    const int value = large.get();
    if (bpf_map_update_elem(outer.get(), &key, &value, BPF_ANY) != 0)
        return {false, "inner arrays of one size only: " + errno_text(errno)};
    return {true, "inner arrays of 1 and 64 entries behind one outer"};
}

Finding probe_mmapable() {
    const Fd map = create_array(BPF_F_MMAPABLE, 8);
    if (!map) return missing(errno);
    constexpr std::size_t length = 4096;  // 8 values of 512 bytes
    void* const memory = mmap(nullptr, length, PROT_READ, MAP_SHARED, map.get(), 0);
    if (memory == MAP_FAILED) return {false, "mmap: " + errno_text(errno)};
    munmap(memory, length);
    return {true, "an array was mapped"};
}

Finding probe_netns_cookie() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return {false, "socket: " + errno_text(errno)};
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) return missing(errno);
    return {true, "SO_NETNS_COOKIE answers"};
}

Finding probe_timer() {
    for (const auto helper : {BPF_FUNC_timer_init, BPF_FUNC_timer_set_callback, BPF_FUNC_timer_start}) {
        const int found = libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, helper, nullptr);
        if (found < 0) return missing(-found);
        if (found == 0) return {false, "the verifier does not know the timer helpers"};
    }
    return {true, "the verifier knows the timer helpers"};
}

Finding probe_drop_reasons() {
    const Btf kernel(btf__load_vmlinux_btf());
    if (!kernel) return {false, "no BTF: " + errno_text(errno)};
    const int reasons = btf__find_by_name_kind(kernel.get(), "skb_drop_reason", BTF_KIND_ENUM);
    if (reasons < 0) return {false, "BTF has no enum skb_drop_reason"};
    const int tracepoint = btf__find_by_name_kind(kernel.get(), "btf_trace_kfree_skb", BTF_KIND_TYPEDEF);
    if (tracepoint < 0) return {false, "BTF has no btf_trace_kfree_skb"};
    const Fd program = load_tracepoint(static_cast<__u32>(tracepoint));
    if (!program) return {false, "a program for kfree_skb does not load: " + errno_text(errno)};
    const auto* const type = btf__type_by_id(kernel.get(), static_cast<__u32>(reasons));
    return {true, "enum skb_drop_reason with " + std::to_string(btf_vlen(type)) + " values"};
}

constexpr Probe probes[] = {
    {"bpf", true, probe_programs, "everything: tc programs"},
    {"btf", true, probe_btf, "fitting the programs to this kernel"},
    {"bpffs", true, probe_bpffs, "keeping state while no weir runs"},
    {"syscall_programs", true, probe_syscall_programs, "reading the kernel's clock (Linux 5.14)"},
    {"map_in_map", true, probe_map_in_map, "flow tables of any size (Linux 5.10)"},
    {"mmapable_maps", true, probe_mmapable, "reading a flow table at once (Linux 5.5)"},
    {"netns_cookie", true, probe_netns_cookie, "telling namespaces apart (Linux 5.14)"},
    {"jit", false, probe_jit, "speed"},
    {"bpf_timer", false, probe_timer, "fair shares, in the kernel (Linux 5.15)"},
    {"drop_reasons", false, probe_drop_reasons, "naming the kernel's drops (Linux 5.17)"},
};

}  // namespace

std::span<const Probe> bpf_probes() { return probes; }

}  // namespace weir
