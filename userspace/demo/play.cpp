// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/play.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "control/control.hpp"
#include "demo/evidence.hpp"
#include "demo/story.hpp"
#include "demo/tenants.hpp"
#include "demo/traffic.hpp"
#include "demo/view.hpp"

namespace weir::demo {
namespace {

constexpr unsigned refresh_ms = 500;
constexpr unsigned grace_s = 15;  // for iperf3 to begin and to end

std::vector<VnicSpec> attachments() {
    std::vector<VnicSpec> specs;
    specs.reserve(tenants.size() + 1);
    for (const auto& tenant : tenants)
        specs.push_back(
            {.interface = std::string(tenant.vnic), .tenant = std::string(tenant.name), .flows = tenant.flows});
    specs.push_back({.interface = std::string(uplink),
                     .tenant = std::string(uplink),
                     .role = Role::uplink,
                     .flows = tenants.at(db_tenant).flows});
    return specs;
}

Result<void> stopped(StopSignals& signals) {
    if (signals.requested() == 0) return {};
    return fail(Errc::failed, "the demo was stopped by " + signal_name(signals.requested()),
                "what it had made has been taken away");
}

Result<void> watch(Traffic& traffic, LiveView& view, unsigned seconds, StopSignals& signals) {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
        WEIR_TRY(const bool finished, traffic.finished());
        if (finished) return {};
        if (elapsed.count() > seconds + grace_s)
            return fail(Errc::failed, "the demo's traffic does not come to an end",
                        fmt::format("iperf3 still runs after {:.0f} s", elapsed.count()));
        WEIR_CHECK(view.refresh(elapsed.count()));
        signals.sleep(refresh_ms);
        WEIR_CHECK(stopped(signals));
    }
}

Result<void> verdict(const Evidence& evidence) {
    const auto books = audit(evidence);
    if (books.exact != books.all)
        return fail(
            Errc::failed, "the books do not balance",
            fmt::format("{} of {} sums of flows + untracked are not the ledger's", books.all - books.exact, books.all));
    for (const auto& row : compare(evidence))
        if (!row.holds())
            return fail(Errc::failed, "Weir and another counter disagree",
                        fmt::format("{}, {}: {} and {}", row.tenant, row.what, row.weir, row.other));
    return {};
}

}  // namespace

Result<void> play(const Stage& stage, const DemoOptions& options, StopSignals& signals) {
    LiveView view(options.style, options.seconds);
    view.say("weir demo: building three tenants, a bridge and an uplink in network namespaces of their own …");
    WEIR_CHECK(build_network(stage));
    WEIR_CHECK(stopped(signals));
    // Before the interfaces come up: so not one packet is missed.
    WEIR_CHECK(attach(attachments(), {}));
    WEIR_CHECK(bring_up(stage));
    WEIR_CHECK(stopped(signals));
    WEIR_TRY(auto traffic, Traffic::start(stage, options.seconds, signals));
    WEIR_CHECK(stopped(signals));
    WEIR_CHECK(watch(traffic, view, options.seconds, signals));
    traffic.stop();
    WEIR_TRY(auto evidence, gather(stage, signals));
    WEIR_CHECK(stopped(signals));
    WEIR_TRY(evidence.traffic, traffic.totals());
    view.erase();
    fmt::print("{}", tell(evidence, options.seconds, options.style));
    std::fflush(stdout);
    return verdict(evidence);
}

}  // namespace weir::demo
