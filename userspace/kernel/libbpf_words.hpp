// SPDX-License-Identifier: GPL-2.0-or-later
// What libbpf says while it loads a program, kept for an error instead of written to stderr.
#pragma once

#include <bpf/libbpf.h>

#include <string>

namespace weir {

// From construction to destruction all of libbpf's warnings and notices are kept. One at a time in a process; not for
// several threads, because libbpf's print function is the process's.
class LibbpfWords {
public:
    LibbpfWords();
    ~LibbpfWords();
    LibbpfWords(const LibbpfWords&) = delete;
    LibbpfWords& operator=(const LibbpfWords&) = delete;

    // The last lines that it said, without a newline at the end: of a refused program, the verifier's verdict.
    [[nodiscard]] static std::string last_lines(int lines);

private:
    libbpf_print_fn_t before_;
};

}  // namespace weir
