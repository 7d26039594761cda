// SPDX-License-Identifier: GPL-2.0-or-later
// A whole table of the programs', read at once.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/result.hpp"

namespace weir {

// All `count` entries of a BPF_F_MMAPABLE array of exactly that many. A change reads its tables many times: by
// bpf_map_lookup_batch() the kernel takes some microseconds of every 10 entries, by its memory a copy takes none.
// Entries that somebody writes meanwhile may be half old, as they may by any way of reading.
template <class Entry>
Result<std::vector<Entry>> read_mapped_table(int map_fd, std::uint32_t count, const std::string& name) {
    // An array map's elements stand at multiples of eight bytes (kernel/bpf/arraymap.c, Linux 5.5 and newer).
    static_assert(sizeof(Entry) % 8 == 0);
    const std::size_t bytes = count * sizeof(Entry);
    void* const at = mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, map_fd, 0);
    if (at == MAP_FAILED)
        return fail(Errc::failed, fmt::format("cannot read the table of {}", name), errno_text(errno));
    const auto unmap = [bytes](void* mapped) { munmap(mapped, bytes); };
    const std::unique_ptr<void, decltype(unmap)> mapped(at, unmap);
    std::vector<Entry> entries(count);
    std::memcpy(entries.data(), at, bytes);
    return entries;
}

}  // namespace weir
