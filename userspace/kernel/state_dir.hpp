// SPDX-License-Identifier: GPL-2.0-or-later
// Where Weir's state lives: /sys/fs/bpf/weir/v<schema>/net-<cookie>/, one directory per network namespace, named after
// the namespace's cookie (SO_NETNS_COOKIE, Linux 5.14), which is never used twice while the machine is up.
//
// bpffs is mounted if it is not. A process in a mount namespace without it (`ip netns exec` gives its command a fresh
// /sys) goes over to the mount namespace of process 1: pins in a private bpffs would be gone with the command. Where
// process 1 may not be looked at, its farthest ancestor that may be stands in for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace weir {

// Capabilities that all of Weir needs. Errc::permission with one clear line if they are missing.
Result<void> require_privilege();

// The directory of this network namespace. Makes bpffs reachable, creates no directory.
Result<std::string> state_directory();

// The number of this network namespace.
Result<std::uint64_t> netns_cookie();

// The directories of all network namespaces, this one's included.
Result<std::vector<std::string>> all_state_directories();

// Held while the state is changed; released when it goes out of scope. One per machine, across network namespaces.
class StateLock {
public:
    // Creates the directories above this namespace's if needed. Waits for another weir up to `timeout_s` seconds.
    static Result<StateLock> take(int timeout_s = 120);

    // Makes the directories above the namespaces' own, again after one was removed. By the lock's holder.
    static Result<void> make_parents();

    StateLock(StateLock&&) = default;
    StateLock& operator=(StateLock&&) = delete;
    StateLock(const StateLock&) = delete;
    StateLock& operator=(const StateLock&) = delete;
    // Removes the directories above the namespaces' own if nothing is in them, and lets go.
    ~StateLock();

private:
    explicit StateLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// A state directory comes into being and goes whole: what is half made or half removed has this ending to its name, and
// whoever holds the lock may remove it.
inline constexpr auto aside_suffix = "-aside";
std::string aside_of(const std::string& directory);

// Removes a directory of pins with everything in it: renamed first, so that a process killed meanwhile leaves no half
// of one. A missing one is fine.
Result<void> remove_state_directory(const std::string& directory);

}  // namespace weir
