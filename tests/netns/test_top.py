# SPDX-License-Identifier: GPL-2.0-or-later
"""weir top, driven in a terminal: its screens, its keys, its figures beside others', its price, and how it leaves.

WEIR_UPDATE_SCREENS=1 writes tests/data/top/*.txt anew instead of comparing with them. docs/top.md shows them.
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "noisy"))
import lab
import scenarios
import stage
from support.parts import in_all
from terminal import Terminal

WEIR = lab.tool("weir")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCREENS = SOURCE / "tests" / "data" / "top"
SIMULATED = [WEIR, "top", "--simulate", "1000", "--interval", "0.5"]
PREFIXES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def number(text):
    """Of "941.2M"."""
    match = re.fullmatch(r"([0-9.]+)([kMG]?)", text)
    return float(match[1]) * PREFIXES[match[2]]


def tenants(screen):
    """The list's rows: name -> what stands in the columns that are numbers."""
    at = next((i for i, line in enumerate(screen) if line.startswith("TENANT")), len(screen))
    rows = {}
    for line in screen[at + 1:-1]:
        if line:
            words = re.sub(r"[█▉▊▋▌▍▎▏╎·#.|]{7,}", " ", line).split()
            rows[words[0]] = words[1:]
    return rows


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Simulated(lab.Case):
    """With made-up vNICs, which are the same every time."""

    programs = ("tmux",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.namespace = cls.lab.namespace("top")

    def open(self, argv=None, **options):
        terminal = Terminal(self.namespace, argv or SIMULATED, **options)
        self.addCleanup(terminal.__exit__)
        terminal.wait(lambda screen: any(line.startswith("TENANT") for line in screen)
                      and any(line.startswith("tenant-") for line in screen), "the list")
        return terminal

    def assert_screen(self, terminal, name):
        """The screen becomes what is recorded; within some seconds, for a busy machine may be late with a reading."""
        path = SCREENS / f"{name}.txt"
        if os.environ.get("WEIR_UPDATE_SCREENS"):
            time.sleep(1.5)
            path.parent.mkdir(exist_ok=True)
            path.write_text(terminal.text() + "\n", encoding="utf-8")
            return
        expected = path.read_text(encoding="utf-8").split("\n")[:-1]
        try:
            terminal.wait(lambda screen: screen == expected, name)
        except AssertionError as error:
            raise AssertionError(f"{error}\nand not:\n" + "\n".join(expected)) from None


class Screens(Simulated):
    def test_the_list_at_80x24(self):
        self.assert_screen(self.open(), "list-80x24")

    def test_the_list_at_120x40(self):
        self.assert_screen(self.open(columns=120, lines=40), "list-120x40")

    def test_an_opened_tenant(self):
        terminal = self.open()
        terminal.press("Enter")
        self.assert_screen(terminal, "tenant-80x24")

    def test_help(self):
        terminal = self.open()
        terminal.press("?")
        self.assert_screen(terminal, "help-80x24")
        terminal.press("x")
        self.assert_screen(terminal, "list-80x24")

    def test_ascii_where_there_is_no_more(self):
        terminal = self.open(env={"LC_ALL": "C"})
        self.assert_screen(terminal, "ascii-80x24")
        self.assertTrue(terminal.text().isascii())

    def test_a_resized_terminal_is_filled_again(self):
        terminal = self.open()
        terminal.resize(120, 40)
        self.assert_screen(terminal, "list-120x40")
        terminal.resize(60, 10)
        screen = terminal.wait(lambda screen: len(screen) == 10 and "1-6 of 1000" in screen[-1], "60x10")
        self.assertTrue(all(len(line) <= 60 for line in screen))
        terminal.resize(30, 5)
        terminal.wait(lambda screen: screen[0] == "at least 40x8", "a word that it is too small")
        terminal.resize(80, 24)
        self.assert_screen(terminal, "list-80x24")

    def test_colour_only_where_it_is_wanted(self):
        def colours(**env):
            terminal = self.open(env=env)
            text = "\n".join(terminal.screen("-e"))
            return {code for codes in re.findall(r"\x1b\[([0-9;]*)m", text) for code in codes.split(";")
                    if re.fullmatch(r"[349][0-7]", code)}
        self.assertTrue(colours())
        self.assertEqual(colours(NO_COLOR="1"), set())
        self.assertEqual(colours(TERM="vt100"), set())


class Keys(Simulated):
    def column(self, screen, place):
        return [number(words[place]) for words in tenants(screen).values()]

    def test_sort_and_reverse(self):
        terminal = self.open()
        for word, place in (("tx", 0), ("rx", 1), ("packets", 2), ("flows", 3)):
            terminal.press("s")
            screen = terminal.wait(lambda screen, word=word: f"by {word} " in screen[0], f"by {word}")
            values = self.column(screen, place)
            self.assertEqual(len(values), 20)
            self.assertEqual(values, sorted(values, reverse=True), screen)
            self.assertGreater(values[0], 0)
        terminal.press("r")
        screen = terminal.wait(lambda screen: "by flows, least first" in screen[0], "least first")
        values = self.column(screen, 3)
        self.assertEqual(values, sorted(values), screen)
        terminal.press("S", "r")
        terminal.wait(lambda screen: "by packets " in screen[0], "the key before")

    def test_filter(self):
        terminal = self.open()
        terminal.press("/", "0", "9", "9")
        screen = terminal.wait(lambda screen: "filter: 099_" in screen[-1] and len(tenants(screen)) == 11, "the filter")
        self.assertTrue(all("099" in name or "99" in name for name in tenants(screen)))
        self.assertIn('11 of 1,000 tenants with "099"', screen[0])
        terminal.press("BSpace", "8", "Enter")
        screen = terminal.wait(lambda screen: "q quit" in screen[-1], "what is kept")
        self.assertIn('with "098"', screen[0])
        terminal.press("Escape")
        terminal.wait(lambda screen: screen[0].startswith("weir top  1,000 tenants, 1,000 vNICs"), "all again")

    def test_the_selected_one_is_opened_and_left(self):
        terminal = self.open()
        third = list(tenants(terminal.screen()))[2]
        terminal.press("Down", "Down", "Enter")
        screen = terminal.wait(lambda screen: screen[0].startswith(third) and any("PROTO" in line for line in screen),
                               "its flows")
        self.assertTrue(any(line.startswith("tcp ") for line in screen))
        terminal.press("Tab")
        terminal.wait(lambda screen: any(line.startswith("VNIC ") and "P99.9" in line for line in screen), "its delays")
        terminal.press("Tab")
        terminal.wait(lambda screen: any("REASON" in line for line in screen) and
                      any(" rate " in line for line in screen), "its drops")
        terminal.press("Escape")
        terminal.wait(lambda screen: screen[0].startswith("weir top"), "the list")
        terminal.press("Enter")
        terminal.wait(lambda screen: screen[0].startswith(third), "it again, for it is still selected")

    def test_pages(self):
        terminal = self.open()
        terminal.wait(lambda screen: screen[-1].endswith("1-20 of 1000"), "the first page")
        terminal.press("PageDown")
        terminal.wait(lambda screen: screen[-1].endswith("21-40 of 1000"), "the second page")
        terminal.press("End")
        terminal.wait(lambda screen: screen[-1].endswith("of 1000") and "-1000" in screen[-1], "the last page")
        terminal.press("Home")
        terminal.wait(lambda screen: screen[-1].endswith("1-20 of 1000"), "the first page")

    def test_pause(self):
        terminal = self.open([WEIR, "top", "--simulate", "40", "--interval", "0.1", "--sort", "drops"])
        terminal.press("p")
        terminal.wait(lambda screen: "paused" in screen[0], "the pause")
        # Drops come and go from one tenth of a second to the next.
        before = terminal.screen()
        for _ in range(10):
            time.sleep(0.15)
            self.assertEqual(terminal.screen()[1:], before[1:])
        terminal.wait(lambda screen: re.search(r"paused [3-9]\.\d s ago", screen[0]), "how long ago that was")
        terminal.press("p")
        terminal.wait(lambda screen: "paused" not in screen[0] and screen[1:] != before[1:], "the next reading")

    def press_during_long_readings(self, rounds):
        """How long the slowest of two keys a round takes, and the end."""
        # Of so many vNICs a reading takes several intervals.
        terminal = Terminal(self.namespace, [WEIR, "top", "--simulate", "20000", "--interval", "0.1"])
        self.addCleanup(terminal.__exit__)
        terminal.wait(lambda screen: "reading takes" in "".join(screen), "a slow reading", timeout=120)
        slowest = 0
        for _ in range(rounds):
            for key, shown in (("?", "keys and columns"), ("x", "by load")):
                begun = time.monotonic()
                terminal.press(key)
                terminal.wait(lambda screen, shown=shown: shown in screen[0], shown)
                slowest = max(slowest, time.monotonic() - begun)
        begun = time.monotonic()
        terminal.press("q")
        self.assertEqual(terminal.code(), 0)
        return slowest, time.monotonic() - begun

    def test_keys_are_answered_during_long_readings(self):
        self.press_during_long_readings(1)

    @in_all("statistical: how soon, in real time")
    def test_keys_do_not_wait_for_a_reading(self):
        slowest, end = self.press_during_long_readings(8)
        print(f"\nthe slowest of 16 keys, with readings that take long: {slowest * 1000:.0f} ms", file=sys.stderr)
        self.assertLess(slowest, 1)
        self.assertLess(end, 2, "it does not wait for a reading at its end either")


class Leaving(Simulated):
    def assert_terminal_is_as_it_was(self, terminal):
        before, after, flags = terminal.settings()
        self.assertEqual(after, before)
        self.assertEqual(flags, ["0", "1", "0", "0"], "alternate screen, cursor, keypad, cursor keys")

    def test_q(self):
        terminal = self.open()
        terminal.press("q")
        self.assertEqual((terminal.code(), terminal.words()), (0, ""))
        self.assert_terminal_is_as_it_was(terminal)

    def test_ctrl_c(self):
        terminal = self.open()
        terminal.press("C-c")
        self.assertEqual((terminal.code(), terminal.words()), (0, ""))
        self.assert_terminal_is_as_it_was(terminal)

    def test_ctrl_z(self):
        terminal = self.open()
        terminal.press("C-z")
        self.assertEqual(terminal.code(), 128 + signal.SIGTSTP)
        self.assert_terminal_is_as_it_was(terminal)

    def test_signals(self):
        for which in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(signal=which):
                terminal = self.open()
                os.kill(terminal.pid(), which)
                self.assertEqual(terminal.code(), 128 + which)
                self.assert_terminal_is_as_it_was(terminal)

    def test_interrupted_from_elsewhere(self):
        terminal = self.open()
        os.kill(terminal.pid(), signal.SIGINT)
        self.assertEqual(terminal.code(), 0)
        self.assert_terminal_is_as_it_was(terminal)

    def test_a_terminal_that_takes_nothing_does_not_keep_it(self):
        # The other end is not read: what is written to it stands still once its memory is full.
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 400, 0, 0))
        before = termios.tcgetattr(slave)
        process = subprocess.Popen([WEIR, "top", "--simulate", "1000", "--interval", "0.1", "--sort", "drops"],
                                   stdin=slave, stdout=slave, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "TERM": "xterm-256color"})
        self.addCleanup(process.kill)
        lab.wait_for(lambda: termios.tcgetattr(slave) != before, "it to take the terminal")
        stack = pathlib.Path(f"/proc/{process.pid}/wchan")
        lab.wait_for(lambda: "n_tty_write" in stack.read_text() or "tty" in stack.read_text() or
                     "wait_woken" in stack.read_text(), "it to stand still")
        process.terminate()
        self.assertIn(process.wait(timeout=60), (128 + signal.SIGTERM, -signal.SIGTERM))
        self.assertEqual(termios.tcgetattr(slave), before)
        os.close(slave)

    def test_a_terminal_that_goes_away_ends_it(self):
        pid, master = pty.fork()
        if pid == 0:
            os.execve(WEIR, [WEIR, "top", "--simulate", "10"], {**os.environ, "TERM": "xterm-256color"})
        seen = b""
        while b"TENANT" not in seen:
            seen += os.read(master, 65536)
        os.close(master)
        lab.wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "its end")


