// SPDX-License-Identifier: GPL-2.0-or-later
// What is no good JSON is refused in one line that names the place.
#include "config/strict_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string problem(std::string_view text) {
    const auto json = parse_strict_json(text, "cannot read it");
    if (json) return "no problem";
    EXPECT_EQ(json.error().code, Errc::usage);
    EXPECT_EQ(json.error().what, "cannot read it");
    EXPECT_EQ(json.error().evidence.find('\n'), std::string::npos) << json.error().evidence;
    return json.error().evidence;
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

TEST(StrictJson, GivesWhatTheTextSays) {
    const auto json = parse_strict_json(
        R"( {"b": [1, -2, 2.5, "é\u00e9\n", true, null, {}], "a": {"b": 18446744073709551615}} )", "");
    ASSERT_TRUE(json) << to_line(json.error());
    EXPECT_EQ(json->dump(), R"({"b":[1,-2,2.5,"éé\n",true,null,{}],"a":{"b":18446744073709551615}})");
    EXPECT_EQ(parse_strict_json("7", "")->dump(), "7");
}

TEST(StrictJson, RefusesAKeyTwiceInOneObjectOnly) {
    EXPECT_EQ(problem(R"({"a": 1, "b": {"a": 2, "c": [{"a": 3}, {"a": 4}]}, "c": {"a": 5}})"), "no problem");
    EXPECT_EQ(problem(R"({"a": 1, "a": 1})"), "/a: the key appears twice");
    EXPECT_EQ(problem(R"({"a": {"b": {"c": 1, "d": {"c": 2}, "c": 3}}})"), "/a/b/c: the key appears twice");
    EXPECT_EQ(problem(R"([0, [1, {"x": {}, "y": [], "x": 1}]])"), "/1/1/x: the key appears twice");
    EXPECT_EQ(problem(R"({"\u0061": 1, "a": 2})"), "/a: the key appears twice");
    EXPECT_EQ(problem(R"({"a/b~\u001b": 1, "a/b~\u001b": 2})"), "/a~1b~0\\u001b: the key appears twice");
    EXPECT_EQ(problem(R"({"": 1, "": 2})"), "/: the key appears twice");
    // The first thing wrong is the one that is named.
    EXPECT_EQ(problem(R"({"a": 1, "a": )"), "/a: the key appears twice");
}

TEST(StrictJson, BoundsTheNesting) {
    const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
    EXPECT_EQ(problem(nested(32)), "no problem");
    EXPECT_EQ(problem(nested(33)), repeated("/0", 31) + ": nested more than 32 levels deep");
    EXPECT_EQ(problem(std::string(16 << 20, '[')), repeated("/0", 31) + ": nested more than 32 levels deep");
    EXPECT_EQ(problem(repeated(R"({"a":)", 1 << 20)), repeated("/a", 31) + ": nested more than 32 levels deep");
    EXPECT_EQ(problem(repeated(R"([1,{"k":)", 17)), repeated("/1/k", 15) + "/1: nested more than 32 levels deep");
}

TEST(StrictJson, RefusesWhatIsNoNumber) {
    EXPECT_EQ(problem("[1e999]"), "line 1, column 6: number overflow parsing '1e999'");
    EXPECT_EQ(problem("[0,\n -1e999]"), "line 2, column 7: number overflow parsing '-1e999'");
    for (const char* text :
         {"[NaN]", "[nan]", "[Infinity]", "[-Infinity]", "[+1]", "[01]", "[.5]", "[1.]", "[0x10]", "[1e]"})
        EXPECT_THAT(problem(text), HasSubstr("syntax error")) << text;
    // Too great for an integer, not for a number.
    EXPECT_EQ(problem("[18446744073709551616, 1e308]"), "no problem");
}

TEST(StrictJson, RefusesWhatOnlyLooksLikeJson) {
    EXPECT_THAT(problem("[1, 2,]"), StartsWith("line 1, column 7: syntax error"));
    EXPECT_THAT(problem("{\"a\": 1,\n}"), StartsWith("line 2, column 1: syntax error"));
    EXPECT_THAT(problem("{'a': 1}"), StartsWith("line 1, column 2: syntax error"));
    EXPECT_THAT(problem("{\"a\": 1} // so"), StartsWith("line 1, column 10: syntax error"));
    EXPECT_THAT(problem("{\"a\": 1} {}"), StartsWith("line 1, column 10: syntax error"));
    EXPECT_THAT(problem("{\"a\": 1"), StartsWith("line 1, column 8: syntax error"));
    EXPECT_THAT(problem(std::string_view("[1\0]", 4)), StartsWith("line 1, column 3: syntax error"));
    for (const char* empty : {"", " ", "\n\t \r\n"})
        EXPECT_EQ(problem(empty), "it is empty");
}

TEST(StrictJson, TakesAByteOrderMarkInFrontOnly) {
    EXPECT_EQ(problem("\xef\xbb\xbf{}"), "no problem");
    EXPECT_THAT(problem("\xef\xbb{}"), StartsWith("line 1, column 3: syntax error"));
    EXPECT_THAT(problem("{}\xef\xbb\xbf"), StartsWith("line 1, column 3: syntax error"));
    EXPECT_THAT(problem("\xfe\xff\0{"), StartsWith("line 1, column 1: syntax error"));
}

TEST(StrictJson, RefusesWhatIsNoUtf8AndQuotesIt) {
    for (const std::string text :
         {"[\"a\xff\"]", "[\"a\xc0\xaf\"]", "[\"a\xed\xa0\x80\"]", "[\"a\xf4\x90\x80\x80\"]"}) {
        EXPECT_THAT(problem(text), HasSubstr("line 1, column ")) << problem(text);
        EXPECT_THAT(problem(text), HasSubstr("ill-formed UTF-8")) << problem(text);
    }
    EXPECT_THAT(problem("[\"a\x1b[2J\"]"), HasSubstr("syntax error"));
    EXPECT_EQ(problem("[\"a\x1b[2J\"]").find('\x1b'), std::string::npos);
    EXPECT_THAT(problem(R"(["\ud800"])"), HasSubstr("syntax error"));
}

// Were each element looked at again for every other, this would take minutes.
TEST(StrictJson, ReadsHugeInput) {
    constexpr std::size_t bytes = 1 << 20;
    const std::string objects = '[' + repeated("{},", bytes / 3 - 1) + "{}]";
    const auto json = parse_strict_json(objects, "");
    ASSERT_TRUE(json);
    EXPECT_EQ(json->size(), bytes / 3);
    EXPECT_EQ(problem('[' + repeated("[],", bytes / 3 - 1) + R"({"a": 0, "a": 0}])"),
              "/" + std::to_string(bytes / 3 - 1) + "/a: the key appears twice");
    EXPECT_EQ(parse_strict_json('"' + std::string(16 * bytes, 'x') + '"', "")->get_ref<const std::string&>().size(),
              16 * bytes);
}

}  // namespace
}  // namespace weir
