// SPDX-License-Identifier: GPL-2.0-or-later
// Errors as values. Every failure carries what was tried, the evidence and the next step, so that it can reach the user
// as one clear line and the right exit code.
//
// Example:
//     Result<int> open_map(const std::string& path) {
//         int fd = bpf_obj_get(path.c_str());
//         if (fd < 0) return fail(Errc::failed, "cannot open " + path, errno_text(errno), "run: weir status");
//         return fd;
//     }
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace weir {

// What kind of failure, and the exit code of the command that meets it (README, "Exit codes").
enum class Errc {
    failed = 1,
    usage = 2,
    permission = 4,   // not root, or a capability is missing
    unsupported = 5,  // this kernel cannot
    conflict = 6,     // in conflict with another owner of the interface
};

struct Error {
    Errc code = Errc::failed;
    std::string what;      // what failed: "cannot attach to eth0"
    std::string evidence;  // why: "an XDP program of another owner is attached (id 42, name filter)"
    std::string hint;      // what to do next: "use --ingress-hook tc"; may be empty
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string what, std::string evidence = {}, std::string hint = {}) {
    return std::unexpected(Error{code, std::move(what), std::move(evidence), std::move(hint)});
}

// "what: evidence (hint)", one line.
std::string to_line(const Error& error);

// Text of an errno value, without the number.
std::string errno_text(int error_number);

}  // namespace weir

// Takes the value out of a Result or returns its error from the calling function.
#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)
#define WEIR_TRY(declaration, expression) WEIR_TRY_IMPL(WEIR_CONCAT(weir_try_, __LINE__), declaration, expression)
#define WEIR_TRY_IMPL(temporary, declaration, expression)                                                              \
    auto temporary = (expression);                                                                                     \
    if (!temporary) return std::unexpected(std::move(temporary).error());                                              \
    declaration = std::move(*temporary)

// The same for a Result<void>.
#define WEIR_CHECK(expression)                                                                                         \
    do {                                                                                                               \
        if (auto weir_checked = (expression); !weir_checked) return std::unexpected(std::move(weir_checked).error());  \
    } while (false)
