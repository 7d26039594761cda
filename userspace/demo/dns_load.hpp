// SPDX-License-Identifier: GPL-2.0-or-later
// DNS-like load: small queries over UDP, each from a new socket and so from a random source port, to a responder that
// answers each. Both sides count exactly what they did.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "core/result.hpp"
#include "demo/namespaces.hpp"

namespace weir::demo {

class DnsLoad {
public:
    struct Totals {
        std::uint64_t queries_sent = 0;
        std::uint64_t query_bytes = 0;  // UDP payload
        std::uint64_t queries_received = 0;
        std::uint64_t answers_sent = 0;
        std::uint64_t answer_bytes = 0;
        std::uint64_t answers_received = 0;
    };

    // The responder listens in `world` when this returns; the client in `tenant` sends for `seconds`.
    static Result<DnsLoad> start(const Namespace& tenant, const Namespace& world, unsigned seconds);

    // Ends both sides and waits for them.
    void stop();
    // Final once stopped.
    [[nodiscard]] Totals totals() const;
    // Why a side ended before its time, or nothing.
    [[nodiscard]] Result<void> health() const;

private:
    struct Counters {
        std::atomic<std::uint64_t> queries_sent = 0, query_bytes = 0, queries_received = 0;
        std::atomic<std::uint64_t> answers_sent = 0, answer_bytes = 0, answers_received = 0;
        std::atomic<int> error = 0;
    };
    static void answer(const std::stop_token& stop, const Fd& socket, Counters& counters);
    static void ask(const std::stop_token& stop, unsigned seconds, Counters& counters);

    std::unique_ptr<Counters> counters_ = std::make_unique<Counters>();
    std::jthread responder_;
    std::jthread client_;
};

}  // namespace weir::demo
