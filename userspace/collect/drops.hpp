// SPDX-License-Identifier: GPL-2.0-or-later
// Watches packets being dropped: the kernel's by its tracepoint kfree_skb, Weir's own by its ledgers.
//
// Example:
//     WEIR_TRY(const auto watch, DropWatch::start());
//     WEIR_TRY(const auto earlier, watch.snapshot(""));
//     ...
//     WEIR_TRY(const auto later, watch.snapshot(""));
//     const DropSnapshot lost = window_of(earlier, later);
//
// Nothing needs to be attached. What is counted is this network namespace's. Any number of watches may run at a time.
#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"
#include "model/drops.hpp"

namespace weir {

class DropWatch {
public:
    // Reads the tracer that `weir drops --keep` has left running, if there is one and `fresh` is not set; else starts
    // one that ends with this object. Fails only where not even Weir's own drops can be read; where this kernel cannot
    // trace drops, the snapshots say so (traced, untraced_why).
    static Result<DropWatch> start(bool fresh = false);

    // Whether it reads the kept tracer.
    [[nodiscard]] bool is_kept() const;

    // All drops since the tracer was started (of Weir's own: since attach), normal ends included. `selector` is a
    // tenant or any interface of this network namespace; empty means all. An unknown one is an error that names what
    // there is.
    [[nodiscard]] Result<DropSnapshot> snapshot(const std::string& selector) const;

    DropWatch(DropWatch&& other) noexcept;
    DropWatch& operator=(DropWatch&& other) noexcept;
    DropWatch(const DropWatch&) = delete;
    DropWatch& operator=(const DropWatch&) = delete;
    ~DropWatch();

private:
    struct State;
    explicit DropWatch(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace weir
