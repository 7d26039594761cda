// SPDX-License-Identifier: GPL-2.0-or-later
// The smallest programs that probes load. On failure the descriptor is empty and errno says why.
#pragma once

#include <bpf/bpf.h>

#include "core/fd.hpp"

namespace weir {

// "return value;"
Fd load_trivial(bpf_prog_type type, int value, __u32 flags = 0);

// The same at a kernel tracepoint, by the BTF id of its btf_trace_* typedef.
Fd load_tracepoint(__u32 btf_id);

}  // namespace weir
