// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/instance.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <iterator>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "core/clock.hpp"
#include "core/text.hpp"
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
    const char* in_object;  // the map's or program's name there
    Fd Instance::* fd;
};

constexpr Pin map_pin(const char* name, Fd Instance::* fd) { return {name, name, fd}; }

constexpr std::array map_pins{map_pin("vnics", &Instance::vnics),
                              map_pin("vnic_info", &Instance::vnic_info),
                              map_pin("ledgers", &Instance::ledgers),
                              map_pin("flow_tables", &Instance::flow_tables),
                              map_pin("pulses", &Instance::pulses),
                              map_pin("limits", &Instance::limits),
                              map_pin("tenant_info", &Instance::tenant_info),
                              map_pin("guards", &Instance::guards),
                              map_pin("shares", &Instance::shares),
                              map_pin("share_rounds", &Instance::share_rounds),
                              map_pin("tick", &Instance::tick_timer),
                              map_pin("tick_settings", &Instance::tick_settings),
                              map_pin("settings", &Instance::settings)};
// Those on demand first, in their order, and without a place in Instance.
constexpr std::array program_pins{Pin{"prog_xdp", "weir_xdp", nullptr}, Pin{"prog_tick", "weir_tick", nullptr},
                                  Pin{"prog_tc_in", "weir_tc_in", &Instance::tc_in},
                                  Pin{"prog_tc_out", "weir_tc_out", &Instance::tc_out},
                                  Pin{"prog_clock", "weir_clock", &Instance::clock}};

bool is_on_demand(const Pin& program) { return program.fd == nullptr; }

std::string path_of(const std::string& directory, const Pin& entry) {
    return fmt::format("{}/{}", directory, entry.name);
}

int map_fd(const Skeleton& skeleton, const Pin& entry) {
    return bpf_object__find_map_fd_by_name(skeleton->obj, entry.in_object);
}

int program_fd(const Skeleton& skeleton, const Pin& entry) {
    return bpf_program__fd(bpf_object__find_program_by_name(skeleton->obj, entry.in_object));
}

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

std::vector<Pin> programs_where(const auto& is_wanted) {
    std::vector<Pin> wanted;
    std::ranges::copy_if(program_pins, std::back_inserter(wanted), is_wanted);
    return wanted;
}

// Loads these programs; with `running`, over its maps.
Result<Skeleton> load(const Instance* running, const std::vector<Pin>& programs) {
    const LibbpfWords words;
    Skeleton skeleton(weir_bpf__open(), weir_bpf__destroy);
    if (!skeleton) return fail(Errc::failed, "cannot read the BPF object inside weir", errno_text(errno));
    if (running != nullptr) {
        for (const auto& entry : map_pins) {
            bpf_map* const map = bpf_object__find_map_by_name(skeleton->obj, entry.in_object);
            if (map == nullptr || bpf_map__reuse_fd(map, (running->*entry.fd).get()) != 0)
                return fail(Errc::failed, "cannot take over the running maps", errno_text(errno));
        }
    }
    for (bpf_program* one = nullptr; (one = bpf_object__next_program(skeleton->obj, one)) != nullptr;)
        bpf_program__set_autoload(one, false);
    for (const auto& entry : programs)
        bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton->obj, entry.in_object), true);
    if (const int error = weir_bpf__load(skeleton.get()); error != 0) {
        const auto code = error == -EPERM ? Errc::permission : Errc::unsupported;
        return fail(code, "the kernel refused the BPF programs", LibbpfWords::last_lines(8), "see: weir features");
    }
    return skeleton;
}

Result<void> write_settings(int fd) {
    weir_settings settings{};
    settings.schema = WEIR_SCHEMA;
    settings.created_ns = realtime_ns();
    own_version().copy(settings.version, sizeof(settings.version) - 1);
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(fd, &zero, &settings, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot write Weir's settings map", errno_text(errno));
    return {};
}

Result<Fd> open_pin(const std::string& path) {
    Fd fd(bpf_obj_get(path.c_str()));
    if (fd) return fd;
    const auto code = errno == EPERM || errno == EACCES ? Errc::permission : Errc::failed;
    return fail(code, "cannot open " + path, errno_text(errno), "weir detach --all removes the state");
}

bool is_there(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Opens what is pinned there; nothing if there is no such directory.
Result<std::optional<Instance>> open_instance_at(const std::string& directory) {
    if (!is_there(directory)) return std::nullopt;
    Instance instance;
    instance.directory = directory;
    const auto open_all = [&](const auto& pins) -> Result<void> {
        for (const auto& entry : pins) {
            const auto path = path_of(directory, entry);
            auto opened = open_pin(path);
            if (!opened && !is_there(directory)) return {};  // removed meanwhile
            WEIR_TRY(instance.*entry.fd, std::move(opened));
        }
        return {};
    };
    WEIR_CHECK(open_all(map_pins));
    WEIR_CHECK(open_all(programs_where(std::not_fn(is_on_demand))));
    if (!instance.clock) return std::nullopt;
    return instance;
}

}  // namespace

Result<std::optional<Instance>> open_instance() {
    WEIR_TRY(const auto directory, state_directory());
    return open_instance_at(directory);
}

Result<Instance> create_instance() {
    WEIR_TRY(const auto directory, state_directory());
    const auto programs = programs_where(std::not_fn(is_on_demand));
    WEIR_TRY(const auto skeleton, load(nullptr, programs));
    WEIR_CHECK(write_settings(bpf_map__fd(skeleton->maps.settings)));

    // Pinned aside and then renamed: another process sees all of it or nothing. What a process that died left is
    // removed first.
    const std::string aside = aside_of(directory);
    WEIR_CHECK(remove_state_directory(aside));
    WEIR_CHECK(StateLock::make_parents());
    if (mkdir(aside.c_str(), 0700) != 0) return fail(Errc::failed, "cannot create " + aside, errno_text(errno));
    for (const auto& entry : map_pins)
        WEIR_CHECK(pin(map_fd(skeleton, entry), path_of(aside, entry)));
    for (const auto& entry : programs)
        WEIR_CHECK(pin(program_fd(skeleton, entry), path_of(aside, entry)));
    if (rename(aside.c_str(), directory.c_str()) != 0)
        return fail(Errc::failed, "cannot put " + directory + " in place", errno_text(errno));

    WEIR_TRY(auto instance, open_instance_at(directory));
    if (!instance) return fail(Errc::failed, "cannot open " + directory, "it is gone again");
    return std::move(*instance);
}

Result<Fd> program_on_demand(const Instance& instance, OnDemand which) {
    const auto& entry = program_pins.at(static_cast<std::size_t>(which));
    const auto path = path_of(instance.directory, entry);
    if (!is_there(path)) {
        WEIR_TRY(const auto skeleton, load(&instance, {entry}));
        WEIR_CHECK(pin(program_fd(skeleton, entry), path));
    }
    return open_pin(path);
}

void remove_unfinished_reload(const Instance& instance) {
    for (const auto& entry : program_pins)
        unlink((path_of(instance.directory, entry) + reload_suffix).c_str());
}

Result<void> reload_programs(Instance& instance) {
    const auto programs = programs_where(
        [&](const Pin& entry) { return !is_on_demand(entry) || is_there(path_of(instance.directory, entry)); });
    WEIR_TRY(const auto skeleton, load(&instance, programs));
    for (const auto& entry : programs) {
        const auto path = path_of(instance.directory, entry);
        const auto aside = path + reload_suffix;
        unlink(aside.c_str());
        WEIR_CHECK(pin(program_fd(skeleton, entry), aside));
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
    return text_of(settings.version);
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
