# SPDX-License-Identifier: GPL-2.0-or-later
"""Doctor against injected faults: the first finding names the cause, its count is the outside truth's, and where there is
something that can be mended here, the finding goes once it is mended.

Each fault runs in network namespaces of its own, several at a time; the table is printed at the end. The truth is what
nstat, nft, ip or the sender itself counted, never Weir.
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import sys
import time
import unittest

import lab
import silence
from test_drops import HOLD_SOCKET, HOLD_TAP, SEND_FRAMES, SEND_UDP, checksum, ipv4, tcp_syn, udp

COUNT = 150
AT_ONCE = 4
RIGHT_AT_LEAST = 0.95
# The machine that runs the tests may be short of CPU time: true, and not what was injected.
OF_THE_MACHINE = {"cpu_steal", "time_squeeze"}

LISTEN = """
import socket, sys, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("10.0.0.1", 7010))
server.listen(int(sys.argv[1]))
print("ready", flush=True)
kept = []
if sys.argv[2] == "accept":
    while True:
        kept.append(server.accept())
sys.stdin.read()
"""

CONNECT = """
import socket, sys
kept = [socket.create_connection(("10.0.0.1", 7010)) for _ in range(int(sys.argv[1]))]
print("ready", flush=True)
sys.stdin.read()
"""


class Rig:
    """host with vnic0, whose other end is eth0 in guest, and with far0 to a third namespace."""

    def __init__(self, the_lab):
        self.lab = the_lab
        self.host, self.guest = the_lab.pair()
        self.far = the_lab.namespace("far")
        the_lab.veth(self.host, "far0", self.far, "eth0", up=False)
        lab.address(self.host, "far0", 1, network=1)
        lab.address(self.far, "eth0", 2, network=1)
        self.host.ip("link", "set", "far0", "up")
        self.far.ip("link", "set", "eth0", "up")
        self.host.sysctl(net__ipv4__ip_forward=1, net__ipv4__conf__all__rp_filter=0,
                         net__ipv4__conf__vnic0__rp_filter=0)
        links = {"host": self.host.links(), "guest": self.guest.links()}
        self.host_mac, self.guest_mac = links["host"]["vnic0"]["address"], links["guest"]["eth0"]["address"]
        self.guest.ip("neigh", "replace", "10.0.0.1", "lladdr", self.host_mac, "dev", "eth0", "nud", "permanent")
        self.host.ip("neigh", "replace", "10.0.0.2", "lladdr", self.guest_mac, "dev", "vnic0", "nud", "permanent")
        self.host.ip("neigh", "replace", "10.0.1.2", "lladdr", self.far.links()["eth0"]["address"], "dev", "far0",
                     "nud", "permanent")

    def frames(self, *packets, ethertype=0x0800, target=None):
        """Sends IP packets as the guest, as they are."""
        head = bytes.fromhex((target or self.host_mac).replace(":", "") + self.guest_mac.replace(":", ""))
        text = json.dumps([(head + ethertype.to_bytes(2, "big") + packet).hex() for packet in packets])
        self.guest.run(sys.executable, "-S", "-E", "-c", SEND_FRAMES, "eth0", stdin=text)

    def send(self, address, port=9, count=COUNT):
        """Datagrams from the host's own socket."""
        self.host.run(sys.executable, "-S", "-E", "-c", SEND_UDP, address, port, count)

    def hold(self, code, *words, namespace=None):
        holder = (namespace or self.host).start(sys.executable, "-S", "-E", "-c", code, *words)
        holder.wait_line("ready")
        return holder

    def nstat(self, name):
        return self.host.run("nstat", "-asz", "--json", name).json["kernel"][name]

    def doctor(self, while_watching, interface="vnic0"):
        """What doctor finds in a window that holds this, and only as long as it takes."""
        process = self.lab.keep(lab.Process(*self.host.argv(lab.tool("weir"), "doctor", *([interface] if interface else []),
                                                            "--duration", "60", "-j")))
        line = process.popen.stderr.readline()
        if "watching" not in line:
            raise lab.CommandError(f"doctor said {line!r}")
        while_watching()
        process.popen.send_signal(signal.SIGINT)
        done = process.finish(ok=(0, 3))
        report = done.json
        report["code"] = done.code
        report["findings"] = [found for found in report["findings"] if found["id"] not in OF_THE_MACHINE]
        return report


