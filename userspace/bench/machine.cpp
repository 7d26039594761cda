// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/machine.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>

#include <cerrno>
#include <fstream>

namespace weir::bench {
namespace {

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// "model name : AMD EPYC" of x86; other machines have other words or none.
std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    std::string line;
    while (std::getline(file, line)) {
        if (!line.starts_with("model name") && !line.starts_with("Model") && !line.starts_with("uarch")) continue;
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown";
}

// "model name" alone does not tell Zen 2 from Zen 4 inside a VM.
std::string cpu_numbers() {
    std::ifstream file("/proc/cpuinfo");
    std::string line, family, model;
    while (std::getline(file, line) && !line.empty()) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos) continue;
        if (line.starts_with("cpu family")) family = line.substr(colon + 2);
        if (line.starts_with("model\t")) model = line.substr(colon + 2);
    }
    return family.empty() ? "" : fmt::format(" (family {}, model {})", family, model);
}

}  // namespace

Result<unsigned> stay_on_one_cpu() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed))
        return fail(Errc::failed, "cannot read the CPU affinity", errno_text(errno));
    unsigned cpu = 0;
    for (unsigned i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &allowed)) cpu = i;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one))
        return fail(Errc::failed, fmt::format("cannot stay on CPU {}", cpu), errno_text(errno));
    return cpu;
}

BenchMachine describe_machine(unsigned measured_on) {
    BenchMachine machine;
    utsname name{};
    uname(&name);
    machine.cpu = cpu_model() + cpu_numbers();
    machine.kernel = name.release;
    machine.architecture = name.machine;
    machine.spectre_v2 = first_line("/sys/devices/system/cpu/vulnerabilities/spectre_v2");
    machine.measured_on = measured_on;
    if (first_line("/proc/sys/net/core/bpf_jit_enable") == "0")
        machine.notes.emplace_back(
            "net.core.bpf_jit_enable is 0: the programs are interpreted, the figures mean nothing");
    if (first_line("/proc/sys/net/core/bpf_jit_harden") == "2")
        machine.notes.emplace_back("net.core.bpf_jit_harden is 2: constants are blinded, the programs are slower");
    if (first_line("/proc/sys/kernel/bpf_stats_enabled") == "1")
        machine.notes.emplace_back(
            "kernel.bpf_stats_enabled is 1: two clock reads are added to every run of a program");
    return machine;
}

}  // namespace weir::bench
