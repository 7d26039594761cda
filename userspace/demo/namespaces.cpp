// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "demo/process.hpp"
#include "demo/tenants.hpp"

namespace weir::demo {
namespace {

void write_setting(const char* path, std::string_view text) {
    const Fd file(open(path, O_WRONLY | O_CLOEXEC));
    if (file) (void)!write(file.get(), text.data(), text.size());
}

// Inside one end's namespace: its address. The pair's other end is in the host's.
Result<void> add_end(const Namespace& where, std::string_view host_end, std::string_view address) {
    const std::string name(host_end);
    WEIR_CHECK(run({"ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", where.path()}));
    WEIR_CHECK(run({"ip", "link", "set", name, "master", "br0"}));
    return run({"ip", "address", "add", fmt::format("{}/24", address), "dev", "eth0"}, where.fd());
}

}  // namespace

Result<Namespace> Namespace::create() {
    Fd fd;
    int error = 0;
    // A new namespace is its creator's own; on a thread, it is that thread's only.
    std::thread([&] {
        if (unshare(CLONE_NEWNET) != 0) {
            error = errno;
            return;
        }
        // Quiet: no router solicitations in the books. A kernel without IPv6 is quiet by itself.
        write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        fd = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        error = errno;
    }).join();
    if (fd) return Namespace(std::move(fd));
    if (error == EPERM)
        return fail(Errc::permission, "cannot create a network namespace", errno_text(error), "run it with sudo");
    return fail(Errc::failed, "cannot create a network namespace", errno_text(error));
}

std::string Namespace::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), fd_.get()); }

Result<void> Namespace::enter() const {
    if (setns(fd_.get(), CLONE_NEWNET) == 0) return {};
    return fail(Errc::failed, "cannot enter a network namespace of the demo", errno_text(errno));
}

Result<Stage> Stage::create() {
    WEIR_TRY(auto host, Namespace::create());
    WEIR_TRY(auto web, Namespace::create());
    WEIR_TRY(auto db, Namespace::create());
    WEIR_TRY(auto batch, Namespace::create());
    WEIR_TRY(auto world, Namespace::create());
    return Stage{std::move(host), std::move(web), std::move(db), std::move(batch), std::move(world)};
}

const Namespace& Stage::tenant(std::size_t index) const {
    const std::array<const Namespace*, tenants.size()> all{&web, &db, &batch};
    return *all.at(index);
}

Result<void> build_network(const Stage& stage) {
    WEIR_CHECK(run({"ip", "link", "add", "br0", "type", "bridge"}));
    // Quiet, where the bridge can snoop at all: no IGMP reports of its own in the tenants' books.
    (void)run({"ip", "link", "set", "br0", "type", "bridge", "mcast_snooping", "0"});
    for (std::size_t i = 0; i < tenants.size(); ++i)
        WEIR_CHECK(add_end(stage.tenant(i), tenants.at(i).vnic, tenants.at(i).address));
    WEIR_CHECK(add_end(stage.world, uplink, world_address));
    return inside(stage.db, []() -> Result<void> {
        write_setting("/proc/sys/net/ipv4/ip_local_port_range", dns_source_ports);
        return {};
    });
}

Result<void> bring_up(const Stage& stage) {
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        WEIR_CHECK(run({"ip", "link", "set", "eth0", "up"}, stage.tenant(i).fd()));
        WEIR_CHECK(run({"ip", "link", "set", std::string(tenants.at(i).vnic), "up"}));
    }
    WEIR_CHECK(run({"ip", "link", "set", "eth0", "up"}, stage.world.fd()));
    WEIR_CHECK(run({"ip", "link", "set", std::string(uplink), "up"}));
    return run({"ip", "link", "set", "br0", "up"});
}

}  // namespace weir::demo