class Words(Simulated):
    def test_no_terminal(self):
        done = self.namespace.weir("top", "--simulate", "3", ok=(2,), stdin="")
        self.assertEqual(done.out, "")
        self.assertRegex(done.err, r"\Aweir: top: it needs a terminal \(for programs: weir top -j; [^\n]+\)\n\Z")

    def test_an_unknown_terminal(self):
        terminal = Terminal(self.namespace, SIMULATED, env={"TERM": "nobody-knows-it"})
        self.addCleanup(terminal.__exit__)
        self.assertEqual(terminal.code(), 1)
        self.assertIn("TERM=nobody-knows-it", terminal.words())
        before, after, _ = terminal.settings()
        self.assertEqual(after, before)

    def test_nothing_attached(self):
        terminal = Terminal(self.namespace, [WEIR, "top"])
        self.addCleanup(terminal.__exit__)
        self.assertEqual(terminal.code(), 0)
        self.assertIn("nothing is attached", terminal.words())

    def test_json_is_what_the_screen_shows(self):
        terminal = self.open()
        shown = tenants(terminal.screen())
        process = self.namespace.start(*SIMULATED, "-j")
        lines = [json.loads(process.read_line()) for _ in range(3)]
        process.kill()
        self.assertEqual([line["schema_version"] for line in lines], [1, 1, 1])
        self.assertEqual([line["window_ns"] for line in lines], [500_000_000] * 3)
        listed = lines[-1]["tenants"]
        self.assertEqual(len(listed), 1000)
        self.assertEqual([load["tenant"] for load in listed[:20]], list(shown))
        for load in listed[:20]:
            words = shown[load["tenant"]]
            for value, word in ((load["tx"]["rate_bps"], words[0]), (load["rx"]["rate_bps"], words[1]),
                                (load["tx"]["rate_pps"] + load["rx"]["rate_pps"], words[2])):
                self.assertAlmostEqual(number(word), value, delta=value / 100)
            self.assertEqual(number(words[3]), load["flows"])
            self.assertEqual(number(words[5]), load["tx"]["drop_packets"] + load["rx"]["drop_packets"])


