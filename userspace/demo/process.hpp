// SPDX-License-Identifier: GPL-2.0-or-later
// Other programs (ip, iperf3) as child processes: argument vectors, no shell. Each dies with the process that started
// it, is in a process group of its own so that the terminal's Ctrl-C is the demo's alone, and is ended by its pid.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace weir::demo {

class Process {
public:
    // In the network namespace that `netns_fd` holds, or in the caller's own with -1. To be called by the main thread:
    // the child is tied to the thread that started it.
    static Result<Process> start(const std::vector<std::string>& arguments, int netns_fd = -1);

    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() { kill(); }

    // Its exit code (128 + n if a signal n ended it) once it has ended.
    std::optional<int> poll();
    int wait();
    void kill();  // SIGKILL, and waits; nothing if it has ended

    [[nodiscard]] const std::string& line() const { return line_; }  // the command, for people
    [[nodiscard]] std::string output() const;                        // what it wrote to stdout
    [[nodiscard]] std::string errors() const;                        // … to stderr

private:
    Process() = default;
    pid_t pid_ = -1;
    std::optional<int> exit_code_;
    Fd output_;
    Fd errors_;
    std::string line_;
};

// Starts, waits, and makes an error of an exit code other than 0, with the first line of stderr as the evidence.
Result<void> run(const std::vector<std::string>& arguments, int netns_fd = -1);

}  // namespace weir::demo
