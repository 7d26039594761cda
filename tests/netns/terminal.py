# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal of a fixed size with a program in it, by a tmux server of its own.

    with Terminal(host, ["weir", "top"], columns=80, lines=24) as terminal:
        terminal.wait(lambda screen: "weir top" in screen[0])
        terminal.press("s")
        terminal.screen()          # its lines
        terminal.code()            # of the program, once it has ended

The program is started by a shell that says how the terminal was set before and after. The server ends with the
Terminal, or with the test.
"""
import contextlib
import os
import pathlib
import shlex
import signal
import tempfile

import lab

BACK = "back at the shell"


class Terminal:
    def __init__(self, namespace, argv, columns=80, lines=24, env=None):
        self.folder = tempfile.TemporaryDirectory(prefix="weirtest-terminal-")
        self.path = pathlib.Path(self.folder.name)
        self.socket = self.path / "socket"
        settings = {"LC_ALL": "C.UTF-8", "TERM": "tmux-256color", **(env or {})}
        words = " ".join(f"{key}={shlex.quote(value)}" for key, value in settings.items())
        script = self.path / "run.sh"
        script.write_text(
            # The program is a job of its own: keys that send signals send them to it alone.
            "set -m\n"
            f"cd {shlex.quote(str(self.path))}\n"
            "stty -a >before\n"
            f"env {words} {shlex.join(argv)} 2>words\n"
            "echo $? >code.new && mv code.new code\n"
            "stty -a >after\n"
            f"echo; echo '{BACK}'\n"
            "exec sleep 1000\n")
        self.server = namespace.start("tmux", "-D", "-u", "-S", self.socket, "-f", "/dev/null",
                                      env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"})
        lab.wait_for(self.socket.exists, "tmux to listen")
        self.shell = int(self.tmux("new-session", "-d", "-P", "-F", "#{pane_pid}", "-x", columns, "-y", lines,
                                   "bash", "--norc", str(script)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.kill()
        # The terminal has gone with it, and the program; the shell then writes down how that ended.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.shell, signal.SIGKILL)
        lab.wait_for(lambda: not pathlib.Path(f"/proc/{self.shell}").exists(), "the shell to go")
        self.folder.cleanup()

    def tmux(self, *words):
        return lab.run("tmux", "-S", self.socket, *words, env={**os.environ, "LC_ALL": "C.UTF-8"}).out

    def screen(self, *options):
        """The lines as they stand, without the spaces at their ends."""
        lines = self.tmux("capture-pane", "-p", *options).split("\n")[:-1]
        return [line.rstrip() for line in lines]

    def text(self):
        return "\n".join(self.screen())

    def press(self, *keys):
        """Names of keys as tmux has them: s, Enter, Escape, PageDown, C-c."""
        self.tmux("send-keys", *keys)

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", columns, "-y", lines)

    def wait(self, condition, what="the screen", timeout=60):
        """Waits until condition(lines) is true and returns the lines; shows the screen if it never is."""
        seen = []

        def look():
            seen[:] = self.screen()
            return condition(seen)

        try:
            lab.wait_for(look, what, timeout, 0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is:\n" + "\n".join(seen)) from None
        return list(seen)

    def pid(self, name="weir"):
        """Of the program: the shell's child."""
        children = pathlib.Path(f"/proc/{self.shell}/task/{self.shell}/children").read_text().split()
        found = [int(pid) for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name]
        if len(found) != 1:
            raise AssertionError(f"not one {name} under {self.shell}: {children}")
        return found[0]

    def code(self, timeout=60):
        """How the program ended."""
        lab.wait_for((self.path / "code").exists, "the program to end", timeout)
        return int((self.path / "code").read_text())

    def words(self):
        """What it said on standard error."""
        return (self.path / "words").read_text()

    def settings(self):
        """Of the terminal, before and after, and whether it was left on the alternate screen or without a cursor."""
        self.wait(lambda lines: BACK in lines, "the shell")
        before, after = ((self.path / name).read_text() for name in ("before", "after"))
        flags = self.tmux("display-message", "-p",
                          "#{alternate_on} #{cursor_flag} #{keypad_flag} #{keypad_cursor_flag}")
        return before, after, flags.split()
