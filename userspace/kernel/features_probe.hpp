// SPDX-License-Identifier: GPL-2.0-or-later
// The single probes behind probe_features(). Each runs in a child process inside a network namespace of its own, so it
// may attach, create and crash as it likes.
#pragma once

#include <span>
#include <string>

namespace weir {

struct Finding {
    bool available = false;
    std::string detail;  // the evidence, one line
};

struct Probe {
    const char* name;
    bool required;
    Finding (*run)();
    const char* used_for;
};

// What the bpf(2) system call can, and what the kernel's type information says.
std::span<const Probe> bpf_probes();
// Hooks and qdiscs, tried on interfaces of this process's network namespace.
std::span<const Probe> network_probes();

// "errno's text" as a finding.
Finding missing(int error_number);

}  // namespace weir
