// An opened tenant and the help, of report/top.hpp.
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
        line.put(" of " + print_rate(scale) + " ");
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

TopLine tabs(TopTab shown, std::uint64_t window_ns, const TopScreen& screen) {
    LineMaker line(screen);
    const auto tab = [&](std::string_view words, TopTab which) {
        line.put(" ", TopTone::header);
        line.put(words, which == shown ? TopTone::strong : TopTone::header);
        line.put(" ", TopTone::header);
    };
    tab("[f]lows", TopTab::flows);
    tab("[l]atency", TopTab::latency);
    tab("[d]rops", TopTab::drops);
    line.put(window_ns != 0 ? fmt::format("  in {}", human_duration(window_ns)) : "  since attach", TopTone::header);
    line.fill(TopTone::header);
    return line.take();
}

std::string drops_text(const LedgerSnapshot& ledgers, const std::string& tenant, const Style& style) {
    Table table({{.header = "VNIC"},
                 {.header = "", .kind = Column::plain},
                 {.header = "REASON", .kind = Column::plain},
                 {.header = "PACKETS", .kind = Column::number},
                 {.header = "BYTES", .kind = Column::quantity}});
    bool any = false;
    for (const auto& [vnic, ledger] : ledgers.vnics) {
        for (Direction direction : directions) {
            for (std::size_t reason = 0; reason < WEIR_DROP_COUNT; reason++) {
                const Count& count = ledger.of(direction).drops.at(reason);
                if (count.packets == 0) continue;
                any = true;
                table.add({vnic.interface, to_string(direction), drop_reason_name(reason), human_count(count.packets),
                           human_bytes(count.bytes)});
            }
        }
    }
    return (any ? table.print(style) : "Weir has dropped nothing of it.\n") +
           fmt::format("\nWhat the kernel drops: weir drops {}\n", terminal_safe(tenant));
}

std::string text_of(const TopDetail& detail, TopTab tab, const Style& style) {
    switch (tab) {
    case TopTab::flows: {
        const auto flows = select(detail.flows, {}, detail.flows_window_ns != 0 ? FlowSort::rate : FlowSort::bytes, 0,
                                  detail.flows_window_ns);
        return flows_table(flows, detail.flows, detail.flows_window_ns, style);
    }
    case TopTab::latency:
        return latency_table(detail.latency, 0, style) + "\n" + latency_histograms(detail.latency, style);
    case TopTab::drops:
        break;
    }
    return drops_text(detail.ledgers, detail.tenant, style);
}

}  // namespace

std::vector<TopLine> tenant_lines(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    const auto found = std::ranges::find(frame.loads.tenants, state.opened, &TenantLoad::tenant);
    LineMaker title(screen);
    title.put(state.opened, TopTone::title);
    std::vector<TopLine> lines;
    LineMaker foot(screen);
    foot.put("Esc back  Tab next  up, down scroll  p pause  ? help  q quit", TopTone::dim);
    if (found == frame.loads.tenants.end()) {
        title.put("  is not attached any more", TopTone::warning);
        lines.push_back(title.take());
        lines.resize(screen.lines - 1);
        lines.push_back(foot.take());
        return lines;
    }
    title.put(fmt::format("  {}", fmt::join(found->interfaces, ", ")));
    title.put(age_words(frame, state, screen), TopTone::warning);
    lines.push_back(title.take());
    for (Direction direction : directions)
        lines.push_back(way_line(*found, frame, direction, screen));
    add(lines, share_lines(*found, frame, screen));
    add(lines, verdict_lines(*found, frame, screen));

    const bool has_detail = frame.detail && frame.detail->tenant == state.opened;
    const auto window_ns = has_detail && state.tab == TopTab::flows ? frame.detail->flows_window_ns : 0;
    lines.push_back(tabs(state.tab, window_ns, screen));
    const Style style{.colour = false, .columns = screen.columns};
    const auto text = has_detail ? text_of(*frame.detail, state.tab, style) : "reading …\n";
    auto content = lines_of(text, screen);
    const std::size_t room = screen.lines - std::min<std::size_t>(screen.lines - 1, lines.size() + 1);
    const std::size_t last = content.size() > room ? content.size() - room : 0;
    content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(std::min(state.scroll, last)));
    add(lines, std::move(content));
    lines.resize(screen.lines - 1);
    lines.push_back(foot.take());
    return lines;
}

std::vector<TopLine> help_lines(const TopScreen& screen) {
    auto lines = lines_of("up, down, PgUp, PgDn, Home, End   choose a tenant\n"
                          "Enter   open it: flows (f), latency (l), drops (d), Tab the next; Esc back\n"
                          "s, S    sort by the next key, the one before: load, tx, rx, packets, flows,\n"
                          "        latency, drops, name; r reverses\n"
                          "/       only tenants with these letters in their or an interface's name\n"
                          "p       pause, and go on; q quits\n"
                          "\n"
                          "TX, RX  bit/s let through, the tenant's view\n"
                          "OF MAX  of its limit, or without one of the uplinks' capacity. A mark: its\n"
                          "        part if everybody asked; beyond it, borrowed; yellow: held back\n"
                          "PPS     packets a second, both directions\n"
                          "FLOWS   with a packet in the last ten seconds\n"
                          "P99     of the time in this host; RTT99 of the network's round trip\n"
                          "DROPS   packets that Weir dropped in this interval\n"
                          "!hog    weir noisy finds that it disturbs others (flood, burst, syn, scan, churn,\n"
                          "        conns, bcast, spoof, ddos); harmed: another disturbs it\n",
                          screen);
    LineMaker title(screen);
    title.put("weir top: keys and columns", TopTone::title);
    lines.insert(lines.begin(), {title.take(), TopLine{}});
    lines.resize(screen.lines - 1);
    LineMaker foot(screen);
    foot.put("any key goes back", TopTone::dim);
    lines.push_back(foot.take());
    return lines;
}

}  // namespace weir::top
