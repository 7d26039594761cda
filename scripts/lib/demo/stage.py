# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo stands on: signals as events, programs that die with it, and a network in namespaces without names.

    web ── eth0 · vnet-web ───┐
    db ─── eth0 · vnet-db ────┤ br0 (host) ── uplink0 · eth0 ── world
    batch  eth0 · vnet-batch ─┘
"""
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import tempfile
import typing

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


class Tenant(typing.NamedTuple):
    name: str
    vnic: str  # the host's end
    address: str  # of its eth0
    port: int  # of the iperf3 server in the world that it talks to
    flows: int  # room in its flow table
    iperf3: tuple


# Web downloads by TCP at a rate of its own, db sends UDP and small queries, batch uploads by TCP as fast as it goes.
TENANTS = (
    Tenant("web", "vnet-web", "198.18.0.11", 5201, 8192, ("-R", "-b", "200M")),
    Tenant("db", "vnet-db", "198.18.0.12", 5202, 65536, ("-u", "-b", "50M", "-l", "1200")),
    Tenant("batch", "vnet-batch", "198.18.0.13", 5203, 8192, ("-P", "4", "-w", "512K")),
)
WEB, DB, BATCH = TENANTS
UPLINK = "uplink0"
WORLD_ADDRESS = "198.18.0.1"  # of those for benchmarks (RFC 2544), which are nobody's
DNS_PORT = 53
# Source ports of the queries, a flow each; few enough that none of the flow table's sets overflows.
DNS_SOURCE_PORTS = "32768 45055"


class Failure(Exception):
    """Ends the demo: a line for people, and an exit code."""

    def __init__(self, line, code=1):
        super().__init__(line)
        self.code = code


def call(name, *arguments):
    if getattr(_libc, name)(*arguments) != 0:
        raise Failure(f"{name}: {os.strerror(ctypes.get_errno())}")


class StopSignals:
    """Blocked, and taken from the queue where it is asked: nothing is interrupted half way, and none is lost."""

    def __init__(self):
        stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        self.stops = [number for number in stops if signal.getsignal(number) != signal.SIG_IGN]  # nohup
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # were it ignored, nobody could be waited for
        signal.pthread_sigmask(signal.SIG_BLOCK, [*self.stops, signal.SIGCHLD])

    def sleep(self, seconds):
        """Raises as soon as one comes; sleep(0) asks only."""
        if taken := signal.sigtimedwait(self.stops, seconds):
            name = signal.Signals(taken.si_signo).name
            raise Failure(f"the demo was stopped by {name}: what it had made has been taken away")

    def next(self):
        """Waits for one, or for SIGCHLD."""
        return signal.sigwaitinfo([*self.stops, signal.SIGCHLD]).si_signo


def die_with_parent(parent, number):
    call("prctl", PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(127)


class Program:
    """Another program as a child. It dies with this process, and the terminal's Ctrl-C does not reach it."""

    def __init__(self, *words, namespace=None, stdout=None):
        words = [str(word) for word in words]
        self.line = " ".join([os.path.basename(words[0]), *words[1:]])
        self.files = [tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") for _ in range(2)]
        parent = os.getpid()

        def prepare():
            die_with_parent(parent, signal.SIGKILL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            if namespace is not None:
                call("setns", namespace, CLONE_NEWNET)

        try:
            self.popen = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stdout or self.files[0],
                                          stderr=self.files[1], start_new_session=True, preexec_fn=prepare)
        except OSError as error:
            raise Failure(f"cannot run {words[0]}: {error.strerror}") from None

    def text(self, which):
        """What it wrote: 0 to stdout, 1 to stderr."""
        self.files[which].seek(0)
        return self.files[which].read()

    def ended(self):
        """Whether it has ended well. It is a failure to have ended otherwise."""
        code = self.popen.poll()
        if code:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            why = self.text(1) or self.text(0)
            with contextlib.suppress(ValueError, KeyError, TypeError):
                why = json.loads(self.text(0))["error"]  # iperf3 --json
            raise Failure(f'"{self.line}" {how}: {why.strip().split(chr(10))[0]}')
        return code == 0

    def end(self, number=signal.SIGKILL):
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        self.popen.wait()


def run(*words, namespace=None):
    """What a program says, once it has ended well."""
    program = Program(*words, namespace=namespace)
    program.popen.wait()
    program.ended()
    return program.text(0)


def write_setting(path, text):
    with contextlib.suppress(OSError), open(path, "w", encoding="ascii") as file:
        file.write(text)


def make_namespaces():
    """Name -> descriptor. The kernel takes them away with the last process that holds them; this one is in 'host'."""
    namespaces = {}
    for name in (*(tenant.name for tenant in TENANTS), "world", "host"):
        call("unshare", CLONE_NEWNET)
        # Quiet: no router solicitations in the books. A kernel without IPv6 is quiet by itself.
        write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
        namespaces[name] = os.open("/proc/self/ns/net", os.O_RDONLY)
    return namespaces


@contextlib.contextmanager
def inside(namespaces, name):
    call("setns", namespaces[name], CLONE_NEWNET)
    try:
        yield
    finally:
        call("setns", namespaces["host"], CLONE_NEWNET)


ENDS = [(tenant.name, tenant.vnic, tenant.address) for tenant in TENANTS] + [("world", UPLINK, WORLD_ADDRESS)]


def build_network(namespaces):
    """All of it, down still: so Weir is there before the first packet."""
    run("ip", "link", "add", "br0", "type", "bridge")
    with contextlib.suppress(Failure):  # quiet, where the bridge can snoop at all: no IGMP reports in the tenants' books
        run("ip", "link", "set", "br0", "type", "bridge", "mcast_snooping", 0)
    for name, interface, address in ENDS:
        run("ip", "link", "add", interface, "type", "veth", "peer", "name", "eth0",
            "netns", f"/proc/{os.getpid()}/fd/{namespaces[name]}")
        run("ip", "link", "set", interface, "master", "br0")
        run("ip", "address", "add", f"{address}/24", "dev", "eth0", namespace=namespaces[name])
    with inside(namespaces, DB.name):
        write_setting("/proc/sys/net/ipv4/ip_local_port_range", DNS_SOURCE_PORTS)


def bring_up(namespaces):
    for name, interface, _ in ENDS:
        run("ip", "link", "set", "eth0", "up", namespace=namespaces[name])
        run("ip", "link", "set", interface, "up")
    run("ip", "link", "set", "br0", "up")
