// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
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

class Builder : public nlohmann::json_sax<Json> {
public:
    explicit Builder(std::string_view text) : text_(text) {}

    Json root;
    std::string problem;

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& key) override {
        if (open_.back()->contains(key)) {
            problem = pointer_text(pointer() + pointer_step(key)) + ": the key appears twice";
            return false;
        }
        key_ = key;
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
    // The place where the next value goes: in the innermost open container, or the root.
    Json* place(Json value) {
        if (open_.empty()) return &(root = std::move(value));
        Json& inner = *open_.back();
        if (inner.is_array()) {
            inner.push_back(std::move(value));
            return &inner.back();
        }
        steps_.back() = pointer_step(key_);
        return &(inner[key_] = std::move(value));
    }

    bool add(Json value) {
        place(std::move(value));
        return true;
    }

    bool open(Json container) {
        if (open_.size() == depth_max) {
            problem = fmt::format("{}: nested more than {} levels deep", pointer_text(pointer()), depth_max);
            return false;
        }
        open_.push_back(place(std::move(container)));
        steps_.emplace_back();
        return true;
    }

    bool close() {
        open_.pop_back();
        steps_.pop_back();
        return true;
    }

    // Of the innermost open container. Its parents' steps are those of the values they hold last.
    std::string pointer() const {
        std::string path;
        for (std::size_t i = 0; i + 1 < open_.size(); i++)
            path += open_[i]->is_array() ? fmt::format("/{}", open_[i]->size() - 1) : steps_[i];
        return path;
    }

    std::string_view text_;
    std::vector<Json*> open_;
    std::vector<std::string> steps_;  // of an object: the key whose value came last
    std::string key_;
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
    Builder builder(text);
    if (Json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.root);
    return fail(Errc::usage, what_failed, builder.problem);
}

}  // namespace weir
