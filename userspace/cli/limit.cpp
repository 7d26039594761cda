// SPDX-License-Identifier: GPL-2.0-or-later
// weir limit set | show | clear | confirm
#include <memory>

#include <fmt/format.h>

#include "cli/change.hpp"
#include "cli/commands.hpp"
#include "cli/read.hpp"
#include "cli/window.hpp"
#include "collect/collect.hpp"
#include "command_line/values.hpp"
#include "core/clock.hpp"
#include "core/units.hpp"

namespace weir::cli {
namespace {

constexpr auto group_commands = "Commands";
constexpr std::uint64_t confirm_timeout_max_s = 3600;

struct SetWords {
    std::string tenant;
    std::optional<std::string> tx_max, rx_max, tx_min, rx_min, weight, tx_pps, rx_pps, burst, mode, overhead,
        confirm_timeout;
    ChangeWords change;
};

struct ClearWords {
    std::vector<std::string> tenants;
    bool all = false;
    ChangeWords change;
};

struct ConfirmWords {
    std::string tenant;
    ChangeWords change;
};

struct ShowWords {
    std::string tenant;
    std::string duration;
};

// Reads an option that was given.
template <class Value>
Result<void> take(std::optional<Value>& into, const char* option, const std::optional<std::string>& text,
                  Result<Value> (*read)(std::string_view, const std::string&)) {
    if (!text) return {};
    WEIR_TRY(into, read(option, *text));
    return {};
}

Result<LimitMode> mode_of(std::string_view option, const std::string& text) {
    return word_of(option, "shape, mark or police", text, limit_mode_from);
}

Result<LimitChange> change_of(const SetWords& words) {
    LimitChange change;
    WEIR_CHECK(take(change.tx_max_bps, "--tx-max", words.tx_max, limit_rate_of));
    WEIR_CHECK(take(change.rx_max_bps, "--rx-max", words.rx_max, limit_rate_of));
    WEIR_CHECK(take(change.tx_min_bps, "--tx-min", words.tx_min, limit_rate_of));
    WEIR_CHECK(take(change.rx_min_bps, "--rx-min", words.rx_min, limit_rate_of));
    WEIR_CHECK(take(change.weight, "--weight", words.weight, weight_of));
    WEIR_CHECK(take(change.tx_pps, "--tx-pps", words.tx_pps, limit_pps_of));
    WEIR_CHECK(take(change.rx_pps, "--rx-pps", words.rx_pps, limit_pps_of));
    WEIR_CHECK(take(change.burst_ns, "--burst", words.burst, burst_of));
    WEIR_CHECK(take(change.mode, "--mode", words.mode, mode_of));
    WEIR_CHECK(take(change.overhead_bytes, "--overhead", words.overhead, overhead_of));
    if (change.is_empty())
        return fail(Errc::usage, "limit set",
                    "expected at least one of --tx-max, --rx-max, --weight, --tx-min, --rx-min, --tx-pps, --rx-pps, "
                    "--burst, --mode and --overhead");
    return change;
}

Result<int> run_set(const SetWords& words, const OutputFormat& format) {
    WEIR_CHECK(check_tenant(words.tenant, "TENANT"));
    WEIR_TRY(const auto change, change_of(words));
    std::uint64_t timeout_s = 0;
    if (words.confirm_timeout) {
        WEIR_TRY(timeout_s, number_of("--confirm-timeout", *words.confirm_timeout, 1, confirm_timeout_max_s));
    }
    WEIR_TRY(const auto options, change_options(words.change));
    WEIR_TRY(const auto report, set_limits(words.tenant, change, timeout_s * second_ns, options));
    return print_changes(report, options, format);
}

Result<int> run_clear(const ClearWords& words, const OutputFormat& format) {
    if (words.all != words.tenants.empty()) return fail(Errc::usage, "limit clear", "expected either tenants or --all");
    for (const auto& tenant : words.tenants)
        WEIR_CHECK(check_tenant(tenant, "TENANT"));
    WEIR_TRY(const auto options, change_options(words.change));
    WEIR_TRY(const auto report, words.all ? clear_all_limits(options) : clear_limits(words.tenants, options));
    return print_changes(report, options, format);
}

Result<int> run_confirm(const ConfirmWords& words, const OutputFormat& format) {
    WEIR_CHECK(check_tenant(words.tenant, "TENANT"));
    WEIR_TRY(const auto options, change_options(words.change));
    WEIR_TRY(const auto report, confirm_limits(words.tenant, options));
    return print_changes(report, options, format);
}

Result<int> print_limits(const LimitSnapshot& snapshot, std::uint64_t window, const ShowWords& words,
                         const OutputFormat& format) {
    if (format.for_programs()) {
        WEIR_CHECK(print(limits_json(snapshot, window), format));
    } else if (snapshot.limits.empty()) {
        say(fmt::format("{} limits (run: weir limit set {} --tx-max RATE)",
                        words.tenant.empty() ? "no tenant has" : words.tenant + " has no",
                        words.tenant.empty() ? "TENANT" : words.tenant));
    } else {
        WEIR_CHECK(print(limits_table(snapshot, window, output_style())));
    }
    return 0;
}

Result<int> run_show(const ShowWords& words, const OutputFormat& format) {
    const auto collect = [&] { return collect_limits(words.tenant); };
    return print_totals_or_window(words.duration, collect, [&](const LimitSnapshot& snapshot, std::uint64_t window) {
        return print_limits(snapshot, window, words, format);
    });
}

void add_set(CLI::App& limit, Program& program) {
    const auto words = std::make_shared<SetWords>();
    CLI::App& command =
        add_command(limit, program, group_commands, "set", "Set a tenant's limits, all its interfaces together.",
                    "  weir limit set web --tx-max 100mbit --rx-max 200mbit\n"
                    "  weir limit set web --rx-max none --confirm-timeout 60\n\n"
                    "What is not named stays as it is. tx is what the tenant sends.");
    command.add_option("TENANT", words->tenant, "Whose limits")->required()->option_text(" ");
    const auto option = [&](const char* name, std::optional<std::string>& value, const std::string& help,
                            const char* text) { command.add_option(name, value, help)->option_text(text); };
    const auto rates = fmt::format("{} to {}; none removes it", print_rate(limit_min_bps), print_rate(limit_max_bps));
    option("--tx-max", words->tx_max, "Bits per second, as in tc(8): 100mbit, 2.5gbit;\n" + rates, "RATE");
    option("--rx-max", words->rx_max, "The same of what the tenant receives", "RATE");
    option("--weight", words->weight,
           fmt::format("Its part of the uplink's capacity beside the others',\n1 to {}; none takes it back to 1",
                       share_weight_max),
           "N");
    option("--tx-min", words->tx_min, "What it gets of the uplink at least while it asks;\n" + rates, "RATE");
    option("--rx-min", words->rx_min, "The same of what the tenant receives", "RATE");
    option("--tx-pps", words->tx_pps, "Packets per second, as on the wire; none removes it", "N");
    option("--rx-pps", words->rx_pps, "The same of what the tenant receives", "N");
    option("--burst", words->burst,
           fmt::format("How far ahead of the rate bytes may leave: 500us, 2ms,\n"
                       "up to {}; none is the mode's own [{}; police: {}]",
                       print_time(limit_max_burst_ns), print_time(limit_burst_ns), print_time(limit_police_burst_ns)),
           "TIME");
    option("--mode", words->mode,
           "shape: packets wait their turn;\nmark: ECN marks instead of waiting;\n"
           "police: what is over the limit is dropped [shape]",
           "MODE");
    option("--overhead", words->overhead,
           fmt::format("Bytes to add to each packet, {} to {}; ethernet is {}:\npreamble, checksum and gap [0]",
                       limit_min_overhead_bytes, limit_max_overhead_bytes, ethernet_overhead_bytes),
           "BYTES");
    option(
        "--confirm-timeout", words->confirm_timeout,
        fmt::format("Take it back by itself after so many seconds, 1 to {},\nunless weir limit confirm is run by then",
                    confirm_timeout_max_s),
        "S");
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_set(*words, program.format); });
}

