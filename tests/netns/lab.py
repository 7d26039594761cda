# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces, links, processes and weir itself, for the tests of real traffic.

    class TestSomething(lab.Case):
        def test_it(self):
            host, guest = self.lab.pair()              # vnic0 in host, eth0 in guest, both up and addressed
            host.weir("attach", "vnic0")
            with self.lab.truth(host, "vnic0") as truth:
                self.lab.iperf(guest, host, "10.0.0.1", "-n", "10M")
            truth.result["in"]["packets"]

Whatever a Lab made is undone on every way out: normal end, exception, SIGINT, SIGTERM; what a killed test left behind,
the next Lab removes. Processes are ended by the pid that was started, nothing else is touched.

A namespace is one Weir instance. Programs run in it by within.cpp: `ip netns exec` would hide the BPF file system.
"""
import atexit
import concurrent.futures
import contextlib
import ctypes
import fcntl
import glob
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

# For programs that nobody gave a PYTHONPATH, such as silence.py.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from support.abi import constant

PREFIX = "weirtest"
STATE = f"/sys/fs/bpf/weir/v{constant('WEIR_SCHEMA')}"
SO_NETNS_COOKIE = 71
CLONE_NEWNET = 0x40000000

# A namespace says nothing by itself: multicast reports come with links going up and down, when nobody measures.
QUIET = """
table ip6 quiet {
    chain output {
        type filter hook output priority 0
        icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit } drop
    }
}
"""

_libc = ctypes.CDLL(None, use_errno=True)
_labs = []
_numbers = iter(range(1, 1 << 30))


def tool(name):
    """Path of weir, or of a helper program of this folder: from the environment, else from the dev build."""
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    build = os.environ.get("WEIR_BUILD", os.path.join(source, "build", "dev"))
    candidates = [os.environ.get("WEIR" if name == "weir" else "WEIR_" + name.upper())]
    if name == "weir":
        candidates += [os.path.join(build, "weir")]
    else:
        candidates += [os.path.join(os.environ.get("WEIR_TOOLS", os.path.join(build, "tests", "netns")), name)]
    for path in candidates:
        if path and os.access(path, os.X_OK):
            return path
    raise RuntimeError(f"{name} is not built; looked for {', '.join(filter(None, candidates))}")


def require(*programs):
    """Skips the test, saying why, where the machine lacks what it needs."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root")
    for program in programs:
        if not shutil.which(program):
            raise unittest.SkipTest(f"needs {program}")


def wait_for(condition, what, timeout=60, pause=0.02):
    """Polls until condition() is true and returns that value. `timeout` ends what never comes; slow is no failure."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(pause)


class CommandError(AssertionError):
    """A command ended otherwise than expected."""


class Done:
    """A finished command."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{' '.join(self.argv)}\n  exit {self.code}\n  stdout: {self.out.strip()}\n  stderr: {self.err.strip()}"


def within(netns, argv):
    """What runs this in a network namespace (None: the one that we are in), and no longer than us."""
    return [tool("within"), netns or "-", *map(str, argv)]


def run(*argv, netns=None, ok=(0,), stdin=None, timeout=120, env=None):
    """Runs a command to its end. Any exit code not in `ok` (None: all are) is an error with the command's words."""
    done = subprocess.run(within(netns, argv), input=stdin, capture_output=True, text=True, timeout=timeout, env=env,
                          check=False)
    result = Done(list(map(str, argv)), done.returncode, done.stdout, done.stderr)
    if ok is not None and result.code not in ok:
        raise CommandError(str(result))
    return result


