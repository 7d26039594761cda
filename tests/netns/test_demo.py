# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/demo: what it says, and that nothing of it is left, however it ends.

The demo's network namespaces have names only in a mount namespace of its own. They are found there while it runs, and
are gone when no process is in them or holds them, and they are mounted nowhere.
"""
import ctypes
import importlib
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import lab
from support.parts import in_all

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.append(str(SCRIPTS / "lib" / "demo"))
report = importlib.import_module("report")
SCRIPT = str(SCRIPTS / "demo")
NAMESPACES = 5
MARK = "weir-demo"  # the source of what it mounts
LONG = "120"  # seconds: a demo that ends within a test's patience has been ended
CLONE_NEWNET = 0x40000000
NOBODY = 65534
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UP = re.compile(r"\x1b\[(\d+)A\x1b\[J")
SEED = int(os.environ.get("WEIR_SEED", random.randrange(1 << 32)))

_libc = ctypes.CDLL(None, use_errno=True)


def inode_at(path):
    """The network namespace that a link in /proc points at, or None."""
    try:
        target = os.readlink(path)
    except OSError:
        return None
    return int(target[5:-1]) if target.startswith("net:[") else None


def entries(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def is_apart(pid):
    """Whether the process has mounts of its own."""
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt")
    except OSError:
        return False


def namespaces_of(pid):
    """Inode -> path, of the network namespaces of a process of the demo: its own, and those that the demo has given
    names, in a file system of its own (the machine's are in the list of mounts, too)."""
    if not is_apart(pid):
        return {}
    own = f"/proc/{pid}/ns/net"
    found = {inode_at(own): own}
    try:
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as file:
            mounts = [line.split() for line in file]
    except OSError:
        mounts = []
    names = {mount[0] for mount in mounts if mount[-2] == MARK}
    for _, parent, _, root, path, *_ in mounts:
        if parent in names and (inode := re.fullmatch(r"net:\[(\d+)\]", root)):
            found[int(inode[1])] = f"/proc/{pid}/root{path}"
    found.pop(None, None)
    return found


def namespaces_held_by(pid):
    """Inode -> path, of the namespaces that the process holds descriptors of."""
    paths = [f"/proc/{pid}/fd/{fd}" for fd in sorted(entries(f"/proc/{pid}/fd"), key=int)]
    return {inode: path for path in paths if (inode := inode_at(path))}


def cookie_at(path):
    """The number that names the state directory of the network namespace, or None. On a thread that goes there."""
    found = []

    def read():
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            if _libc.setns(fd, CLONE_NEWNET) == 0:
                with socket.socket() as probe:
                    value = probe.getsockopt(socket.SOL_SOCKET, lab.SO_NETNS_COOKIE, 8)
                    found.append(int.from_bytes(value, "little"))
        finally:
            os.close(fd)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return found[0] if found else None


def children(pid):
    found = []
    for task in entries(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
        except OSError:
            pass
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def places_of(namespaces):
    """Who is in one of the namespaces (inode -> cookie), holds one, or has it mounted. The kernel gives a free inode
    number to the next namespace, a cookie never."""
    found = {}
    for pid in filter(str.isdigit, entries("/proc")):
        own = f"/proc/{pid}/ns/net"
        for inode, path in {inode_at(own): own, **namespaces_held_by(pid), **namespaces_of(pid)}.items():
            found.setdefault(inode, []).append((path, f"process {pid} {name_of(pid)} has"))
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            if inode := re.search(r"net:\[(\d+)\]", line):
                found.setdefault(int(inode[1]), []).append((line.split()[4], "mounted:"))
    return [f"{words} namespace {inode}" for inode, cookie in namespaces.items()
            for path, words in found.get(inode, []) if cookie_at(path) == cookie]


def name_of(pid):
    """The process's name and when it began, which tells it from another that has its number later; None: it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            before, _, after = file.read().rpartition(")")
    except OSError:
        return None
    return before.partition("(")[2], int(after.split()[19])


class Demo:
    """scripts/demo in the background, and what it has made."""

    def __init__(self, *words, stdout=subprocess.PIPE):
        self.popen = subprocess.Popen([SCRIPT, "--weir", lab.tool("weir"), *words], stdin=subprocess.DEVNULL,
                                      stdout=stdout, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.pid = self.popen.pid
        self.namespaces, self.state_dirs, self.processes = {}, set(), set()
        self.was_attached = False

    def look(self):
        """Notes what there is of it now."""
        its = descendants(self.pid)
        self.processes.update((pid, name) for pid in its if (name := name_of(pid)))
        for pid in its:
            for inode, path in namespaces_of(pid).items():
                if inode not in self.namespaces and (cookie := cookie_at(path)):
                    self.namespaces[inode] = cookie
                    self.state_dirs.add(f"{lab.STATE}/net-{cookie}")
            self.was_attached = self.was_attached or any(os.path.isdir(f"/proc/{pid}/root{directory}")
                                                         for directory in self.state_dirs)

    def wait_for(self, happened, what):
        """Until it has happened, or the demo has ended."""
        def seen():
            self.look()
            return happened() or self.popen.poll() is not None
        lab.wait_for(seen, what, pause=0.005)

    def wait_for_child(self):
        self.wait_for(lambda: any(map(is_apart, children(self.pid))), "the demo's own process")

    def wait_for_namespaces(self):
        self.wait_for(lambda: len(self.namespaces) == NAMESPACES, "the demo's namespaces")

    def wait_for_weir(self):
        self.wait_for(lambda: self.was_attached, "Weir to be attached")

    def wait_for_traffic(self, *words):
        self.wait_for(lambda: self.iperf3(*words), "the demo's traffic")

    def iperf3(self, *words):
        """Those of its processes that are iperf3, called with these words."""
        return [pid for pid in descendants(self.pid) if is_iperf3(pid, *words)]

    def finish(self, timeout=120):
        """Output and words once it has ended by itself."""
        out, err = self.popen.communicate(timeout=timeout)
        return out, err

    def leftovers(self):
        """All that is left of it, in words."""
        found = [f"process {pid} {name}" for pid, name in self.processes if name_of(pid) == name]
        found += places_of(self.namespaces)
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            found += [f"mounted: {line}" for line in mounts if line.split()[-2] == MARK]
        for directory in self.state_dirs:
            found += [f"pins in {path}" for path in (directory, directory + "-aside") if os.path.exists(path)]
        return found

    def kill(self):
        """For a test that failed half way. All else dies with it."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdout, self.popen.stderr):
            if pipe:
                pipe.close()


def is_iperf3(pid, *words):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            line = file.read().split("\0")
    except OSError:
        return False
    return line[0] == "iperf3" and all(word in line for word in words)


class DemoCase(unittest.TestCase):
    def setUp(self):
        lab.require("iperf3", "ip")

    def demo(self, *words, **options):
        demo = Demo(*words, **options)
        self.addCleanup(demo.kill)
        return demo

    def assert_gone(self, demo, timeout=0):
        """Nothing is left; what ends by itself after the demo's own end may take `timeout` seconds."""
        end = time.monotonic() + timeout
        while (left := demo.leftovers()) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(left, [])


class TestReport(DemoCase):
    def test_says_what_was_counted_and_is_gone(self):
        demo = self.demo("--seconds", "3")
        demo.wait_for_traffic()
        out, err = demo.finish()
        self.assertEqual(demo.popen.returncode, 0, err + out)
        self.assertTrue(demo.was_attached)
        self.assertEqual(len(demo.namespaces), NAMESPACES)
        self.assert_gone(demo)

        self.assertNotIn("\x1b", out, "escape sequences where stdout is no terminal")
        for line in out.splitlines():
            self.assertLessEqual(len(line), 100, line)
        self.assertLessEqual(len(out.splitlines()), 40)
        self.assertIn("16 of 16 exact ✓", out)
        self.assertNotIn("✗", out)
        self.assertIn("weir attach eth0", out)
        for tenant in ("web", "db", "batch"):
            self.assertRegex(out, rf"(?m)^{tenant} +[1-9][0-9,]+ +[1-9][0-9,]+ +[1-9][0-9,]+ +[1-9][0-9,]+ ")

        # The same figure twice, counted by two.
        def both(what):
            found = re.search(rf"(?m)^\S+ +{what} +([\d,]+) +([\d,]+) ", out)
            self.assertIsNotNone(found, f"no line '{what}' in\n{out}")
            return [int(group.replace(",", "")) for group in found.groups()]
        for what in ("UDP datagrams sent", "their bytes, on the wire", r"queries, [\d,]+ flows", "their answers",
                     "TCP segments sent", "TCP segments received", "TCP payload, 1 stream", "TCP payload, 4 streams"):
            weir, other = both(what)
            self.assertGreater(weir, 0, what)
            self.assertLess(abs(weir - other), 0.02 * other, what)
        self.assertIn("GSO hides", out)

    def on_terminal(self, *words):
        """A demo that draws on a terminal, and the end of the terminal that one reads."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        demo = self.demo(*words, stdout=slave)
        os.close(slave)
        return demo, master

    def read_terminal(self, master, enough=lambda _: False):
        """What is drawn until that is enough, or the demo has ended."""
        shown = b""
        while not enough(text := shown.decode(errors="ignore")):
            ready, _, _ = select.select([master], [], [], 120)
            self.assertTrue(ready, "the demo says nothing for two minutes")
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        return text

    def pictures(self, text):
        """What was drawn, one after another: up goes exactly over it, so that no line of an earlier one stays."""
        self.assertRegex(text, UP)
        frames = UP.split(text)
        for drawn, up in zip(frames[:-1:2], frames[1::2], strict=True):
            self.assertEqual(drawn.count("\n"), int(up))
        return frames[::2]

    def test_terminal_shows_a_live_view(self):
        demo, master = self.on_terminal("--seconds", LONG)
        text = self.read_terminal(master, lambda text: text.count("SHARE OF THE UPLINK") >= 3)
        os.kill(demo.pid, signal.SIGINT)
        self.assertEqual(demo.popen.wait(60), 1)
        building, *live = self.pictures(text)
        self.assertIn("building", building)
        self.assertGreaterEqual(len(live), 3, "drawn, and drawn again")
        for picture in live[:-1]:  # the last may be half
            self.assertEqual(picture.count("SHARE OF THE UPLINK"), 1)
            for tenant in ("web", "db", "batch"):
                self.assertRegex(ESCAPE.sub("", picture), rf"(?m)^{tenant} ")
        self.assertIn("█", text)

    def test_terminal_ends_with_the_report(self):
        demo, master = self.on_terminal("--seconds", "3")
        text = self.read_terminal(master)
        self.assertEqual(demo.popen.wait(60), 0)
        self.assertIn("16 of 16 exact", ESCAPE.sub("", self.pictures(text)[-1]))

    def test_two_at_once_do_not_meet(self):
        first, second = self.demo("--seconds", "1"), self.demo("--seconds", "1")
        for demo in (first, second):
            out, err = demo.finish()
            self.assertEqual(demo.popen.returncode, 0, err + out)
            self.assertIn("16 of 16 exact ✓", out)

    def test_refuses_a_length_that_makes_no_sense(self):
        for seconds in ("0", "601", "many", "-1", "1.5"):
            done = lab.run(SCRIPT, f"--seconds={seconds}", ok=None)
            self.assertEqual(done.code, 2, str(done))
            self.assertEqual(done.out, "")
            self.assertRegex(done.err, r"\Ademo: [^\n]*--seconds: expected a number from 1 to 600[^\n]*\n\Z")

    def test_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(sys.executable, os.path.join(folder, "python3"))
            done = lab.run(SCRIPT, "--weir", lab.tool("weir"), "--seconds", "2", ok=None, env={"PATH": folder})
        self.assertEqual(done.code, 1, str(done))
        self.assertIn("iperf3", done.err)
        self.assertIn("install", done.err)

    def test_says_that_it_needs_root(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            shutil.copytree(SCRIPTS, os.path.join(folder, "scripts"))
            done = subprocess.run([f"{folder}/scripts/demo"], capture_output=True, text=True, check=False, cwd="/",
                                  user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ademo: needs root[^\n]*\n\Z")


# The moments to end it at: events, in the order in which they come.
MOMENTS = (Demo.wait_for_namespaces, Demo.wait_for_weir, Demo.wait_for_traffic)


def as_it_should_be():
    """What a demo reads when all agree: a stream of each tenant, ten queries, and a segment that went twice."""
    def count(packets, size):
        return {"packets": packets, "bytes": size}

    def flow(protocol, tenant_port, peer_port, tx, rx):
        return {"protocol": protocol, "tenant_port": tenant_port, "peer_port": peer_port,
                "tx": count(*tx), "rx": count(*rx)}

    tcp = (11, 11 * 66 + 8 + 10_037)  # ten segments of payload and a SYN
    flows = {report.WEB.vnic: [flow("tcp", 40_000, 5201, (1, 74), tcp)],
             report.DB.vnic: [flow("udp", 40_001, 5202, (101, 101 * 42 + 120_004), (1, 46)),
                              flow("udp", 40_002, report.DNS_PORT, (9, 900), (10, 1000))],
             report.BATCH.vnic: [flow("tcp", 40_003, 5203, tcp, (1, 74))]}
    vnics = {}
    for interface, its in flows.items():
        vnics[interface] = entry = {}
        for way in report.WAYS:
            whole = [sum(one[way][what] for one in its) for what in report.COUNTS]
            entry[way] = {**count(*whole), "untracked": {**count(0, 0), "evicted": count(0, 0)},
                          "classes": {} if interface == report.DB.vnic else {"ipv4_tcp": count(*whole)}}
    evicted = vnics[report.DB.vnic]["tx"]
    evicted["packets"], evicted["bytes"] = evicted["packets"] + 1, evicted["bytes"] + 100
    evicted["untracked"] = {**count(1, 100), "evicted": count(1, 100)}
    peers = {name: {"sent": sent, "again": again, "dropped": 0}
             for name, sent, again in (("web", 1, 0), ("db", 0, 0), ("batch", 10, 1), ("world", 12, 0))}
    iperf3 = {"web": {"ports": {40_000}, "sent": 10_037, "received": 10_037, "packets": 0},
              "db": {"ports": {40_001}, "sent": 120_000, "received": 120_000, "packets": 100},
              "batch": {"ports": {40_003}, "sent": 10_000, "received": 10_000, "packets": 0}}
    return report.Evidence(vnics, flows, {}, {}, peers, iperf3, queries=10, answers=10)


class TestWhatHolds(unittest.TestCase):
    """Of the comparisons, without any traffic: what is an agreement, and what ends the demo as a failure."""

    def findings(self, change=None, *words):
        evidence = as_it_should_be()
        if change:
            change(evidence, *words)
        return list(report.findings(evidence))

    def test_all_agree(self):
        self.assertEqual(self.findings(), [])
        self.assertEqual(report.audit(as_it_should_be()), (12, 12))
        self.assertEqual({row.verdict() for row in report.compare(as_it_should_be())}, {"0 ✓"})

    def test_one_more_or_less_is_found(self):
        steps = {
            "UDP datagrams sent": lambda e, by: e.iperf3["db"].update(packets=100 + by),
            "their bytes": lambda e, by: e.iperf3["db"].update(sent=120_000 + by),
            "queries": lambda e, by: setattr(e, "queries", 10 + by),
            "their answers": lambda e, by: setattr(e, "answers", 10 + by),
            "segments sent": lambda e, by: e.peers["web"].update(sent=1 + by),
            "segments received": lambda e, by: e.peers["world"].update(sent=12 + by),
            "books": lambda e, by: e.vnics["vnet-web"]["tx"].update(bytes=74 + by),
        }
        for what, step in steps.items():
            for by in (-1, 1):
                with self.subTest(what=what, by=by):
                    self.assertIn(what, "\n".join(self.findings(step, by)))

    @staticmethod
    def set_iperf3(evidence, name, sent, received):
        evidence.iperf3[name].update(sent=sent, received=received)

    def test_payload_is_between_what_was_read_and_what_was_written_and_sent_again(self):
        for name, again in (("web", 0), ("batch", 1)):
            with self.subTest(name=name):
                bound = 10_037 - (37 if name == "batch" else 0) - again * 1448
                self.assertEqual(self.findings(self.set_iperf3, name, bound, 0), [])
                self.assertNotEqual(self.findings(self.set_iperf3, name, bound - 1, 0), [])
                self.assertNotEqual(self.findings(self.set_iperf3, name, 20_000, 10_038), [])

    def test_what_was_lost_before_the_vnic_excuses_so_much_and_no_more(self):
        def lose(evidence, packets):
            evidence.peers["db"]["dropped"] = 2
            evidence.queries += packets

        self.assertEqual(self.findings(lose, 2), [])
        self.assertNotEqual(self.findings(lose, 3), [])
        self.assertNotEqual(self.findings(lose, -1), [])


class TestEveryWayOut(DemoCase):
    def end(self, number, moment, whom=lambda demo: demo.pid):
        demo = self.demo("--seconds", LONG)
        demo.wait_for_namespaces()
        moment(demo)
        os.kill(whom(demo), number)
        return demo

    def end_by_signal(self, number, moment):
        with self.subTest(moment=moment.__name__):
            demo = self.end(number, moment)
            out, err = demo.finish(timeout=60)
            self.assertEqual(demo.popen.returncode, 1, f"{out}\n{err}")
            self.assertEqual(err, f"demo: the demo was stopped by {signal.Signals(number).name}: "
                                  "what it had made has been taken away\n")
            self.assertEqual(out, "")
            self.assert_gone(demo)

    def end_child(self, moment):
        with self.subTest(moment=moment.__name__):
            demo = self.end(signal.SIGKILL, moment, whom=lambda demo: children(demo.pid)[0])
            _, err = demo.finish(timeout=60)
            self.assertEqual(demo.popen.returncode, 1, err)
            self.assertIn("ended before its time", err)
            self.assertIn("SIGKILL", err)
            self.assert_gone(demo)

    def end_parent(self, moment):
        with self.subTest(moment=moment.__name__):
            demo = self.end(signal.SIGKILL, moment)
            # The kernel ends its child, and with that everything; so do the pipes.
            demo.finish(timeout=60)
            self.assert_gone(demo, timeout=30)

    def test_sigint(self):
        for moment in MOMENTS:
            self.end_by_signal(signal.SIGINT, moment)

    def test_sigterm(self):
        self.end_by_signal(signal.SIGTERM, Demo.wait_for_traffic)

    def ctrl_c(self, moment):
        """As a terminal sends it: to the whole process group."""
        with self.subTest(moment=moment.__name__):
            demo = self.demo("--seconds", LONG)
            moment(demo)
            os.killpg(demo.pid, signal.SIGINT)
            out, err = demo.finish(timeout=60)
            self.assertEqual((demo.popen.returncode, out), (1, ""), err)
            self.assertRegex(err, r"\Ademo: the demo was stopped by SIGINT: [^\n]*\n\Z")
            self.assert_gone(demo)

    def test_ctrl_c_reaches_the_whole_process_group(self):
        for moment in (Demo.wait_for_child, *MOMENTS):
            self.ctrl_c(moment)

    def test_child_killed(self):
        for moment in MOMENTS:
            self.end_child(moment)

    def test_parent_killed(self):
        for moment in MOMENTS:
            self.end_parent(moment)

    def test_iperf3_killed(self):
        """The server or the client of the UDP tenant: neither notices by itself that the other is gone."""
        for mode in ("-s", "-c"):
            with self.subTest(mode=mode):
                demo = self.demo("--seconds", LONG)
                demo.wait_for_traffic(mode, "5202")
                os.kill(demo.iperf3(mode, "5202")[0], signal.SIGKILL)
                _, err = demo.finish(timeout=60)
                self.assertEqual(demo.popen.returncode, 1, err)
                self.assertIn("iperf3", err)
                self.assertIn("SIGKILL", err)
                self.assert_gone(demo)

    @in_all("random moments: many of them, exact but long")
    def test_ends_at_any_moment(self):
        """From the first namespace to the report; WEIR_SEED repeats a run."""
        rng = random.Random(SEED)
        for way in (lambda moment: self.end_by_signal(signal.SIGINT, moment), self.ctrl_c, self.end_child,
                    self.end_parent) * 8:
            seconds = rng.uniform(0, 4)

            def moment(demo, seconds=seconds):
                end = time.monotonic() + seconds
                demo.wait_for(lambda: time.monotonic() > end, f"{seconds} s")
            moment.__name__ = f"{seconds:.3f} s, seed {SEED}"
            way(moment)


if __name__ == "__main__":
    unittest.main()
