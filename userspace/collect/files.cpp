// SPDX-License-Identifier: GPL-2.0-or-later
// Files of /proc and /sys, of collect/parts.hpp.
#include <fcntl.h>
#include <unistd.h>

#include "collect/parts.hpp"
#include "core/fd.hpp"
#include "model/proc_text.hpp"

namespace weir {

std::optional<std::string> read_file(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::string text;
    constexpr std::size_t chunk_bytes = 65536;
    for (;;) {
        const std::size_t filled = text.size();
        text.resize(filled + chunk_bytes);
        const ssize_t size = read(file.get(), text.data() + filled, chunk_bytes);
        text.resize(filled + static_cast<std::size_t>(size > 0 ? size : 0));
        if (size < 0) return std::nullopt;
        if (size == 0) return text;
    }
}

std::optional<std::uint64_t> number_in(const std::string& path, std::size_t index) {
    const auto text = read_file(path);
    if (!text) return std::nullopt;
    const auto numbers = parse_numbers(*text);
    return index < numbers.size() ? std::optional(numbers[index]) : std::nullopt;
}

}  // namespace weir
