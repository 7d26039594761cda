# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo stands on: other programs, and a network of namespaces.

    web ── eth0 · vnet-web ───┐
    db ─── eth0 · vnet-db ────┤ br0 (host) ── uplink0 · eth0 ── world
    batch  eth0 · vnet-batch ─┘

The host is the network namespace of this process. The names of the others, and the BPF file system where Weir keeps its
state, are in a mount namespace that ends with it.
"""
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import typing


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
NAMESPACES = "/run/netns"
# A kernel without IPv6 is quiet by itself: no router solicitations in the books.
QUIET = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 || true"
# Source ports of the queries, a flow each; few enough that none of the flow table's sets overflows.
FEW_PORTS = "echo 32768 45055 > /proc/sys/net/ipv4/ip_local_port_range"


class Failure(Exception):
    """Ends the demo: a line for people, and an exit code."""

    def __init__(self, line, code=1):
        super().__init__(line)
        self.code = code


class Program:
    """Another program as a child, in one of the namespaces or here."""

    def __init__(self, *words, namespace="", stdin="", stdout=None):
        words = [str(word) for word in words]
        self.line = " ".join([os.path.basename(words[0]), *words[1:]])
        self.files = [tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
                      for _ in range(3)]
        self.files[0].write(stdin)
        self.files[0].seek(0)
        enter = ["nsenter", f"--net={NAMESPACES}/{namespace}"] if namespace else []
        try:
            self.popen = subprocess.Popen([*enter, *words], stdin=self.files[0], stdout=stdout or self.files[1],
                                          stderr=self.files[2])
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


def run(*words, **options):
    """What the program printed."""
    program = Program(*words, **options)
    program.popen.wait()
    program.ended()
    return program.text(1)


def ip(*commands, namespace=""):
    run("ip", "-batch", "-", namespace=namespace, stdin="\n".join(commands))


def devices(namespace=""):
    """Interface -> the kernel's own counters."""
    return {link["ifname"]: link["stats64"]
            for link in json.loads(run("ip", "-s", "-j", "link", "show", namespace=namespace))}


def build_network():
    """All of it, but the host's side is down still: so Weir is there before the first packet."""
    os.makedirs(NAMESPACES, exist_ok=True)
    for kind, where in (("tmpfs", NAMESPACES), ("bpf", "/sys/fs/bpf")):
        run("mount", "-t", kind, "weir-demo", where)
    run("sh", "-c", QUIET)
    ip("link add br0 type bridge")
    with contextlib.suppress(Failure):  # quiet, where it can snoop at all: no IGMP reports in the tenants' books
        ip("link set br0 type bridge mcast_snooping 0")
    for name, interface, address in [*(tenant[:3] for tenant in TENANTS), ("world", UPLINK, WORLD_ADDRESS)]:
        ip(f"netns add {name}")
        run("sh", "-c", QUIET, namespace=name)
        ip(f"link add {interface} type veth peer name eth0 netns {name}", f"link set {interface} master br0")
        ip(f"address add {address}/24 dev eth0", "link set eth0 up", namespace=name)
    run("sh", "-c", FEW_PORTS, namespace=DB.name)


def bring_up():
    ip(*(f"link set {interface} up" for interface in (*(tenant.vnic for tenant in TENANTS), UPLINK, "br0")))
