// SPDX-License-Identifier: GPL-2.0-or-later
// Where what a command has to say goes: data to standard output, words to standard error.
#pragma once

#include <string_view>

#include "core/result.hpp"
#include "report/report.hpp"

namespace weir::cli {

// -j/--json and -p/--pretty. Neither: tables and lines for people.
struct OutputFormat {
    bool json = false;
    bool pretty = false;
    [[nodiscard]] bool for_programs() const { return json || pretty; }
};

// Standard output's: colour only on a terminal, never with NO_COLOR; as wide as the terminal is.
Style output_style();

// Data, whole. A reader that has gone away is not an error: what is left is dropped, quietly.
Result<void> print(std::string_view text);
Result<void> print(const Json& json, const OutputFormat& format);

// Whether print() has met a closed pipe: what prints again and again can end.
bool reader_has_gone();

// Words: "weir: text", one line.
void say(std::string_view text);

// The error as words, and for programs as an object on standard output too. Returns the exit code.
int print_error(const Error& error, const OutputFormat& format);

// Lets print() see that the reader has gone (EPIPE), where a signal would end the process half way through a change.
void survive_closed_pipes();

}  // namespace weir::cli
