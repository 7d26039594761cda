// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/limits.hpp"

#include <bpf/bpf.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/text.hpp"
#include "kernel/mapped_table.hpp"
#include "kernel/shares.hpp"
#include "kernel/tables.hpp"
#include "kernel/vnic_list.hpp"

namespace weir {
namespace {

Result<Mapped<weir_limit>> map_limit(const Fd& fd, int protection) {
    return Mapped<weir_limit>::of(fd.get(), 1, protection, "cannot map a limit");
}

// Nothing if the slot has no limit in place.
Result<std::optional<Fd>> open_limit(const Instance& instance, std::uint32_t slot) {
    std::uint32_t id = 0;
    if (bpf_map_lookup_elem(instance.limits.get(), &slot, &id) != 0) {
        if (errno == ENOENT) return std::nullopt;
        return fail(Errc::failed, fmt::format("cannot find the limit of slot {}", slot), errno_text(errno));
    }
    Fd fd(bpf_map_get_fd_by_id(id));
    if (!fd && errno == ENOENT) return std::nullopt;
    if (!fd) return fail(Errc::failed, fmt::format("cannot open the limit of slot {}", slot), errno_text(errno));
    return fd;
}

Result<Fd> create_limit() {
    DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
    Fd fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_limit", sizeof(std::uint32_t), sizeof(weir_limit), 1, &options));
    if (!fd) return fail(Errc::failed, "cannot create a limit", errno_text(errno));
    return fd;
}

template <class Word>
void store(Word& word, Word value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
}

// All of a rule but when it ends.
void store_rule(weir_limit_rule& rule, const weir_limit_rule& wanted) {
    store(rule.burst, wanted.burst);
    store(rule.packet_burst, wanted.packet_burst);
    store(rule.flow_burst, wanted.flow_burst);
    store(rule.mode, wanted.mode);
    store(rule.overhead_bytes, wanted.overhead_bytes);
    store(rule.horizon, wanted.horizon);
    store(rule.overload_horizon, wanted.overload_horizon);
    store(rule.target_ns, wanted.target_ns);
    store(rule.interval_ns, wanted.interval_ns);
    store(rule.share_min_bps, wanted.share_min_bps);
    store(rule.share_max_bps, wanted.share_max_bps);
    store(rule.share_weight, wanted.share_weight);
    store(rule.share_fallback_cost, wanted.share_fallback_cost);
    store(rule.byte_cost, wanted.byte_cost);
    store(rule.packet_cost, wanted.packet_cost);
}

struct WantedRules {
    weir_limit_rule rule;    // with its revert_at_ns
    weir_limit_rule before;  // means something with that only
};

WantedRules wanted_rules(const weir_tenant_info& info, int direction) {
    const auto rule = [&](const weir_tenant_wish& wish) {
        const Limit limit = limit_of(wish);
        return rule_of(limit, direction == WEIR_TX ? limit.tx : limit.rx, info.share[direction], info.is_paced != 0);
    };
    WantedRules wanted{.rule = rule(info.wish), .before = {}};
    wanted.rule.revert_at_ns = info.revert_at_ns;
    // A tenant without limits before has its share all the same.
    if (info.revert_at_ns != 0 && (info.had_limits_before != 0 || is_shared(info, direction)))
        wanted.before = rule(info.before);
    return wanted;
}

// What comes back stands before the deadline does, and the deadline before what it ends; one that is lifted goes last.
void store_direction(weir_limit_direction& direction, const WantedRules& wanted) {
    if (wanted.rule.revert_at_ns != 0) {
        store_rule(direction.before, wanted.before);
        store(direction.rule.revert_at_ns, wanted.rule.revert_at_ns);
    }
    store_rule(direction.rule, wanted.rule);
    if (wanted.rule.revert_at_ns == 0) store(direction.rule.revert_at_ns, wanted.rule.revert_at_ns);
}

Result<void> write_tenant_info(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info) {
    if (bpf_map_update_elem(instance.tenant_info.get(), &slot, &info, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot write the table of tenants", errno_text(errno));
    return {};
}

// Puts a limit in place, or changes the one that stands there.
Result<void> place_limit(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info) {
    WEIR_TRY(auto fd, open_limit(instance, slot));
    const bool is_new = !fd;
    if (is_new) {
        WEIR_TRY(fd, create_limit());
    }
    WEIR_TRY(const auto mapped, map_limit(*fd, PROT_READ | PROT_WRITE));
    std::array<std::uint64_t, WEIR_DIRECTIONS> fallbacks{};
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        const auto wanted = wanted_rules(info, direction);
        store_direction(mapped.values()[0].direction[direction], wanted);
        fallbacks.at(static_cast<std::size_t>(direction)) = wanted.rule.share_fallback_cost;
    }
    WEIR_CHECK(store_fallbacks(instance, slot, fallbacks));
    if (!is_new) return {};
    const int limit_fd = fd->get();
    if (bpf_map_update_elem(instance.limits.get(), &slot, &limit_fd, BPF_ANY) != 0)
        return fail(Errc::failed, "cannot put a limit in place", errno_text(errno));
    return {};
}

// Interfaces are told of their tenants' limits, those of one tenant or of all.
Result<void> update_interfaces(const Instance& instance, const std::vector<weir_tenant_info>& tenants,
                               const char* tenant) {
    WEIR_TRY(const auto vnics, read_vnic_infos(instance));
    for (const auto& vnic : vnics)
        if (vnic.state == WEIR_VNIC_ATTACHED &&
            (tenant == nullptr || std::strncmp(vnic.tenant, tenant, sizeof(vnic.tenant)) == 0))
            WEIR_CHECK(update_interface_flags(instance, tenants, vnic));
    return {};
}

// Both directions' rules as the programs see them at this moment.
struct StandingLimit {
    weir_limit_rule rule[WEIR_DIRECTIONS];
    weir_limit_rule before[WEIR_DIRECTIONS];
};

// Nothing if the slot has no limit in place.
Result<std::optional<StandingLimit>> read_standing_limit(const Instance& instance, std::uint32_t slot) {
    WEIR_TRY(const auto fd, open_limit(instance, slot));
    if (!fd) return std::nullopt;
    WEIR_TRY(const auto mapped, map_limit(*fd, PROT_READ));
    StandingLimit standing{};
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        standing.rule[direction] = mapped.values()[0].direction[direction].rule;
        standing.before[direction] = mapped.values()[0].direction[direction].before;
    }
    return standing;
}

Result<void> remove_limit(const Instance& instance, std::uint32_t slot) {
    if (bpf_map_delete_elem(instance.limits.get(), &slot) != 0 && errno != ENOENT)
        return fail(Errc::failed, "cannot remove a limit", errno_text(errno));
    WEIR_CHECK(forget_share(instance, slot));
    return write_tenant_info(instance, slot, {});
}

Result<void> place_if_missing(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info) {
    if (!has_limits(info)) return {};
    WEIR_TRY(const bool stands, limit_stands(instance, slot, info));
    return stands ? Result<void>{} : place_limit(instance, slot, info);
}

}  // namespace

std::string tenant_of(const weir_tenant_info& info) { return text_of(info.tenant); }

weir_tenant_info make_tenant_info(const std::string& tenant) {
    static_assert(sizeof(weir_tenant_info::tenant) == WEIR_TENANT_ROOM);
    weir_tenant_info info{};
    tenant.copy(info.tenant, sizeof(info.tenant) - 1);
    return info;
}

Result<std::vector<weir_tenant_info>> read_tenant_infos(const Instance& instance) {
    return read_mapped_table<weir_tenant_info>(instance.tenant_info.get(), WEIR_TENANTS_MAX, "tenants");
}

Result<void> put_tenant(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info) {
    WEIR_CHECK(write_tenant_info(instance, slot, info));
    WEIR_CHECK(place_if_missing(instance, slot, info));
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    WEIR_CHECK(update_interfaces(instance, tenants, info.tenant));
    return has_limits(info) ? Result<void>{} : remove_limit(instance, slot);
}

Result<void> put_tenants(const Instance& instance, const std::vector<PlacedTenant>& placed) {
    if (placed.empty()) return {};
    for (const auto& [slot, info] : placed) {
        WEIR_CHECK(write_tenant_info(instance, slot, info));
        WEIR_CHECK(place_if_missing(instance, slot, info));
    }
    WEIR_TRY(const auto tenants, read_tenant_infos(instance));
    WEIR_CHECK(update_interfaces(instance, tenants, nullptr));
    for (const auto& [slot, info] : placed)
        if (!has_limits(info)) WEIR_CHECK(remove_limit(instance, slot));
    return {};
}

Result<void> mend_limits(const Instance& instance) {
    WEIR_TRY(auto tenants, read_tenant_infos(instance));
    WEIR_TRY(const auto now, read_clock(instance));
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot) {
        auto& info = tenants[slot];
        if (is_free(info)) continue;
        if (info.revert_at_ns != 0 && info.revert_at_ns <= now.monotonic_ns) {
            info = settled(info, now.monotonic_ns);
            WEIR_CHECK(write_tenant_info(instance, slot, info));
        }
        WEIR_CHECK(place_if_missing(instance, slot, info));
    }
    WEIR_CHECK(update_interfaces(instance, tenants, nullptr));
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot)
        if (!is_free(tenants[slot]) && !has_limits(tenants[slot])) WEIR_CHECK(remove_limit(instance, slot));
    return {};
}

