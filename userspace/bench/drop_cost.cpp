// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/drop_cost.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "core/fd.hpp"
#include "kernel/drop_tracer.hpp"

namespace weir {
namespace {

constexpr std::array<unsigned char, 2> nobodys_ethertype{0x88, 0xb5};  // local experimental: no protocol handles it
constexpr std::uint32_t frames_a_batch = 64;
constexpr std::uint32_t frames_before = 1000;

Result<void> enter_namespace() {
    if (unshare(CLONE_NEWNET) != 0) return fail(Errc::failed, "cannot make a network namespace", errno_text(errno));
    const Fd sock(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (!sock || ioctl(sock.get(), SIOCSIFFLAGS, &request) != 0)
        return fail(Errc::failed, "cannot set lo up", errno_text(errno));
    return {};
}

Result<Fd> load_pass() {
    std::array<bpf_insn, 2> code{};
    code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    code[0].imm = XDP_PASS;
    code[1].code = BPF_JMP | BPF_EXIT;
    Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "bench_pass", "GPL", code.data(), code.size(), nullptr));
    if (!program) return fail(Errc::unsupported, "cannot load an XDP program", errno_text(errno));
    return program;
}

// Nanoseconds a frame, by the kernel's own clock: the call itself waits for RCU besides.
Result<double> drop(const Fd& program, std::uint32_t frames) {
    std::array<unsigned char, 64> frame{};
    std::ranges::copy(nobodys_ethertype, frame.begin() + 12);
    xdp_md context{};
    context.data_end = frame.size();
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.repeat = static_cast<int>(frames);
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    options.batch_size = frames_a_batch;
    if (const int error = bpf_prog_test_run_opts(program.get(), &options); error != 0)
        return fail(Errc::unsupported, "cannot have frames dropped", errno_text(-error));
    return options.duration;
}

Result<double> drop_traced(const Fd& program, std::uint32_t frames) {
    WEIR_TRY(const auto tracer, DropTracer::start());
    WEIR_CHECK(drop(program, frames_before));  // the counter is there then, as in any storm
    WEIR_TRY(const auto cost, drop(program, frames));
    WEIR_TRY(const auto counts, tracer.read());
    std::uint64_t counted = counts.missed;
    for (const auto& entry : counts.entries)
        counted += entry.count.skbs;
    if (counted < frames + frames_before)
        return fail(Errc::failed, "the drop tracer lost drops",
                    fmt::format("{} of {} were counted", counted, frames + frames_before));
    return cost;
}

Result<DropCost> measure(unsigned runs, unsigned frames) {
    WEIR_CHECK(enter_namespace());
    WEIR_TRY(const auto program, load_pass());
    WEIR_CHECK(drop(program, frames));
    DropCost cost;
    for (unsigned run = 0; run < runs; ++run) {
        WEIR_TRY(const auto untraced, drop(program, frames));
        WEIR_TRY(const auto traced, drop_traced(program, frames));
        cost.untraced_ns = run == 0 ? untraced : std::min(cost.untraced_ns, untraced);
        cost.traced_ns = run == 0 ? traced : std::min(cost.traced_ns, traced);
    }
    return cost;
}

}  // namespace

Result<DropCost> measure_drop_cost(unsigned runs, unsigned frames) {
    // A network namespace is a thread's: this one ends with it.
    Result<DropCost> cost;
    std::thread([&] { cost = measure(runs, frames); }).join();
    return cost;
}

}  // namespace weir
