// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/tick_cost.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "bench/statistics.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "kernel/libbpf_words.hpp"
#include "model/limit.hpp"
#include "weir.skel.h"

namespace weir {
namespace {

constexpr std::uint64_t capacity_bps = 10'000'000'000;
constexpr std::uint64_t queue_ns = 60'000'000'000;  // no queue is gone before the last tick
constexpr unsigned runs_min = 15;
constexpr unsigned warm_up = 5;

struct Close {
    void operator()(weir_bpf* object) const { weir_bpf::destroy(object); }
};
using Skeleton = std::unique_ptr<weir_bpf, Close>;

std::unexpected<Error> failed(std::string_view what, int error) {
    return fail(Errc::failed, fmt::format("cannot measure the tick: {}", what), errno_text(error));
}

// Tenants of weights 1 to 7, each with a queue in both directions.
Result<void> add_tenant(weir_bpf& weir, std::uint32_t slot, std::uint32_t tenants, weir_limit& value) {
    Limit limit;
    limit.weight = 1 + slot % 7;
    const weir_share_part part{.capacity_bps = capacity_bps, .fallback_bps = capacity_bps / tenants};
    for (auto& direction : value.direction) {
        direction.rule = rule_of(limit, limit.tx, part);
        direction.byte_time = (monotonic_ns() + queue_ns) << WEIR_TIME_SHIFT;
    }
    bpf_map_create_opts options{};
    options.sz = sizeof(options);
    options.map_flags = BPF_F_MMAPABLE;
    const Fd map(
        bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_limit", sizeof(std::uint32_t), sizeof(weir_limit), 1, &options));
    const std::uint32_t zero = 0;
    const int fd = map.get();
    if (!map || bpf_map_update_elem(fd, &zero, &value, BPF_ANY) ||
        bpf_map_update_elem(bpf_map__fd(weir.maps.limits), &slot, &fd, BPF_ANY))
        return failed("no room for a limit", errno);
    return {};
}

Result<double> tick(weir_bpf& weir) {
    const std::uint32_t zero = 0;
    weir_tick before{}, after{};
    weir_tick_call call{.order = WEIR_TICK_ONCE, .error = 0};
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.ctx_in = &call;
    options.ctx_size_in = sizeof(call);
    const int map = bpf_map__fd(weir.maps.tick);
    if (bpf_map_lookup_elem(map, &zero, &before) ||
        bpf_prog_test_run_opts(bpf_program__fd(weir.progs.weir_tick), &options) ||
        bpf_map_lookup_elem(map, &zero, &after))
        return failed("the program did not run", errno);
    return static_cast<double>(after.state.busy_ns - before.state.busy_ns);
}

Result<TickCost> measure(weir_bpf& weir, std::uint32_t tenants, unsigned runs) {
    TickCost cost{.tenants = tenants};
    if (tenants <= 256) cost.cpu_limit = 0.01;
    cost.interval_ns = tenants > WEIR_TENANTS_MAX / 2 ? WEIR_TICK_INTERVAL_MANY_NS : WEIR_TICK_INTERVAL_NS;
    const weir_tick_settings settings{.interval_ns = cost.interval_ns,
                                      .capacity_bps = {capacity_bps, capacity_bps},
                                      .slots = tenants,
                                      .generation = tenants};
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(bpf_map__fd(weir.maps.tick_settings), &zero, &settings, BPF_ANY))
        return failed("no settings", errno);
    std::vector<double> took;
    for (unsigned run = 0; run < warm_up + std::max(runs, runs_min); ++run) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(cost.interval_ns));
        WEIR_TRY(const double ns, tick(weir));
        if (run >= warm_up) took.push_back(ns);
    }
    const Figures figures = figures_of(std::move(took));
    cost.tick_ns = figures.median_ns;
    cost.lower_quartile_ns = figures.lower_quartile_ns;

    // A tick that found nobody asking would be cheap.
    weir_share_entry last{};
    const std::uint32_t at = tenants - 1;
    if (bpf_map_lookup_elem(bpf_map__fd(weir.maps.shares), &at, &last)) return failed("no entry", errno);
    if (last.reason != WEIR_SHARE_WEIGHT)
        return fail(Errc::failed, "cannot measure the tick", fmt::format("{} tenants did not share", tenants));
    return cost;
}

}  // namespace

Result<std::vector<TickCost>> measure_tick_cost(unsigned runs) {
    const LibbpfWords quiet;
    const Skeleton weir(weir_bpf::open());
    if (!weir) return failed("no programs", errno);
    if (const int error = weir_bpf::load(weir.get())) return failed("the programs do not load", -error);
    const auto value = std::make_unique<weir_limit>();
    std::vector<TickCost> costs;
    std::uint32_t placed = 0;
    for (const std::uint32_t tenants : {16U, 256U, 4096U}) {
        for (; placed < tenants; ++placed)
            WEIR_CHECK(add_tenant(*weir, placed, tenants, *value));
        WEIR_TRY(const auto cost, measure(*weir, tenants, runs));
        costs.push_back(cost);
    }
    return costs;
}

}  // namespace weir
