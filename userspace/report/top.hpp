// SPDX-License-Identifier: GPL-2.0-or-later
// Lays out what `weir top` shows, in lines of toned text, and as JSON. Pure: knows no terminal but its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/top.hpp"
#include "report/report.hpp"

namespace weir {

enum class TopTone { plain, dim, strong, title, header, sorted, warning, bar, borrowed };

struct TopSpan {
    std::string text;  // UTF-8, or ASCII where asked for
    TopTone tone = TopTone::plain;
};

struct TopLine {
    std::vector<TopSpan> spans;
    bool is_selected = false;
    [[nodiscard]] std::string text() const;
};

struct TopScreen {
    unsigned columns = 80;
    unsigned lines = 24;
    bool utf8 = true;          // else ASCII only
    std::uint64_t now_ns = 0;  // CLOCK_MONOTONIC, to say how old a frame is; 0: that is not said
};

// As many lines as the screen has, none wider than it.
std::vector<TopLine> top_lines(const TopFrame& frame, const TopState& state, const TopScreen& screen);

// The tenants that are listed, in order.
std::vector<TenantLoad> listed(const TopFrame& frame, const TopState& state);

// How many of them a page shows, or how many lines of an opened tenant.
std::size_t top_page(const TopFrame& frame, const TopState& state, const TopScreen& screen);

// {"taken_ns","window_ns","tenants":[{"tenant","interfaces","tx":{…},"rx":{…},"flows",…}],"uplinks":[…]}, the tenants
// in the state's order.
Json top_json(const TopFrame& frame, const TopState& state);

}  // namespace weir
