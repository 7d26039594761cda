// SPDX-License-Identifier: GPL-2.0-or-later
// An opened tenant, of report/top.hpp.
#include <algorithm>

#include <fmt/format.h>

#include "core/units.hpp"
#include "report/parts.hpp"
#include "report/table.hpp"
#include "report/top.hpp"
#include "report/top_parts.hpp"

namespace weir::top {
namespace {

void add(std::vector<TopLine>& lines, std::vector<TopLine> more) { std::ranges::move(more, std::back_inserter(lines)); }

TopLine way_line(const TenantLoad& load, const TopFrame& frame, Direction direction, const TopScreen& screen) {
    const WayLoad& way = load.of(direction);
    LineMaker line(screen);
    line.put(fmt::format("{}  ", to_string(direction)), TopTone::strong);
    line.right(human_bit_rate(way.bits_per_second), 12);
    line.right(human_packet_rate(way.packets_per_second), 11);
    line.put("  ");
    if (const auto scale = scale_of(way, frame.share, direction); scale != 0) {
        line.bar(way, scale, 12);
        if (way.max_bps != 0)
            line.put(" of its limit, " + print_rate(scale));
        else if (scale == 2 * way.fair_bps)
            line.put(" of twice its fair share, " + human_bit_rate(static_cast<double>(way.fair_bps)));
        else
            line.put(" of what the uplinks carry, " + print_rate(scale));
    }
    return line.take();
}

// Why it has the rate that it has.
std::vector<TopLine> share_lines(const TenantLoad& load, const TopFrame& frame, const TopScreen& screen) {
    std::vector<TopLine> lines;
    const TenantShare* const share = frame.share.find(load.tenant);
    if (share == nullptr || !frame.share.is_on) return lines;
    for (Direction direction : directions) {
        const auto words =
            fmt::format("{}: {}", to_string(direction), share_words(frame.share, share->of(direction), direction));
        add(lines, lines_of(wrapped(words, screen.columns, 4), screen, TopTone::dim));
    }
    return lines;
}

std::vector<TopLine> verdict_lines(const TenantLoad& load, const TopFrame& frame, const TopScreen& screen) {
    std::vector<TopLine> lines;
    const auto say = [&](const std::string& words) {
        add(lines, lines_of(wrapped(words, screen.columns, 4), screen, TopTone::warning));
    };
    for (const noisy::Neighbour& neighbour : frame.verdicts.neighbours) {
        const auto pattern = noisy::to_string(neighbour.pattern);
        if (neighbour.tenant == load.tenant)
            say(fmt::format("{} ({} confidence), disturbs {}{}", pattern, noisy::confidence_word(neighbour.certainty),
                            list_of(neighbour.victims),
                            neighbour.remedy.empty() ? "" : "; mend with: " + neighbour.remedy));
        for (const noisy::Victim& victim : neighbour.victims)
            if (victim.tenant == load.tenant)
                say(fmt::format("harmed by {}: {} in its {}", neighbour.tenant, pattern,
                                noisy::to_string(victim.harm)));
    }
    return lines;
}

// How long what is shown of a tab took.
std::uint64_t window_of(const TopDetail& detail, TopTab tab) {
    return tab == TopTab::flows ? detail.flows_window_ns : detail.window_ns;
}

TopLine tabs(const TopDetail* detail, TopTab shown, const TopScreen& screen) {
    LineMaker line(screen);
    const auto tab = [&](std::string_view words, TopTab which) {
        line.put(" ", TopTone::header);
        line.put(words, which == shown ? TopTone::sorted : TopTone::header);
        line.put(" ", TopTone::header);
    };
    tab("[f]lows", TopTab::flows);
    tab("[l]atency", TopTab::latency);
    tab("[d]rops", TopTab::drops);
    if (detail != nullptr) {
        const auto window_ns = window_of(*detail, shown);
        line.put(window_ns == 0           ? "  since attach"
                 : shown == TopTab::flows ? fmt::format("  in {}", human_duration(window_ns))
                                          : fmt::format("  since opened, {}", human_duration(window_ns)),
                 TopTone::header);
    }
    line.fill(TopTone::header);
    return line.take();
}

// A busy table has more flows than anybody reads.
std::string flows_text(const TopDetail& detail, const Style& style) {
    constexpr std::size_t most = 500;
    const auto window_ns = detail.flows_window_ns;
    const auto flows = select(detail.flows, {}, window_ns != 0 ? FlowSort::rate : FlowSort::bytes, most, window_ns);
    auto text = flows_table(flows, detail.flows, window_ns, style);
    if (flows.size() < detail.flows.flows.size())
        text += fmt::format("{} of {} flows shown, see: weir flows {}\n", flows.size(),
                            human_count(detail.flows.flows.size()), terminal_safe(detail.tenant));
    return text;
}

std::string drops_text(const TopDetail& detail, const Style& style) {
    auto text = drops_table(detail.drops, detail.window_ns, false, style);
    if (!detail.drops.traced)
        text += wrapped("the kernel's drops are not seen here: " + terminal_safe(detail.drops.untraced_why),
                        style.columns, 4) +
                "\n";
    return text;
}

std::string text_of(const TopDetail& detail, TopTab tab, const Style& style) {
    switch (tab) {
    case TopTab::flows:
        return flows_text(detail, style);
    case TopTab::latency:
        return latency_table(detail.latency, detail.window_ns, style) + "\n" +
               latency_histograms(detail.latency, style);
    case TopTab::drops:
        break;
    }
    return drops_text(detail, style);
}

TopLine tenant_foot(const std::string& range, const TopScreen& screen) {
    LineMaker line(screen);
    line.put("Esc back  Tab next  up, down scroll  p pause  ? help  q quit", TopTone::dim);
    if (!range.empty() && line.room() > range.size()) line.right(range, line.room(), TopTone::strong);
    return line.take();
}

}  // namespace

std::vector<TopLine> tenant_lines(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    const auto found = std::ranges::find(frame.loads.tenants, state.opened, &TenantLoad::tenant);
    LineMaker title(screen);
    title.put(state.opened, TopTone::title);
    std::vector<TopLine> lines;
    if (found == frame.loads.tenants.end()) {
        title.put("  is not attached any more", TopTone::warning);
        lines.push_back(title.take());
        lines.resize(screen.lines - 1);
        lines.push_back(tenant_foot("", screen));
        return lines;
    }
    title.put(fmt::format("  {}", fmt::join(found->interfaces, ", ")));
    title.put(age_words(frame, state, screen), TopTone::warning);
    lines.push_back(title.take());
    for (Direction direction : directions)
        lines.push_back(way_line(*found, frame, direction, screen));
    add(lines, share_lines(*found, frame, screen));
    add(lines, verdict_lines(*found, frame, screen));

    if (!frame.detail_trouble.empty())
        add(lines, lines_of(wrapped("cannot read: " + terminal_safe(frame.detail_trouble), screen.columns, 4), screen,
                            TopTone::warning));
    const TopDetail* const detail = frame.detail && frame.detail->tenant == state.opened ? frame.detail.get() : nullptr;
    lines.push_back(tabs(detail, state.tab, screen));
    const Style style{.colour = false, .columns = screen.columns};
    const auto text = detail != nullptr ? text_of(*detail, state.tab, style) : "reading …\n";
    auto content = lines_of(text, screen);
    const std::size_t room = screen.lines - std::min<std::size_t>(screen.lines - 1, lines.size() + 1);
    const std::size_t last = content.size() > room ? content.size() - room : 0;
    const std::size_t first = std::min(state.scroll, last);
    const auto range = last == 0 ? std::string() : fmt::format("{}-{} of {}", first + 1, first + room, content.size());
    content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(first));
    add(lines, std::move(content));
    lines.resize(screen.lines - 1);
    lines.push_back(tenant_foot(range, screen));
    return lines;
}

}  // namespace weir::top
