// SPDX-License-Identifier: GPL-2.0-or-later
// How long the threads that move a VM's packets waited for a CPU: /proc/PID/task/TID/schedstat (proc(5),
// Documentation/scheduler/sched-stats.rst).
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "collect/doctor_sources.hpp"
#include "core/text.hpp"
#include "model/proc_text.hpp"

namespace weir::doctor_sources {
namespace {

namespace fs = std::filesystem;

// What runs VMs, by the first letters of its name (15 letters at most): QEMU, and vhost's threads, which were processes
// of their own before Linux 6.4 and are threads of QEMU since.
constexpr std::array<std::string_view, 6> machines{"qemu", "kvm", "vhost-", "cloud-hyp", "firecracker", "crosvm"};
constexpr std::array<std::string_view, 6> threads{"CPU ", "vhost-", "IO ", "vcpu", "fc_vcpu", "fc_net"};

bool begins_with_one_of(std::string_view name, const auto& beginnings) {
    return std::ranges::any_of(beginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

std::string name_of(const fs::path& task) {
    std::string name = read_file(task / "comm").value_or("");
    if (name.ends_with('\n')) name.pop_back();
    return name;
}

bool is_number(const std::string& text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

void add_tasks(DoctorSnapshot& snapshot, const fs::path& process, const std::string& name) {
    std::error_code ended;
    for (fs::directory_iterator task(process / "task", ended), end; !ended && task != end; task.increment(ended)) {
        const std::string thread = name_of(task->path());
        if (!begins_with_one_of(thread, threads)) continue;
        const auto text = read_file(task->path() / "schedstat");
        if (!text) continue;
        const auto part = fmt::format("thread {} ({}) of {} ({})", thread, task->path().filename().string(), name,
                                      process.filename().string());
        snapshot.counters[{"thread.run_delay_ns", {"", part}}] = parse_run_delay_ns(*text);
    }
}

}  // namespace

void add_vm_threads(DoctorSnapshot& snapshot) {
    if (!is_initial_network_namespace()) return;
    std::error_code failure;
    for (fs::directory_iterator process("/proc", failure), end; !failure && process != end;
         process.increment(failure)) {
        if (!is_number(process->path().filename().string())) continue;
        const std::string name = name_of(process->path());
        if (begins_with_one_of(name, machines)) add_tasks(snapshot, process->path(), name);
    }
}

}  // namespace weir::doctor_sources
