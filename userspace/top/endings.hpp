// SPDX-License-Identifier: GPL-2.0-or-later
// Signals that end a process, for one that has to give the terminal back first.
//
// Example:
//     const Endings endings;
//     poll({endings.fd(), …});
//     if (const int signal = endings.taken()) …
//
// One at a time, made before the terminal is taken. SIGKILL cannot be helped.
#pragma once

namespace weir::top {

class Endings {
public:
    // From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT are noted and do not end the process at once. One that was
    // ignored stays so.
    Endings();
    // They do again what they did.
    ~Endings();
    Endings(const Endings&) = delete;
    Endings& operator=(const Endings&) = delete;

    // Readable once one has come.
    [[nodiscard]] int fd() const;
    // The first that came; 0: none. From then on the process has two seconds to give the terminal back by itself: it
    // may hang in writing to one that takes nothing (Ctrl-S). After that its settings are put back and it is ended.
    [[nodiscard]] int taken() const;

    // Ends the process by that signal.
    [[noreturn]] static void end_by(int signal);
};

}  // namespace weir::top
