// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstring>  // strverscmp

#include "core/units.hpp"
#include "report/parts.hpp"

namespace weir {
namespace {

struct KindWords {
    LatencyKind kind;
    const char* group;  // in JSON
    const char* part;
    const char* words;  // in the table
};

constexpr std::array kinds{
    KindWords{LatencyKind::host_tx, "host", "tx", "host tx"},
    KindWords{LatencyKind::host_rx, "host", "rx", "host rx"},
    KindWords{LatencyKind::shaping_tx, "shaping", "tx", "shaping tx"},
    KindWords{LatencyKind::shaping_rx, "shaping", "rx", "shaping rx"},
    KindWords{LatencyKind::rtt_tenant, "rtt", "tenant", "rtt tenant"},
    KindWords{LatencyKind::rtt_network, "rtt", "network", "rtt network"},
};

Json trouble_json(const TcpTrouble& trouble) {
    return {{"retransmits", trouble.retransmits},
            {"unseen", trouble.unseen},
            {"out_of_order", trouble.out_of_order},
            {"zero_windows", trouble.zero_windows}};
}

Json left_out_json(const Latency& latency) {
    Json json;
    for (Direction direction : directions)
        for (std::size_t kind = 0; kind < WEIR_HOST_LEFT_OUT_KINDS; kind++)
            json[std::string(to_string(direction))][std::string(left_out_name(kind))] =
                latency.host_left_out[static_cast<std::size_t>(direction)][kind];
    return json;
}

std::vector<const VnicLatency*> by_name(const LatencySnapshot& snapshot) {
    std::vector<const VnicLatency*> sorted;
    sorted.reserve(snapshot.vnics.size());
    for (const VnicLatency& entry : snapshot.vnics)
        sorted.push_back(&entry);
    std::ranges::sort(sorted, [](const VnicLatency* a, const VnicLatency* b) {
        return strverscmp(a->vnic.interface.c_str(), b->vnic.interface.c_str()) < 0;
    });
    return sorted;
}

Cell delay_cell(const Histogram& histogram, std::uint64_t value_ns) {
    if (histogram.empty()) return {"-", Tone::dim};
    return human_duration(value_ns);
}

void add_row(Table& table, const VnicLatency& entry, const KindWords& words) {
    const Histogram& histogram = entry.latency.of(words.kind);
    table.add({{entry.vnic.interface, entry.vnic.present ? Tone::plain : Tone::warning},
               entry.vnic.role == Role::uplink ? Cell("(uplink)", Tone::dim) : Cell(entry.vnic.tenant),
               words.words,
               dim_if_zero(histogram.count(), human_count(histogram.count())),
               delay_cell(histogram, histogram.percentile_ns(0.5)),
               delay_cell(histogram, histogram.percentile_ns(0.9)),
               delay_cell(histogram, histogram.percentile_ns(0.99)),
               delay_cell(histogram, histogram.percentile_ns(0.999)),
               delay_cell(histogram, histogram.max_ns())});
}

// "vnet3: 12 TCP packets sent again (lost on the network's side 9, on the tenant's 3), 4 packets out of order"
std::string trouble_line(const VnicLatency& entry) {
    const TcpTrouble& tx = entry.latency.trouble_of(Direction::tx);
    const TcpTrouble& rx = entry.latency.trouble_of(Direction::rx);
    TcpTrouble both = tx;
    both += rx;
    if (both == TcpTrouble{}) return {};
    std::vector<std::string> parts;
    if (both.retransmits != 0) {
        const LossSides lost = loss_sides(tx, rx);
        parts.push_back(fmt::format("{} sent again (lost on the network's side {}, on the tenant's {})",
                                    plural(both.retransmits, "TCP packet"), human_count(lost.network),
                                    human_count(lost.tenant)));
    }
    if (both.out_of_order != 0) parts.push_back(plural(both.out_of_order, "packet") + " out of order");
    if (tx.zero_windows != 0) parts.push_back("the tenant closed its window " + plural(tx.zero_windows, "time"));
    if (rx.zero_windows != 0) parts.push_back("a peer closed its window " + plural(rx.zero_windows, "time"));
    return fmt::format("{}: {}", terminal_safe(entry.vnic.interface), fmt::join(parts, ", "));
}

// "vnet3: left out of the host's delay: 12 packets that are not IP"
std::string left_out_line(const VnicLatency& entry) {
    std::vector<std::string> parts;
    for (std::size_t kind = 0; kind < WEIR_HOST_LEFT_OUT_KINDS; kind++) {
        const auto packets = entry.latency.host_left_out[WEIR_TX][kind] + entry.latency.host_left_out[WEIR_RX][kind];
        if (packets != 0) parts.push_back(fmt::format("{} {}", plural(packets, "packet"), left_out_meaning(kind)));
    }
    if (parts.empty()) return {};
    return fmt::format("{}: left out of the host's delay: {}", terminal_safe(entry.vnic.interface),
                       fmt::join(parts, ", "));
}

bool worth_a_row(const VnicLatency& entry, const KindWords& words) {
    const bool is_empty = entry.latency.of(words.kind).empty();
    switch (words.kind) {
    case LatencyKind::shaping_tx:
    case LatencyKind::shaping_rx:
        return !is_empty;
    case LatencyKind::host_tx:
    case LatencyKind::host_rx:
        return !is_empty || entry.vnic.role == Role::vnic;
    default:
        return true;
    }
}

constexpr std::size_t histogram_lines = 24;
constexpr std::size_t bar_columns_default = 50;
constexpr std::size_t bar_columns_least = 8;

// As many neighbouring buckets in one line as it takes to stay below so many lines; gaps are lines too, so that the
// shape is the distribution's.
std::vector<Histogram::Bucket> lines_of(const Histogram& histogram) {
    const auto filled = histogram.buckets();
    std::vector<Histogram::Bucket> lines;
    // Each octave in 8, 4, 2 or 1 parts, then octaves together.
    for (unsigned coarse = 0;; coarse++) {
        lines.clear();
        for (const auto& bucket : filled) {
            if (bucket.high_ns == ~std::uint64_t{0}) {
                lines.push_back(bucket);
                continue;
            }
            const std::uint64_t width = (bucket.high_ns - bucket.low_ns) << coarse;
            const std::uint64_t low = bucket.low_ns / width * width;
            if (!lines.empty() && lines.back().high_ns > bucket.low_ns) {
                lines.back().count += bucket.count;
                continue;
            }
            lines.push_back({low, std::max(low + width, bucket.high_ns), bucket.count});
        }
        if (lines.size() <= histogram_lines || coarse == 8) return lines;
    }
}

std::string bar_of(std::uint64_t count, std::uint64_t most, std::size_t columns) {
    const auto parts =
        std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(count) * 8 *
                                                          static_cast<double>(columns) / static_cast<double>(most)));
    std::string bar;
    for (std::size_t i = 0; i < parts / 8; i++)
        bar += "█";
    return bar + eighths[parts % 8];
}

