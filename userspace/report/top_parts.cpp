// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/top_parts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/units.hpp"
#include "core/utf8.hpp"
#include "report/parts.hpp"
#include "report/table.hpp"

namespace weir::top {
namespace {

// Number and prefix of "941.2 Mbit/s": whatever stands before the unit.
std::string without_unit(std::string text, std::string_view unit) {
    if (text.ends_with(unit)) text.resize(text.size() - unit.size());
    std::erase(text, ' ');
    return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

std::string_view short_word(noisy::Pattern pattern) {
    switch (pattern) {
    case noisy::Pattern::bandwidth_hog:
        return "hog";
    case noisy::Pattern::packet_flood:
        return "flood";
    case noisy::Pattern::microburst:
        return "burst";
    case noisy::Pattern::syn_flood:
        return "syn";
    case noisy::Pattern::scan:
        return "scan";
    case noisy::Pattern::connection_churn:
        return "churn";
    case noisy::Pattern::conntrack_pressure:
        return "conns";
    case noisy::Pattern::broadcast_storm:
        return "bcast";
    case noisy::Pattern::spoofing:
        return "spoof";
    case noisy::Pattern::inbound_flood:
        break;
    }
    return "ddos";
}

}  // namespace

std::string compact_bit_rate(double bits_per_second) { return without_unit(human_bit_rate(bits_per_second), "bit/s"); }

std::string compact_packet_rate(double packets_per_second) {
    return without_unit(human_packet_rate(packets_per_second), "pps");
}

std::string compact_duration(std::uint64_t time_ns) { return without_unit(human_duration(time_ns), ""); }

std::string showable(std::string_view text, bool utf8) {
    std::string safe = terminal_safe(text);
    if (utf8) return safe;
    safe = replaced(std::move(safe), "µ", "u");
    safe = replaced(std::move(safe), "…", "~");
    for (std::string_view block : {"█", "▉", "▊", "▋", "▌", "▍", "▎", "▏"})
        safe = replaced(std::move(safe), block, "#");
    std::string made;
    for (std::string_view rest = safe; !rest.empty();) {
        const char32_t letter = utf8_take(rest);
        if (letter < 0x80)
            made += static_cast<char>(letter);
        else
            made.append(display_width(letter), '?');
    }
    return made;
}

void LineMaker::append(std::string text, TopTone tone) {
    if (display_width(text) > room()) text = showable(shortened(text, room(), false), screen_.utf8);
    if (text.empty()) return;
    used_ += display_width(text);
    line_.spans.push_back({std::move(text), tone});
}

void LineMaker::put(std::string_view text, TopTone tone) { append(showable(text, screen_.utf8), tone); }

void LineMaker::left(std::string_view text, std::size_t width, TopTone tone) {
    std::string shown = showable(shortened(showable(text, screen_.utf8), width, false), screen_.utf8);
    shown.append(width - std::min(width, display_width(shown)), ' ');
    append(std::move(shown), tone);
}

void LineMaker::right(std::string_view text, std::size_t width, TopTone tone) {
    std::string shown = showable(shortened(showable(text, screen_.utf8), width, false), screen_.utf8);
    shown.insert(0, width - std::min(width, display_width(shown)), ' ');
    append(std::move(shown), tone);
}

void LineMaker::bar(const WayLoad& way, std::uint64_t scale_bps, std::size_t width) {
    if (scale_bps == 0) {
        left("", width);
        return;
    }
    const auto scale = static_cast<double>(scale_bps);
    const double part = std::min(1.0, way.bits_per_second / scale) * static_cast<double>(width);
    const double fair = static_cast<double>(way.fair_bps) / scale * static_cast<double>(width);
    const bool has_fair = way.fair_bps != 0 && fair < static_cast<double>(width);
    const auto mark = static_cast<std::size_t>(fair);
    const bool is_held = !way.held_by.empty();
    for (std::size_t cell = 0; cell < width; cell++) {
        const double filled = part - static_cast<double>(cell);
        const bool is_borrowed = has_fair && cell > mark;
        const TopTone tone = is_held ? TopTone::warning : is_borrowed ? TopTone::borrowed : TopTone::bar;
        if (filled >= 1)
            append(screen_.utf8 ? "█" : "#", tone);
        else if (filled >= 0.125)
            append(screen_.utf8 ? eighths.at(static_cast<std::size_t>(filled * 8)) : filled >= 0.5 ? "#" : ".", tone);
        else if (has_fair && cell == mark)
            append(screen_.utf8 ? "╎" : "|", TopTone::dim);
        else
            append(screen_.utf8 ? "·" : ".", TopTone::dim);
    }
}

void LineMaker::fill(TopTone tone) {
    if (room() > 0) append(std::string(room(), ' '), tone);
}

std::vector<TopLine> lines_of(std::string_view text, const TopScreen& screen, TopTone tone) {
    std::vector<TopLine> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        LineMaker line(screen);
        line.put(text.substr(0, end), tone);
        lines.push_back(line.take());
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return lines;
}

std::string flag_of(const TenantLoad& load) {
    if (!load.disturbs.empty()) return "!" + std::string(short_word(load.disturbs.front()));
    return load.suffers.empty() ? "" : "harmed";
}

std::string list_of(const std::vector<noisy::Victim>& victims) {
    std::vector<std::string> words;
    words.reserve(victims.size());
    for (const noisy::Victim& victim : victims)
        words.push_back(fmt::format("{} ({})", victim.tenant, noisy::to_string(victim.harm)));
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string age_words(const TopFrame& frame, const TopState& state, const TopScreen& screen) {
    // A reading that comes half a second after its time is not worth a word.
    constexpr std::uint64_t slack_ns = 500'000'000;
    const bool is_timed = screen.now_ns != 0 && frame.taken_ns != 0;
    const std::uint64_t age_ns = is_timed ? screen.now_ns - std::min(screen.now_ns, frame.taken_ns) : 0;
    if (state.paused) return is_timed ? fmt::format("  paused {} ago", human_duration(age_ns)) : "  paused";
    std::string words;
    if ((1 + top_reading_rest) * frame.reading_ns > frame.interval_ns)
        words += fmt::format("  reading takes {}", human_duration(frame.reading_ns));
    if (age_ns > frame.interval_ns + slack_ns) words += fmt::format("  read {} ago", human_duration(age_ns));
    return words;
}

std::uint64_t scale_of(const WayLoad& way, const FairShare& share, Direction direction) {
    if (way.max_bps != 0 || way.fair_bps == 0 || !share.is_on) return way.max_bps;
    return std::min(2 * way.fair_bps, share.capacity_bps.at(static_cast<std::size_t>(direction)));
}

}  // namespace weir::top
