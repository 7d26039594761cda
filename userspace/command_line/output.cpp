// SPDX-License-Identifier: GPL-2.0-or-later
#include "command_line/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ranges>
#include <string>

#include "report/table.hpp"

namespace weir::cli {
namespace {

bool is_reader_gone = false;  // of the one thread that prints

Result<void> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EPIPE) {
            is_reader_gone = is_reader_gone || fd == STDOUT_FILENO;
            return {};
        }
        if (n < 0) return fail(Errc::failed, "cannot write the output", errno_text(errno));
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

bool wants_colour() {
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
    return (no_color == nullptr || *no_color == '\0') && !is_dumb;
}

// What a verifier says has lines of its own; each but the first is indented, so that none can pass for another message.
std::string indented_lines(std::string_view text) {
    std::string out;
    for (const auto part : text | std::views::split('\n')) {
        if (!out.empty()) out += "\n      ";
        out += terminal_safe(std::string_view(part.begin(), part.end()));
    }
    return out;
}

// Nowhere is left to say it if even this fails.
void write_words(std::string_view text) { (void)write_all(STDERR_FILENO, "weir: " + std::string(text) + '\n'); }

}  // namespace

Style output_style() {
    Style style;
    if (isatty(STDOUT_FILENO) == 0) return style;
    style.colour = wants_colour();
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) style.columns = size.ws_col;
    return style;
}

Result<void> print(std::string_view text) { return write_all(STDOUT_FILENO, text); }

Result<void> print(const Json& json, const OutputFormat& format) {
    constexpr int compact = -1;
    constexpr int indented = 2;
    return print(json.dump(format.pretty ? indented : compact, ' ', false, Json::error_handler_t::replace) + '\n');
}

bool reader_has_gone() { return is_reader_gone; }

// What is said may quote names that come from elsewhere: nothing in them may drive the terminal.
void say(std::string_view text) { write_words(terminal_safe(text)); }

int print_error(const Error& error, const OutputFormat& format) {
    const auto line = to_line(error);
    write_words(error.code == Errc::usage ? terminal_safe(line) : indented_lines(line));
    if (format.for_programs()) (void)print(error_json(error), format);
    return static_cast<int>(error.code);
}

void survive_closed_pipes() {
    // A handler and not SIG_IGN: programs that are started from here shall not inherit it.
    struct sigaction action{};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace weir::cli
