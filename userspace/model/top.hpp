// SPDX-License-Identifier: GPL-2.0-or-later
// What `weir top` shows and how keys change that. Plain values and pure functions: no terminal, no I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "model/drops.hpp"
#include "model/flow.hpp"
#include "model/latency.hpp"
#include "model/ledger.hpp"
#include "model/load.hpp"
#include "model/noisy.hpp"

namespace weir {

// What is read of an opened tenant at one moment. The kernel's drops are since somebody watches, all else since attach.
struct TopReading {
    FlowSnapshot flows;
    LedgerSnapshot ledgers;
    LatencySnapshot latency;
    DropSnapshot drops;
};

// An opened tenant. Flows are of the last interval, delays and drops of the time since it was opened.
struct TopDetail {
    std::string tenant;
    std::uint64_t window_ns = 0;        // since it was opened; 0: this is its first reading, and all is since attach
    std::uint64_t flows_window_ns = 0;  // 0: likewise
    FlowSnapshot flows;
    LedgerSnapshot ledgers;
    LatencySnapshot latency;
    DropSnapshot drops;
};

// What happened between a tenant's first reading and the last, and of flows between the one before and the last.
TopDetail detail_of(const std::string& tenant, const TopReading& first, const TopReading& before,
                    const TopReading& last);

// How many times as long as it took reading rests at least: no more than a fifth of a CPU.
inline constexpr std::uint64_t top_reading_rest = 4;

// All of one refresh. Whoever shows it holds it; nobody changes it.
struct TopFrame {
    std::uint64_t taken_ns = 0;     // CLOCK_MONOTONIC; 0: there are no rates yet
    std::uint64_t interval_ns = 0;  // as asked
    std::uint64_t reading_ns = 0;   // how long reading took
    Loads loads;
    FairShare share;
    noisy::Report verdicts;  // of the last minute
    std::shared_ptr<const TopDetail> detail;
    std::string trouble;         // why the last reading failed; what is shown is from before then
    std::string detail_trouble;  // the same of the opened tenant
};

enum class TopTab { flows, latency, drops };

struct TopState {
    LoadOrder order;
    std::string selected;  // tenant; empty or gone: the first
    std::string opened;    // tenant; empty: the list
    TopTab tab = TopTab::flows;
    std::size_t scroll = 0;  // lines of the opened tenant
    bool paused = false;
    bool help = false;
    std::optional<std::string> typed;  // the filter while it is typed
    bool quit = false;
};

// What a key means, whatever terminal it came from.
struct TopKey {
    enum Kind { character, up, down, page_up, page_down, home, end, enter, escape, backspace, tab };
    Kind kind = character;
    char32_t letter = 0;  // of a character
};

// The state after a key. `tenants` are those that are listed, in order; a page has `page` lines.
TopState after(TopState state, const TopKey& key, const std::vector<TenantLoad>& tenants, std::size_t page);

// Where the selected tenant stands; 0 if it is gone.
std::size_t place_of(const std::string& selected, const std::vector<TenantLoad>& tenants);

}  // namespace weir
