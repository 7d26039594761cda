// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weir::demo {
namespace {

// In the child, between fork and exec. Returns only if it failed.
void become(char* const* arguments, const char* in_sbin, int netns_fd, int output, int errors, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    setpgid(0, 0);
    sigset_t none{};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET) != 0) return;
    const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) return;
    execvp(arguments[0], arguments);
    // A root shell without /usr/sbin in its PATH is common; ip lives there.
    if (errno == ENOENT) execv(in_sbin, arguments);
}

std::string contents(const Fd& file) {
    std::string text;
    std::array<char, 65536> piece{};
    off_t at = 0;
    for (ssize_t size = 0; (size = pread(file.get(), piece.data(), piece.size(), at)) > 0; at += size)
        text.append(piece.data(), static_cast<std::size_t>(size));
    return text;
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& arguments, int netns_fd) {
    Process process;
    process.line_ = fmt::format("{}", fmt::join(arguments, " "));
    process.output_ = Fd(memfd_create("output", MFD_CLOEXEC));
    process.errors_ = Fd(memfd_create("errors", MFD_CLOEXEC));
    std::array<int, 2> ends{-1, -1};
    if (!process.output_ || !process.errors_ || pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(Errc::failed, "cannot run " + process.line_, errno_text(errno));
    const Fd report(ends[0]);
    Fd failure(ends[1]);

    std::vector<char*> vector;
    vector.reserve(arguments.size() + 1);
    for (const auto& argument : arguments)
        vector.push_back(const_cast<char*>(argument.c_str()));
    vector.push_back(nullptr);
    const std::string in_sbin = "/usr/sbin/" + arguments.front();
    const pid_t self = getpid();
    const pid_t pid = fork();
    if (pid < 0) return fail(Errc::failed, "cannot run " + process.line_, errno_text(errno));
    if (pid == 0) {
        become(vector.data(), in_sbin.c_str(), netns_fd, process.output_.get(), process.errors_.get(), self);
        const int error = errno;
        (void)!write(failure.get(), &error, sizeof(error));
        _exit(127);
    }
    process.pid_ = pid;
    failure.reset();
    int error = 0;
    if (read(report.get(), &error, sizeof(error)) == sizeof(error)) {
        process.wait();
        return fail(Errc::failed, "cannot run " + process.line_, errno_text(error),
                    error == ENOENT
                        ? fmt::format("install {}", arguments.front() == "ip" ? "iproute2" : arguments.front())
                        : "");
    }
    return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_code_(std::exchange(other.exit_code_, std::nullopt)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      line_(std::move(other.line_)) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        kill();
        pid_ = std::exchange(other.pid_, -1);
        exit_code_ = std::exchange(other.exit_code_, std::nullopt);
        output_ = std::move(other.output_);
        errors_ = std::move(other.errors_);
        line_ = std::move(other.line_);
    }
    return *this;
}

std::optional<int> Process::poll() {
    int status = 0;
    if (!exit_code_ && pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = code_of(status);
    return exit_code_;
}

int Process::wait() {
    int status = 0;
    while (!exit_code_) {
        const pid_t ended = waitpid(pid_, &status, 0);
        if (ended == pid_) exit_code_ = code_of(status);
        if (ended < 0 && errno != EINTR) exit_code_ = 127;
    }
    return *exit_code_;
}

void Process::kill() {
    if (pid_ <= 0 || poll()) return;
    ::kill(pid_, SIGKILL);
    wait();
}

std::string Process::output() const { return contents(output_); }
std::string Process::errors() const { return contents(errors_); }

Result<void> run(const std::vector<std::string>& arguments, int netns_fd) {
    WEIR_TRY(auto process, Process::start(arguments, netns_fd));
    const int code = process.wait();
    if (code == 0) return {};
    const auto errors = process.errors();
    return fail(Errc::failed, fmt::format("\"{}\" ended with exit code {}", process.line(), code),
                errors.substr(0, errors.find('\n')));
}

}  // namespace weir::demo