class Process:
    """A command in the background, ended by its own pid."""

    def __init__(self, *argv, netns=None, env=None):
        self.argv = [str(word) for word in argv]
        self.popen = subprocess.Popen(within(netns, argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=env)

    def read_line(self):
        """One line of stdout, byte by byte: what came after it stays in the pipe, where finish()
        finds it. Empty at the end."""
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = os.read(self.popen.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        return line.decode()

    def wait_line(self, word):
        """Reads stdout until a line has `word` in it; returns all lines read."""
        lines = []
        while line := self.read_line():
            lines.append(line)
            if word in line:
                return lines
        raise CommandError(f"{' '.join(self.argv)} ended before it said {word!r}: {self.popen.stderr.read()}")

    def finish(self, ok=(0,), timeout=120):
        """Waits for the end by itself."""
        out, err = self.popen.communicate(timeout=timeout)
        result = Done(self.argv, self.popen.returncode, out, err)
        if ok is not None and result.code not in ok:
            raise CommandError(str(result))
        return result

    def stop(self, ok=(0,), timeout=60):
        """Asks it to end (SIGTERM) and waits."""
        if self.popen.poll() is None:
            self.popen.terminate()
        return self.finish(ok, timeout)

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            pipe.close()


class Watch:
    """A reading command of weir's over a time that the test ends (Namespace.watch): it has taken its first look when
    this is there, and takes its second at finish()."""

    def __init__(self, process):
        self.process = process
        wait_for(self._waits, "the watch to begin")

    def _waits(self):
        if self.process.popen.poll() is not None:
            self.process.finish()
            raise CommandError(f"{' '.join(self.process.argv)} ended by itself")
        return "sigtimedwait" in pathlib.Path(f"/proc/{self.process.popen.pid}/wchan").read_text()

    def finish(self, ok=(0,)):
        """As Ctrl-C does."""
        self.process.popen.send_signal(signal.SIGINT)
        return self.process.finish(ok)


class Truth:
    """The capture program (truth.cpp) on one interface; `result` once the with-block has ended."""

    def __init__(self, namespace, interface):
        self.where = f"{namespace.word}/{interface}"
        self.process = namespace.start(tool("truth"), interface)
        self.process.wait_line("ready")
        self.result = None

    def finish(self):
        self.result = self.process.stop().json
        if self.result["lost"]:
            raise AssertionError(f"the capture on {self.where} lost {self.result['lost']} frames: "
                                 "nothing to compare with")
        return self.result

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.finish()
        else:
            self.process.kill()


class Namespace:
    """One network namespace, and the commands that run in it."""

    def __init__(self, lab, name, word):
        self.lab, self.name, self.word = lab, name, word
        self.path = f"/run/netns/{name}"
        self._cookie = None

    def argv(self, *argv):
        return within(self.path, argv)

    def run(self, *argv, **options):
        return run(*argv, netns=self.path, **options)

    def start(self, *argv, env=None):
        return self.lab.keep(Process(*argv, netns=self.path, env=env))

    def ip(self, *words):
        return self.run("ip", *words).out

    def ip_all(self, *lines):
        """Several commands of ip's, by one process."""
        return self.run("ip", "-batch", "-", stdin="".join(line + "\n" for line in lines)).out

    def tc(self, *words, ok=(0,)):
        return self.run("tc", *words, ok=ok).out

    def sysctl(self, **values):
        """Keys with __ for the slashes: net__ipv6__conf__default__accept_dad=0."""

        def write():
            for key, value in values.items():
                pathlib.Path("/proc/sys", *key.split("__")).write_text(str(value))

        self.within(write)

    def within(self, function):
        """Calls it in this namespace, by a thread that ends with it."""

        def call():
            with open(self.path, "rb") as file:
                if _libc.setns(file.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"cannot enter {self.path}")
            return function()

        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            return thread.submit(call).result()

    def links(self):
        """Every interface by name, as `ip -s -j link` has it."""
        return {link["ifname"]: link for link in json.loads(self.ip("-s", "-d", "-j", "link", "show"))}

    def counters(self, interface):
        stats = json.loads(self.ip("-s", "-j", "link", "show", "dev", interface))[0]["stats64"]
        return {way: stats[way] for way in ("rx", "tx")}

    def nstat(self, *names):
        """Of the kernel's own counters these, since the namespace was made."""
        return self.run("nstat", "-asz", "--json", *names).json["kernel"]

    def ethtool(self, interface, **features):
        """Offloads on or off: tso=False."""
        words = [word for name, on in features.items() for word in (name.replace("_", "-"), "on" if on else "off")]
        self.run("ethtool", "-K", interface, *words)

    def weir(self, *words, ok=(0,), stdin=None, timeout=120, env=None):
        return self.run(tool("weir"), *words, ok=ok, stdin=stdin, timeout=timeout,
                        env={**os.environ, **env} if env else None)

    def watch(self, *words):
        """Starts a reading command over an hour; what happens until its finish() is in what it prints."""
        return Watch(self.start(tool("weir"), *words, "--duration", 3600))

    def stats(self):
        """`weir stats` by interface."""
        return {vnic["interface"]: vnic for vnic in self.weir("stats", "-j").json["vnics"]}

    def status(self):
        """`weir status` by interface."""
        return {vnic["interface"]: vnic for vnic in self.weir("status", "-j").json["vnics"]}

    def flows(self, *words):
        return self.weir("flows", *words, "--limit", "0", "-j").json

    @property
    def cookie(self):
        """The number that names this namespace's state directory."""
        if self._cookie is None:
            def ask():
                with socket.socket() as any_socket:
                    return any_socket.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)

            self._cookie = int.from_bytes(self.within(ask), sys.byteorder)
        return self._cookie

    @property
    def state_dir(self):
        return f"{STATE}/net-{self.cookie}"

    def pins(self):
        """Names of everything pinned for this namespace."""
        found = []
        for folder, _, names in os.walk(self.state_dir):
            found += [os.path.relpath(os.path.join(folder, name), self.state_dir) for name in names]
        return sorted(found)

    def remove(self):
        if os.path.isdir(self.state_dir):
            with contextlib.suppress(OSError, RuntimeError, subprocess.TimeoutExpired):
                self.weir("detach", "--all", ok=None, timeout=60)
        for left in glob.glob(self.state_dir + "*"):
            shutil.rmtree(left, ignore_errors=True)
        run("ip", "netns", "del", self.name, ok=None)


class Lab:
    """Makes namespaces, links and processes, and undoes them."""

    def __init__(self):
        _on_signals()
        _sweep()
        self.namespaces, self.processes, self.undo = [], [], []
        self.lock = threading.Lock()
        _labs.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.processes):
            process.kill()
        for action in reversed(self.undo):
            action()
        for namespace in reversed(self.namespaces):
            namespace.remove()
        self.processes, self.undo, self.namespaces = [], [], []
        if self in _labs:
            _labs.remove(self)

    def keep(self, process):
        with self.lock:
            self.processes.append(process)
        return process

    def namespace(self, word="ns"):
        namespace = Namespace(self, f"{PREFIX}-{os.getpid()}-{next(_numbers)}", word)
        run("ip", "netns", "add", namespace.name)
        self.namespaces.append(namespace)
        # Addresses at once and for good: no duplicate address detection, kept when a link goes down. Multicast reports
        # at once too, not at a random moment of the next second, when the counters are being compared.
        namespace.sysctl(**{f"net__ipv6__conf__{scope}__{key}": value for scope in ("all", "default")
                            for key, value in (("accept_dad", 0), ("keep_addr_on_down", 1), ("router_solicitations", 0),
                                               ("mldv1_unsolicited_report_interval", 1),
                                               ("mldv2_unsolicited_report_interval", 1))})
        namespace.run("nft", "-f", "-", stdin=QUIET)
        namespace.ip("link", "set", "lo", "up")
        return namespace

    def veth(self, a, a_name, b, b_name, up=True):
        """Two ends of one cable, the first in namespace a."""
        a.ip("link", "add", a_name, "type", "veth", "peer", "name", b_name, "netns", b.name)
        # Nobody asks again, seconds later, whether a neighbour is still there.
        for namespace, name in ((a, a_name), (b, b_name)):
            namespace.sysctl(**{f"net__{family}__neigh__{name}__{key}": 3_600_000 for family in ("ipv4", "ipv6")
                                for key in ("base_reachable_time_ms", "delay_first_probe_time")})
        if up:
            a.ip("link", "set", a_name, "up")
            b.ip("link", "set", b_name, "up")

    def pair(self, up=True):
        """A host with vnic0 and a guest with eth0 at its other end: 10.0.0.1 and fd00::1, 10.0.0.2 and fd00::2."""
        host, guest = self.namespace("host"), self.namespace("guest")
        self.veth(host, "vnic0", guest, "eth0", up=False)
        for namespace, name, number in ((host, "vnic0", 1), (guest, "eth0", 2)):
            namespace.ip_all(*addresses(name, number), *([f"link set {name} up"] if up else []))
        return host, guest

    def bridge(self, namespace, name, *ports):
        namespace.ip_all(f"link add {name} type bridge stp_state 0 mcast_snooping 0",
                         *(f"link set {port} master {name}" for port in ports), f"link set {name} up")

    def truth(self, namespace, interface):
        return Truth(namespace, interface)

    def iperf_server(self, namespace, bind, port=5201, prefix=()):
        """A server for one run, listening when this returns."""
        server = namespace.start(*prefix, "iperf3", "-s", "-1", "-B", bind, "-p", port, "--forceflush")
        server.wait_line("Server listening")
        return server

    def iperf(self, client, server, to, *words, port=5201, timeout=120, prefix=()):
        """One iperf3 run from namespace to namespace; returns the client's JSON. `prefix` is
        before both programs' names."""
        listening = self.iperf_server(server, to, port, prefix)
        result = client.run(*prefix, "iperf3", "-c", to, "-p", port, "--json", *words, timeout=timeout).json
        listening.finish(timeout=timeout)
        return result

    def sender(self, namespace, interface, *words):
        """Starts sender.cpp; .finish().json or .stop().json says what the kernel took."""
        process = namespace.start(tool("sender"), interface, *words)
        process.wait_line("ready")
        return process

    def foreign(self, namespace, *words):
        """Another owner's program (foreign.cpp), attached when this returns; ids in .ids."""
        process = namespace.start(tool("foreign"), *words)
        process.ids = json.loads(process.wait_line("ready")[0])
        return process


