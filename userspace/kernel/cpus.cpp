// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/cpus.hpp"

#include <bpf/libbpf.h>

namespace weir {

Result<std::size_t> possible_cpus() {
    const int count = libbpf_num_possible_cpus();
    if (count <= 0) return fail(Errc::failed, "cannot tell how many CPUs there are", errno_text(-count));
    return static_cast<std::size_t>(count);
}

}  // namespace weir
