// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal, by ncurses. While a Screen lives, it has the terminal; after that the terminal is as it was.
// Not for two threads at a time, and one Screen at a time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "report/top.hpp"

namespace weir::top {

// Errc::usage where standard input or output is no terminal.
Result<void> check_terminal();

class Screen {
public:
    // As check_terminal(); Errc::failed where the terminal is not known (TERM). Colour unless NO_COLOR says otherwise.
    static Result<Screen> open();

    Screen(Screen&&) noexcept;
    Screen& operator=(Screen&&) = delete;
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    // As it is now; after a change of size it is the new one once key() has been called.
    [[nodiscard]] TopScreen size() const;
    void draw(const std::vector<TopLine>& lines);

    // A key that has been pressed and not been read; never waits. `resized` is set after a change of size.
    std::optional<TopKey> key(bool& resized);

private:
    struct State;
    explicit Screen(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace weir::top
