// SPDX-License-Identifier: GPL-2.0-or-later
// The list of tenants, of report/top.hpp.
#include <algorithm>

#include <fmt/format.h>

#include "core/units.hpp"
#include "report/parts.hpp"
#include "report/top.hpp"
#include "report/top_parts.hpp"

namespace weir {
namespace {

using top::LineMaker;

constexpr unsigned least_columns = 40;
constexpr unsigned least_lines = 8;
constexpr std::string_view keys_words = "q quit  s sort  r reverse  / filter  Enter open  p pause  ? help";
constexpr std::string_view few_keys_words = "q quit  s sort  / filter  Enter open  ? help";
constexpr std::string_view help_words = "q quit  ? help";
constexpr std::size_t uplinks_shown = 2;
constexpr std::size_t verdicts_shown = 2;

// Columns of the list, each with a space before it; those of width 0 are left out.
struct Widths {
    std::size_t tenant = 12;
    std::size_t bar = 7;
    std::size_t packets = 6;
    std::size_t flows = 6;
    std::size_t host = 7;
    std::size_t rtt = 0;
    std::size_t drops = 6;

    [[nodiscard]] std::size_t total() const {
        constexpr std::size_t rate = 7;
        constexpr std::size_t flag = 7;
        std::size_t sum = tenant + 2 * rate + flag;
        for (std::size_t width : {bar, bar, packets, flows, host, rtt, drops})
            sum += width != 0 ? width + 1 : 0;
        return sum;
    }
};

Widths widths_for(unsigned columns, std::size_t longest_name) {
    Widths widths;
    for (std::size_t* spare : {&widths.flows, &widths.packets, &widths.bar, &widths.drops})
        if (widths.total() > columns) *spare = 0;
    if (widths.total() > columns) return widths;
    if (widths.total() + 8 <= columns) widths.rtt = 7;
    const std::size_t wished = std::clamp<std::size_t>(longest_name, widths.tenant, 32);
    widths.tenant += std::min(wished - widths.tenant, columns - widths.total());
    if (widths.bar != 0) widths.bar = std::min<std::size_t>(24, widths.bar + (columns - widths.total()) / 2);
    return widths;
}

TopTone header_tone(LoadSort column, LoadSort sort) { return column == sort ? TopTone::sorted : TopTone::header; }

TopLine header(const Widths& widths, const LoadOrder& order, const TopScreen& screen) {
    LineMaker line(screen);
    const auto tone = [&](LoadSort column) { return header_tone(column, order.sort); };
    const auto column = [&](std::string_view text, std::size_t width, LoadSort by) {
        if (width == 0) return;
        line.put(" ", TopTone::header);
        line.right(text, width, tone(by));
    };
    line.left("TENANT", widths.tenant, tone(LoadSort::name));
    for (Direction direction : directions) {
        column(direction == Direction::tx ? "TX" : "RX", 6,
               order.sort == LoadSort::load ? LoadSort::load
               : direction == Direction::tx ? LoadSort::tx
                                            : LoadSort::rx);
        if (widths.bar != 0) line.left(" OF MAX", widths.bar + 1, TopTone::header);
    }
    column("PPS", widths.packets, LoadSort::packets);
    column("FLOWS", widths.flows, LoadSort::flows);
    column("P99", widths.host, LoadSort::latency);
    if (widths.rtt != 0) line.right("RTT99", widths.rtt + 1, TopTone::header);
    column("DROPS", widths.drops, LoadSort::drops);
    line.fill(TopTone::header);
    return line.take();
}

std::string time_or_none(const std::optional<std::uint64_t>& time_ns) {
    return time_ns ? top::compact_duration(*time_ns) : "-";
}

TopLine row(const TenantLoad& load, const Widths& widths, const TopFrame& frame, const TopScreen& screen) {
    LineMaker line(screen);
    const auto column = [&](const std::string& text, std::size_t width, TopTone tone) {
        if (width == 0) return;
        line.put(" ");
        line.right(text, width, tone);
    };
    const auto unless_zero = [](bool is_zero) { return is_zero ? TopTone::dim : TopTone::plain; };
    line.left(load.tenant, widths.tenant);
    for (Direction direction : directions) {
        const WayLoad& way = load.of(direction);
        column(top::compact_bit_rate(way.bits_per_second), 6, unless_zero(way.bits_per_second == 0));
        if (widths.bar == 0) continue;
        line.put(" ");
        line.bar(way, top::scale_of(way, frame.share, direction), widths.bar);
    }
    const double packets = load.packets_per_second();
    column(top::compact_packet_rate(packets), widths.packets, unless_zero(packets == 0));
    column(load.flows ? top::compact_packet_rate(static_cast<double>(*load.flows)) : "-", widths.flows,
           unless_zero(load.flows.value_or(0) == 0));
    column(time_or_none(load.host_p99_ns), widths.host, unless_zero(!load.host_p99_ns));
    column(time_or_none(load.rtt_p99_ns), widths.rtt, unless_zero(!load.rtt_p99_ns));
    column(top::compact_packet_rate(static_cast<double>(load.drop_packets())), widths.drops,
           load.drop_packets() == 0 ? TopTone::dim : TopTone::warning);
    line.put(" ");
    line.left(top::flag_of(load), 6, TopTone::warning);
    line.fill();
    return line.take();
}

TopLine uplink_line(const TenantLoad& uplink, const TopScreen& screen) {
    LineMaker line(screen);
    line.put("uplink " + uplink.tenant, TopTone::strong);
    for (Direction direction : directions) {
        const WayLoad& way = uplink.of(direction);
        line.put(fmt::format("  {} {}", to_string(direction), top::compact_bit_rate(way.bits_per_second)));
        if (way.max_bps == 0) continue;
        line.put(fmt::format("/{} ", top::compact_bit_rate(static_cast<double>(way.max_bps))));
        line.bar(way, way.max_bps, std::min<std::size_t>(20, screen.columns / 10));
    }
    return line.take();
}

TopLine title(const TopFrame& frame, const TopState& state, std::size_t shown, const TopScreen& screen) {
    std::size_t interfaces = 0;
    for (const TenantLoad& load : frame.loads.tenants)
        interfaces += load.interfaces.size();
    LineMaker line(screen);
    line.put("weir top", TopTone::title);
    const auto tenants = plural(frame.loads.tenants.size(), "tenant");
    line.put(state.order.filter.empty() ? fmt::format("  {}, {}", tenants, plural(interfaces, "vNIC"))
                                        : fmt::format("  {} of {} with \"{}\"", shown, tenants, state.order.filter));
    line.put(fmt::format("  by {}{}  every {}", to_string(state.order.sort),
                         state.order.reversed ? ", least first" : "", top::compact_duration(frame.interval_ns)));
    line.put(top::age_words(frame, state, screen), TopTone::warning);
    return line.take();
}

// A line for each culprit, at most `most`.
std::vector<TopLine> verdict_lines(const noisy::Report& report, std::size_t most, const TopScreen& screen) {
    std::vector<TopLine> lines;
    for (const noisy::Neighbour& neighbour : report.neighbours) {
        LineMaker line(screen);
        if (lines.size() == most) {
            line.put(fmt::format("and {} more, see: weir noisy", report.neighbours.size() - most), TopTone::warning);
            lines.push_back(line.take());
            break;
        }
        line.put(fmt::format("! {}: {} ({} confidence), disturbs {}", neighbour.tenant,
                             noisy::to_string(neighbour.pattern), noisy::confidence_word(neighbour.certainty),
                             top::list_of(neighbour.victims)),
                 TopTone::warning);
        lines.push_back(line.take());
    }
    return lines;
}

// What stands above the list.
std::vector<TopLine> head(const TopFrame& frame, const TopState& state, std::size_t shown, const TopScreen& screen) {
    std::vector<TopLine> lines{title(frame, state, shown, screen)};
    const auto& uplinks = frame.loads.uplinks;
    for (std::size_t i = 0; i < std::min(uplinks.size(), uplinks_shown); i++)
        lines.push_back(uplink_line(uplinks[i], screen));
    const auto say = [&](const std::string& words) {
        if (words.empty()) return;
        LineMaker line(screen);
        line.put(words, TopTone::warning);
        lines.push_back(line.take());
    };
    if (uplinks.size() > uplinks_shown) say(fmt::format("and {} more uplinks", uplinks.size() - uplinks_shown));
    say(fair_share_note(frame.share));
    say(frame.trouble.empty() ? "" : "cannot read: " + frame.trouble);
    std::ranges::move(verdict_lines(frame.verdicts, verdicts_shown, screen), std::back_inserter(lines));
    return lines;
}

// `range` says which tenants are shown, where not all are.
TopLine foot(const TopState& state, const std::string& range, const TopScreen& screen) {
    LineMaker line(screen);
    if (state.typed) {
        line.put("filter: " + *state.typed + "_", TopTone::strong);
        line.put("   Enter keeps it, Esc shows all", TopTone::dim);
    } else {
        const auto fits = [&](std::string_view words) { return words.size() + range.size() < screen.columns; };
        line.put(fits(keys_words) ? keys_words : fits(few_keys_words) ? few_keys_words : help_words, TopTone::dim);
    }
    if (!range.empty() && line.room() > range.size()) line.right(range, line.room(), TopTone::strong);
    return line.take();
}

std::vector<TopLine> list_lines(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    const auto tenants = listed(frame, state);
    auto lines = head(frame, state, tenants.size(), screen);
    std::size_t longest = 0;
    for (const TenantLoad& load : frame.loads.tenants)
        longest = std::max(longest, load.tenant.size());
    const Widths widths = widths_for(screen.columns, longest);
    lines.push_back(header(widths, state.order, screen));
    const std::size_t room = screen.lines - std::min<std::size_t>(screen.lines, lines.size() + 1);
    const std::size_t selected = place_of(state.selected, tenants);
    const std::size_t first = room == 0 ? 0 : selected / room * room;
    for (std::size_t i = first; i < std::min(tenants.size(), first + room); i++) {
        lines.push_back(row(tenants[i], widths, frame, screen));
        lines.back().is_selected = i == selected;
    }
    if (tenants.empty()) {
        LineMaker line(screen);
        line.put(frame.taken_ns == 0          ? "reading …"
                 : state.order.filter.empty() ? "nothing is attached (weir attach IFACE)"
                                              : "no tenant's name has that in it");
        lines.push_back(line.take());
    }
    const std::size_t last = std::min(tenants.size(), first + room);
    const bool shows_all = last - first == tenants.size();
    lines.resize(screen.lines - 1);
    lines.push_back(foot(state, shows_all ? "" : fmt::format("{}-{} of {}", first + 1, last, tenants.size()), screen));
    return lines;
}

}  // namespace

std::string TopLine::text() const {
    std::string whole;
    for (const TopSpan& span : spans)
        whole += span.text;
    return whole;
}

std::vector<TenantLoad> listed(const TopFrame& frame, const TopState& state) {
    return arranged(frame.loads.tenants, state.order);
}

std::size_t top_page(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    if (screen.lines < least_lines) return 1;
    if (!state.opened.empty()) return screen.lines / 2;
    const std::size_t others = head(frame, state, 0, screen).size() + 2;
    return std::max<std::size_t>(1, screen.lines - std::min<std::size_t>(screen.lines, others));
}

std::vector<TopLine> top_lines(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    if (screen.columns < least_columns || screen.lines < least_lines) {
        LineMaker line(screen);
        line.put(fmt::format("at least {}x{}", least_columns, least_lines));
        std::vector<TopLine> lines{line.take()};
        lines.resize(screen.lines);
        return lines;
    }
    auto lines = state.help             ? top::help_lines(screen)
                 : state.opened.empty() ? list_lines(frame, state, screen)
                                        : top::tenant_lines(frame, state, screen);
    lines.resize(screen.lines);
    return lines;
}

}  // namespace weir
