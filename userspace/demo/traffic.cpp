// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/traffic.hpp"

#include <sstream>

#include <fmt/format.h>

#include "demo/kernel_counts.hpp"
#include "demo/tenants.hpp"

namespace weir::demo {
namespace {

constexpr unsigned listen_patience_ms = 5000;
constexpr unsigned poll_ms = 10;

Result<bool> all_listen(const Namespace& world) {
    return inside(world, []() -> Result<bool> {
        for (const auto& tenant : tenants) {
            WEIR_TRY(const bool listens, is_listening(tenant.port));
            if (!listens) return false;
        }
        return true;
    });
}

Result<void> wait_for_servers(const Namespace& world, std::vector<Process>& servers, StopSignals& signals) {
    for (unsigned waited = 0; waited < listen_patience_ms; waited += poll_ms) {
        WEIR_TRY(const bool ready, all_listen(world));
        if (ready || signals.sleep(poll_ms) != 0) return {};
        for (auto& server : servers)
            if (server.poll())
                return fail(Errc::failed, fmt::format("\"{}\" ended at once", server.line()),
                            server.errors() + server.output());
    }
    return fail(Errc::failed, "the demo's iperf3 servers do not listen",
                fmt::format("waited {} ms", listen_patience_ms));
}

std::vector<std::string> client_arguments(const Tenant& tenant, unsigned seconds) {
    std::vector<std::string> arguments{"iperf3",
                                       "-c",
                                       std::string(world_address),
                                       "-p",
                                       std::to_string(tenant.port),
                                       "-t",
                                       std::to_string(seconds),
                                       "-i",
                                       "0",
                                       "--json"};
    std::istringstream words{std::string(tenant.iperf3)};
    for (std::string word; words >> word;)
        arguments.push_back(word);
    return arguments;
}

}  // namespace

Result<Traffic> Traffic::start(const Stage& stage, unsigned seconds, StopSignals& signals) {
    Traffic traffic;
    for (const auto& tenant : tenants) {
        WEIR_TRY(auto server,
                 Process::start({"iperf3", "-s", "-4", "-1", "-p", std::to_string(tenant.port)}, stage.world.fd()));
        traffic.servers_.push_back(std::move(server));
    }
    WEIR_CHECK(wait_for_servers(stage.world, traffic.servers_, signals));
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        WEIR_TRY(auto client, Process::start(client_arguments(tenants.at(i), seconds), stage.tenant(i).fd()));
        traffic.clients_.push_back(std::move(client));
    }
    WEIR_TRY(traffic.dns_, DnsLoad::start(stage.tenant(db_tenant), stage.world, seconds));
    return traffic;
}

Result<bool> Traffic::finished() {
    WEIR_CHECK(dns_->health());
    // A UDP client does not notice by itself that nobody listens any more.
    for (auto& server : servers_)
        if (const auto code = server.poll().value_or(0); code != 0)
            return fail(Errc::failed, fmt::format("\"{}\" ended with exit code {}", server.line(), code),
                        server.errors() + server.output());
    bool all = true;
    for (auto& client : clients_) {
        const auto code = client.poll();
        if (!code) all = false;
        if (code.value_or(0) == 0) continue;
        const auto said = parse_iperf3(client.output());
        return fail(Errc::failed, fmt::format("\"{}\" ended with exit code {}", client.line(), *code),
                    said ? client.errors() : said.error().evidence);
    }
    return all;
}

void Traffic::stop() {
    for (auto& client : clients_)
        client.kill();
    for (auto& server : servers_)
        server.kill();
    if (dns_) dns_->stop();
}

Result<Traffic::Totals> Traffic::totals() {
    Totals totals;
    for (const auto& client : clients_) {
        WEIR_TRY(auto one, parse_iperf3(client.output()));
        totals.iperf3.push_back(std::move(one));
    }
    totals.dns = dns_->totals();
    return totals;
}

}  // namespace weir::demo