class Fault:
    """One fault. inject() makes it happen, once; truth() is how often it has so far, by somebody else's count."""

    id = None
    interface = "vnic0"
    confidence = "high"  # two independent sources see it; "medium" where there is only one
    packets = COUNT      # what truth() has grown by; None: whatever it says
    mends = False        # mend() takes the cause away: with it, inject() is no problem any more

    def __init__(self, rig):
        self.rig, self.host, self.guest, self.far = rig, rig.host, rig.guest, rig.far
        self.prepare()

    def prepare(self):
        pass

    def inject(self):
        raise NotImplementedError

    def truth(self):
        raise NotImplementedError

    def mend(self):
        pass


class UdpClosedPort(Fault):
    id = "udp_closed_port"

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.0.1", 9)] * COUNT)

    def truth(self):
        return self.rig.nstat("UdpNoPorts")


class TcpClosedPort(Fault):
    id = "tcp_closed_port"

    def inject(self):
        self.rig.frames(*[tcp_syn("10.0.0.2", "10.0.0.1", 9)] * COUNT)

    def truth(self):
        return self.rig.nstat("TcpOutRsts")


class UdpBuffer(Fault):
    id = "udp_receive_buffer_full"
    packets = None
    mends = True

    def prepare(self):
        self.holder = self.rig.hold(HOLD_SOCKET, "7001", "small")

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.0.1", 7001, size=1000)] * COUNT)

    def truth(self):
        return self.rig.nstat("UdpRcvbufErrors")

    def mend(self):
        # A buffer that is as large as the burst.
        self.holder.stop(ok=None)
        self.holder = self.rig.hold(HOLD_SOCKET.replace("4096", "1048576").replace("socket.SO_RCVBUF,", "33,"), "7001",
                                    "small")


class AcceptQueue(Fault):
    id = "accept_queue_full"
    mends = True

    def prepare(self):
        self.listener = self.rig.hold(LISTEN, 1, "sit")
        self.clients = self.rig.hold(CONNECT, 2, namespace=self.guest)

    def inject(self):
        self.rig.frames(*[tcp_syn("10.0.0.2", "10.0.0.1", 7010)] * COUNT)

    def truth(self):
        return self.rig.nstat("TcpExtListenOverflows")

    def mend(self):
        self.clients.stop(ok=None)
        self.listener.stop(ok=None)
        self.listener = self.rig.hold(LISTEN, 4096, "accept")


class Firewall(Fault):
    id = "netfilter_drop"
    confidence = "medium"
    mends = True
    chain = "input"
    rule = "udp dport 7003 counter drop"

    def prepare(self):
        self.host.run("nft", "-f", "-", stdin=f"""table ip test {{
            counter dropped {{ }}
            chain base {{ type filter hook {self.chain} priority 0; {self.rule}; }}; }}""")

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.0.1", 7003)] * COUNT)

    def truth(self):
        out = self.host.run("nft", "list", "ruleset").out
        return sum(map(int, re.findall(r"counter packets (\d+) bytes \d+ drop", out)))

    def mend(self):
        self.before_mending = self.truth()
        self.host.run("nft", "delete", "table", "ip", "test")


class FirewallOutput(Firewall):
    chain = "output"

    def inject(self):
        self.rig.send("10.0.0.2", 7003)


class Foreign(Fault):
    """Another owner's program that drops. Its truth: what was sent, and nothing of it came through to UdpNoPorts."""

    id = "tc_dropped"
    confidence = "medium"
    way = ("tcx-ingress", "vnic0")
    mends = True

    def prepare(self):
        self.sent = 0
        self.foreign = self.rig.lab.foreign(self.host, *self.way, "--drop")

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.0.1", 9)] * COUNT)
        self.sent += COUNT

    def truth(self):
        return self.sent - self.rig.nstat("UdpNoPorts")

    def mend(self):
        self.foreign.stop(ok=None)


class ForeignEgress(Foreign):
    way = ("tcx-egress", "vnic0")

    def inject(self):
        self.rig.send("10.0.0.2")
        self.sent += COUNT

    def truth(self):
        return self.sent - self.guest.run("nstat", "-asz", "--json", "UdpNoPorts").json["kernel"]["UdpNoPorts"]


class XdpNative(Foreign):
    id = "xdp_dropped"
    confidence = "high"
    way = ("xdp-native", "vnic0")


class XdpGeneric(Foreign):
    id = "xdp_dropped"
    confidence = "high"
    way = ("xdp-generic", "vnic0")


