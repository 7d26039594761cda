// SPDX-License-Identifier: GPL-2.0-or-later
// Pieces of `weir top`'s screen: text that fits, numbers of a few columns, bars.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/top.hpp"

namespace weir::top {

// "941.2M", "1.23G", "12"; "83.2k".
std::string compact_bit_rate(double bits_per_second);
std::string compact_packet_rate(double packets_per_second);
// "1.2ms", "340us".
std::string compact_duration(std::uint64_t time_ns);

// Builds a line from its left; nothing gets beyond its width.
class LineMaker {
public:
    explicit LineMaker(const TopScreen& screen) : screen_(screen) {}
    void put(std::string_view text, TopTone tone = TopTone::plain);
    // In so many columns, filled up with spaces; too much is shortened with an ellipsis.
    void left(std::string_view text, std::size_t width, TopTone tone = TopTone::plain);
    void right(std::string_view text, std::size_t width, TopTone tone = TopTone::plain);
    // A rate of a scale, in so many columns; what is beyond the fair part is borrowed. 0: no scale, no fair part.
    void bar(const WayLoad& way, std::uint64_t scale_bps, std::size_t width);
    // Fills the rest of the line.
    void fill(TopTone tone = TopTone::plain);
    TopLine take() { return std::move(line_); }
    [[nodiscard]] std::size_t room() const { return screen_.columns - used_; }

private:
    void append(std::string text, TopTone tone);
    TopScreen screen_;
    TopLine line_;
    std::size_t used_ = 0;
};

// Text as the screen can show it: no control characters; ASCII only where it has no more.
std::string showable(std::string_view text, bool utf8);

// A text's lines, each of the screen's width at most.
std::vector<TopLine> lines_of(std::string_view text, const TopScreen& screen, TopTone tone = TopTone::plain);

// A culprit's pattern in five letters, "harmed", or nothing.
std::string flag_of(const TenantLoad& load);

// "db (latency), mail (loss)"
std::string list_of(const std::vector<noisy::Victim>& victims);

// "  paused 12.0 s ago"; where readings come later than they should "  reading takes 2.1 s", "  read 3.2 s ago"; else
// nothing.
std::string age_words(const TopFrame& frame, const TopState& state, const TopScreen& screen);

// What a bar is measured against: the limit; without one twice the fair share, but no more than the uplinks carry; 0:
// nothing.
std::uint64_t scale_of(const WayLoad& way, const FairShare& share, Direction direction);

// An opened tenant, and the help.
std::vector<TopLine> tenant_lines(const TopFrame& frame, const TopState& state, const TopScreen& screen);
std::vector<TopLine> help_lines(const TopScreen& screen);

}  // namespace weir::top
