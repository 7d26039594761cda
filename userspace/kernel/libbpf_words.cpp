// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/libbpf_words.hpp"

#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace weir {
namespace {

std::string& words() {
    static std::string said;
    return said;
}

int keep(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG) return 0;
    // A whole verifier log comes in one call, and its end is what matters: so first its size.
    va_list again;
    va_copy(again, arguments);
    const int size = vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (size <= 0) return size;
    std::string text(static_cast<std::size_t>(size) + 1, '\0');
    vsnprintf(text.data(), text.size(), format, arguments);
    text.pop_back();
    words() += text;
    return size;
}

}  // namespace

LibbpfWords::LibbpfWords() : before_(libbpf_set_print(keep)) { words().clear(); }

LibbpfWords::~LibbpfWords() { libbpf_set_print(before_); }

std::string LibbpfWords::last_lines(int lines) {
    std::string_view text = words();
    while (text.ends_with('\n'))
        text.remove_suffix(1);
    auto from = text.size();
    while (lines-- > 0 && from != std::string_view::npos && from > 0)
        from = text.rfind('\n', from - 1);
    return std::string(from == std::string_view::npos || from == 0 ? text : text.substr(from + 1));
}

}  // namespace weir
