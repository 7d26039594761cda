// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/shares.hpp"

#include <bpf/bpf.h>

#include <atomic>
#include <cerrno>

#include <fmt/format.h>

#include "kernel/mapped_table.hpp"

namespace weir {
namespace {

constexpr std::size_t entry_count = std::size_t{WEIR_DIRECTIONS} * WEIR_TENANTS_MAX;

constexpr auto cannot_map = "cannot map the state of fair share";

void store(__u64& word, std::uint64_t value) { std::atomic_ref(word).store(value, std::memory_order_release); }

std::size_t place_of(int direction, std::uint32_t slot) {
    return static_cast<std::size_t>(direction) * WEIR_TENANTS_MAX + slot;
}

Result<void> order(const Instance& instance, weir_tick_order what) {
    weir_tick_call call{.order = static_cast<std::uint64_t>(what), .error = 0};
    DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &call, .ctx_size_in = sizeof(call));
    WEIR_TRY(const auto tick, program_on_demand(instance, OnDemand::tick));
    if (bpf_prog_test_run_opts(tick.get(), &options) != 0)
        return fail(Errc::failed, "cannot run the program of fair share's tick", errno_text(errno));
    if (call.error != 0)
        return fail(Errc::failed, fmt::format("cannot {} fair share's timer", what == WEIR_TICK_STOP ? "stop" : "arm"),
                    errno_text(static_cast<int>(-call.error)));
    return {};
}

}  // namespace

Result<void> store_fallbacks(const Instance& instance, std::uint32_t slot,
                             const std::array<std::uint64_t, WEIR_DIRECTIONS>& fallback_costs) {
    WEIR_TRY(const auto shares,
             Mapped<weir_share_entry>::of(instance.shares.get(), entry_count, PROT_READ | PROT_WRITE, cannot_map));
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction)
        store(shares.values()[place_of(direction, slot)].fallback_cost,
              fallback_costs.at(static_cast<std::size_t>(direction)));
    return {};
}

Result<void> forget_share(const Instance& instance, std::uint32_t slot) {
    const weir_share_entry nothing{};
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        const auto at = static_cast<std::uint32_t>(place_of(direction, slot));
        if (bpf_map_update_elem(instance.shares.get(), &at, &nothing, BPF_ANY) != 0)
            return fail(Errc::failed, "cannot write the table of shares", errno_text(errno));
    }
    return {};
}

Result<void> put_tick(const Instance& instance, weir_tick_settings settings) {
    WEIR_TRY(const auto mapped,
             Mapped<weir_tick_settings>::of(instance.tick_settings.get(), 1, PROT_READ | PROT_WRITE, cannot_map));
    auto& standing = mapped.values()[0];
    const bool is_wanted = settings.capacity_bps[WEIR_TX] != 0 || settings.capacity_bps[WEIR_RX] != 0;
    const bool was_wanted = standing.capacity_bps[WEIR_TX] != 0 || standing.capacity_bps[WEIR_RX] != 0;
    store(standing.interval_ns, settings.interval_ns);
    store(standing.slots, settings.slots);
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction)
        store(standing.capacity_bps[direction], settings.capacity_bps[direction]);
    store(standing.generation, standing.generation + 1);
    if (is_wanted) return order(instance, WEIR_TICK_START);
    if (!was_wanted) return {};
    WEIR_CHECK(order(instance, WEIR_TICK_STOP));
    // Once more, so that what was computed holds no longer than this.
    return order(instance, WEIR_TICK_ONCE);
}

Result<TickView> read_tick(const Instance& instance) {
    TickView view;
    const std::uint32_t zero = 0;
    weir_tick value{};
    if (bpf_map_lookup_elem(instance.tick_settings.get(), &zero, &view.settings) != 0 ||
        bpf_map_lookup_elem(instance.tick_timer.get(), &zero, &value) != 0)
        return fail(Errc::failed, "cannot read the state of fair share's tick", errno_text(errno));
    view.state = value.state;
    for (std::uint32_t direction = 0; direction < WEIR_DIRECTIONS; ++direction)
        if (bpf_map_lookup_elem(instance.share_rounds.get(), &direction, &view.rounds.at(direction)) != 0)
            return fail(Errc::failed, "cannot read the state of fair share", errno_text(errno));
    if (view.settings.slots > WEIR_TENANTS_MAX) view.settings.slots = WEIR_TENANTS_MAX;
    WEIR_TRY(const auto shares,
             Mapped<weir_share_entry>::of(instance.shares.get(), entry_count, PROT_READ, cannot_map));
    for (int direction = 0; direction < WEIR_DIRECTIONS; ++direction) {
        const auto all = shares.values().subspan(place_of(direction, 0), view.settings.slots);
        view.entries.insert(view.entries.end(), all.begin(), all.end());
    }
    return view;
}

}  // namespace weir