class Price(Simulated):
    def test_it_sleeps_between_readings(self):
        """It never goes to sleep by itself more than a few times a reading and a key: it does not poll."""
        terminal = self.open()
        status = pathlib.Path(f"/proc/{terminal.pid()}/status")
        sleeps = lambda: int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.MULTILINE)[1])  # noqa: E731
        begun, before = time.monotonic(), sleeps()
        lab.wait_for(lambda: sleeps() > before + 10, "readings")
        self.assertLess(sleeps() - before, 20 * (1 + (time.monotonic() - begun) / 0.5))

    @in_all("statistical: CPU time")
    def test_a_thousand_vnics_twice_a_second(self):
        terminal = self.open()
        pid = terminal.pid()
        begun, before = time.monotonic(), cpu_seconds(pid)
        time.sleep(20)
        share = (cpu_seconds(pid) - before) / (time.monotonic() - begun)
        print(f"\n1,000 vNICs at 2 Hz: {share * 100:.2f} % of a CPU", file=sys.stderr)
        self.assertLess(share, 0.05)


class Live(lab.Case):
    """Figures beside those of the sender and of the kernel's own counters."""

    programs = ("tmux",)

    def test_rates_add_up_to_what_was_sent(self):
        """Rate by time, over all readings: each packet is in one of them."""
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--tenant", "web")
        top = host.start(WEIR, "top", "-j", "--interval", "0.2")
        packets = size = flows = 0

        def read():
            nonlocal packets, size, flows
            line = json.loads(top.read_line())
            [web] = [load for load in line["tenants"] if load["tenant"] == "web"]
            packets += web["tx"]["rate_pps"] * line["window_ns"] / 1e9
            size += web["tx"]["rate_bps"] * line["window_ns"] / 8e9
            flows = max(flows, web["flows"])

        read()
        packets = size = 0
        self.lab.sender(guest, "eth0", "--count", 3000, "--size", 1000).finish()
        lab.wait_for(lambda: read() or packets > 2999, "all packets")
        top.kill()
        self.assertAlmostEqual(packets, 3000, delta=3)
        self.assertAlmostEqual(size, 3_000_000, delta=3000)
        self.assertGreaterEqual(flows, 1)

    @in_all("statistical: rates beside the device's, over other intervals")
    def test_rates_flows_and_a_limit(self):
        host, guest = self.lab.pair()
        other = self.lab.namespace("other")
        self.lab.veth(host, "vnic1", other, "eth0")
        host.weir("attach", "vnic0", "--tenant", "web")
        host.weir("attach", "vnic1", "--tenant", "db")
        host.weir("limit", "set", "web", "--tx-max", "100mbit")
        terminal = Terminal(host, [WEIR, "top", "--interval", "2"])
        self.addCleanup(terminal.__exit__)
        self.lab.sender(guest, "eth0", "--duration-ms", 30000, "--rate", 2000, "--size", 1000)
        time.sleep(3)
        # Two whole intervals by somebody else's clock and counter.
        begun, first = time.monotonic(), host.counters("vnic0")["rx"]
        time.sleep(4)
        took, last = time.monotonic() - begun, host.counters("vnic0")["rx"]
        screen = terminal.wait(lambda screen: "web" in tenants(screen), "the tenant")
        web = tenants(screen)["web"]
        rate = (last["bytes"] - first["bytes"]) * 8 / took
        packets = (last["packets"] - first["packets"]) / took
        print(f"\ntop: {web[0]}bit/s, {web[2]}pps; the device: {rate / 1e6:.2f}M, {packets / 1e3:.2f}k",
              file=sys.stderr)
        self.assertAlmostEqual(packets, 2000, delta=100)
        self.assertAlmostEqual(number(web[0]), rate, delta=rate * 0.05)
        self.assertAlmostEqual(number(web[2]), packets, delta=packets * 0.05)
        self.assertEqual(web[3], "1", "one flow")
        self.assertEqual(tenants(screen)["db"][0], "0")
        # 16 of 100 Mbit/s are one eighth of seven cells and more: the bar has one full cell and some.
        self.assertRegex(next(line for line in screen if line.startswith("web")), r"M █[▏▎▍▌▋▊▉·]·{5}")
        terminal.press("Enter")
        opened = terminal.wait(lambda screen: screen[0].startswith("web  vnic0") and
                               any(line.startswith("udp") and "Mbit/s" in line for line in screen), "its flow")
        self.assertRegex("\n".join(opened), r"of its limit, 100mbit")
        terminal.press("d")
        terminal.wait(lambda screen: any("no packet was dropped" in line or "REASON" in line for line in screen),
                      "its drops")
        terminal.press("q")
        self.assertEqual(terminal.code(), 0)

    @in_all("statistical: who is harmed, in real time")
    def test_who_becomes_noisy_is_said_and_whom_it_harms(self):
        theatre = stage.Stage(self.lab, "abc")
        for name in "ac":
            theatre.start(scenarios.Act(name, "ask", 0, 0, "{world}", "--interval-us", 3000))
        terminal = Terminal(theatre.host, [WEIR, "top", "--interval", "0.5"])
        self.addCleanup(terminal.__exit__)
        # Long enough to be known as quiet; top looks back every five seconds.
        time.sleep(3)
        screen = terminal.wait(lambda screen: set("abc") <= set(tenants(screen)), "the tenants")
        self.assertFalse([line for line in screen if line.startswith("!") or line.endswith(("!hog", "harmed"))], screen)
        theatre.start(scenarios.Act("b", "udp", 0, 0, "{world}", "--kbps", 50000))
        screen = terminal.wait(lambda screen: any(line.startswith("! b: ") for line in screen), "the verdict")
        said = next(line for line in screen if line.startswith("! b: "))
        self.assertRegex(said, r"\A! b: bandwidth_hog \((high|medium|low) confidence\), disturbs .*\ba\b.*\bc\b")
        self.assertEqual({name: words[-1] for name, words in tenants(screen).items() if name in "abc"},
                         {"a": "harmed", "b": "!hog", "c": "harmed"}, screen)
        terminal.press("q")
        self.assertEqual(terminal.code(), 0)

    def test_drops_of_an_opened_tenant_are_seen_with_their_reason(self):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--tenant", "web")
        host.weir("limit", "set", "web", "--tx-pps", "100", "--mode", "police")
        terminal = Terminal(host, [WEIR, "top", "--interval", "0.5"])
        self.addCleanup(terminal.__exit__)
        sender = self.lab.sender(guest, "eth0", "--duration-ms", 30000, "--rate", 1000)
        terminal.wait(lambda screen: "web" in tenants(screen) and number(tenants(screen)["web"][5]) > 300, "drops")
        terminal.press("Enter", "d")
        terminal.wait(lambda screen: any(re.search(r"tx +weir +pps", line) for line in screen), "their reason")
        sender.stop()
        terminal.press("q")
        self.assertEqual(terminal.code(), 0)

    def test_the_kernels_drops_of_an_opened_tenant(self):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--tenant", "web")
        host.run("nft", "-f", "-",
                 stdin="table ip f { chain in { type filter hook input priority 0; udp dport 9 drop; }; }\n")
        terminal = Terminal(host, [WEIR, "top", "--interval", "0.5"])
        self.addCleanup(terminal.__exit__)
        terminal.wait(lambda screen: "web" in tenants(screen), "the tenant")
        terminal.press("Enter", "d")
        terminal.wait(lambda screen: any("no packet was dropped" in line for line in screen), "its drops")
        # Watching has begun; the first reading is what the others are compared with.
        terminal.wait(lambda screen: any("since opened" in line for line in screen), "the second reading")
        guest.run(sys.executable, "-c", "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "for _ in range(123): s.sendto(b'x', ('10.0.0.1', 9))")
        screen = terminal.wait(lambda screen: any(re.search(r"tx +kernel +netfilter_drop +123 ", line)
                                                  for line in screen), "what the firewall dropped")
        self.assertTrue(any(line.startswith("netfilter_drop: ") for line in screen), "what that means")
        terminal.press("q")
        self.assertEqual(terminal.code(), 0)

    def test_a_tenant_that_is_detached_and_an_interface_that_is_selected(self):
        host, _ = self.lab.pair()
        host.weir("attach", "vnic0", "--tenant", "web")
        terminal = Terminal(host, [WEIR, "top", "vnic0", "--interval", "0.2"])
        self.addCleanup(terminal.__exit__)
        terminal.wait(lambda screen: "web" in tenants(screen), "the tenant")
        host.weir("detach", "vnic0")
        terminal.wait(lambda screen: any("cannot read: no attached interface or tenant is called" in line
                                         for line in screen), "what is wrong")
        host.weir("attach", "vnic0", "--tenant", "web")
        terminal.wait(lambda screen: not any("cannot read" in line for line in screen) and "web" in tenants(screen),
                      "it again")
        terminal.press("q")
        self.assertEqual(terminal.code(), 0)


if __name__ == "__main__":
    unittest.main()
