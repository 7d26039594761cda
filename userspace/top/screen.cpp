// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/screen.hpp"

#include <langinfo.h>
#include <ncurses.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>

namespace weir::top {
namespace {

enum Pair : short { pair_bar = 1, pair_borrowed, pair_warning, pair_title };

void begin_colours() {
    start_color();
    use_default_colors();
    init_pair(pair_bar, COLOR_GREEN, -1);
    init_pair(pair_borrowed, COLOR_CYAN, -1);
    init_pair(pair_warning, COLOR_YELLOW, -1);
    init_pair(pair_title, COLOR_CYAN, -1);
}

attr_t attributes_of(TopTone tone, bool colour) {
    const auto pair = [&](Pair number) { return colour ? static_cast<attr_t>(COLOR_PAIR(number)) : attr_t{A_NORMAL}; };
    switch (tone) {
    case TopTone::plain:
        return A_NORMAL;
    case TopTone::dim:
        return A_DIM;
    case TopTone::strong:
        return A_BOLD;
    case TopTone::title:
        return A_BOLD | pair(pair_title);
    case TopTone::header:
        return A_REVERSE;
    case TopTone::sorted:
        return A_REVERSE | A_BOLD | A_UNDERLINE;
    case TopTone::warning:
        return A_BOLD | pair(pair_warning);
    case TopTone::bar:
        return pair(pair_bar);
    case TopTone::borrowed:
        return pair(pair_borrowed);
    }
    return A_NORMAL;
}

std::optional<TopKey::Kind> kind_of(int code) {
    switch (code) {
    case KEY_UP:
        return TopKey::up;
    case KEY_DOWN:
        return TopKey::down;
    case KEY_PPAGE:
        return TopKey::page_up;
    case KEY_NPAGE:
        return TopKey::page_down;
    case KEY_HOME:
        return TopKey::home;
    case KEY_END:
        return TopKey::end;
    case KEY_ENTER:
    case KEY_RIGHT:
        return TopKey::enter;
    case KEY_BACKSPACE:
        return TopKey::backspace;
    case KEY_LEFT:
        return TopKey::escape;
    default:
        return std::nullopt;
    }
}

TopKey key_of(wint_t letter) {
    constexpr wint_t escape = 27;
    constexpr wint_t del = 127;
    switch (letter) {
    case '\n':
    case '\r':
        return {.kind = TopKey::enter};
    case '\t':
        return {.kind = TopKey::tab};
    case '\b':
    case del:
        return {.kind = TopKey::backspace};
    case escape:
        return {.kind = TopKey::escape};
    default:
        return {.kind = TopKey::character, .letter = static_cast<char32_t>(letter)};
    }
}

}  // namespace

struct Screen::State {
    SCREEN* terminal = nullptr;
    bool utf8 = false;
    bool colour = false;
};

Screen::Screen(std::unique_ptr<State> state) : state_(std::move(state)) {}
Screen::Screen(Screen&&) noexcept = default;

Screen::~Screen() {
    if (!state_) return;
    endwin();
    delscreen(state_->terminal);
}

Result<void> check_terminal() {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
        return fail(Errc::usage, "top", "it needs a terminal",
                    "for programs: weir top -j; once: weir stats --duration 5");
    return {};
}

Result<Screen> Screen::open() {
    WEIR_CHECK(check_terminal());
    std::setlocale(LC_CTYPE, "");
    auto state = std::make_unique<State>();
    state->utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const char* const name = std::getenv("TERM");
    state->terminal = newterm(nullptr, stdout, stdin);
    if (state->terminal == nullptr)
        return fail(Errc::failed, "cannot draw on this terminal",
                    name == nullptr ? "TERM is not set" : "its kind is not known: TERM=" + std::string(name),
                    "try: TERM=xterm weir top");
    const char* const no_color = std::getenv("NO_COLOR");
    state->colour = has_colors() && (no_color == nullptr || *no_color == '\0');
    if (state->colour) begin_colours();
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    return Screen(std::move(state));
}

TopScreen Screen::size() const {
    return {.columns = static_cast<unsigned>(COLS), .lines = static_cast<unsigned>(LINES), .utf8 = state_->utf8};
}

void Screen::draw(const std::vector<TopLine>& lines) {
    werase(stdscr);
    for (std::size_t number = 0; number < lines.size(); number++) {
        wmove(stdscr, static_cast<int>(number), 0);
        for (const TopSpan& span : lines[number].spans) {
            const auto look = attributes_of(span.tone, state_->colour);
            wattrset(stdscr, static_cast<int>(look | (lines[number].is_selected ? A_REVERSE : A_NORMAL)));
            waddnstr(stdscr, span.text.data(), static_cast<int>(span.text.size()));
        }
    }
    wattrset(stdscr, A_NORMAL);
    wrefresh(stdscr);
}

std::optional<TopKey> Screen::key(bool& resized) {
    for (;;) {
        wint_t code = 0;
        const int got = get_wch(&code);
        if (got == ERR) return std::nullopt;
        if (got != KEY_CODE_YES) return key_of(code);
        if (code == KEY_RESIZE) {
            resized = true;
            continue;
        }
        if (const auto kind = kind_of(static_cast<int>(code))) return TopKey{.kind = *kind};
    }
}

}  // namespace weir::top
