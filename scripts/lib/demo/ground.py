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

    def __init__(self, *words, namespace=None, stdin="", stdout=None):
        words = [str(word) for word in words]
        self.line = " ".join([os.path.basename(words[0]), *words[1:]])
        self.files = [tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
                      for _ in range(3)]
        self.files[0].write(stdin)
        self.files[0].seek(0)
        parent = os.getpid()

        def prepare():
            die_with_parent(parent, signal.SIGKILL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            if namespace is not None:
                call("setns", namespace, CLONE_NEWNET)

        try:
            self.popen = subprocess.Popen(words, stdin=self.files[0], stdout=stdout or self.files[1],
                                          stderr=self.files[2], start_new_session=True,
                                          preexec_fn=prepare)  # noqa: PLW1509 - there are no threads
        except OSError as error:
            raise Failure(f"cannot run {words[0]}: {error.strerror}") from None

    def text(self, which):
        """What it wrote: 1 to stdout, 2 to stderr."""
        self.files[which].seek(0)
        return self.files[which].read()

    def ended(self):
        """Whether it has ended well. It is a failure to have ended otherwise."""
        code = self.popen.poll()
        if code:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            why = self.text(2) or self.text(1)
            with contextlib.suppress(ValueError, KeyError, TypeError):
                why = json.loads(self.text(1))["error"]  # iperf3 --json
            raise Failure(f'"{self.line}" {how}: {why.strip().split(chr(10))[0]}')
        return code == 0

    def end(self, number=signal.SIGKILL):
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        self.popen.wait()


def ip(commands, *options, namespace=None):
    program = Program("ip", *options, "-batch", "-", namespace=namespace, stdin=commands)
    program.popen.wait()
    program.ended()
    return program.text(1)


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


def build_network(namespaces):
    """All of it, but the host's side is down still: so Weir is there before the first packet."""
    ends = [(tenant.name, tenant.vnic, tenant.address) for tenant in TENANTS] + [("world", UPLINK, WORLD_ADDRESS)]
    ip("link add br0 type bridge")
    with contextlib.suppress(Failure):  # quiet, where it can snoop at all: no IGMP reports in the tenants' books
        ip("link set br0 type bridge mcast_snooping 0")
    for name, interface, address in ends:
        ip(f"link add {interface} type veth peer name eth0 netns /proc/{os.getpid()}/fd/{namespaces[name]}\n"
           f"link set {interface} master br0")
        ip(f"address add {address}/24 dev eth0\nlink set eth0 up", namespace=namespaces[name])
    with inside(namespaces, DB.name):
        write_setting("/proc/sys/net/ipv4/ip_local_port_range", DNS_SOURCE_PORTS)


def bring_up():
    ip("\n".join(f"link set {interface} up" for interface in (*(tenant.vnic for tenant in TENANTS), UPLINK, "br0")))
