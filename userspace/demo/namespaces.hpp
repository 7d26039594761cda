// SPDX-License-Identifier: GPL-2.0-or-later
// Network namespaces without names: each is held by a descriptor, and the kernel takes it away, interfaces and all,
// when the last process that holds it is gone, however it went.
#pragma once

#include <string>
#include <thread>
#include <utility>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace weir::demo {

class Namespace {
public:
    static Result<Namespace> create();

    [[nodiscard]] int fd() const { return fd_.get(); }
    // A path that other processes can open while this one runs; iproute2 takes it where it takes a namespace's name.
    [[nodiscard]] std::string path() const;
    // The calling thread goes into it.
    [[nodiscard]] Result<void> enter() const;

private:
    explicit Namespace(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// What `function` returns (a Result) when it is called inside the namespace, on a thread of its own.
template <class Function>
auto inside(const Namespace& where, Function function) -> decltype(function()) {
    decltype(function()) result;
    std::thread([&] {
        if (auto entered = where.enter(); !entered)
            result = std::unexpected(entered.error());
        else
            result = function();
    }).join();
    return result;
}

// The whole stage.
//
//     web ── eth0 · vnet-web ───┐
//     db ─── eth0 · vnet-db ────┤ br0 (host) ── uplink0 · eth0 ── world
//     batch  eth0 · vnet-batch ─┘
struct Stage {
    Namespace host;
    Namespace web;
    Namespace db;
    Namespace batch;
    Namespace world;

    static Result<Stage> create();
    [[nodiscard]] const Namespace& tenant(std::size_t index) const;  // as in `tenants` (tenants.hpp)
};

// Bridge, veth pairs and addresses; all interfaces are down still, so that Weir can be there before the first packet.
// To be called inside `host`.
Result<void> build_network(const Stage& stage);
Result<void> bring_up(const Stage& stage);

}  // namespace weir::demo