class ReversePath(Fault):
    id = "rp_filter"
    mends = True

    def prepare(self):
        self.host.sysctl(net__ipv4__conf__vnic0__rp_filter=1)

    def inject(self):
        self.rig.frames(*[udp("192.0.2.1", "10.0.0.1", 9)] * COUNT)

    def truth(self):
        return self.rig.nstat("TcpExtIPReversePathFilter")

    def mend(self):
        # As the advice says: 2 is less strict; and a route back, which it then wants.
        self.host.ip("route", "add", "192.0.2.0/24", "dev", "far0")
        self.host.sysctl(net__ipv4__conf__all__rp_filter=2)


class NoRouteIn(Fault):
    id = "no_route_in"
    mends = True

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.99.0.1", 9)] * COUNT)

    def truth(self):
        return self.rig.nstat("IpExtInNoRoutes")

    def mend(self):
        self.host.ip("route", "add", "10.99.0.0/16", "via", "10.0.1.2")


class NoRouteOut(NoRouteIn):
    id = "no_route_out"
    confidence = "medium"

    def inject(self):
        self.rig.send("10.99.0.1")

    def truth(self):
        return self.rig.nstat("IpOutNoRoutes")


class NotForwarded(Fault):
    id = "not_forwarded"
    mends = True

    def prepare(self):
        self.host.sysctl(net__ipv4__ip_forward=0)

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.1.2", 9)] * COUNT)

    def truth(self):
        return self.rig.nstat("IpInAddrErrors")

    def mend(self):
        self.host.sysctl(net__ipv4__ip_forward=1)


class Ttl(Fault):
    id = "ttl_expired"

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.1.2", 9, ttl=1)] * COUNT)

    def truth(self):
        return self.rig.nstat("IpInHdrErrors")


class IpChecksum(Fault):
    id = "bad_ip_checksum"

    def inject(self):
        whole = udp("10.0.0.2", "10.0.0.1", 9)
        self.rig.frames(*[whole[:10] + b"\0\0" + whole[12:]] * COUNT)

    def truth(self):
        return self.rig.nstat("IpExtInCsumErrors")


class IpHeader(Fault):
    id = "bad_ip_header"

    def inject(self):
        self.rig.frames(*[b"\x54" + udp("10.0.0.2", "10.0.0.1", 9)[1:]] * COUNT)

    def truth(self):
        return self.rig.nstat("IpInHdrErrors")


class UdpChecksum(Fault):
    id = "bad_udp_checksum"

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.0.1", 9, spoil=0x55)] * COUNT)

    def truth(self):
        return self.rig.nstat("UdpInCsumErrors")


class TcpChecksum(Fault):
    id = "bad_tcp_checksum"

    def inject(self):
        self.rig.frames(*[tcp_syn("10.0.0.2", "10.0.0.1", 9, spoil=0x55)] * COUNT)

    def truth(self):
        return self.rig.nstat("TcpInCsumErrors")


class Mtu(Fault):
    id = "mtu_too_small"
    mends = True

    def prepare(self):
        self.host.ip("link", "set", "far0", "mtu", "1000")

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.1.2", 9, size=1200, flags=0x4000)] * COUNT)

    def truth(self):
        return self.rig.nstat("IpFragFails")

    def mend(self):
        self.host.ip("link", "set", "far0", "mtu", "1500")


class Fragments(Fault):
    id = "reassembly_failed"
    packets = None

    def prepare(self):
        self.host.sysctl(net__ipv4__ipfrag_time=1)

    def inject(self):
        """First fragments whose second never comes."""
        packets = []
        for number in range(1, 31):
            packet = bytearray(ipv4("10.0.0.2", "10.0.0.1", 17, b"f" * 80, flags=0x2000))
            packet[4:6], packet[10:12] = number.to_bytes(2, "big"), b"\0\0"
            packet[10:12] = checksum(bytes(packet[:20])).to_bytes(2, "big")
            packets.append(bytes(packet))
        self.rig.frames(*packets)
        time.sleep(1.5)

    def truth(self):
        return self.rig.nstat("IpReasmFails")


