// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/state_dir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "shared/abi.h"

namespace weir {
namespace {

constexpr auto bpffs = "/sys/fs/bpf";
constexpr auto top = "/sys/fs/bpf/weir";

std::string schema_directory() { return fmt::format("{}/v{}", top, WEIR_SCHEMA); }

bool is_bpffs(const char* path) {
    struct statfs fs{};
    return statfs(path, &fs) == 0 && static_cast<std::uint32_t>(fs.f_type) == BPF_FS_MAGIC;
}

std::string mount_namespace_of(pid_t pid) { return fmt::format("/proc/{}/ns/mnt", pid); }

bool same_inode(const std::string& a, const std::string& b) {
    struct stat sa{};
    struct stat sb{};
    return stat(a.c_str(), &sa) == 0 && stat(b.c_str(), &sb) == 0 && sa.st_ino == sb.st_ino && sa.st_dev == sb.st_dev;
}

// 0 if it cannot be read.
pid_t parent_of(pid_t pid) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(fmt::format("/proc/{}/status", pid).c_str(), "re"), std::fclose);
    std::array<char, 256> line{};
    pid_t parent = 0;
    while (file && std::fgets(line.data(), line.size(), file.get()) != nullptr)
        if (std::sscanf(line.data(), "PPid: %d", &parent) == 1) break;
    return parent;
}

// Whose mount namespace is the machine's: process 1, or, where that may not be looked at (a hardened init), the
// farthest ancestor in a row that may.
pid_t keeper_of_mounts() {
    struct stat found{};
    const auto visible = [&](pid_t pid) { return stat(mount_namespace_of(pid).c_str(), &found) == 0; };
    if (visible(1)) return 1;
    pid_t keeper = getpid();
    for (pid_t pid = parent_of(keeper); pid > 0 && visible(pid); pid = parent_of(pid))
        keeper = pid;
    return keeper;
}

Result<void> reach_bpffs() {
    if (is_bpffs(bpffs)) return {};
    const pid_t keeper = keeper_of_mounts();
    if (!same_inode("/proc/self/ns/mnt", mount_namespace_of(keeper))) {
        const Fd theirs(open(mount_namespace_of(keeper).c_str(), O_RDONLY | O_CLOEXEC));
        if (!theirs || setns(theirs.get(), CLONE_NEWNS) != 0)
            return fail(Errc::failed, "cannot reach the BPF file system",
                        fmt::format("this mount namespace has none at {}, and process {}'s: {}", bpffs, keeper,
                                    errno_text(errno)),
                        "use nsenter --net instead of ip netns exec");
        if (is_bpffs(bpffs)) return {};
    }
    if (mount("bpf", bpffs, "bpf", 0, "mode=0700") != 0)
        return fail(errno == EPERM ? Errc::permission : Errc::unsupported,
                    "cannot mount the BPF file system at /sys/fs/bpf", errno_text(errno), "see: weir features");
    return {};
}

Result<void> make_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(errno == EPERM || errno == EACCES ? Errc::permission : Errc::failed, "cannot create " + path,
                    errno_text(errno));
    return {};
}

std::vector<std::string> entries_of(const std::string& directory) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
    if (!dir) return names;
    while (const dirent* entry = readdir(dir.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    return names;
}

}  // namespace

Result<void> require_privilege() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0)
        return fail(Errc::failed, "cannot read this process's capabilities", errno_text(errno));
    const auto has = [&](unsigned capability) {
        return (data.at(capability / 32).effective & (1U << (capability % 32))) != 0;
    };
    if (has(CAP_SYS_ADMIN) && has(CAP_NET_ADMIN)) return {};
    return fail(Errc::permission, "weir needs root",
                has(CAP_NET_ADMIN) ? "CAP_SYS_ADMIN is missing" : "CAP_NET_ADMIN is missing", "run it with sudo");
}

Result<std::uint64_t> netns_cookie() {
    const Fd sock(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    std::uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    if (!sock || getsockopt(sock.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0)
        return fail(Errc::unsupported, "cannot tell network namespaces apart", "SO_NETNS_COOKIE: " + errno_text(errno),
                    "Weir needs Linux 5.15 or newer");
    return cookie;
}

Result<std::string> state_directory() {
    WEIR_CHECK(require_privilege());
    WEIR_CHECK(reach_bpffs());
    WEIR_TRY(const auto cookie, netns_cookie());
    return fmt::format("{}/net-{}", schema_directory(), cookie);
}

Result<std::vector<std::string>> all_state_directories() {
    WEIR_CHECK(require_privilege());
    WEIR_CHECK(reach_bpffs());
    std::vector<std::string> directories;
    for (const auto& name : entries_of(schema_directory()))
        if (name.starts_with("net-")) directories.push_back(fmt::format("{}/{}", schema_directory(), name));
    return directories;
}

Result<StateLock> StateLock::take(int timeout_s) {
    WEIR_CHECK(require_privilege());
    WEIR_CHECK(reach_bpffs());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
    for (;;) {
        WEIR_CHECK(make_directory(top));
        Fd fd(open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd && errno == ENOENT) continue;  // the other one's last step was to remove it
        if (!fd) return fail(Errc::failed, fmt::format("cannot open {}", top), errno_text(errno));
        if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
            struct stat held{};
            struct stat now{};
            if (fstat(fd.get(), &held) == 0 && stat(top, &now) == 0 && held.st_ino == now.st_ino) {
                WEIR_CHECK(make_parents());
                return StateLock(std::move(fd));
            }
            continue;
        }
        if (errno != EWOULDBLOCK) return fail(Errc::failed, fmt::format("cannot lock {}", top), errno_text(errno));
        if (std::chrono::steady_clock::now() > until)
            return fail(Errc::failed, "another weir is changing the state",
                        fmt::format("its lock on {} was held for {} s", top, timeout_s), "see: fuser /sys/fs/bpf/weir");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

Result<void> StateLock::make_parents() { return make_directory(schema_directory()); }

std::string aside_of(const std::string& directory) { return directory + aside_suffix; }

Result<void> remove_state_directory(const std::string& directory) {
    std::string doomed = directory;
    if (!directory.ends_with(aside_suffix)) {
        doomed = aside_of(directory);
        WEIR_CHECK(remove_state_directory(doomed));
        if (rename(directory.c_str(), doomed.c_str()) != 0 && errno != ENOENT)
            return fail(Errc::failed, "cannot remove " + directory, errno_text(errno));
    }
    for (const auto& name : entries_of(doomed)) {
        const auto path = fmt::format("{}/{}", doomed, name);
        if (unlink(path.c_str()) != 0 && errno != ENOENT)
            return fail(Errc::failed, "cannot remove " + path, errno_text(errno));
    }
    if (rmdir(doomed.c_str()) != 0 && errno != ENOENT)
        return fail(Errc::failed, "cannot remove " + doomed, errno_text(errno));
    return {};
}

StateLock::~StateLock() {
    if (fd_ && rmdir(schema_directory().c_str()) == 0) rmdir(top);
}

}  // namespace weir
