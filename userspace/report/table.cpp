// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/table.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "core/utf8.hpp"

namespace weir {
namespace {

constexpr std::size_t gap = 2;

bool shrinks(const Column& column) { return column.kind == Column::text || column.kind == Column::endpoint; }

bool right(const Column& column) { return column.kind == Column::number || column.kind == Column::quantity; }

// Where the unit of a quantity begins, its space included.
std::size_t unit_start(std::string_view text) { return std::min(text.rfind(' '), text.size()); }

// A column that is shown, and how wide.
struct Shown {
    std::size_t index;
    std::size_t width;
    std::size_t unit_width;  // of the widest unit, its space included
};

std::size_t table_width(const std::vector<Shown>& shown) {
    std::size_t width = shown.empty() ? 0 : gap * (shown.size() - 1);
    return std::accumulate(shown.begin(), shown.end(), width,
                           [](std::size_t sum, const Shown& s) { return sum + s.width; });
}

// The widest column that may still become narrower.
Shown* widest_above(std::vector<Shown>& shown, const std::vector<Column>& columns, bool respect_least) {
    Shown* widest = nullptr;
    for (Shown& candidate : shown) {
        const Column& column = columns[candidate.index];
        std::size_t floor = respect_least ? std::max<std::size_t>(column.least, display_width(column.header)) : 4;
        if (!shrinks(column) || candidate.width <= floor) continue;
        if (!widest || candidate.width > widest->width) widest = &candidate;
    }
    return widest;
}

bool shrink(std::vector<Shown>& shown, const std::vector<Column>& columns, std::size_t room, bool respect_least) {
    while (table_width(shown) > room) {
        Shown* widest = widest_above(shown, columns, respect_least);
        if (!widest) return false;
        widest->width--;
    }
    return true;
}

std::vector<Shown> fit(std::vector<Shown> shown, const std::vector<Column>& columns, unsigned room) {
    while (room > 0) {
        std::vector<Shown> narrowed = shown;
        if (shrink(narrowed, columns, room, true)) return narrowed;
        auto spare = [&](const Shown& s) { return columns[s.index].spare; };
        auto least_needed = std::ranges::max_element(shown, {}, spare);
        if (spare(*least_needed) == 0) {
            shrink(shown, columns, room, false);
            return shown;
        }
        shown.erase(least_needed);
    }
    return shown;
}

std::string padded(const Column& column, const Shown& shown, const Cell& cell, const Style& style, bool is_last) {
    std::string text = cell.text;
    if (shrinks(column)) text = shortened(text, shown.width, column.kind == Column::endpoint);
    std::size_t width = display_width(text);
    std::string blank(shown.width > width ? shown.width - width : 0, ' ');
    if (!right(column)) return toned(text, cell.tone, style) + (is_last ? "" : blank);
    if (column.kind == Column::number) return blank + toned(text, cell.tone, style);

    std::size_t split = unit_start(text);
    std::string_view unit = std::string_view(text).substr(split);
    // Units begin together, so a short one leaves its blank behind it, not before the number.
    std::size_t behind = std::min(blank.size(), shown.unit_width - display_width(unit));
    Tone unit_tone = cell.tone == Tone::plain ? Tone::dim : cell.tone;
    return blank.substr(behind) + toned(text.substr(0, split), cell.tone, style) + toned(unit, unit_tone, style) +
           std::string(behind, ' ');
}

}  // namespace

void Table::add(std::vector<Cell> cells) {
    assert(cells.size() == columns_.size());
    for (Cell& cell : cells)
        cell.text = terminal_safe(cell.text);
    rows_.push_back(std::move(cells));
}

std::string Table::print(const Style& style) const {
    std::vector<Shown> shown;
    for (std::size_t i = 0; i < columns_.size(); i++) {
        std::size_t number_width = 0;
        std::size_t unit_width = 0;
        for (const auto& row : rows_) {
            std::string_view text = row[i].text;
            std::size_t split = columns_[i].kind == Column::quantity ? unit_start(text) : text.size();
            number_width = std::max(number_width, display_width(text.substr(0, split)));
            unit_width = std::max(unit_width, display_width(text.substr(split)));
        }
        shown.push_back({i, std::max(number_width + unit_width, display_width(columns_[i].header)), unit_width});
    }
    shown = fit(std::move(shown), columns_, style.columns);

    std::string out;
    auto line = [&](auto&& cell_of) {
        std::string text;
        for (const Shown& column : shown) {
            bool is_last = &column == &shown.back();
            text += cell_of(column, is_last) + std::string(is_last ? 0 : gap, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + '\n';
    };
    line([&](const Shown& column, bool is_last) {
        Column header{.header = {}, .kind = right(columns_[column.index]) ? Column::number : Column::text};
        return padded(header, column, Cell(columns_[column.index].header, Tone::strong), style, is_last);
    });
    for (const auto& row : rows_)
        line([&](const Shown& column, bool is_last) {
            return padded(columns_[column.index], column, row[column.index], style, is_last);
        });
    return out;
}

}  // namespace weir
