// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/instance.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "kernel/libbpf_words.hpp"
#include "kernel/mapped_table.hpp"
#include "kernel/state_dir.hpp"
#include "weir.skel.h"
#include "weir_version.h"

namespace weir {
namespace {

using Skeleton = std::unique_ptr<weir_bpf, decltype(&weir_bpf__destroy)>;

constexpr auto reload_suffix = "_new";  // a program that is about to take the place of the one pinned without it

struct Pin {
    const char* name;
    Fd Instance::* fd;
};

constexpr std::array map_pins{Pin{"vnics", &Instance::vnics},
                              Pin{"vnic_info", &Instance::vnic_info},
                              Pin{"ledgers", &Instance::ledgers},
                              Pin{"flow_tables", &Instance::flow_tables},
                              Pin{"pulses", &Instance::pulses},
                              Pin{"limits", &Instance::limits},
                              Pin{"tenant_info", &Instance::tenant_info},
                              Pin{"guards", &Instance::guards},
                              Pin{"shares", &Instance::shares},
                              Pin{"share_rounds", &Instance::share_rounds},
                              Pin{"tick", &Instance::tick_timer},
                              Pin{"tick_settings", &Instance::tick_settings},
                              Pin{"settings", &Instance::settings}};
constexpr std::array program_pins{Pin{"prog_tc_in", &Instance::tc_in}, Pin{"prog_tc_out", &Instance::tc_out},
                                  Pin{"prog_xdp", &Instance::xdp}, Pin{"prog_clock", &Instance::clock},
                                  Pin{"prog_tick", &Instance::tick}};

Result<void> pin(int fd, const std::string& path) {
    if (bpf_obj_pin(fd, path.c_str()) != 0) return fail(Errc::failed, "cannot pin " + path, errno_text(errno));
    return {};
}

// FNV-1a (Fowler, Noll, Vo) over the object file: tells one build's programs from another's.
std::uint32_t object_hash() {
    std::size_t size = 0;
    const auto* bytes = static_cast<const unsigned char*>(weir_bpf__elf_bytes(&size));
    std::uint32_t hash = 0x811c9dc5;
    for (const unsigned char byte : std::span(bytes, size))
        hash = (hash ^ byte) * 0x01000193;
    return hash;
}

std::string own_version() {
    return fmt::format("{}+{:08x}", release, object_hash()).substr(0, sizeof(weir_settings::version) - 1);
}

// With `running` the programs are loaded over its maps.
Result<Skeleton> load(const Instance* running) {
    const LibbpfWords words;
    Skeleton skeleton(weir_bpf__open(), weir_bpf__destroy);
    if (!skeleton) return fail(Errc::failed, "cannot read the BPF object inside weir", errno_text(errno));
    if (running != nullptr) {
        const std::array reuse{std::pair{skeleton->maps.vnics, running->vnics.get()},
                               std::pair{skeleton->maps.vnic_info, running->vnic_info.get()},
                               std::pair{skeleton->maps.ledgers, running->ledgers.get()},
                               std::pair{skeleton->maps.flow_tables, running->flow_tables.get()},
                               std::pair{skeleton->maps.pulses, running->pulses.get()},
                               std::pair{skeleton->maps.limits, running->limits.get()},
                               std::pair{skeleton->maps.tenant_info, running->tenant_info.get()},
                               std::pair{skeleton->maps.guards, running->guards.get()},
                               std::pair{skeleton->maps.shares, running->shares.get()},
                               std::pair{skeleton->maps.share_rounds, running->share_rounds.get()},
                               std::pair{skeleton->maps.tick, running->tick_timer.get()},
                               std::pair{skeleton->maps.tick_settings, running->tick_settings.get()},
                               std::pair{skeleton->maps.settings, running->settings.get()}};
        for (const auto& [map, fd] : reuse)
            if (bpf_map__reuse_fd(map, fd) != 0)
                return fail(Errc::failed, "cannot take over the running maps", errno_text(errno));
    }
    if (const int error = weir_bpf__load(skeleton.get()); error != 0) {
        const auto code = error == -EPERM ? Errc::permission : Errc::unsupported;
        return fail(code, "the kernel refused the BPF programs", LibbpfWords::last_lines(8), "see: weir features");
    }
    return skeleton;
}

Result<void> write_settings(int fd) {
    weir_settings settings{};
    settings.schema = WEIR_SCHEMA;
    settings.created_ns = static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
    own_version().copy(settings.version, sizeof(settings.version) - 1);
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(fd, &zero, &settings, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot write Weir's settings map", errno_text(errno));
    return {};
}

}  // namespace

Result<std::optional<Instance>> open_instance() {
    WEIR_TRY(const auto directory, state_directory());
    return open_instance_at(directory);
}

Result<std::optional<Instance>> open_instance_at(const std::string& directory) {
    if (access(directory.c_str(), F_OK) != 0) return std::nullopt;
    Instance instance;
    instance.directory = directory;
    const auto open_all = [&](const auto& pins) -> Result<void> {
        for (const auto& entry : pins) {
            const std::string path = directory + "/" + entry.name;
            Fd fd(bpf_obj_get(path.c_str()));
            if (!fd) {
                const int error = errno;
                if (error == ENOENT && access(directory.c_str(), F_OK) != 0) return {};  // removed meanwhile
                const auto code = error == EPERM || error == EACCES ? Errc::permission : Errc::failed;
                return fail(code, "cannot open " + path, errno_text(error), "weir detach --all removes the state");
            }
            instance.*entry.fd = std::move(fd);
        }
        return {};
    };
    WEIR_CHECK(open_all(map_pins));
    WEIR_CHECK(open_all(program_pins));
    if (!instance.clock) return std::nullopt;
    return instance;
}

Result<Instance> create_instance() {
    WEIR_TRY(const auto directory, state_directory());
    WEIR_TRY(const auto skeleton, load(nullptr));
    WEIR_CHECK(write_settings(bpf_map__fd(skeleton->maps.settings)));

    // Pinned aside and then renamed: another process sees all of it or nothing. What a process that died left is
    // removed first.
    const std::string aside = aside_of(directory);
    WEIR_CHECK(remove_state_directory(aside));
    WEIR_CHECK(StateLock::make_parents());
    if (mkdir(aside.c_str(), 0700) != 0) return fail(Errc::failed, "cannot create " + aside, errno_text(errno));
    const std::array fds{std::pair{"vnics", bpf_map__fd(skeleton->maps.vnics)},
                         std::pair{"vnic_info", bpf_map__fd(skeleton->maps.vnic_info)},
                         std::pair{"ledgers", bpf_map__fd(skeleton->maps.ledgers)},
                         std::pair{"flow_tables", bpf_map__fd(skeleton->maps.flow_tables)},
                         std::pair{"pulses", bpf_map__fd(skeleton->maps.pulses)},
                         std::pair{"limits", bpf_map__fd(skeleton->maps.limits)},
                         std::pair{"tenant_info", bpf_map__fd(skeleton->maps.tenant_info)},
                         std::pair{"guards", bpf_map__fd(skeleton->maps.guards)},
                         std::pair{"shares", bpf_map__fd(skeleton->maps.shares)},
                         std::pair{"share_rounds", bpf_map__fd(skeleton->maps.share_rounds)},
                         std::pair{"tick", bpf_map__fd(skeleton->maps.tick)},
                         std::pair{"tick_settings", bpf_map__fd(skeleton->maps.tick_settings)},
                         std::pair{"settings", bpf_map__fd(skeleton->maps.settings)},
                         std::pair{"prog_tc_in", bpf_program__fd(skeleton->progs.weir_tc_in)},
                         std::pair{"prog_tc_out", bpf_program__fd(skeleton->progs.weir_tc_out)},
                         std::pair{"prog_xdp", bpf_program__fd(skeleton->progs.weir_xdp)},
                         std::pair{"prog_clock", bpf_program__fd(skeleton->progs.weir_clock)},
                         std::pair{"prog_tick", bpf_program__fd(skeleton->progs.weir_tick)}};
    for (const auto& [name, fd] : fds)
        WEIR_CHECK(pin(fd, fmt::format("{}/{}", aside, name)));
    if (rename(aside.c_str(), directory.c_str()) != 0)
        return fail(Errc::failed, "cannot put " + directory + " in place", errno_text(errno));

    WEIR_TRY(auto instance, open_instance_at(directory));
    if (!instance) return fail(Errc::failed, "cannot open " + directory, "it is gone again");
    return std::move(*instance);
}

void remove_unfinished_reload(const Instance& instance) {
    for (const auto& entry : program_pins)
        unlink(fmt::format("{}/{}{}", instance.directory, entry.name, reload_suffix).c_str());
}

Result<void> reload_programs(Instance& instance) {
    WEIR_TRY(const auto skeleton, load(&instance));
    const std::array fds{std::pair{"prog_tc_in", bpf_program__fd(skeleton->progs.weir_tc_in)},
                         std::pair{"prog_tc_out", bpf_program__fd(skeleton->progs.weir_tc_out)},
                         std::pair{"prog_xdp", bpf_program__fd(skeleton->progs.weir_xdp)},
                         std::pair{"prog_clock", bpf_program__fd(skeleton->progs.weir_clock)},
                         std::pair{"prog_tick", bpf_program__fd(skeleton->progs.weir_tick)}};
    for (const auto& [name, fd] : fds) {
        const std::string path = fmt::format("{}/{}", instance.directory, name);
        const std::string aside = path + reload_suffix;
        unlink(aside.c_str());
        WEIR_CHECK(pin(fd, aside));
        if (rename(aside.c_str(), path.c_str()) != 0)
            return fail(Errc::failed, "cannot put " + path + " in place", errno_text(errno));
    }
    WEIR_CHECK(write_settings(instance.settings.get()));
    WEIR_TRY(auto reopened, open_instance_at(instance.directory));
    if (!reopened) return fail(Errc::failed, "cannot open " + instance.directory, "it is gone");
    instance = std::move(*reopened);
    return {};
}

Result<std::string> running_version(const Instance& instance) {
    weir_settings settings{};
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(instance.settings.get(), &zero, &settings) != 0)
        return fail(Errc::failed, "cannot read Weir's settings map", errno_text(errno));
    return std::string(settings.version, strnlen(settings.version, sizeof(settings.version)));
}

Result<bool> programs_are_current(const Instance& instance) {
    WEIR_TRY(const auto running, running_version(instance));
    return running == own_version();
}

Result<std::vector<weir_vnic_info>> read_vnic_infos(const Instance& instance) {
    return read_mapped_table<weir_vnic_info>(instance.vnic_info.get(), WEIR_VNICS_MAX, "vNICs");
}

Result<void> write_vnic_info(const Instance& instance, std::uint32_t slot, const weir_vnic_info& info) {
    if (bpf_map_update_elem(instance.vnic_info.get(), &slot, &info, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot write the table of vNICs", errno_text(errno));
    return {};
}

Result<weir_clock_sample> read_clock(const Instance& instance) {
    // A syscall program's context is copied back to where it came from (net/bpf/test_run.c, Linux 5.14).
    weir_clock_sample sample{};
    DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &sample, .ctx_size_in = sizeof(sample));
    if (bpf_prog_test_run_opts(instance.clock.get(), &options) != 0)
        return fail(Errc::failed, "cannot read the kernel's clocks", errno_text(errno));
    return sample;
}

std::uint32_t program_id(int program_fd) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof(info);
    return bpf_prog_get_info_by_fd(program_fd, &info, &size) == 0 ? info.id : 0;
}

}  // namespace weir
