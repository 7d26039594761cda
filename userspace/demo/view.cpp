// SPDX-License-Identifier: GPL-2.0-or-later
#include "demo/view.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "collect/collect.hpp"
#include "core/units.hpp"
#include "demo/paint.hpp"
#include "demo/tenants.hpp"
#include "report/table.hpp"

namespace weir::demo {
namespace {

constexpr std::uint64_t now_ns = 1'000'000'000;  // a flow that moved within this time is there 'now'
constexpr std::size_t bar_width = 24;

struct Moved {
    Count tx;
    Count rx;
    [[nodiscard]] std::uint64_t bytes() const { return tx.bytes + rx.bytes; }
};

const VnicLedger* find(const LedgerSnapshot& snapshot, std::string_view interface) {
    const auto at = std::ranges::find(snapshot.vnics, interface, [](const VnicLedger& v) { return v.vnic.interface; });
    return at == snapshot.vnics.end() ? nullptr : &*at;
}

Moved moved(const LedgerSnapshot& before, const LedgerSnapshot& now, std::string_view interface) {
    const auto* a = find(before, interface);
    const auto* b = find(now, interface);
    if (a == nullptr || b == nullptr) return {};
    const auto window = b->ledger - a->ledger;
    return {window.tx.total(), window.rx.total()};
}

}  // namespace

LiveView::LiveView(const Style& style, unsigned seconds)
    : style_(style), seconds_(seconds), terminal_(isatty(STDOUT_FILENO) != 0) {}

void LiveView::erase() { draw(""); }

void LiveView::draw(const std::string& text) {
    if (!terminal_) return;
    if (lines_ > 0) fmt::print("\x1b[{}A\x1b[J", lines_);
    fmt::print("{}", text);
    std::fflush(stdout);
    lines_ = static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

void LiveView::say(const std::string& line) { draw(line + "\n"); }

Result<void> LiveView::refresh(double elapsed_s) {
    if (!terminal_) return {};
    WEIR_TRY(auto now, collect_ledgers(""));
    WEIR_TRY(const auto flows, collect_flows(""));
    std::map<std::string, std::uint64_t> live;
    for (const auto& flow : flows.flows)
        if (flow.last_seen_ns + now_ns > flows.taken_ns) ++live[flow.interface];

    const auto window_ns = now.taken_ns - before_.taken_ns;
    std::array<Moved, tenants.size()> rows;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        rows.at(i) = moved(before_, now, tenants.at(i).vnic);
        sum += rows.at(i).bytes();
    }
    const auto per_second = [&](std::uint64_t amount) {
        return static_cast<double>(amount) * 1e9 / static_cast<double>(std::max<std::uint64_t>(window_ns, 1));
    };
    Table table({{.header = "TENANT", .kind = Column::plain},
                 {.header = "TX", .kind = Column::quantity},
                 {.header = "RX", .kind = Column::quantity},
                 {.header = "PACKETS", .kind = Column::quantity},
                 {.header = "FLOWS NOW", .kind = Column::number, .spare = 2},
                 {.header = "SHARE OF THE UPLINK", .kind = Column::plain, .spare = 1}});
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        const auto& row = rows.at(i);
        const double share = sum == 0 ? 0 : static_cast<double>(row.bytes()) / static_cast<double>(sum);
        table.add({{std::string(tenants.at(i).name), Tone::strong},
                   human_bit_rate(per_second(row.tx.bytes * 8)),
                   human_bit_rate(per_second(row.rx.bytes * 8)),
                   human_packet_rate(per_second(row.tx.packets + row.rx.packets)),
                   human_count(live[std::string(tenants.at(i).vnic)]),
                   fmt::format("{} {:.0f} %", bar(share, bar_width), share * 100)});
    }
    before_ = std::move(now);
    const auto title =
        fmt::format("weir demo: real traffic in network namespaces of its own, {:.0f} of {} s (Ctrl-C ends it)",
                    std::min(std::floor(elapsed_s), static_cast<double>(seconds_)), seconds_);
    draw(shortened(title, style_.columns == 0 ? title.size() : style_.columns, false) + "\n\n" +
         painted(table.print(style_), style_));
    return {};
}

}  // namespace weir::demo
