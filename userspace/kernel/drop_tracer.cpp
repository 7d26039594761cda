// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/drop_tracer.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <tuple>

#include <fmt/format.h>

#include "core/clock.hpp"
#include "kernel/btf.hpp"
#include "kernel/cpus.hpp"
#include "kernel/libbpf_words.hpp"
#include "kernel/state_dir.hpp"
#include "weir_drop.skel.h"

namespace weir {
namespace {

using Skeleton = std::unique_ptr<weir_drop_bpf, decltype(&weir_drop_bpf__destroy)>;

constexpr auto counts_pin = "counts";
constexpr auto rest_pin = "rest";
constexpr auto outside_pin = "outside";
constexpr auto settings_pin = "settings";
constexpr auto own_pin = "own";
constexpr auto program_pin = "program";
constexpr auto link_pin = "link";

// The tracepoint's own arguments: 3 from Linux 5.17, 4 from 6.11; before, without the reason, 2.
constexpr int arguments_with_reason = 3;

// How many arguments the tracepoint has on the running kernel; 0 if it has no such tracepoint.
Result<int> tracepoint_arguments() {
    const Btf kernel(btf__load_vmlinux_btf());
    if (!kernel)
        return fail(Errc::unsupported, "cannot trace the kernel's drops",
                    "no type information of the kernel (BTF): " + errno_text(errno), "see: weir features");
    const int id = btf__find_by_name_kind(kernel.get(), "btf_trace_kfree_skb", BTF_KIND_TYPEDEF);
    if (id < 0) return 0;
    const btf_type* type = btf__type_by_id(kernel.get(), static_cast<std::uint32_t>(id));
    while (type != nullptr && (btf_is_typedef(type) || btf_is_ptr(type)))
        type = btf__type_by_id(kernel.get(), type->type);
    // The first argument is the tracing program's own.
    return type != nullptr && btf_is_func_proto(type) ? btf_vlen(type) - 1 : 0;
}

Result<std::string> kept_directory() {
    WEIR_TRY(const auto instance, state_directory());
    const auto slash = instance.rfind('/');
    const auto dash = instance.rfind('-');
    return fmt::format("{}/drops{}{}", instance.substr(0, slash), WEIR_DROP_SCHEMA, instance.substr(dash));
}

Fd copy_of(int fd) { return Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

template <class Value>
Result<Value> sum_of(int map_fd, const void* key, std::vector<Value>& cpus) {
    if (bpf_map_lookup_elem(map_fd, key, cpus.data()) != 0)
        return fail(Errc::failed, "cannot read the drop counters", errno_text(errno));
    Value sum{};
    for (const Value& cpu : cpus) {
        sum.packets += cpu.packets;
        sum.skbs += cpu.skbs;
    }
    return sum;
}

struct KeyOrder {
    static auto words(const weir_drop_key& key) {
        return std::tie(key.location, key.ifindex, key.from_ifindex, key.reason, key.way);
    }
    bool operator()(const weir_drop_key& a, const weir_drop_key& b) const { return words(a) < words(b); }
};

weir_drop_own_key own_key(const Vnic& vnic, Direction direction, std::size_t reason) {
    return {.attached_ns = vnic.attached_ns,
            .slot = vnic.slot,
            .direction = static_cast<std::uint16_t>(direction),
            .reason = static_cast<std::uint16_t>(reason)};
}

// What all CPUs have under one key is one entry.
Result<std::vector<DropCounts::Entry>> read_slots(int map_fd, std::size_t cpus) {
    constexpr std::uint32_t slots_a_batch = 512;
    std::map<weir_drop_key, weir_drop_count, KeyOrder> sums;
    std::vector<std::uint32_t> places(slots_a_batch);
    std::vector<weir_drop_slot> slots(slots_a_batch * cpus);
    DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);
    std::uint32_t cursor = 0;
    for (bool is_first = true, is_last = false; !is_last; is_first = false) {
        std::uint32_t found = slots_a_batch;
        const int error = bpf_map_lookup_batch(map_fd, is_first ? nullptr : &cursor, &cursor, places.data(),
                                               slots.data(), &found, &options);
        if (error != 0 && error != -ENOENT)
            return fail(Errc::failed, "cannot read the drop counters", errno_text(-error));
        is_last = error == -ENOENT;
        for (std::size_t i = 0; i < found * cpus; ++i) {
            if (slots[i].count.skbs == 0) continue;
            auto& sum = sums[slots[i].key];
            sum.packets += slots[i].count.packets;
            sum.skbs += slots[i].count.skbs;
        }
    }
    std::vector<DropCounts::Entry> entries;
    entries.reserve(sums.size());
    for (const auto& [key, count] : sums)
        entries.push_back({key, count});
    return entries;
}

}  // namespace

OwnDrops::OwnDrops(const std::vector<VnicLedger>& ledgers) {
    for (const auto& [vnic, ledger] : ledgers)
        for (const Direction direction : directions)
            for (std::size_t reason = 0; reason < WEIR_DROP_COUNT; ++reason) {
                const auto packets = ledger.of(direction).drops.at(reason).packets;
                if (packets != 0) packets_.emplace(own_key(vnic, direction, reason), packets);
            }
}

std::uint64_t OwnDrops::packets(const Vnic& vnic, Direction direction, std::size_t reason) const {
    const auto at = packets_.find(own_key(vnic, direction, reason));
    return at == packets_.end() ? 0 : at->second;
}

bool OwnDrops::Order::operator()(const weir_drop_own_key& a, const weir_drop_own_key& b) const {
    const auto words = [](const weir_drop_own_key& key) {
        return std::tie(key.attached_ns, key.slot, key.direction, key.reason);
    };
    return words(a) < words(b);
}

Result<DropTracer> DropTracer::start() {
    WEIR_CHECK(require_privilege());
    WEIR_TRY(const auto arguments, tracepoint_arguments());
    if (arguments == 0)
        return fail(Errc::unsupported, "cannot trace the kernel's drops", "this kernel has no tracepoint kfree_skb");
    WEIR_TRY(const auto cookie, netns_cookie());

    const LibbpfWords words;
    const Skeleton skeleton(weir_drop_bpf__open(), weir_drop_bpf__destroy);
    if (!skeleton) return fail(Errc::failed, "cannot read the BPF object inside weir", errno_text(errno));
    skeleton->rodata->weir_drop_netns = cookie;
    skeleton->rodata->weir_drop_has_reason = arguments >= arguments_with_reason;
    if (const int error = weir_drop_bpf__load(skeleton.get()); error != 0)
        return fail(error == -EPERM ? Errc::permission : Errc::unsupported, "the kernel refused the drop tracer",
                    LibbpfWords::last_lines(8), "see: weir features");

    DropTracer tracer;
    tracer.counts_ = copy_of(bpf_map__fd(skeleton->maps.drop_slots));
    tracer.rest_ = copy_of(bpf_map__fd(skeleton->maps.drop_rest));
    tracer.outside_ = copy_of(bpf_map__fd(skeleton->maps.drop_outside));
    tracer.settings_ = copy_of(bpf_map__fd(skeleton->maps.drop_settings));
    tracer.own_ = copy_of(bpf_map__fd(skeleton->maps.drop_own));
    tracer.program_ = copy_of(bpf_program__fd(skeleton->progs.weir_drop));
    if (!tracer.counts_ || !tracer.rest_ || !tracer.outside_ || !tracer.settings_ || !tracer.own_ || !tracer.program_)
        return fail(Errc::failed, "cannot keep the drop tracer's files", errno_text(errno));

    const std::uint32_t zero = 0;
    const weir_drop_settings settings{.started_ns = monotonic_ns()};
    if (bpf_map_update_elem(tracer.settings_.get(), &zero, &settings, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot write the drop tracer's settings", errno_text(errno));
    tracer.link_ = Fd(bpf_raw_tracepoint_open(nullptr, tracer.program_.get()));
    if (!tracer.link_) return fail(Errc::failed, "cannot attach the drop tracer", errno_text(errno));
    return tracer;
}

Result<std::optional<DropTracer>> DropTracer::open_kept() {
    WEIR_TRY(const auto directory, kept_directory());
    if (access(directory.c_str(), F_OK) != 0) return std::nullopt;
    DropTracer tracer;
    const auto open_pin = [&](const char* name, Fd& fd) -> Result<void> {
        const auto path = fmt::format("{}/{}", directory, name);
        fd = Fd(bpf_obj_get(path.c_str()));
        if (!fd) return fail(Errc::failed, "cannot open " + path, errno_text(errno), "weir drops --stop removes it");
        return {};
    };
    WEIR_CHECK(open_pin(counts_pin, tracer.counts_));
    WEIR_CHECK(open_pin(rest_pin, tracer.rest_));
    WEIR_CHECK(open_pin(outside_pin, tracer.outside_));
    WEIR_CHECK(open_pin(settings_pin, tracer.settings_));
    WEIR_CHECK(open_pin(own_pin, tracer.own_));
    WEIR_CHECK(open_pin(program_pin, tracer.program_));
    WEIR_CHECK(open_pin(link_pin, tracer.link_));
    return tracer;
}

// Pinned aside and then renamed: another process sees all of it or nothing.
Result<void> DropTracer::keep(const OwnDrops& own) const {
    for (const auto& [key, packets] : own.packets_)
        if (bpf_map_update_elem(own_.get(), &key, &packets, BPF_ANY) != 0)
            return fail(Errc::failed, "cannot write down what Weir has dropped so far", errno_text(errno));
    WEIR_TRY(const auto directory, kept_directory());
    const auto aside = aside_of(directory);
    WEIR_CHECK(remove_state_directory(aside));
    WEIR_CHECK(StateLock::make_parents());
    if (mkdir(aside.c_str(), 0700) != 0) return fail(Errc::failed, "cannot create " + aside, errno_text(errno));
    const std::array pins{std::pair{counts_pin, &counts_},   std::pair{rest_pin, &rest_},
                          std::pair{outside_pin, &outside_}, std::pair{settings_pin, &settings_},
                          std::pair{own_pin, &own_},         std::pair{program_pin, &program_},
                          std::pair{link_pin, &link_}};
    for (const auto& [name, fd] : pins) {
        const auto path = fmt::format("{}/{}", aside, name);
        if (bpf_obj_pin(fd->get(), path.c_str()) != 0)
            return fail(Errc::failed, "cannot pin " + path, errno_text(errno));
    }
    if (rename(aside.c_str(), directory.c_str()) != 0)
        return fail(Errc::failed, "cannot put " + directory + " in place", errno_text(errno));
    return {};
}

Result<void> DropTracer::remove_kept() {
    WEIR_TRY(const auto directory, kept_directory());
    return remove_state_directory(directory);
}

Result<bool> DropTracer::is_kept() {
    WEIR_TRY(const auto directory, kept_directory());
    return access(directory.c_str(), F_OK) == 0;
}

Result<DropCounts> DropTracer::read() const {
    WEIR_TRY(const auto cpus, possible_cpus());
    std::vector<weir_drop_count> of_cpus(cpus);
    DropCounts counts;

    WEIR_TRY(counts.entries, read_slots(counts_.get(), cpus));
    for (std::uint32_t reason = 0; reason < WEIR_DROP_REST_ROOM; ++reason) {
        WEIR_TRY(const auto sum, sum_of(rest_.get(), &reason, of_cpus));
        counts.rest.push_back(sum);
    }
    const std::uint32_t zero = 0;
    WEIR_TRY(counts.outside, sum_of(outside_.get(), &zero, of_cpus));
    weir_drop_settings settings{};
    if (bpf_map_lookup_elem(settings_.get(), &zero, &settings) != 0)
        return fail(Errc::failed, "cannot read the drop tracer's settings", errno_text(errno));
    counts.started_ns = settings.started_ns;
    bpf_prog_info info{};
    std::uint32_t size = sizeof(info);
    if (bpf_prog_get_info_by_fd(program_.get(), &info, &size) == 0) counts.missed = info.recursion_misses;
    return counts;
}

Result<OwnDrops> DropTracer::read_own_before() const {
    OwnDrops own;
    weir_drop_own_key key{};
    for (bool is_first = true; bpf_map_get_next_key(own_.get(), is_first ? nullptr : &key, &key) == 0;
         is_first = false) {
        std::uint64_t packets = 0;
        if (bpf_map_lookup_elem(own_.get(), &key, &packets) != 0)
            return fail(Errc::failed, "cannot read what Weir had dropped before", errno_text(errno));
        own.packets_.emplace(key, packets);
    }
    return own;
}

}  // namespace weir
