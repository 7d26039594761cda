// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/guards.hpp"

#include <bpf/bpf.h>

#include <cerrno>

#include <fmt/format.h>

namespace weir {

Result<void> put_guard(const Instance& instance, std::uint32_t slot, const std::vector<Prefix>& prefixes) {
    if (prefixes.empty()) {
        if (bpf_map_delete_elem(instance.guards.get(), &slot) != 0 && errno != ENOENT)
            return fail(Errc::failed, "cannot remove a list of addresses", errno_text(errno));
        return {};
    }
    const Fd fd(
        bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_guard", sizeof(std::uint32_t), sizeof(weir_guard), 1, nullptr));
    const weir_guard guard = guard_of(prefixes);
    const std::uint32_t zero = 0;
    const int inner = fd.get();
    if (!fd || bpf_map_update_elem(inner, &zero, &guard, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot create a list of addresses", errno_text(errno));
    if (bpf_map_update_elem(instance.guards.get(), &slot, &inner, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot put a list of addresses in place", errno_text(errno));
    return {};
}

Result<std::vector<Prefix>> read_guard(const Instance& instance, std::uint32_t slot) {
    const auto what = fmt::format("cannot read the addresses of slot {}", slot);
    std::uint32_t id = 0;
    if (bpf_map_lookup_elem(instance.guards.get(), &slot, &id) != 0) {
        if (errno == ENOENT) return std::vector<Prefix>{};
        return fail(Errc::failed, what, errno_text(errno));
    }
    const Fd fd(bpf_map_get_fd_by_id(id));
    if (!fd && errno == ENOENT) return std::vector<Prefix>{};  // taken away meanwhile
    weir_guard guard{};
    const std::uint32_t zero = 0;
    if (!fd || bpf_map_lookup_elem(fd.get(), &zero, &guard) != 0) return fail(Errc::failed, what, errno_text(errno));
    return prefixes_of(guard);
}

}  // namespace weir
