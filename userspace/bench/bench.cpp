// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bench.hpp"

#include <algorithm>

#include "bench/machine.hpp"
#include "bench/rig.hpp"

namespace weir {
namespace {

using namespace bench;

// Fills an empty table with every-new traffic: 64 arrivals a set on average leave no slot of it empty.
constexpr std::uint32_t fill_packets = 64 * table_sets;

// Before each run: what the programs between threw out of the caches is brought back, unmeasured.
constexpr std::uint32_t rewarm_packets = 2 * table_flows;

constexpr unsigned quick_runs = 5;
constexpr unsigned quick_repeat = 100'000;

Result<void> warm(Rig& rig, const Traffic& traffic, Program program) {
    const bool fresh = traffic.every_new();
    // Twice over: the references fill their tables at the first, and the second is the hot path everywhere.
    for (int turn = 0; turn < 2; ++turn) {
        const bench_mode mode = fresh ? BENCH_EVERY_NEW : BENCH_SEQUENTIAL;
        const std::uint32_t packets = fresh ? fill_packets : std::max(traffic.shown.live_flows, 1000u);
        WEIR_TRY([[maybe_unused]] const double ns, rig.run(traffic, program, mode, packets));
    }
    return {};
}

using Runs = std::vector<std::vector<std::vector<double>>>;  // by traffic, program, run

Result<Runs> measure(Rig& rig, const BenchOptions& options) {
    Runs runs(traffics().size(), std::vector<std::vector<double>>(programs.size()));
    for (const Traffic& traffic : traffics())
        for (const Program program : programs)
            WEIR_CHECK(warm(rig, traffic, program));
    WEIR_CHECK(rig.check());

    for (unsigned round = 0; round < options.runs; ++round) {
        for (std::size_t t = 0; t < traffics().size(); ++t) {
            const Traffic& traffic = traffics()[t];
            const bench_mode mode = traffic.every_new() ? BENCH_EVERY_NEW : BENCH_RANDOM;
            for (const Program program : programs) {
                // One flow is warm after its first packets; a table is after each of its flows.
                const std::uint32_t again = traffic.shown.live_flows == 1 ? 1000 : rewarm_packets;
                WEIR_TRY([[maybe_unused]] const double unmeasured, rig.run(traffic, program, mode, again));
                WEIR_TRY(const double ns, rig.run(traffic, program, mode, options.repeat));
                runs[t][index_of(program)].push_back(ns);
            }
        }
    }
    WEIR_CHECK(rig.check());
    return runs;
}

std::vector<Verdict> judge_all(const BenchReport& report) {
    const auto find = [](auto matches) {
        const auto at = std::ranges::find_if(traffics(), matches);
        return static_cast<std::size_t>(at - traffics().begin());
    };
    const auto udp4 = [&](std::uint32_t flows) {
        return find([&](const Traffic& t) { return t.shown.live_flows == flows && t.class_id == WEIR_CLASS_IPV4_UDP; });
    };
    const auto tcp4 = [&](std::uint32_t flows) {
        return find([&](const Traffic& t) { return t.shown.live_flows == flows && t.class_id == WEIR_CLASS_IPV4_TCP; });
    };
    const struct {
        Bar bar;
        std::size_t traffic;
        Program in, out;
    } bars[] = {
        {{"one flow", 80, 0.9}, udp4(1), Program::tc_in, Program::tc_out},
        {{"65,536 flows", 220, 0.6}, udp4(65536), Program::tc_in, Program::tc_out},
        {{"every packet new", 250, std::nullopt}, udp4(0), Program::tc_in, Program::tc_out},
        {{"one flow, latency on", 120, 2.2}, tcp4(1), Program::tc_in_latency, Program::tc_out_latency},
        {{"65,536, latency on", 270, 1.6}, tcp4(65536), Program::tc_in_latency, Program::tc_out_latency},
    };
    std::vector<Verdict> verdicts;
    for (const auto& [bar, traffic, in, out] : bars) {
        const auto above = [&, t = traffic](Program program) {
            return report.cell(t, index_of(program))->above_empty_ns;
        };
        // The slower of the two directions is held to the bar.
        verdicts.push_back(judge(bar, std::max(above(in), above(out)), above(Program::lru)));
    }
    return verdicts;
}

}  // namespace

const BenchCell* BenchReport::cell(std::size_t traffic, std::size_t program) const {
    const auto at = std::ranges::find_if(
        cells, [&](const BenchCell& cell) { return cell.traffic == traffic && cell.program == program; });
    return at == cells.end() ? nullptr : &*at;
}

bool BenchReport::passed() const {
    return std::ranges::all_of(verdicts, &Verdict::passed) && std::ranges::all_of(tick_costs, &TickCost::passed) &&
           (!drop_cost || drop_cost->passed());
}

Result<BenchReport> run_bench(const BenchOptions& options) {
    BenchReport report;
    report.options = options;
    if (options.quick) {
        report.options.runs = std::min(options.runs, quick_runs);
        report.options.repeat = std::min(options.repeat, quick_repeat);
    }
    WEIR_TRY(const unsigned cpu, stay_on_one_cpu());
    report.machine = describe_machine(cpu);
    WEIR_TRY(const std::unique_ptr<Rig> rig, Rig::open());
    WEIR_TRY(const Runs runs, measure(*rig, report.options));
    WEIR_TRY(report.programs, rig->describe());
    WEIR_TRY(report.memory, rig->memory());
    for (const Traffic& traffic : traffics())
        report.traffics.push_back(traffic.shown);
    for (std::size_t t = 0; t < traffics().size(); ++t) {
        for (const Program program : programs) {
            const Figures figures = figures_of(runs[t][index_of(program)]);
            const Figures empty = figures_of(runs[t][index_of(base_of(program))]);
            report.cells.push_back(
                {t, index_of(program), figures, figures.median_ns - empty.median_ns, figures.min_ns - empty.min_ns});
        }
    }
    report.verdicts = judge_all(report);
    for (std::size_t t = 0; t < traffics().size(); ++t) {
        const auto path = [&](Program in, Program out) {
            return report.cell(t, index_of(in))->above_empty_ns + report.cell(t, index_of(out))->above_empty_ns;
        };
        report.latency_costs.push_back({t, path(Program::tc_in, Program::tc_out),
                                        path(Program::tc_in_latency, Program::tc_out_latency),
                                        2 * report.cell(t, index_of(Program::clock))->above_empty_ns});
        report.limit_costs.push_back({t, report.cell(t, index_of(Program::tc_in_latency))->above_empty_ns,
                                      report.cell(t, index_of(Program::tc_in_limit))->above_empty_ns,
                                      report.cell(t, index_of(Program::tc_in_share))->above_empty_ns});
    }
    WEIR_TRY(report.tick_costs, measure_tick_cost(report.options.runs));
    if (auto cost = measure_drop_cost(report.options.runs, report.options.repeat); cost)
        report.drop_cost = *cost;
    else
        report.drop_cost_why_not = to_line(cost.error());
    return report;
}

}  // namespace weir