TenantEntry tenant_entry_of(const std::vector<weir_tenant_info>& tenants, const weir_vnic_info& vnic) {
    TenantEntry entry;
    if (vnic.role == WEIR_ROLE_UPLINK) return entry;
    for (std::uint32_t slot = 0; slot < tenants.size(); ++slot) {
        const auto& info = tenants[slot];
        if (is_free(info) || std::strncmp(info.tenant, vnic.tenant, sizeof(vnic.tenant)) != 0) continue;
        entry.slot = slot;
        for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction)
            if (limits_direction(info, direction)) entry.flags |= WEIR_IF_LIMIT_TX << direction;
    }
    return entry;
}

Result<bool> limit_stands(const Instance& instance, std::uint32_t slot, const weir_tenant_info& info) {
    WEIR_TRY(const auto standing, read_standing_limit(instance, slot));
    if (!standing) return !has_limits(info);
    const auto same = [](const weir_limit_rule& a, const weir_limit_rule& b) {
        return std::memcmp(&a, &b, sizeof(a)) == 0;
    };
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        const auto wanted = wanted_rules(info, direction);
        if (!same(standing->rule[direction], wanted.rule)) return false;
        if (info.revert_at_ns != 0 && !same(standing->before[direction], wanted.before)) return false;
    }
    return has_limits(info);
}

}  // namespace weir
