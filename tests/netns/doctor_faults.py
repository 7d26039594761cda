# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults that doctor has to name: how each is made, who counts it, what mends it."""

import json
import re
import time
import unittest

import lab
from doctor_rig import CONNECT, COUNT, LISTEN, Fault
from test_drops import HOLD_SOCKET, HOLD_TAP, checksum, ipv4, tcp_syn, udp


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


class Limit(Fault):
    """The tenant sends more than its limit lets through. The truth: what was sent, less what a capture saw arrive."""

    id = "weir_limit"
    packets = None
    mends = True
    hook = "tc"
    words = ("--tx-max", "1mbit", "--mode", "police")
    enough = "10gbit"

    def prepare(self):
        self.sent = self.arrived = 0
        self.host.weir("attach", "vnic0", "--tenant", "web", "--ingress-hook", self.hook)
        self.host.weir("limit", "set", "web", *self.words)

    def inject(self):
        with self.rig.lab.truth(self.far, "eth0") as capture:
            self.rig.frames(*[udp("10.0.0.2", "10.0.1.2", 9, size=1000)] * 2 * COUNT)
            time.sleep(0.2)
        self.sent += 2 * COUNT
        self.arrived += capture.result["in"]["classes"].get("ipv4_udp", {"packets": 0})["packets"]

    def truth(self):
        return self.sent - self.arrived

    def mend(self):
        """By the command that the finding has, with a rate that is enough."""
        command = re.search(r"weir (limit set web --tx-\w+) (?:RATE|N)$", self.found["fix"])
        self.host.weir(*command[1].split(), self.enough)


class PacketLimit(Limit):
    id = "weir_packet_limit"
    words = ("--tx-pps", "1000")  # so that what is let through ahead (64 packets) is paid for when it is mended
    enough = "1000000"


class PacketLimitXdp(PacketLimit):
    hook = "xdp"


class Spoof(Fault):
    """Half of what the tenant sends is not from its address. The truth: what was sent, less what a capture saw arrive."""

    id = "weir_spoof"
    mends = True
    hook = "tc"

    def prepare(self):
        self.sent = self.arrived = 0
        self.host.weir("attach", "vnic0", "--tenant", "web", "--ingress-hook", self.hook, "--addresses", "10.0.0.2,fd00::2")

    def inject(self):
        with self.rig.lab.truth(self.far, "eth0") as capture:
            self.rig.frames(*[udp(f"10.0.0.{2 + n % 2}", "10.0.1.2", 9) for n in range(2 * COUNT)])
            time.sleep(0.2)
        self.sent += 2 * COUNT
        self.arrived += capture.result["in"]["classes"].get("ipv4_udp", {"packets": 0})["packets"]

    def truth(self):
        return self.sent - self.arrived

    def mend(self):
        """By the command that the finding has, with the address that the tenant turns out to have."""
        command = re.search(r"weir (attach vnic0 --tenant web --addresses) LIST$", self.found["fix"])
        self.host.weir(*command[1].split(), "10.0.0.2,10.0.0.3,fd00::2")


class SpoofXdp(Spoof):
    hook = "xdp"


FAULTS = [UdpClosedPort, TcpClosedPort, UdpBuffer, AcceptQueue, Firewall, FirewallOutput, Foreign, ForeignEgress, XdpNative,
          XdpGeneric, ReversePath, NoRouteIn, NoRouteOut, NotForwarded, Ttl, IpChecksum, IpHeader, UdpChecksum, TcpChecksum,
          Mtu, Fragments, Neighbour, Gateway, Qdisc, Tap, Carrier, SocketFilter, Ports, Limit,
          PacketLimit, PacketLimitXdp, Spoof, SpoofXdp]
ALONE = [Backlog]  # those that need both CPUs
