// SPDX-License-Identifier: GPL-2.0-or-later
// What this kernel can, found by trying it, never by its version. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace weir {

struct Feature {
    std::string name;  // "tcx", "clsact", "btf", "bpffs", "xdp", "bpf_timer", "fq", "jit", …
    bool available = false;
    bool required = false;  // Weir cannot attach without it
    std::string detail;     // evidence: errno text, file, setting
    std::string used_for;   // "attaching beside other programs (Linux 6.6)"
};

struct FeatureReport {
    std::string kernel;   // release as uname has it
    std::string machine;  // x86_64, …
    unsigned cpus_possible = 0;
    std::vector<Feature> features;
};

Result<FeatureReport> probe_features();

}  // namespace weir