class Neighbour(Fault):
    id = "neighbour_failed"
    packets = 20
    mends = True
    to = "10.0.0.77"

    def prepare(self):
        self.host.sysctl(net__ipv4__neigh__vnic0__mcast_solicit=1, net__ipv4__neigh__vnic0__retrans_time_ms=100)
        self.sent = self.come = 0

    def inject(self):
        self.rig.send(self.to, count=20)
        self.sent += 20
        time.sleep(0.4)

    def truth(self):
        return self.sent - self.guest.run("nstat", "-asz", "--json", "UdpNoPorts").json["kernel"]["UdpNoPorts"]

    def mend(self):
        self.guest.ip("addr", "add", "10.0.0.77/24", "dev", "eth0")
        self.host.ip("neigh", "flush", "dev", "vnic0")


class Gateway(Neighbour):
    id = "gateway_unreachable"
    to = "10.99.0.1"

    def prepare(self):
        super().prepare()
        self.host.ip("route", "add", "default", "via", "10.0.0.77")

    def truth(self):
        return 0

    packets = None

    def mend(self):
        super().mend()
        self.guest.ip("addr", "add", "10.99.0.1/32", "dev", "eth0")


class Qdisc(Fault):
    id = "qdisc_overflow"
    packets = None
    mends = True

    def prepare(self):
        self.host.tc("qdisc", "replace", "dev", "vnic0", "root", "tbf", "rate", "1mbit", "burst", "2000", "limit", "5000")

    def inject(self):
        self.rig.lab.sender(self.host, "vnic0", "--count", 300, "--size", 500, "--rate", 5000).finish()

    def truth(self):
        return json.loads(self.host.tc("-s", "-j", "qdisc", "show", "dev", "vnic0", "root"))[0]["drops"]

    def mend(self):
        self.host.tc("qdisc", "replace", "dev", "vnic0", "root", "tbf", "rate", "1gbit", "burst", "200000", "limit",
                     "500000")


class Tap(Fault):
    id = "tap_ring_full"
    interface = "tap7"
    packets = None
    mends = True

    def prepare(self):
        self.host.ip("tuntap", "add", "tap7", "mode", "tap")
        self.host.ip("link", "set", "tap7", "txqueuelen", "10")
        self.holder = self.rig.hold(HOLD_TAP, "tap7")
        self.host.ip("link", "set", "tap7", "up")
        self.host.ip("addr", "add", "10.7.0.1/24", "dev", "tap7")
        self.host.ip("neigh", "replace", "10.7.0.2", "lladdr", "02:00:00:00:00:07", "dev", "tap7", "nud", "permanent")

    def inject(self):
        self.rig.send("10.7.0.2")

    def truth(self):
        return self.host.counters("tap7")["tx"]["dropped"]

    def mend(self):
        self.host.ip("link", "set", "tap7", "txqueuelen", "10000")


class Carrier(Fault):
    id = "carrier_down"
    confidence = "medium"
    packets = None
    mends = True

    def inject(self):
        self.guest.ip("link", "set", "eth0", "down")
        lab.wait_for(lambda: "NO-CARRIER" in self.host.ip("link", "show", "vnic0"), "the link to be gone")
        self.rig.send("10.0.0.2", count=5)

    def truth(self):
        return 0

    def mend(self):
        self.inject = lambda: self.guest.ip("link", "set", "eth0", "up")
        self.guest.ip("link", "set", "eth0", "up")


class SocketFilter(Fault):
    id = "socket_filter"
    mends = True

    def prepare(self):
        self.holder = self.rig.hold(HOLD_SOCKET, "7002", "filter")

    def inject(self):
        self.rig.frames(*[udp("10.0.0.2", "10.0.0.1", 7002)] * COUNT)

    def truth(self):
        return self.rig.nstat("UdpInErrors")

    def mend(self):
        self.holder.stop(ok=None)


class Ports(Fault):
    id = "ports_used_up"
    confidence = "medium"
    packets = None
    mends = True

    def prepare(self):
        self.guest.sysctl(net__ipv4__ip_local_port_range="40000 40019")
        # Doctor is the guest's here: it is the guest that runs out of ports.
        self.host, self.guest = self.guest, self.host
        self.rig.host, self.rig.guest = self.host, self.guest
        self.listener = self.rig.hold(LISTEN, 64, "accept", namespace=self.guest)
        self.clients = self.rig.hold(CONNECT, 20)

    interface = "eth0"

    def inject(self):
        time.sleep(0.1)

    def truth(self):
        return 0

    def mend(self):
        self.host.sysctl(net__ipv4__ip_local_port_range="1024 65535")


