// SPDX-License-Identifier: GPL-2.0-or-later
// How wide text is, and that what is cut is cut between letters.
#include "core/utf8.hpp"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <clocale>
#include <cwchar>
#include <utility>
#include <vector>

#include "report/table.hpp"

namespace weir {
namespace {

std::vector<std::string_view> clusters_of(std::string_view text) {
    std::vector<std::string_view> clusters;
    while (!text.empty())
        clusters.push_back(utf8_take_cluster(text));
    return clusters;
}

TEST(Utf8Width, AMarkTakesNoColumnOfItsOwn) {
    EXPECT_EQ(display_width("שָׁלוֹם"), 4U);   // Hebrew, three points
    EXPECT_EQ(display_width("مُحَمَّد"), 4U);   // Arabic, four harakat
    EXPECT_EQ(display_width("น้ำ"), 2U);     // Thai, a tone above; sara am is a letter
    EXPECT_EQ(display_width("กู่ที่"), 2U);     // Thai, a vowel below, one above, two tones
    EXPECT_EQ(display_width("ບໍ່"), 1U);      // Lao
    EXPECT_EQ(display_width("हिंदी"), 4U);   // Devanagari: ि and ी are spacing marks, the anusvara is none
    EXPECT_EQ(display_width("தமிழ்"), 4U);   // Tamil: ி is a spacing mark, the virama is none
    EXPECT_EQ(display_width("বাংলা"), 5U);  // Bengali: ং is a spacing mark too
    EXPECT_EQ(display_width("e\u0301o\u0302"), 2U);
    EXPECT_EQ(display_width("a\u200d\u200c\ufe0f"), 1U);  // joiner, non-joiner, variation selector
}

TEST(Utf8Width, WideLettersTakeTwo) {
    EXPECT_EQ(display_width("日本語"), 6U);
    EXPECT_EQ(display_width("한글"), 4U);
    EXPECT_EQ(display_width("\u1112\u1161\u11ab"), 2U);  // one syllable of three jamo
    EXPECT_EQ(display_width("ｆｕｌｌ"), 8U);
    EXPECT_EQ(display_width("ﾊﾝｶｸ"), 4U);
    EXPECT_EQ(display_width("😀"), 2U);
    EXPECT_EQ(display_width("𠀀"), 2U);
}

TEST(Utf8Width, WhatIsAmbiguousTakesOne) {
    EXPECT_EQ(display_width("±§°×αЖ…█▏·╎µ"), 12U);
    EXPECT_EQ(display_width(U'\ue000'), 1U);  // private use
}

TEST(Utf8Width, WhatIsShownAsAQuestionMarkTakesOne) {
    for (const char32_t hidden : {U'\0', U'\t', U'\x1b', U'\x7f', U'\x9b', utf8_invalid})
        EXPECT_EQ(display_width(hidden), 1U) << std::hex << static_cast<std::uint32_t>(hidden);
    for (const std::string_view text : {"a\x1b[31mb", "\xff\xc3(\xe6\x97", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
        EXPECT_EQ(display_width(terminal_safe(text)), display_width(text)) << terminal_safe(text);
}

// Another's word: the C library's tables, for what both know, script by script.
TEST(Utf8Width, IsThatOfTheCLibrary) {
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 == nullptr) GTEST_SKIP() << "no locale C.UTF-8 here";
    const locale_t before = uselocale(utf8);
    constexpr std::pair<char32_t, char32_t> scripts[] = {
        {0x20, 0x7e},        // ASCII
        {0xa0, 0x58f},       // Latin, combining marks, Greek, Cyrillic, Armenian
        {0x590, 0x8ff},      // Hebrew, Arabic, Syriac, Thaana, NKo
        {0x900, 0xdff},      // the Indic scripts, Sinhala
        {0xe00, 0x10ff},     // Thai, Lao, Tibetan, Myanmar, Georgian
        {0x1100, 0x11ff},    // Hangul jamo
        {0x1200, 0x1cff},    // Ethiopic to Vedic
        {0x1d00, 0x1fff},    // Latin and Greek, extended
        {0x3000, 0x3247},    // Kana and other East Asian letters
        {0x3400, 0x4dbf},    // Han
        {0x4e00, 0xd7ff},    // Han, Yi, Hangul
        {0xf900, 0xffef},    // compatibility forms, half and full width
        {0x1f300, 0x1f64f},  // emoji
        {0x20000, 0x2a6df},  // Han
    };
    std::size_t compared = 0;
    for (const auto& [first, last] : scripts) {
        for (char32_t code_point = first; code_point <= last; ++code_point) {
            const int theirs = wcwidth(static_cast<wchar_t>(code_point));
            const bool is_known = utf8proc_category(static_cast<utf8proc_int32_t>(code_point)) != UTF8PROC_CATEGORY_CN;
            if (theirs < 0 || !is_known) continue;  // a control, or newer than the Unicode of either
            ++compared;
            EXPECT_EQ(display_width(code_point), static_cast<unsigned>(theirs))
                << std::hex << "U+" << static_cast<std::uint32_t>(code_point);
        }
    }
    uselocale(before);
    freelocale(utf8);
    EXPECT_GT(compared, 90'000U);
}

TEST(Utf8Clusters, AreWhatAReaderCallsALetter) {
    using Clusters = std::vector<std::string_view>;
    EXPECT_EQ(clusters_of("abc"), (Clusters{"a", "b", "c"}));
    EXPECT_EQ(clusters_of("e\u0301\u0302x"), (Clusters{"e\u0301\u0302", "x"}));
    EXPECT_EQ(clusters_of("שָׁל"), (Clusters{"שָׁ", "ל"}));
    EXPECT_EQ(clusters_of("நிதி"), (Clusters{"நி", "தி"}));
    EXPECT_EQ(clusters_of("ที่นี่"), (Clusters{"ที่", "นี่"}));
    EXPECT_EQ(clusters_of("\u1112\u1161\u11ab한"), (Clusters{"\u1112\u1161\u11ab", "한"}));
    EXPECT_EQ(clusters_of("👨‍👩‍👧x"), (Clusters{"👨‍👩‍👧", "x"}));
    EXPECT_EQ(clusters_of("🇩🇪🇫🇷"), (Clusters{"🇩🇪", "🇫🇷"}));
    EXPECT_EQ(clusters_of("\u0301a"), (Clusters{"\u0301", "a"}));
    EXPECT_EQ(clusters_of(""), Clusters{});
}

TEST(Utf8Clusters, ABrokenByteOrAControlStandsAlone) {
    using Clusters = std::vector<std::string_view>;
    EXPECT_EQ(clusters_of("a\xff\u0301"), (Clusters{"a", "\xff", "\u0301"}));
    EXPECT_EQ(clusters_of("\xe6\x97"
                          "x"),
              (Clusters{"\xe6", "\x97", "x"}));
    EXPECT_EQ(clusters_of("a\x1b\u0301"), (Clusters{"a", "\x1b", "\u0301"}));
}

TEST(Utf8Clusters, CuttingSplitsNone) {
    EXPECT_EQ(shortened("שָׁלוֹם", 3, false), "שָׁל…");
    EXPECT_EQ(shortened("தமிழ்", 3, false), "த…");  // மி is two columns wide
    EXPECT_EQ(shortened("ที่นี่กู่", 2, false), "ที่…");
    EXPECT_EQ(shortened("ab👨‍👩‍👧cd", 6, false), "ab…");
    EXPECT_EQ(shortened("🇩🇪🇫🇷🇩🇪", 4, false), "🇩🇪…");

    const std::string_view samples[] = {"שָׁלוֹם עוֹלָם",
                                        "مُحَمَّد رَسُول",
                                        "ที่นี่มีน้ำ",
                                        "हिंदी क्षत्रिय",
                                        "தமிழ் நிதி",
                                        "日本語の名前",
                                        "👨‍👩‍👧🇩🇪👍🏽☕",
                                        "\u1112\u1161\u11ab글 e\u0301o\u0302",
                                        "a\xff\u0301\xe6\x97z"};
    for (const std::string_view text : samples) {
        const auto clusters = clusters_of(text);
        for (std::size_t width = 0; width <= display_width(text); ++width) {
            for (const bool in_the_middle : {false, true}) {
                const std::string cut = shortened(text, width, in_the_middle);
                EXPECT_LE(display_width(cut), width) << text;
                if (cut.empty() || cut == text) continue;
                const std::size_t ellipsis = cut.find("…");
                ASSERT_NE(ellipsis, std::string::npos) << text;
                // Both ends are whole clusters, from either side of the text.
                std::string head, tail;
                for (std::size_t i = 0; head.size() < ellipsis; ++i)
                    head += clusters.at(i);
                EXPECT_EQ(head, cut.substr(0, ellipsis)) << text << ' ' << width;
                const std::string rest = cut.substr(ellipsis + std::string_view("…").size());
                for (std::size_t i = clusters.size(); tail.size() < rest.size(); --i)
                    tail.insert(0, clusters.at(i - 1));
                EXPECT_EQ(tail, rest) << text << ' ' << width;
            }
        }
    }
}

}  // namespace
}  // namespace weir