class Case(unittest.TestCase):
    """A test case with a lab of its own for all of its tests."""

    programs = ()

    @classmethod
    def setUpClass(cls):
        require("ip", "nft", *cls.programs)
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)


def addresses(interface, number, network=0):
    """For ip_all: 10.0.<network>.<number>/24 and fd00:<network>::<number>/64."""
    return [f"addr add 10.0.{network}.{number}/24 dev {interface}",
            f"addr add fd00:{network}::{number}/64 dev {interface} nodad"]


def address(namespace, interface, number, network=0):
    namespace.ip_all(*addresses(interface, number, network))


def _interrupt(*_):
    # KeyboardInterrupt, because unittest takes every other exception for a failed test and goes on.
    raise KeyboardInterrupt


def _on_signals():
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGHUP, _interrupt)


@atexit.register
def _close_all():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for lab in list(_labs):
        lab.close()


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sweep():
    """Removes the namespaces of tests that are dead (killed, so that they could not clean up). One at a time sweeps."""
    try:
        folder = os.open("/run/netns", os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        for name in os.listdir(folder):
            parts = name.split("-")
            if parts[0] == PREFIX and len(parts) == 3 and parts[1].isdigit() and not _alive(int(parts[1])):
                Namespace(None, name, "stale").remove()
    finally:
        os.close(folder)
