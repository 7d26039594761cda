// SPDX-License-Identifier: GPL-2.0-or-later
// weir attach IFACE...
#include <memory>

#include <fmt/format.h>

#include "cli/change.hpp"
#include "cli/commands.hpp"
#include "command_line/values.hpp"
#include "model/guard.hpp"

namespace weir::cli {
namespace {

struct AttachWords {
    std::vector<std::string> interfaces;
    std::string role = "vnic";
    std::optional<std::string> tenant;
    std::optional<std::string> capacity;
    std::optional<std::string> capacity_rx;
    std::optional<std::string> addresses;
    std::string ingress_hook = "auto";
    std::string flows = std::to_string(flows_default);
    ChangeWords change;
};

Result<void> take_capacity(VnicSpec& spec, const AttachWords& words) {
    if (!words.capacity && !words.capacity_rx) return {};
    const char* option = words.capacity ? "--capacity" : "--capacity-rx";
    if (spec.role != Role::uplink) return fail(Errc::usage, option, "only an uplink has one", "add --role uplink");
    if (!words.capacity) return fail(Errc::usage, option, "goes with --capacity, which is then what leaves");
    if (*words.capacity == "none") {
        spec.no_capacity = true;
        if (words.capacity_rx) return fail(Errc::usage, "--capacity-rx", "--capacity none leaves nothing to share");
        return {};
    }
    WEIR_TRY(spec.capacity_bps, rate_of("--capacity", *words.capacity));
    if (words.capacity_rx) {
        WEIR_TRY(spec.capacity_rx_bps, rate_of("--capacity-rx", *words.capacity_rx));
    }
    return {};
}

// The settings, for whichever interface.
Result<VnicSpec> spec_of(const AttachWords& words) {
    VnicSpec spec;
    WEIR_TRY(spec.role, word_of("--role", "vnic, uplink or guest", words.role, role_from));
    WEIR_TRY(spec.ingress, word_of("--ingress-hook", "auto, tc or xdp", words.ingress_hook, ingress_choice_from));
    WEIR_TRY(const auto flows, number_of("--flows", words.flows, flows_min, flows_max));
    spec.flows = static_cast<std::uint32_t>(flows);
    if (words.tenant) {
        WEIR_CHECK(check_tenant(*words.tenant));
        spec.tenant = *words.tenant;
    }
    WEIR_CHECK(take_capacity(spec, words));
    if (words.addresses) {
        if (spec.role != Role::vnic)
            return fail(Errc::usage, "--addresses", "only what a tenant sends into this host can be held to them",
                        "leave --role out");
        WEIR_TRY(spec.addresses, addresses_of("--addresses", *words.addresses));
    }
    return spec;
}

Result<int> run_attach(const AttachWords& words, const OutputFormat& format) {
    WEIR_CHECK(check_interfaces(words.interfaces));
    WEIR_TRY(const auto settings, spec_of(words));
    WEIR_TRY(const auto options, change_options(words.change));
    std::vector<VnicSpec> specs;
    for (const auto& name : words.interfaces) {
        specs.push_back(settings);
        specs.back().interface = name;
    }
    WEIR_TRY(const auto report, attach(specs, options));
    return print_changes(report, options, format);
}

}  // namespace

void add_attach(CLI::App& app, Program& program) {
    const auto words = std::make_shared<AttachWords>();
    CLI::App& command =
        add_command(app, program, group_change, "attach", "Start counting at interfaces, or change how one is counted.",
                    "  weir attach vnet3 vnet4 --tenant web\n"
                    "  weir attach eth0 --role uplink --capacity 10gbit");
    command.add_option("IFACE", words->interfaces, "Interfaces, by name")->required()->option_text("...");
    command
        .add_option("--role", words->role,
                    "vnic: the host's end of a tenant's interface;\nuplink: what the tenants share;\n"
                    "guest: a VPS's own NIC, seen from inside [vnic]")
        ->option_text("ROLE");
    command
        .add_option("--tenant", words->tenant, "Whose they are, all of them\n[each interface's tenant is its own name]")
        ->option_text("NAME");
    command
        .add_option(
            "--capacity", words->capacity,
            "With --role uplink: what tenants share, by weight:\n100mbit, 2.5gbit; none [the link's speed, if real]")
        ->option_text("RATE");
    command.add_option("--capacity-rx", words->capacity_rx, "What comes in, where that differs [as --capacity]")
        ->option_text("RATE");
    command
        .add_option("--addresses", words->addresses,
                    fmt::format("With --role vnic: what may be sent from, up to {}\naddresses or prefixes: "
                                "10.0.0.2,fd00::/64; none [any]",
                                guard_prefixes_max))
        ->option_text("LIST");
    command
        .add_option(
            "--ingress-hook", words->ingress_hook,
            "Where arriving packets are counted: auto, tc or xdp;\nauto takes what costs the least there [auto]")
        ->option_text("HOOK");
    command
        .add_option("--flows", words->flows,
                    fmt::format("Live flows to have room for, {} to {}\n[{}]", flows_min, flows_max, flows_default))
        ->option_text("N");
    add_hook_options(command, words->change);
    add_dry_run(command, words->change);
    on_chosen(command, program, [words, &program] { return run_attach(*words, program.format); });
}

}  // namespace weir::cli
