// SPDX-License-Identifier: GPL-2.0-or-later
// The benchmark's report as JSON and as tables. Pure.
#include <fmt/format.h>

#include <functional>
#include <utility>

#include "bench/bench.hpp"
#include "report/table.hpp"

namespace weir {
namespace {

bool is_empty(const BenchProgram& program) { return program.name.starts_with("empty"); }

// A table of one figure per traffic (down) and program (across); the empty programs' columns only where `with_empty`.
std::string matrix(const BenchReport& report, bool with_empty, const Style& style,
                   const std::function<std::string(const BenchCell&)>& text_of) {
    std::vector<Column> columns{{.header = "NS PER PACKET", .kind = Column::text, .least = 18}};
    for (const BenchProgram& program : report.programs) {
        if (is_empty(program) && !with_empty) continue;
        // In a narrow terminal what no bar is held to goes first.
        const bool judged = program.name.starts_with("weir_tc");
        columns.push_back({.header = program.name, .kind = Column::number, .spare = judged ? 0u : 1u});
    }
    Table table(std::move(columns));
    for (std::size_t t = 0; t < report.traffics.size(); ++t) {
        std::vector<Cell> row{report.traffics[t].name};
        for (std::size_t p = 0; p < report.programs.size(); ++p) {
            if (is_empty(report.programs[p]) && !with_empty) continue;
            const BenchCell* const cell = report.cell(t, p);
            row.emplace_back(cell ? text_of(*cell) : "-");
        }
        table.add(std::move(row));
    }
    return table.print(style);
}

std::string verdict_line(const Verdict& verdict, const Style& style) {
    std::string line = fmt::format("  {:<20} {:>4.0f} ns above empty, at most {:.0f}", verdict.bar.name,
                                   verdict.measured_ns, verdict.bar.limit_ns);
    line += fmt::format("; {:.2f} of the LRU reference's {:.0f} ns", verdict.ratio, verdict.reference_ns);
    if (verdict.bar.ratio_limit)
        line += fmt::format(" (at most {} where the first is missed)", *verdict.bar.ratio_limit);
    const char* const word = !verdict.passed ? "MISSED" : verdict.by_ratio ? "held by the ratio" : "held";
    return line + ": " + toned(word, verdict.passed ? Tone::strong : Tone::warning, style) + '\n';
}

std::string drop_line(const BenchReport& report, const Style& style) {
    if (!report.drop_cost) return "  not measured: " + report.drop_cost_why_not + '\n';
    const DropCost& cost = *report.drop_cost;
    return fmt::format("  {:.0f} ns a packet, {:.0f} ns when traced: {:.0f} ns more, at most {:.0f}: {}\n",
                       cost.untraced_ns, cost.traced_ns, cost.more_ns(), DropCost::limit_ns,
                       toned(cost.passed() ? "held" : "MISSED", cost.passed() ? Tone::strong : Tone::warning, style));
}

}  // namespace

Json bench_json(const BenchReport& report) {
    Json json = json_object();
    const BenchMachine& machine = report.machine;
    json["runs"] = report.options.runs;
    json["packets_per_run"] = report.options.repeat;
    json["machine"] = {{"cpu", machine.cpu},
                       {"architecture", machine.architecture},
                       {"kernel", machine.kernel},
                       {"spectre_v2", machine.spectre_v2},
                       {"measured_on_cpu", machine.measured_on},
                       {"notes", machine.notes}};
    json["memory"] = {{"ledger_bytes", report.memory.ledger_bytes},
                      {"flow_table_bytes", report.memory.flow_table_bytes},
                      {"flow_table_flows", report.memory.flow_table_flows},
                      {"flow_table_sets", report.memory.flow_table_sets}};
    json["programs"] = Json::array();
    for (const BenchProgram& program : report.programs)
        json["programs"].push_back({{"name", program.name},
                                    {"hook", program.hook},
                                    {"verified_instructions", program.verified_instructions},
                                    {"jited_bytes", program.jited_bytes}});
    json["figures"] = Json::array();
    for (const BenchCell& cell : report.cells)
        json["figures"].push_back({{"traffic", report.traffics[cell.traffic].name},
                                   {"live_flows", report.traffics[cell.traffic].live_flows},
                                   {"every_packet_new", report.traffics[cell.traffic].live_flows == 0},
                                   {"program", report.programs[cell.program].name},
                                   {"median_ns", cell.figures.median_ns},
                                   {"min_ns", cell.figures.min_ns},
                                   {"lower_quartile_ns", cell.figures.lower_quartile_ns},
                                   {"upper_quartile_ns", cell.figures.upper_quartile_ns},
                                   {"above_empty_ns", cell.above_empty_ns},
                                   {"min_above_empty_ns", cell.min_above_empty_ns}});
    json["bars"] = Json::array();
    for (const Verdict& verdict : report.verdicts) {
        Json bar = {{"name", verdict.bar.name},
                    {"limit_ns", verdict.bar.limit_ns},
                    {"above_empty_ns", verdict.measured_ns},
                    {"reference_above_empty_ns", verdict.reference_ns},
                    {"ratio_limit", nullptr},
                    {"ratio", verdict.ratio},
                    {"passed", verdict.passed},
                    {"passed_by_ratio", verdict.by_ratio}};
        if (verdict.bar.ratio_limit) bar["ratio_limit"] = *verdict.bar.ratio_limit;
        json["bars"].push_back(std::move(bar));
    }
    json["latency"] = Json::array();
    for (const LatencyCost& cost : report.latency_costs)
        json["latency"].push_back({{"traffic", report.traffics[cost.traffic].name},
                                   {"off_ns", cost.off_ns},
                                   {"on_ns", cost.on_ns},
                                   {"clock_ns", cost.clock_ns}});
    json["limit"] = Json::array();
    for (const LimitCost& cost : report.limit_costs)
        json["limit"].push_back({{"traffic", report.traffics[cost.traffic].name},
                                 {"off_ns", cost.off_ns},
                                 {"on_ns", cost.on_ns},
                                 {"share_ns", cost.share_ns}});
    json["tick"] = Json::array();
    for (const TickCost& cost : report.tick_costs)
        json["tick"].push_back({{"tenants", cost.tenants},
                                {"tick_ns", cost.tick_ns},
                                {"lower_quartile_ns", cost.lower_quartile_ns},
                                {"interval_ns", cost.interval_ns},
                                {"cpu", cost.cpu()},
                                {"cpu_limit", cost.cpu_limit > 0 ? Json(cost.cpu_limit) : Json()},
                                {"passed", cost.passed()}});
    json["drop"] = nullptr;
    if (report.drop_cost)
        json["drop"] = {{"untraced_ns", report.drop_cost->untraced_ns},
                        {"traced_ns", report.drop_cost->traced_ns},
                        {"more_ns", report.drop_cost->more_ns()},
                        {"limit_ns", DropCost::limit_ns}};
    json["passed"] = report.passed();
    return json;
}

std::string bench_table(const BenchReport& report, const Style& style) {
    const BenchMachine& machine = report.machine;
    std::string text =
        fmt::format("{}, {}, Linux {}\nspectre_v2: {}\n{} runs of {} packets of 64 bytes each, on CPU {}\n",
                    machine.cpu, machine.architecture, machine.kernel, machine.spectre_v2, report.options.runs,
                    report.options.repeat, machine.measured_on);
    for (const std::string& note : machine.notes)
        text += toned("note: " + note, Tone::warning, style) + '\n';

    text += "\nAbove an empty program: difference of the medians (interquartile range)\n";
    text += matrix(report, false, style, [](const BenchCell& cell) {
        return fmt::format("{:.0f} ({:.0f})", cell.above_empty_ns, cell.figures.iqr_ns());
    });
    text += "\nAbove an empty program: difference of the least runs\n";
    text += matrix(report, false, style,
                   [](const BenchCell& cell) { return fmt::format("{:.0f}", cell.min_above_empty_ns); });
    text += "\nWith the empty program and the making of the traffic in them: median / least\n";
    text += matrix(report, true, style, [](const BenchCell& cell) {
        return fmt::format("{:.0f} / {:.0f}", cell.figures.median_ns, cell.figures.min_ns);
    });

    Table programs({{.header = "PROGRAM", .kind = Column::plain},
                    {.header = "VERIFIED INSTRUCTIONS", .kind = Column::number},
                    {.header = "MACHINE CODE BYTES", .kind = Column::number}});
    for (const BenchProgram& program : report.programs)
        programs.add(
            {program.name, fmt::format("{}", program.verified_instructions), fmt::format("{}", program.jited_bytes)});
    text += '\n' + programs.print(style);
    text += fmt::format("\nMemory of a vNIC: ledger {} bytes, flow table {} bytes ({} flows asked, {} slots)\n",
                        report.memory.ledger_bytes, report.memory.flow_table_bytes, report.memory.flow_table_flows,
                        report.memory.flow_table_sets * WEIR_FLOW_WAYS);

    Table latency({{.header = "LATENCY ADDS"},
                   {.header = "IN + OUT, OFF", .kind = Column::number},
                   {.header = "ON", .kind = Column::number},
                   {.header = "MORE", .kind = Column::number},
                   {.header = "TWO CLOCK READS ALONE", .kind = Column::number}});
    for (const LatencyCost& cost : report.latency_costs)
        latency.add({report.traffics[cost.traffic].name, fmt::format("{:.0f} ns", cost.off_ns),
                     fmt::format("{:.0f} ns", cost.on_ns), fmt::format("{:+.0f} %", 100 * cost.more()),
                     fmt::format("{:+.0f} %", cost.off_ns > 0 ? 100 * cost.clock_ns / cost.off_ns : 0)});
    text += '\n' + latency.print(style);

    Table limit({{.header = "A LIMIT ADDS"},
                 {.header = "tc_in, latency", .kind = Column::number},
                 {.header = "WITH A LIMIT", .kind = Column::number},
                 {.header = "MORE", .kind = Column::number},
                 {.header = "A SHARE INSTEAD", .kind = Column::number}});
    for (const LimitCost& cost : report.limit_costs)
        limit.add({report.traffics[cost.traffic].name, fmt::format("{:.0f} ns", cost.off_ns),
                   fmt::format("{:.0f} ns", cost.on_ns), fmt::format("{:+.0f} ns", cost.more_ns()),
                   fmt::format("{:+.0f} ns", cost.share_more_ns())});
    text += '\n' + limit.print(style);

    Table ticks({{.header = "FAIR SHARE'S TICK"},
                 {.header = "TAKES", .kind = Column::quantity},
                 {.header = "A QUARTER AT MOST", .kind = Column::quantity},
                 {.header = "EVERY", .kind = Column::quantity},
                 {.header = "OF ONE CPU", .kind = Column::number},
                 {.header = "THE QUARTER HELD TO", .kind = Column::number}});
    for (const TickCost& cost : report.tick_costs)
        ticks.add({fmt::format("{} tenants", cost.tenants), fmt::format("{:.1f} us", cost.tick_ns / 1000),
                   fmt::format("{:.1f} us", cost.lower_quartile_ns / 1000),
                   fmt::format("{} ms", cost.interval_ns / 1'000'000),
                   Cell(fmt::format("{:.2f} %", 100 * cost.cpu()), cost.passed() ? Tone::plain : Tone::warning),
                   cost.cpu_limit > 0 ? fmt::format("{:.0f} %", 100 * cost.cpu_limit) : std::string("-")});
    text += '\n' + ticks.print(style);

    text += "\nBars (the slower of weir_tc_in and weir_tc_out)\n";
    for (const Verdict& verdict : report.verdicts)
        text += verdict_line(verdict, style);
    text += "\nA packet that is dropped (weir drops), least runs\n";
    text += drop_line(report, style);
    return text;
}

}  // namespace weir