class Backlog(Fault):
    """RPS hands every packet to the other CPU, which does more for each than the sender."""

    id = "softnet_backlog_full"
    packets = None

    def prepare(self):
        rules = "\n".join(["udp dport 1 drop"] * 400)
        self.host.run("nft", "-f", "-", stdin="table netdev test { chain base {\n"
                      f"type filter hook ingress device vnic0 priority 0;\n{rules}\ncounter\n}}; }}")
        run = lab.run("ip", "netns", "exec", self.host.name, "sh", "-c",
                      "echo 2 >/sys/class/net/vnic0/queues/rx-0/rps_cpus", ok=None)
        if run.code != 0:
            raise unittest.SkipTest("no RPS on this kernel")

    def inject(self):
        self.rig.lab.sender(self.guest, "eth0", "--cpu", 0, "--count", 60000, "--size", 60, "--bypass-qdisc").finish()
        time.sleep(0.3)

    def truth(self):
        """What the other end of the cable could not hand over."""
        return self.guest.counters("eth0")["tx"]["dropped"]


FAULTS = [UdpClosedPort, TcpClosedPort, UdpBuffer, AcceptQueue, Firewall, FirewallOutput, Foreign, ForeignEgress, XdpNative,
          XdpGeneric, ReversePath, NoRouteIn, NoRouteOut, NotForwarded, Ttl, IpChecksum, IpHeader, UdpChecksum, TcpChecksum,
          Mtu, Fragments, Neighbour, Gateway, Qdisc, Tap, Carrier, SocketFilter, Ports]
ALONE = [Backlog]  # those that need both CPUs


class Outcome:
    def __init__(self, fault):
        self.name = fault.__name__
        self.wanted = fault.id
        self.first = self.severity = self.confidence = self.count = self.truth = self.mended = "-"
        self.right = False
        self.problems = []

    def row(self):
        return f"{self.name:<14} {self.wanted:<26} {self.first:<26} {self.severity:<8} {self.confidence:<7} " \
               f"{self.count!s:>7} {self.truth!s:>7}  {self.mended:<6} {'; '.join(self.problems)[:300]}"


def examine(the_lab, kind):
    """One fault, from a fresh rig to its mending."""
    outcome = Outcome(kind)
    try:
        fault = kind(Rig(the_lab))
        before = fault.truth()
        report = fault.rig.doctor(fault.inject, fault.interface)
        truth = fault.truth() - before
        first = report["findings"][0] if report["findings"] else {"id": "nothing", "severity": "-", "confidence": "-", "count": 0}
        outcome.first, outcome.severity = first["id"], first["severity"]
        outcome.confidence, outcome.count, outcome.truth = first["confidence"], first["count"], truth
        outcome.right = first["id"] == kind.id
        if not outcome.right:
            outcome.problems.append("found " + " ".join(f"{f['id']}:{f['count']}" for f in report["findings"]))
        elif kind.packets is not None and truth != kind.packets:
            outcome.problems.append(f"the truth should be {kind.packets}")
        elif truth != first["count"] and not (kind.packets is None and truth == 0):
            outcome.problems.append("the count is not the truth: " + json.dumps(first["evidence"]))
        if outcome.right and first["confidence"] != kind.confidence:
            outcome.problems.append(f"confidence should be {kind.confidence}")
        above = [f for f in report["findings"] if f["severity"] != "info"]
        if report["code"] != (3 if above else 0):
            outcome.problems.append(f"exit code {report['code']}")
        if kind.packets is None and kind not in (Carrier, Gateway, Ports) and truth == 0:
            outcome.problems.append("nothing was injected")
        if kind.mends:
            fault.mend()
            again = fault.rig.doctor(fault.inject, fault.interface)
            left = [f for f in again["findings"] if f["id"] == kind.id]
            outcome.mended = "no" if left else "yes"
            if left:
                outcome.problems.append(f"still {left[0]['count']} when mended")
    except unittest.SkipTest as reason:
        outcome.problems.append(f"skipped: {reason}")
        outcome.right = None
    except Exception as error:  # pylint: disable=broad-except
        outcome.problems.append(f"{type(error).__name__}: {error}")
    return outcome


class TestFaults(lab.Case):
    programs = ("nstat", "tc")

    def test_first_finding_is_right_and_exact_and_goes_when_mended(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(lambda kind: examine(self.lab, kind), FAULTS))
        outcomes += [examine(self.lab, kind) for kind in ALONE]
        print("\nfault          wanted                     first finding              severity conf.     count"
              "   truth  mended problems")
        for outcome in outcomes:
            print(outcome.row())
        counted = [outcome for outcome in outcomes if outcome.right is not None]
        right = sum(outcome.right for outcome in counted)
        print(f"{right} of {len(counted)} first findings are right", flush=True)
        self.assertGreaterEqual(right, RIGHT_AT_LEAST * len(counted))
        wrong = [outcome.row() for outcome in counted if outcome.right and outcome.problems]
        self.assertEqual(wrong, [], "counts and mending")


