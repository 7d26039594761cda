// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/features.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "core/fd.hpp"
#include "kernel/features_probe.hpp"
#include "kernel/state_dir.hpp"

namespace weir {
namespace {

constexpr unsigned probe_seconds = 30;  // longer than any probe takes, a module being loaded included

std::vector<Probe> all_probes() {
    std::vector<Probe> probes;
    for (const auto part : {bpf_probes(), network_probes()})
        probes.insert(probes.end(), part.begin(), part.end());
    return probes;
}

// Between the processes: one line per finding, "1" or "0" and the detail.
std::string to_wire(const Finding& finding) {
    std::string line = (finding.available ? "1" : "0") + finding.detail;
    std::ranges::replace(line, '\n', ' ');
    return line + '\n';
}

Finding from_wire(const std::string& line) { return {line.starts_with('1'), line.substr(1)}; }

bool write_all(int fd, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

[[noreturn]] void probe_in_child(std::span<const Probe> probes, int to_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGALRM, SIG_DFL);
    sigset_t alarm_signal;
    sigemptyset(&alarm_signal);
    sigaddset(&alarm_signal, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarm_signal, nullptr);
    libbpf_set_print(nullptr);

    // Without a namespace of its own nothing may be attached: report that for each, and try none.
    const int namespace_error = unshare(CLONE_NEWNET) != 0 ? errno : 0;
    for (const auto& probe : probes) {
        alarm(probe_seconds);
        const Finding finding =
            namespace_error
                ? Finding{false, "not tried: cannot make a network namespace: " + errno_text(namespace_error)}
                : probe.run();
        if (!write_all(to_parent, to_wire(finding))) _exit(1);
    }
    _exit(0);
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return "the probe was still busy after " + std::to_string(probe_seconds) + " s";
    if (WIFSIGNALED(status)) return "the probe was killed by signal " + std::to_string(WTERMSIG(status));
    return "the probe ended early";
}

// Findings of as many of the probes as one child gets through, and, if that is not all, one more for the probe at which
// it ended. At least one.
Result<std::vector<Finding>> probe_some(std::span<const Probe> probes) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(Errc::failed, "cannot probe this kernel", "pipe: " + errno_text(errno));
    Fd from_child(ends[0]);
    Fd to_parent(ends[1]);

    const pid_t child = fork();
    if (child < 0) return fail(Errc::failed, "cannot probe this kernel", "fork: " + errno_text(errno));
    if (child == 0) probe_in_child(probes, to_parent.get());
    to_parent.reset();

    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t n = read(from_child.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }

    std::vector<Finding> findings;
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
        findings.push_back(from_wire(text.substr(at, end - at)));
    if (findings.size() < probes.size()) findings.push_back({false, how_it_ended(status)});
    return findings;
}

}  // namespace

Finding missing(int error_number) { return {false, errno_text(error_number)}; }

Result<FeatureReport> probe_features() {
    WEIR_CHECK(require_privilege());

    FeatureReport report;
    utsname names{};
    uname(&names);
    report.kernel = names.release;
    report.machine = names.machine;
    report.cpus_possible = static_cast<unsigned>(std::max(0, libbpf_num_possible_cpus()));

    const auto probes = all_probes();
    while (report.features.size() < probes.size()) {
        const auto rest = std::span(probes).subspan(report.features.size());
        WEIR_TRY(const auto findings, probe_some(rest));
        for (std::size_t i = 0; i < findings.size() && i < rest.size(); ++i)
            report.features.push_back(
                {rest[i].name, findings[i].available, rest[i].required, findings[i].detail, rest[i].used_for});
    }

    const auto named = [&](std::string_view name) { return std::ranges::find(report.features, name, &Feature::name); };
    // Root of a user namespace or of a container has the capabilities, but not the machine's.
    if (const auto bpf = named("bpf"); !bpf->available && bpf->detail == errno_text(EPERM))
        return fail(Errc::permission, "cannot probe this kernel", "bpf(2): " + bpf->detail,
                    "run it as root of the machine, outside of containers");

    // Either way of attaching tc programs will do.
    named("clsact")->required = !named("tcx")->available;
    return report;
}

}  // namespace weir
