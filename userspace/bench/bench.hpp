// SPDX-License-Identifier: GPL-2.0-or-later
// `weir bench`: what the data path costs a packet on this machine, by BPF_PROG_TEST_RUN. Method, limits and what it takes
// while it runs: docs/performance.md.
//
// Loads its own copy of the programs with its own maps: nothing is pinned or attached, no interface is touched, an
// attached Weir is not disturbed, and all maps are gone when run_bench returns.
//
// Example:
//     WEIR_TRY(const BenchReport report, run_bench({.quick = true}));
//     fmt::print("{}", bench_table(report, {}));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/drop_cost.hpp"
#include "bench/statistics.hpp"
#include "bench/tick_cost.hpp"
#include "core/result.hpp"
#include "report/report.hpp"

namespace weir {

inline constexpr unsigned bench_runs_min = 3;
inline constexpr unsigned bench_runs_max = 1000;
inline constexpr unsigned bench_repeat_min = 1000;
inline constexpr unsigned bench_repeat_max = 2'000'000;

struct BenchOptions {
    unsigned runs = 15;         // --runs: of every program with every traffic; the median counts
    unsigned repeat = 300'000;  // --repeat: packets per run
    bool quick = false;         // --quick: at most 5 runs of 100,000 packets
};

struct BenchMachine {
    std::string cpu;
    std::string kernel;
    std::string architecture;
    std::string spectre_v2;          // the kernel's line on it: retpolines cost every indirect call
    unsigned measured_on = 0;        // the CPU's number
    std::vector<std::string> notes;  // what makes the figures incomparable: no JIT, bpf_stats_enabled
};

struct BenchMemory {                     // kernel memory, bytes
    std::uint64_t ledger_bytes = 0;      // per vNIC
    std::uint64_t flow_table_bytes = 0;  // per vNIC, of the table that was measured
    std::uint32_t flow_table_flows = 0;
    std::uint32_t flow_table_sets = 0;
};

struct BenchProgram {
    std::string name;
    std::string hook;  // "tc" or "xdp": which empty program is subtracted
    std::uint32_t verified_instructions = 0;
    std::uint32_t jited_bytes = 0;
};

struct BenchTraffic {
    std::string name;
    std::uint32_t live_flows = 0;  // 0: every packet is a new flow
};

// One program with one traffic.
struct BenchCell {
    std::size_t traffic = 0;  // index into BenchReport.traffics
    std::size_t program = 0;  // index into BenchReport.programs
    Figures figures;
    double above_empty_ns = 0;      // medians
    double min_above_empty_ns = 0;  // least of each
};

// What latency adds to a packet's way through the host: in by one interface, out by another.
struct LatencyCost {
    std::size_t traffic = 0;  // index into BenchReport.traffics
    double off_ns = 0;        // weir_tc_in and weir_tc_out, above empty, medians
    double on_ns = 0;
    double clock_ns = 0;  // two clock reads alone: no packet's delay can be had for less
    [[nodiscard]] double more() const { return off_ns > 0 ? (on_ns - off_ns) / off_ns : 0; }
};

// What a limit adds to a packet at weir_tc_in that meets no queue: most packets of most tenants.
struct LimitCost {
    std::size_t traffic = 0;  // index into BenchReport.traffics
    double off_ns = 0;        // weir_tc_in with latency, above empty, medians
    double on_ns = 0;         // … and with a limit
    double share_ns = 0;      // … and with a share of an uplink in its place
    [[nodiscard]] double more_ns() const { return on_ns - off_ns; }
    [[nodiscard]] double share_more_ns() const { return share_ns - off_ns; }
};

struct BenchReport {
    BenchOptions options;  // as used
    BenchMachine machine;
    BenchMemory memory;
    std::vector<BenchTraffic> traffics;
    std::vector<BenchProgram> programs;
    std::vector<BenchCell> cells;
    std::vector<Verdict> verdicts;
    std::vector<LatencyCost> latency_costs;
    std::vector<LimitCost> limit_costs;
    std::vector<TickCost> tick_costs;
    std::optional<DropCost> drop_cost;  // none: it could not be measured here
    std::string drop_cost_why_not;
    [[nodiscard]] const BenchCell* cell(std::size_t traffic, std::size_t program) const;
    [[nodiscard]] bool passed() const;  // every bar, the tick's and the drop tracer's among them
};

// Measures on the last CPU that the thread may use, and leaves it there. Fails when a program did not count every packet
// it was given: such figures would mean nothing.
Result<BenchReport> run_bench(const BenchOptions& options);

Json bench_json(const BenchReport& report);
std::string bench_table(const BenchReport& report, const Style& style);

}  // namespace weir