def sysctls_in(text):
    """Names of sysctls in an advice: net.core.somaxconn."""
    return set(re.findall(r"\b(?:net|vm|kernel)\.[a-z0-9_]+(?:\.[a-z0-9_]+)*\b", text))


class TestAdvice(unittest.TestCase):
    def test_every_sysctl_is_there(self):
        lab.run("modprobe", "nf_conntrack", ok=None) if shutil.which("modprobe") else None
        causes = lab.run(lab.tool("weir"), "doctor", "--list", "-j").json["causes"]
        names = set().union(*(sysctls_in(cause["fix"]) for cause in causes))
        self.assertGreater(len(names), 15)
        if not os.path.isdir("/proc/sys/net/netfilter"):
            names = {name for name in names if not name.startswith("net.netfilter.")}
        dead = sorted(name for name in names if not os.path.exists("/proc/sys/" + name.replace(".", "/")))
        self.assertEqual(dead, [], "dead advice")

    def test_every_sentence_is_one(self):
        causes = lab.run(lab.tool("weir"), "doctor", "--list", "-j").json["causes"]
        self.assertGreater(len(causes), 60)
        for cause in causes:
            with self.subTest(cause=cause["id"]):
                self.assertRegex(cause["meaning"], r"^[A-Z].*\.$")
                self.assertTrue(cause["fix"])
                self.assertNotIn("tcp_tw_recycle", cause["fix"])


class TestCommand(lab.Case):
    def test_nothing_wrong_is_said_and_is_exit_code_0(self):
        host, _ = self.lab.pair()
        done = host.weir("doctor", "vnic0", "--duration", "0.3")
        self.assertIn("nothing wrong found in 300 ms", done.out)
        self.assertIn("veth", done.out)
        self.assertIn("watching for 300 ms", done.err)

    def test_an_unknown_interface_is_named_with_those_there_are(self):
        host, _ = self.lab.pair()
        done = host.weir("doctor", "vnic9", ok=(1,))
        self.assertIn("vnic0", done.err)

    def test_facts_are_those_of_ip_and_ethtool(self):
        host, _ = self.lab.pair()
        [nic] = host.weir("doctor", "vnic0", "--duration", "0.1", "-j").json["nic"]
        link = host.links()["vnic0"]
        self.assertEqual((nic["ifindex"], nic["mtu_bytes"], nic["qdisc"], nic["kind"]),
                         (link["ifindex"], link["mtu"], link["qdisc"], "veth"))
        speed = re.search(r"Speed: (\d+)Mb/s", host.run("ethtool", "vnic0").out)
        self.assertEqual(nic["speed_bps"], int(speed[1]) * 1_000_000 if speed else None)
        features = dict(re.findall(r"^([a-z-]+): (on|off)", host.run("ethtool", "-k", "vnic0").out, re.MULTILINE))
        for name, feature in (("tso", "tcp-segmentation-offload"), ("gro", "generic-receive-offload")):
            self.assertEqual(name in nic["offloads"], features[feature] == "on", name)

    def test_without_root_the_counters_are_read_and_the_rest_is_named(self):
        done = lab.run("setpriv", "--reuid=65534", "--clear-groups", lab.tool("weir"), "doctor", "lo", "--duration", "0.2",
                       "-j", ok=(0, 3))
        self.assertTrue(any("traces" in sentence for sentence in done.json["missing"]), done.json["missing"])


class TestSilence(lab.Case):
    """One minute of what silence.py runs for ten."""

    programs = ("iperf3", "ping")

    def test_healthy_traffic_is_no_problem(self):
        reports, ended = silence.watch(self.lab, 60)
        self.assertEqual(ended, [], "the traffic itself broke off")
        self.assertEqual(silence.above_info(reports, but=OF_THE_MACHINE), [])
        notes = {finding["id"] for finding in reports[0]["findings"]}
        self.assertIn("tcp_closed_port", notes, "the scan was not seen at all: nothing was tested")
        self.assertIn("unknown_ethertype", notes, "the unknown frames were not seen at all")


if __name__ == "__main__":
    unittest.main()
