// SPDX-License-Identifier: GPL-2.0-or-later
// Aligned tables for a terminal.
//
// Example:
//     Table table({{.header = "VNIC", .kind = Column::text}, {.header = "TX", .kind = Column::quantity}});
//     table.add({"vnet3", "1.53 GB"});
//     std::string shown = table.print({.colour = true, .columns = 80});
//
// A table wider than the terminal first loses its least important columns, then its text columns are shortened, the
// widest first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/report.hpp"

namespace weir {

enum class Tone { plain, dim, strong, warning };

struct Column {
    enum Kind {
        text,      // left; may be shortened at its end
        endpoint,  // left; may be shortened in its middle, so that a port stays
        plain,     // left, whole
        number,    // right
        quantity,  // right: "1.53 GB"; numbers and units each in their own line-up
    };
    std::string header;
    Kind kind = text;
    unsigned spare = 0;  // 0: always shown; else the highest goes first when there is too little room
    unsigned least = 8;  // text and endpoint: not made narrower than this while a spare column is left
};

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
    // Implicit, so that a row reads as the list of its texts.
    // NOLINTBEGIN(google-explicit-constructor)
    Cell(std::string shown, Tone in = Tone::plain) : text(std::move(shown)), tone(in) {}
    Cell(std::string_view shown) : text(shown) {}
    Cell(const char* shown) : text(shown) {}
    // NOLINTEND(google-explicit-constructor)
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // One cell for each column.
    void add(std::vector<Cell> cells);
    // Header and rows, a line each.
    [[nodiscard]] std::string print(const Style& style) const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

// Text with its colour, if the style has colour.
std::string toned(std::string_view text, Tone tone, const Style& style);

// The text without control characters and ill-formed UTF-8: what others named must not drive the terminal.
std::string terminal_safe(std::string_view text);

// At most `width` columns, with an ellipsis where something was cut out.
std::string shortened(std::string_view text, std::size_t width, bool in_the_middle);

// A sentence, broken at spaces to fit; lines after the first are indented.
std::string wrapped(std::string_view text, unsigned columns, std::size_t indent);

}  // namespace weir