void add_show(CLI::App& limit, Program& program) {
    const auto words = std::make_shared<ShowWords>();
    CLI::App& command = add_command(limit, program, group_commands, "show", "Show limits, and what they do.",
                                    "  weir limit show web --duration 10\n"
                                    "  weir limit show -j | jq '.limits[].tx.drops'");
    command.add_option("TENANT", words->tenant, "Whose limits [all]")->option_text(" ");
    add_duration(command, words->duration);
    on_chosen(command, program, [words, &program] { return run_show(*words, program.format); });
}

void add_clear(CLI::App& limit, Program& program) {
    const auto words = std::make_shared<ClearWords>();
    CLI::App& command = add_command(limit, program, group_commands, "clear", "Remove all limits of tenants.",
                                    "  weir limit clear web mail\n"
                                    "  weir limit clear --all --dry-run");
    command.add_option("TENANT", words->tenants, "Whose limits")->option_text("...");
    command.add_flag("--all", words->all, "Those of all tenants");
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_clear(*words, program.format); });
}

void add_confirm(CLI::App& limit, Program& program) {
    const auto words = std::make_shared<ConfirmWords>();
    CLI::App& command =
        add_command(limit, program, group_commands, "confirm", "Keep limits that were set with --confirm-timeout.",
                    "  weir limit confirm web\n"
                    "  weir limit confirm web --dry-run");
    command.add_option("TENANT", words->tenant, "Whose limits")->required()->option_text(" ");
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_confirm(*words, program.format); });
}

}  // namespace

void add_limit(CLI::App& app, Program& program) {
    CLI::App& command =
        add_plain_command(app, group_change, "limit", "Limit what tenants send and receive, and show what limits do.",
                          "  weir limit set web --tx-max 100mbit\n"
                          "  weir limit show");
    command.require_subcommand(1);
    for (const auto add : {add_set, add_show, add_clear, add_confirm})
        add(command, program);
}

}  // namespace weir::cli
