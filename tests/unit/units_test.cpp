// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/units.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/utf8.hpp"

namespace weir {
namespace {

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

std::uint64_t rate(std::string_view text) {
    auto parsed = parse_rate(text);
    EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : to_line(parsed.error()));
    return parsed.value_or(0);
}

Error refusal(std::string_view text) {
    auto parsed = parse_rate(text);
    EXPECT_FALSE(parsed) << text << " was read as " << parsed.value_or(0);
    return parsed ? Error{} : parsed.error();
}

TEST(ParseRate, ReadsEveryUnit) {
    EXPECT_EQ(rate("0bit"), 0U);
    EXPECT_EQ(rate("1bit"), 1U);
    EXPECT_EQ(rate("64kbit"), 64'000U);
    EXPECT_EQ(rate("100mbit"), 100'000'000U);
    EXPECT_EQ(rate("10gbit"), 10'000'000'000U);
    EXPECT_EQ(rate("10tbit"), 10'000'000'000'000U);
    EXPECT_EQ(rate("1kibit"), 1024U);
    EXPECT_EQ(rate("1mibit"), 1024U * 1024);
    EXPECT_EQ(rate("1gibit"), 1ULL << 30);
    EXPECT_EQ(rate("1tibit"), 1ULL << 40);
    EXPECT_EQ(rate("100Mbit"), 100'000'000U);
    EXPECT_EQ(rate("000100mbit"), 100'000'000U);
}

TEST(ParseRate, RoundsFractionsToWholeBits) {
    EXPECT_EQ(rate("1.5gbit"), 1'500'000'000U);
    EXPECT_EQ(rate("1.5kibit"), 1536U);
    EXPECT_EQ(rate("0.1kibit"), 102U);   // 102.4
    EXPECT_EQ(rate("0.45kibit"), 461U);  // 460.8
    EXPECT_EQ(rate("2.5bit"), 3U);       // half up
    EXPECT_EQ(rate("0.5bit"), 1U);
    EXPECT_EQ(rate("2.4999999999999999999999bit"), 2U);
    EXPECT_EQ(rate("0.000000000001tbit"), 1U);
    EXPECT_NE(refusal("0.4bit").evidence.find("less than one bit"), std::string::npos);
    EXPECT_NE(refusal("0.0000000000000000000000000001tbit").evidence.find("less than one bit"), std::string::npos);
}

TEST(ParseRate, HoldsAllOf64BitsAndNoMore) {
    EXPECT_EQ(rate("18446744073709551615bit"), u64_max);
    EXPECT_EQ(rate("18446744.073709551615tbit"), u64_max);
    EXPECT_EQ(rate("18446744073709551615.4bit"), u64_max);
    for (const char* text : {"18446744073709551616bit", "18446744073709551615.5bit", "18446744.073709551616tbit",
                             "18446745tbit", "16777216tibit", "99999999999999999999999999999999999999999999999999bit"})
        EXPECT_NE(refusal(text).evidence.find("64 bits"), std::string::npos) << text;
}

TEST(ParseRate, ExplainsTheSpellingsThatPeopleMistake) {
    Error mbps = refusal("100mbps");
    EXPECT_EQ(mbps.code, Errc::usage);
    EXPECT_EQ(mbps.what, "cannot read the rate \"100mbps\"");
    EXPECT_EQ(mbps.evidence, "tc reads 'mbps' as megabytes per second, and people mean megabits");
    EXPECT_EQ(mbps.hint, "write 100mbit for megabits, 800mbit for megabytes");
    EXPECT_EQ(refusal("1.5gibps").hint, "write 1.5gibit for gibibits, 12gibit for gibibytes");
    EXPECT_EQ(refusal("10MB/s").hint, "write 10mbit for megabits, 80mbit for megabytes");
    EXPECT_EQ(refusal("5bps").evidence, "tc reads 'bps' as bytes per second, and people mean bits");
    EXPECT_EQ(refusal("100m").hint, "write 100mbit");
    EXPECT_EQ(refusal("100Mbit/s").hint, "write 100mbit");
    EXPECT_EQ(refusal("100mbits").hint, "write 100mbit");
    EXPECT_EQ(refusal("100").hint, "write 100bit, 100kbit, 100mbit or 100gbit");
    // Eight times as many bits do not fit: only the half that does is offered.
    EXPECT_EQ(refusal("18446744073709551615bps").hint, "write 18446744073709551615bit for bits");
}

TEST(ParseRate, RefusesWhatIsNoRate) {
    for (const char* text : {"", "mbit", "-5mbit", "+5mbit", " 5mbit", "5 mbit", "5mbit ", ".5mbit", "5.mbit", "1e9bit",
                             "5,5mbit", "0x10bit", "10%", "5mbit5", "1.2.3mbit", "5pbit", "nan", "inf"}) {
        Error error = refusal(text);
        EXPECT_EQ(error.code, Errc::usage) << text;
        EXPECT_FALSE(error.evidence.empty()) << text;
        EXPECT_FALSE(error.hint.empty()) << text;
    }
}

TEST(PrintRate, IsTheShortestSpelling) {
    EXPECT_EQ(print_rate(0), "0bit");
    EXPECT_EQ(print_rate(1), "1bit");
    EXPECT_EQ(print_rate(999), "999bit");
    EXPECT_EQ(print_rate(1000), "1kbit");
    EXPECT_EQ(print_rate(10'000'000'000), "10gbit");
    EXPECT_EQ(print_rate(2'500'000'000), "2.5gbit");
    EXPECT_EQ(print_rate(800'000'000), "800mbit");  // not 0.8gbit
    EXPECT_EQ(print_rate(1024), "1kibit");
    EXPECT_EQ(print_rate(1ULL << 40), "1tibit");
    EXPECT_EQ(print_rate(1'000'000'001), "1000000001bit");
    EXPECT_EQ(print_rate(u64_max), "18446744073709551615bit");
}

TEST(PrintRate, IsReadBackToTheSameValue) {
    std::mt19937_64 random(20240611);
    for (int round = 0; round < 20'000; round++) {
        std::uint64_t value = random() >> (random() % 64);
        // Round figures, which have short spellings, as well as odd ones.
        for (std::uint64_t step : {1ULL, 1000ULL, 1'000'000ULL, 1ULL << 20, 1ULL << 30}) {
            std::uint64_t candidate = value / step * step;
            std::string text = print_rate(candidate);
            ASSERT_EQ(rate(text), candidate) << text;
            ASSERT_LE(text.size(), std::to_string(candidate).size() + 3) << text;
        }
    }
}

TEST(Human, BitAndPacketRates) {
    EXPECT_EQ(human_bit_rate(0), "0 bit/s");
    EXPECT_EQ(human_bit_rate(941.2e6), "941.2 Mbit/s");
    EXPECT_EQ(human_bit_rate(12.3e3), "12.3 kbit/s");
    EXPECT_EQ(human_bit_rate(999.4), "999 bit/s");
    EXPECT_EQ(human_bit_rate(999.5), "1.00 kbit/s");
    EXPECT_EQ(human_bit_rate(9'994), "9.99 kbit/s");
    EXPECT_EQ(human_bit_rate(9'996), "10.0 kbit/s");
    EXPECT_EQ(human_bit_rate(999'949), "999.9 kbit/s");
    EXPECT_EQ(human_bit_rate(999'951), "1.00 Mbit/s");
    EXPECT_EQ(human_bit_rate(1.5e18), "1.50 Ebit/s");
    EXPECT_EQ(human_packet_rate(83'200), "83.2 kpps");
    EXPECT_EQ(human_packet_rate(12), "12 pps");
    EXPECT_EQ(human_packet_rate(1.34), "1.3 pps");
    EXPECT_EQ(human_packet_rate(9.96), "10 pps");
    EXPECT_EQ(human_packet_rate(0.01), "<0.1 pps");
}

TEST(Human, BytesAndMemory) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(812), "812 B");
    EXPECT_EQ(human_bytes(999), "999 B");
    EXPECT_EQ(human_bytes(1000), "1.00 kB");
    EXPECT_EQ(human_bytes(1'530'000'000), "1.53 GB");
    EXPECT_EQ(human_bytes(u64_max), "18.4 EB");
    EXPECT_EQ(human_memory(1023), "1023 B");
    EXPECT_EQ(human_memory(1024), "1.0 KiB");
    EXPECT_EQ(human_memory(2'202'010), "2.1 MiB");
    EXPECT_EQ(human_memory(512 * 1024), "512 KiB");
    EXPECT_EQ(human_memory((1 << 20) - 1), "1.0 MiB");
    EXPECT_EQ(human_memory(u64_max), "16.0 EiB");
}

TEST(Human, Counts) {
    EXPECT_EQ(human_count(0), "0");
    EXPECT_EQ(human_count(999), "999");
    EXPECT_EQ(human_count(1000), "1,000");
    EXPECT_EQ(human_count(12'345), "12,345");
    EXPECT_EQ(human_count(99'999'999), "99,999,999");
    EXPECT_EQ(human_count(100'000'000), "100.0 M");
    EXPECT_EQ(human_count(123'400'000), "123.4 M");
    EXPECT_EQ(human_count(999'960'000), "1.00 G");
    EXPECT_EQ(human_count(u64_max), "18.4 E");
}

TEST(Human, Durations) {
    EXPECT_EQ(human_duration(0), "0 ns");
    EXPECT_EQ(human_duration(999), "999 ns");
    EXPECT_EQ(human_duration(1'200), "1.2 µs");
    EXPECT_EQ(human_duration(340'000'000), "340 ms");
    EXPECT_EQ(human_duration(999'499), "999 µs");
    EXPECT_EQ(human_duration(999'500), "1.0 ms");
    EXPECT_EQ(human_duration(12'400'000'000), "12.4 s");
    EXPECT_EQ(human_duration(59'949'000'000), "59.9 s");
    EXPECT_EQ(human_duration(59'951'000'000), "1m 0s");
    EXPECT_EQ(human_duration(3'599'000'000'000), "59m 59s");
    EXPECT_EQ(human_duration(11'520'000'000'000), "3h 12m");
    EXPECT_EQ(human_duration(86'400'000'000'000 * 4 + 7'200'000'000'000), "4d 2h");
    EXPECT_EQ(human_duration(u64_max), "213503d 23h");
}

TEST(Utf8, TellsWellFormedFromIllFormed) {
    for (const char* good : {"", "plain", "münchen", "日本", "😀", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(utf8_valid(good)) << good;
    for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
                            "\xe6\x97", "a\xc3(", "\xf0\x8f\xbf\xbf"})
        EXPECT_FALSE(utf8_valid(bad));
    EXPECT_EQ(utf8_mended("a\xc3(\xff"), "a\xef\xbf\xbd(\xef\xbf\xbd");
    EXPECT_EQ(utf8_mended("日本"), "日本");
    EXPECT_EQ(utf8_quotable("日 本\x1b\n\xff\u202e"), "日 本\\u001b\\u000a\xef\xbf\xbd\\u202e");
    EXPECT_EQ(refusal("5gbit\n").evidence, "unknown unit 'gbit\\u000a'");
}

TEST(Utf8, KnowsWidthsAndWhatIsVisible) {
    EXPECT_EQ(display_width("münchen"), 7U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("e\xcc\x81"), 1U);  // a combining accent
    EXPECT_EQ(display_width("1.2 µs"), 6U);
    for (char32_t hidden : {U'\0', U' ', U'\x7f', U'\x85', U'\xa0', U'\u200b', U'\u202e', U'\ufeff', utf8_invalid})
        EXPECT_FALSE(is_visible(hidden)) << std::hex << static_cast<std::uint32_t>(hidden);
    for (char32_t seen : {U'!', U'~', U'ü', U'日', U'…'})
        EXPECT_TRUE(is_visible(seen)) << std::hex << static_cast<std::uint32_t>(seen);
}

}  // namespace
}  // namespace weir
