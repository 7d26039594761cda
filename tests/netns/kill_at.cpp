// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a command and kills it right after one of its steps: at the same place every time, however busy the machine is.
//
//     kill_at STEP COMMAND WORD...      kills it (SIGKILL) after step STEP, the first is 1; exit code 137
//     kill_at 0 COMMAND WORD...         lets it end
//
// Of a command that ended, be it for want of steps, standard error says how many it took: {"steps":N}
//
// A step is a system call that has changed what outlives the process: of bpf(2) all but what only reads or makes, what is
// sent to netlink but for questions, and what makes, renames or removes a file. One that failed has changed nothing.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "tool.hpp"

namespace {

using Arguments = std::array<std::uint64_t, 6>;

constexpr std::array files = {
#ifdef SYS_mkdir
    SYS_mkdir,   SYS_rmdir,    SYS_unlink,   SYS_rename,
#endif
    SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2};

constexpr std::array bpf_changes = {BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_UPDATE_BATCH, BPF_OBJ_PIN,
                                    BPF_PROG_ATTACH,     BPF_PROG_DETACH,     BPF_PROG_TEST_RUN,    BPF_LINK_CREATE,
                                    BPF_LINK_UPDATE,     BPF_LINK_DETACH};

// Of the process's memory; zeros where it cannot be read.
template <class T>
T read_at(pid_t pid, std::uint64_t address) {
    T value{};
    const iovec here{&value, sizeof(value)}, there{reinterpret_cast<void*>(address), sizeof(value)};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) != static_cast<ssize_t>(sizeof(value))) return {};
    return value;
}

// A request to rtnetlink that is no question: of four types in a row, the third one gets.
bool is_change(const nlmsghdr& header) { return header.nlmsg_type >= NLMSG_MIN_TYPE && (header.nlmsg_type & 3) != 2; }

bool is_step(pid_t pid, std::uint64_t number, const Arguments& arguments) {
    if (number == SYS_bpf) return std::ranges::find(bpf_changes, static_cast<int>(arguments[0])) != bpf_changes.end();
    if (number == SYS_sendto) return is_change(read_at<nlmsghdr>(pid, arguments[1]));
    if (number == SYS_sendmsg) {
        const auto message = read_at<msghdr>(pid, arguments[1]);
        const auto part = read_at<iovec>(pid, reinterpret_cast<std::uint64_t>(message.msg_iov));
        return is_change(read_at<nlmsghdr>(pid, reinterpret_cast<std::uint64_t>(part.iov_base)));
    }
    return std::ranges::find(files, static_cast<long>(number)) != files.end();
}

int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) tool::die("cannot wait", errno);
    return status;
}

pid_t start(char** argv) {
    const pid_t pid = fork();
    if (pid < 0) tool::die("cannot fork", errno);
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        execvp(argv[0], argv);
        tool::die(std::string("cannot run ") + argv[0], errno);
    }
    wait_for(pid);
    if (ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL))
        tool::die("cannot trace", errno);
    return pid;
}

// The exit code, as a shell has it.
int run(pid_t pid, std::uint64_t last, std::uint64_t& steps) {
    bool is_in_step = false;
    for (long signal = 0;;) {
        if (ptrace(PTRACE_SYSCALL, pid, nullptr, signal)) tool::die("cannot go on", errno);
        const int status = wait_for(pid);
        if (WIFEXITED(status)) return WEXITSTATUS(status);
        if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
        const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80), is_event = status >> 16 != 0;
        signal = is_call || is_event ? 0 : WSTOPSIG(status);
        __ptrace_syscall_info info{};
        if (!is_call || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0) continue;
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            Arguments arguments{};
            std::copy_n(info.entry.args, arguments.size(), arguments.begin());
            is_in_step = is_step(pid, info.entry.nr, arguments);
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && is_in_step && !info.exit.is_error && ++steps == last) {
            kill(pid, SIGKILL);
            return 128 + WTERMSIG(wait_for(pid));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) tool::usage("STEP COMMAND WORD...");
    const std::uint64_t last = std::strtoull(argv[1], nullptr, 10);
    std::uint64_t steps = 0;
    const int code = run(start(argv + 2), last, steps);
    if (code != 128 + SIGKILL) std::fprintf(stderr, "{\"steps\":%lu}\n", steps);
    return code;
}
