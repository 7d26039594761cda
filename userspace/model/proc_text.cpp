// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/proc_text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <optional>
#include <set>

namespace weir {
namespace {

constexpr std::string_view blanks = " \t";

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < text.size();) {
        const auto begin = text.find_first_not_of(separators, at);
        if (begin == std::string_view::npos) break;
        const auto end = std::min(text.find_first_of(separators, begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        at = end;
    }
    return parts;
}

std::vector<std::string_view> lines_of(std::string_view text) { return split(text, "\n"); }
std::vector<std::string_view> words_of(std::string_view line) { return split(line, blanks); }

std::optional<std::uint64_t> number(std::string_view word, int base = 10) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (failure != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return value;
}

constexpr int hexadecimal = 16;

std::uint64_t column(const std::vector<std::string_view>& words, std::size_t index) {
    return index < words.size() ? number(words[index], hexadecimal).value_or(0) : 0;
}

}  // namespace

NamedValues parse_name_and_value_lines(std::string_view text) {
    NamedValues values;
    const auto lines = lines_of(text);
    for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
        const auto names = words_of(lines[i]);
        const auto numbers = words_of(lines[i + 1]);
        if (names.empty() || numbers.empty() || names[0] != numbers[0] || !names[0].ends_with(':')) continue;
        const std::string group(names[0].substr(0, names[0].size() - 1));
        for (std::size_t k = 1; k < std::min(names.size(), numbers.size()); k++)
            if (const auto value = number(numbers[k])) values.emplace_back(group + '.' + std::string(names[k]), *value);
    }
    return values;
}

NamedValues parse_words(std::string_view text) {
    NamedValues values;
    for (const auto line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.size() != 2) continue;
        if (const auto value = number(words[1])) values.emplace_back(words[0], *value);
    }
    return values;
}

std::vector<SoftnetCpu> parse_softnet_stat(std::string_view text) {
    constexpr std::size_t flow_limit_column = 10;
    constexpr std::size_t cpu_column = 12;
    std::vector<SoftnetCpu> cpus;
    for (const auto line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.size() < 3) continue;
        const auto line_number = static_cast<std::uint32_t>(cpus.size());
        const bool has_cpu = words.size() > cpu_column;
        cpus.push_back({.cpu = has_cpu ? static_cast<std::uint32_t>(column(words, cpu_column)) : line_number,
                        .dropped = column(words, 1),
                        .time_squeeze = column(words, 2),
                        .flow_limit = column(words, flow_limit_column)});
    }
    return cpus;
}

NamedValues parse_net_stat(std::string_view text) {
    const auto lines = lines_of(text);
    if (lines.size() < 2) return {};
    const auto names = words_of(lines[0]);
    NamedValues values;
    for (const auto name : names)
        values.emplace_back(name, 0);
    for (std::size_t i = 1; i < lines.size(); i++) {
        const auto words = words_of(lines[i]);
        for (std::size_t k = 0; k < std::min(words.size(), values.size()); k++) {
            const auto value = column(words, k);
            values[k].second = values[k].first == "entries" ? value : values[k].second + value;
        }
    }
    return values;
}

NamedValues parse_sockstat(std::string_view text) {
    NamedValues values;
    for (const auto line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.empty() || !words[0].ends_with(':')) continue;
        const std::string group(words[0].substr(0, words[0].size() - 1));
        for (std::size_t k = 1; k + 1 < words.size(); k += 2)
            if (const auto value = number(words[k + 1]))
                values.emplace_back(group + '.' + std::string(words[k]), *value);
    }
    return values;
}

CpuTicks parse_proc_stat(std::string_view text) {
    constexpr std::size_t steal_column = 8;
    CpuTicks ticks;
    for (const auto line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.empty() || words[0] != "cpu") continue;
        // user nice system idle iowait irq softirq steal, then guest and guest_nice
        for (std::size_t k = 1; k <= steal_column && k < words.size(); k++)
            ticks.all += number(words[k]).value_or(0);
        if (words.size() > steal_column) ticks.steal = number(words[steal_column]).value_or(0);
        break;
    }
    return ticks;
}

std::uint64_t parse_run_delay_ns(std::string_view text) {
    const auto numbers = parse_numbers(text);
    return numbers.size() == 3 ? numbers[1] : 0;
}

std::vector<DefaultRoute> parse_default_routes(std::string_view text) {
    constexpr std::size_t mask_column = 7;
    std::vector<DefaultRoute> routes;
    for (const auto line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.size() <= mask_column || number(words[1], hexadecimal) != 0 ||
            number(words[mask_column], hexadecimal) != 0)
            continue;
        // The file has the address as a number in this machine's byte order of network bytes: already network order.
        routes.push_back({std::string(words[0]), static_cast<std::uint32_t>(column(words, 2))});
    }
    return routes;
}

IrqSpread parse_interrupts(std::string_view text, const std::vector<std::string>& words,
                           const std::vector<std::uint32_t>& numbers) {
    const auto lines = lines_of(text);
    if (lines.empty()) return {};
    const auto cpus = words_of(lines[0]).size();
    std::set<std::size_t> served;
    IrqSpread spread;
    for (std::size_t i = 1; i < lines.size(); i++) {
        const auto columns = words_of(lines[i]);
        if (columns.size() <= cpus || !columns[0].ends_with(':')) continue;
        const auto irq = number(columns[0].substr(0, columns[0].size() - 1));
        bool is_wanted = irq && std::ranges::find(numbers, *irq) != numbers.end();
        for (std::size_t k = cpus + 1; k < columns.size(); k++)
            for (const auto& word : words) {
                const auto rest = columns[k].starts_with(word) ? columns[k].substr(word.size()) : "x";
                is_wanted |= rest.empty() || rest[0] == '-' || rest[0] == ',';
            }
        if (!is_wanted) continue;
        bool has_fired = false;
        for (std::size_t k = 1; k <= cpus; k++) {
            if (number(columns[k]).value_or(0) == 0) continue;
            served.insert(k);
            has_fired = true;
        }
        spread.irqs += has_fired ? 1 : 0;
    }
    spread.cpus = static_cast<std::uint32_t>(served.size());
    return spread;
}

std::uint64_t most_ports_to_one_peer(std::string_view text, std::uint32_t first, std::uint32_t last) {
    std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> ports;
    std::uint64_t most = 0;
    for (const auto line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.size() < 4) continue;
        const auto colon = words[1].rfind(':');
        if (colon == std::string_view::npos) continue;
        const auto port = number(words[1].substr(colon + 1), hexadecimal);
        const bool is_listening = words[3] == "0A";
        if (!port || *port < first || *port > last || is_listening) continue;
        most = std::max(most, ++ports[{words[1].substr(0, colon), words[2]}]);
    }
    return most;
}

std::vector<std::uint64_t> parse_numbers(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    for (const auto word : split(text, " \t\n"))
        if (const auto value = number(word)) numbers.push_back(*value);
    return numbers;
}

std::uint32_t count_mask_bits(std::string_view text) {
    std::uint32_t bits = 0;
    for (const auto word : split(text, ",\n"))
        bits += static_cast<std::uint32_t>(std::popcount(number(word, hexadecimal).value_or(0)));
    return bits;
}

}  // namespace weir
