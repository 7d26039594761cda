// SPDX-License-Identifier: GPL-2.0-or-later
// The memory of a BPF_F_MMAPABLE array, shared with the programs.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "core/result.hpp"

namespace weir {

// Its first `count` values. Unmapping them changes nothing.
template <class Value>
class Mapped {
public:
    // `protection` is PROT_*, `flags` MAP_* beside MAP_SHARED; `what` is the beginning of an error: "cannot map a limit".
    static Result<Mapped> of(int map_fd, std::size_t count, int protection, const std::string& what, int flags = 0) {
        void* const at = mmap(nullptr, count * sizeof(Value), protection, MAP_SHARED | flags, map_fd, 0);
        if (at == MAP_FAILED) return fail(Errc::failed, what, errno_text(errno));
        return Mapped(static_cast<Value*>(at), count);
    }
    [[nodiscard]] std::span<Value> values() const { return {at_.get(), count_}; }

private:
    struct Unmap {
        std::size_t bytes = 0;
        void operator()(Value* at) const { munmap(const_cast<std::remove_const_t<Value>*>(at), bytes); }
    };
    Mapped(Value* at, std::size_t count) : at_(at, Unmap{count * sizeof(Value)}), count_(count) {}
    std::unique_ptr<Value, Unmap> at_;
    std::size_t count_;
};

// All `count` entries of an array of exactly that many. A change reads its tables many times: by bpf_map_lookup_batch()
// the kernel takes some microseconds of every 10 entries, by its memory a copy takes none. Entries that somebody writes
// meanwhile may be half old, as they may by any way of reading.
template <class Entry>
Result<std::vector<Entry>> read_mapped_table(int map_fd, std::uint32_t count, const std::string& name) {
    // An array map's elements stand at multiples of eight bytes (kernel/bpf/arraymap.c, Linux 5.5 and newer).
    static_assert(sizeof(Entry) % 8 == 0);
    WEIR_TRY(const auto mapped, Mapped<Entry>::of(map_fd, count, PROT_READ,
                                                  fmt::format("cannot read the table of {}", name), MAP_POPULATE));
    return std::vector<Entry>(mapped.values().begin(), mapped.values().end());
}

}  // namespace weir
