// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/libbpf_version.hpp"

#include <bpf/libbpf.h>

#include <string_view>

namespace weir {

std::string libbpf_version() {
    const std::string_view text = libbpf_version_string();  // "v1.4"
    return std::string(text.starts_with('v') ? text.substr(1) : text);
}

}  // namespace weir
