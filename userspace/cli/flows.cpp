// SPDX-License-Identifier: GPL-2.0-or-later
// weir flows
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/collect.hpp"
#include "command_line/values.hpp"

namespace weir::cli {
namespace {

constexpr std::uint64_t limit_for_people = 20;

struct FlowsWords {
    std::string selector;
    std::string duration;
    std::string sort = "bytes";
    std::optional<std::string> limit;
    std::optional<std::string> address;
    std::optional<std::string> port;
    std::optional<std::string> protocol;
    std::optional<std::string> tenant;
};

struct Query {
    FlowFilter filter;
    FlowSort sort = FlowSort::bytes;
    std::uint64_t limit = 0;  // 0: all
};

Result<FlowFilter> filter_of(const FlowsWords& words) {
    FlowFilter filter;
    if (words.address) {
        auto prefix = prefix_from(*words.address);
        if (!prefix) return under("--address", std::move(prefix).error());
        filter.address = *prefix;
    }
    if (words.port) {
        WEIR_TRY(const auto port, number_of("--port", *words.port, 0, std::numeric_limits<std::uint16_t>::max()));
        filter.port = static_cast<std::uint16_t>(port);
    }
    if (words.protocol) {
        WEIR_TRY(filter.protocol, word_of("--protocol", "a name like tcp, udp, icmp, or a number from 0 to 255",
                                          *words.protocol, protocol_from));
    }
    if (words.tenant) {
        WEIR_CHECK(check_tenant(*words.tenant));
        filter.tenant = words.tenant;
    }
    return filter;
}

Result<Query> query_of(const FlowsWords& words, const OutputFormat& format) {
    Query query;
    WEIR_TRY(query.filter, filter_of(words));
    WEIR_TRY(query.sort,
             word_of("--sort", "bytes, packets, rate, age, rtt or retransmits", words.sort, flow_sort_from));
    query.limit = format.for_programs() ? 0 : limit_for_people;
    if (words.limit) {
        WEIR_TRY(query.limit, number_of("--limit", *words.limit, 0, std::numeric_limits<std::uint32_t>::max()));
    }
    return query;
}

Result<int> print_flows(const FlowSnapshot& snapshot, const Query& query, std::uint64_t window,
                        const OutputFormat& format) {
    auto flows = select(snapshot, query.filter, query.sort, 0, window);
    const auto found = flows.size();
    if (query.limit != 0 && query.limit < found) flows.resize(query.limit);
    if (format.for_programs()) {
        WEIR_CHECK(print(flows_json(flows, snapshot, window), format));
        return 0;
    }
    if (snapshot.untracked.empty()) {
        say_nothing_attached();
        return 0;
    }
    WEIR_CHECK(print(flows_table(flows, snapshot, window, output_style())));
    if (flows.size() < found) say(fmt::format("{} of {} flows shown (--limit 0 shows all)", flows.size(), found));
    return 0;
}

Result<int> run_flows(const FlowsWords& words, const OutputFormat& format) {
    WEIR_TRY(const auto query, query_of(words, format));
    const auto collect = [&] { return collect_flows(words.selector); };
    return print_totals_or_window(words.duration, collect, [&](const FlowSnapshot& snapshot, std::uint64_t window) {
        return print_flows(snapshot, query, window, format);
    });
}

}  // namespace

void add_flows(CLI::App& app, Program& program) {
    const auto words = std::make_shared<FlowsWords>();
    CLI::App& command =
        add_command(app, program, group_read, "flows", "List flows, and what the flow tables could not hold.",
                    "  weir flows vnet3 --sort rate --duration 5\n"
                    "  weir flows --address 10.0.0.0/8 --port 443 --protocol tcp --limit 0");
    add_selector(command, words->selector);
    add_duration(command, words->duration);
    command
        .add_option("--sort", words->sort,
                    "bytes, packets, rate (bytes per second), age, rtt or\nretransmits, the most first [bytes]")
        ->option_text("KEY");
    command
        .add_option("--limit", words->limit,
                    fmt::format("How many flows, 0 for all [{}; all in JSON]", limit_for_people))
        ->option_text("N");
    command.add_option("--address", words->address, "Only with this address at either end,\nor one of a network")
        ->option_text("A[/LEN]");
    command.add_option("--port", words->port, "Only with this port at either end")->option_text("N");
    command.add_option("--protocol", words->protocol, "Only this one: tcp, udp, icmp, icmpv6, a number, …")
        ->option_text("P");
    command.add_option("--tenant", words->tenant, "Only this tenant's")->option_text("NAME");
    on_chosen(command, program, [words, &program] { return run_flows(*words, program.format); });
}

}  // namespace weir::cli
