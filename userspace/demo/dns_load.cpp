// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/dns_load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <string>

#include "demo/tenants.hpp"

namespace weir::demo {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto tick = 5ms;
constexpr unsigned queries_per_tick = dns_rate / 200;
constexpr std::size_t in_flight_max = 400;  // sockets; well below the usual limit of 1,024 descriptors
constexpr auto answer_deadline = 1s;
constexpr std::size_t payload_min = 22;   // 64 bytes on the wire
constexpr std::size_t payload_max = 158;  // 200

sockaddr_in world_socket_address() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(dns_port);
    inet_pton(AF_INET, std::string(world_address).c_str(), &address.sin_addr);
    return address;
}

struct Query {
    Fd socket;
    Clock::time_point sent;
};

}  // namespace

Result<DnsLoad> DnsLoad::start(const Namespace& tenant, const Namespace& world, unsigned seconds) {
    DnsLoad load;
    // A socket stays in the namespace that it was made in.
    auto listener = inside(world, []() -> Result<std::shared_ptr<Fd>> {
        auto made = std::make_shared<Fd>(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto address = world_socket_address();
        const timeval patience{.tv_sec = 0, .tv_usec = 100'000};
        if (!*made || bind(made->get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
            setsockopt(made->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
            return fail(Errc::failed, "cannot open the demo's UDP responder", errno_text(errno));
        return made;
    });
    if (!listener) return std::unexpected(listener.error());

    auto* counters = load.counters_.get();
    load.responder_ =
        std::jthread([counters, made = *listener](const std::stop_token& stop) { answer(stop, *made, *counters); });
    load.client_ = std::jthread([counters, &tenant, seconds](const std::stop_token& stop) {
        if (!tenant.enter()) {
            counters->error = EPERM;
            return;
        }
        ask(stop, seconds, *counters);
    });
    return load;
}

void DnsLoad::answer(const std::stop_token& stop, const Fd& socket, Counters& counters) {
    std::array<char, 512> message{};
    std::mt19937 random(1);
    std::uniform_int_distribution<std::size_t> size(payload_min, payload_max);
    while (!stop.stop_requested()) {
        sockaddr_in from{};
        socklen_t room = sizeof(from);
        const auto got =
            recvfrom(socket.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), &room);
        if (got < 0) {
            if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED) continue;
            counters.error = errno;
            return;
        }
        ++counters.queries_received;
        const auto answer_size = size(random);
        if (sendto(socket.get(), message.data(), answer_size, 0, reinterpret_cast<const sockaddr*>(&from), room) < 0)
            continue;
        ++counters.answers_sent;
        counters.answer_bytes += answer_size;
    }
}

void DnsLoad::ask(const std::stop_token& stop, unsigned seconds, Counters& counters) {
    const auto address = world_socket_address();
    std::array<char, 512> message{};
    std::mt19937 random(2);
    std::uniform_int_distribution<std::size_t> size(payload_min, payload_max);
    std::deque<Query> waiting;

    const auto take_answers = [&] {
        std::erase_if(waiting, [&](const Query& query) {
            std::array<char, 512> answer{};
            const bool answered = recv(query.socket.get(), answer.data(), answer.size(), MSG_DONTWAIT) >= 0;
            if (answered) ++counters.answers_received;
            return answered || Clock::now() - query.sent > answer_deadline;
        });
    };
    const auto send_one = [&] {
        Query query{.socket = Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), .sent = Clock::now()};
        const auto payload = size(random);
        if (!query.socket ||
            connect(query.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
            send(query.socket.get(), message.data(), payload, 0) < 0)
            return;
        ++counters.queries_sent;
        counters.query_bytes += payload;
        waiting.push_back(std::move(query));
    };

    const auto end = Clock::now() + std::chrono::seconds(seconds);
    for (auto next = Clock::now(); !stop.stop_requested() && next < end; next += tick) {
        std::this_thread::sleep_until(next);
        take_answers();
        for (unsigned i = 0; i < queries_per_tick && waiting.size() < in_flight_max; ++i)
            send_one();
    }
    // The answers that are still on their way, so that none meets a closed port.
    for (const auto last = Clock::now() + answer_deadline; !waiting.empty() && Clock::now() < last;) {
        take_answers();
        std::this_thread::sleep_for(tick);
    }
}

void DnsLoad::stop() {
    client_.request_stop();
    if (client_.joinable()) client_.join();
    responder_.request_stop();
    if (responder_.joinable()) responder_.join();
}

DnsLoad::Totals DnsLoad::totals() const {
    return {.queries_sent = counters_->queries_sent,
            .query_bytes = counters_->query_bytes,
            .queries_received = counters_->queries_received,
            .answers_sent = counters_->answers_sent,
            .answer_bytes = counters_->answer_bytes,
            .answers_received = counters_->answers_received};
}

Result<void> DnsLoad::health() const {
    if (counters_->error == 0) return {};
    return fail(Errc::failed, "the demo's small UDP packets came to a stop", errno_text(counters_->error));
}

}  // namespace weir::demo