std::string drawn(const VnicLatency& entry, const KindWords& words, const Style& style) {
    const Histogram& histogram = entry.latency.of(words.kind);
    const auto title = fmt::format("{} {}: {}, p50 {}, p99 {}", terminal_safe(entry.vnic.interface), words.words,
                                   plural(histogram.count(), "sample"), human_duration(histogram.percentile_ns(0.5)),
                                   human_duration(histogram.percentile_ns(0.99)));
    std::string out = toned(title, Tone::strong, style) + "\n";
    const auto lines = lines_of(histogram);
    std::uint64_t most = 1;
    for (const auto& line : lines)
        most = std::max(most, line.count);
    constexpr std::size_t before_bar = 2 + 8 + 3 + 8 + 2 + 10 + 2;
    std::size_t columns = bar_columns_default;
    if (style.columns != 0)
        columns = style.columns > before_bar + bar_columns_least ? style.columns - before_bar : bar_columns_least;
    columns = std::min(columns, bar_columns_default);
    for (const auto& line : lines) {
        const auto high = line.high_ns == ~std::uint64_t{0} ? "…" : human_duration(line.high_ns);
        out += fmt::format("  {:>8} - {:>8}  {:>10}  {}\n", human_duration(line.low_ns), high, human_count(line.count),
                           bar_of(line.count, most, columns));
    }
    return out;
}

}  // namespace

Json latency_json(const LatencySnapshot& snapshot, std::uint64_t window_ns) {
    Json json = json_object();
    if (window_ns > 0) json["window_ns"] = window_ns;
    json["vnics"] = Json::array();
    for (const auto& [vnic, latency] : snapshot.vnics) {
        Json entry{{"interface", json_text(vnic.interface)},
                   {"ifindex", vnic.ifindex},
                   {"tenant", json_text(vnic.tenant)},
                   {"role", to_string(vnic.role)}};
        for (const auto& words : kinds)
            entry[words.group][words.part] = json_histogram(latency.of(words.kind));
        entry["host_left_out"] = left_out_json(latency);
        entry["tcp"] = {{"tx", trouble_json(latency.trouble_of(Direction::tx))},
                        {"rx", trouble_json(latency.trouble_of(Direction::rx))}};
        json["vnics"].push_back(std::move(entry));
    }
    return json;
}

std::string latency_table(const LatencySnapshot& snapshot, std::uint64_t window_ns, const Style& style) {
    if (snapshot.vnics.empty()) return std::string(nothing_attached);
    Table table({{.header = "VNIC"},
                 {.header = "TENANT", .spare = 1},
                 {.header = "DELAY", .kind = Column::plain},
                 {.header = window_ns > 0 ? "IN WINDOW" : "SAMPLES", .kind = Column::number, .spare = 2},
                 {.header = "P50", .kind = Column::quantity},
                 {.header = "P90", .kind = Column::quantity},
                 {.header = "P99", .kind = Column::quantity},
                 {.header = "P99.9", .kind = Column::quantity},
                 {.header = "MAX", .kind = Column::quantity}});
    std::string notes;
    for (const VnicLatency* entry : by_name(snapshot)) {
        for (const auto& words : kinds)
            if (worth_a_row(*entry, words)) add_row(table, *entry, words);
        for (const auto& line : {trouble_line(*entry), left_out_line(*entry)})
            if (!line.empty()) notes += wrapped(line, style.columns, 4) + "\n";
    }
    const std::string out = table.print(style);
    return notes.empty() ? out : out + "\n" + notes;
}

std::string latency_histograms(const LatencySnapshot& snapshot, const Style& style) {
    if (snapshot.vnics.empty()) return std::string(nothing_attached);
    std::string out;
    for (const VnicLatency* entry : by_name(snapshot))
        for (const auto& words : kinds)
            if (!entry->latency.of(words.kind).empty()) out += (out.empty() ? "" : "\n") + drawn(*entry, words, style);
    return out.empty() ? "no delay was measured yet\n" : out;
}

}  // namespace weir
