// SPDX-License-Identifier: GPL-2.0-or-later
// Type information of the kernel or of a module, by libbpf, which frees itself.
#pragma once

#include <bpf/btf.h>

#include <memory>

namespace weir {

struct FreeBtf {
    void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, FreeBtf>;

}  // namespace weir
