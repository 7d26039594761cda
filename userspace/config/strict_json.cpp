// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/utf8.hpp"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t depth_max = 32;

std::string line_and_column(std::string_view text, std::size_t offset) {
    std::string_view before = text.substr(0, std::min(offset, text.size()));
    auto line = std::ranges::count(before, '\n') + 1;
    std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    return fmt::format("line {}, column {}", line, column);
}

// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while ..." from "syntax error" on.
std::string core_of(std::string_view message) {
    std::size_t start = message.find("syntax error");
    if (start == std::string_view::npos)
        start = message.find("] ") == std::string_view::npos ? 0 : message.find("] ") + 2;
    return utf8_quotable(message.substr(start));
}

// Reads along and builds nothing: the library's own reader does that, once the text is found good. Its parser callback
// would do both at once, but then looks through all elements of an array after each of them.
class Check : public nlohmann::json_sax<Json> {
public:
    explicit Check(std::string_view text) : text_(text) {}

    std::string problem;

    bool null() override { return value(); }
    bool boolean(bool) override { return value(); }
    bool number_integer(number_integer_t) override { return value(); }
    bool number_unsigned(number_unsigned_t) override { return value(); }
    bool number_float(number_float_t, const string_t&) override { return value(); }
    bool string(string_t&) override { return value(); }
    bool binary(binary_t&) override { return false; }  // no JSON text has any
    bool start_object(std::size_t) override { return open(false); }
    bool start_array(std::size_t) override { return open(true); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& key) override {
        if (!open_.back().keys.insert(key).second) {
            problem = pointer_text(pointer() + pointer_step(key)) + ": the key appears twice";
            return false;
        }
        open_.back().key = key;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        std::size_t offset = position > 0 ? position - 1 : 0;
        problem = text_.find_first_not_of(" \t\r\n") == std::string_view::npos
                      ? std::string("it is empty")
                      : fmt::format("{}: {}", line_and_column(text_, offset), core_of(error.what()));
        return false;
    }

private:
    struct Container {
        bool is_array;
        std::size_t values = 0;
        std::string key = {};  // of an object: the last
        std::set<std::string> keys = {};
    };

    bool value() {
        if (!open_.empty()) ++open_.back().values;
        return true;
    }

    bool open(bool is_array) {
        if (open_.size() == depth_max) {
            problem = fmt::format("{}: nested more than {} levels deep", pointer_text(pointer()), depth_max);
            return false;
        }
        value();
        open_.push_back({.is_array = is_array});
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    // Of the innermost open container: each but that one is held by the value that its parent saw last.
    std::string pointer() const {
        std::string path;
        for (std::size_t i = 0; i + 1 < open_.size(); i++)
            path += open_[i].is_array ? fmt::format("/{}", open_[i].values - 1) : pointer_step(open_[i].key);
        return path;
    }

    std::string_view text_;
    std::vector<Container> open_;
};

}  // namespace

std::string pointer_step(std::string_view key) {
    std::string step = "/";
    for (char c : utf8_quotable(key)) {
        if (c == '~')
            step += "~0";
        else if (c == '/')
            step += "~1";
        else
            step += c;
    }
    return step;
}

std::string pointer_text(const std::string& pointer) { return pointer.empty() ? "the document" : pointer; }

std::string shown(const Json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "an array";
    std::string text = utf8_quotable(value.dump(-1, ' ', false, Json::error_handler_t::replace));
    return text.size() <= 80 ? text : value.is_string() ? "a long string" : "a long number";
}

Result<Json> parse_strict_json(std::string_view text, const std::string& what_failed) {
    Check check(text);
    if (!Json::sax_parse(text, &check)) return fail(Errc::usage, what_failed, check.problem);
    return Json::parse(text);
}

}  // namespace weir
