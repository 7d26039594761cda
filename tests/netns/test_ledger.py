# SPDX-License-Identifier: GPL-2.0-or-later
"""The ledger's error is 0 packets and 0 bytes: real TCP and UDP, every role and hook, offloads on and off."""
import itertools
import unittest

import lab
import measure
from support.parts import in_all

TCP = ("-n", "10M", "--bidir")
UDP = ("-u", "-b", "400M", "-n", "2M", "--bidir")
TRAFFIC = {"tcp": TCP, "udp": (*UDP, "-l", "1400"), "fragments": (*UDP, "-l", "4000")}
V4, V6 = "10.0.0.1", "fd00::1"
# Each pair of values of {offloads, family, traffic} at least once.
PAIRS = [("on", V4, "tcp"), ("on", V6, "udp"), ("on", V4, "fragments"), ("gro", V6, "tcp"), ("gro", V4, "udp"),
         ("gro", V6, "fragments"), ("off", V4, "tcp"), ("off", V6, "udp"), ("off", V4, "fragments")]
ALL = list(itertools.product(("on", "gro", "off"), (V4, V6), TRAFFIC))
OFFLOADS = ("tso", "gso", "gro", "tx", "sg")


def set_offloads(namespace, interface, on):
    """All of them off leaves a NIC that does nothing for anybody; on is veth's own state (GRO is off there)."""
    namespace.ethtool(interface, **{name: on and name != "gro" for name in OFFLOADS})


class TestMatrix(lab.Case):
    """{TCP, UDP, UDP in fragments} x {IPv4, IPv6} x offloads {on, on with GRO, off}, both roles at once."""

    programs = ("iperf3", "ethtool")

    def check_hooks(self, namespace, interface, ingress, egress):
        self.assertEqual(namespace.status()[interface]["hooks"], {"ingress": ingress, "egress": egress})

    def matrix(self, way, cases):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--bpf-hooks", way)
        guest.weir("attach", "eth0", "--role", "guest", "--bpf-hooks", way)
        self.check_hooks(host, "vnic0", way, way)
        self.check_hooks(guest, "eth0", way, way)
        points = [measure.Point(host, "vnic0", "vnic"), measure.Point(guest, "eth0", "guest")]
        for offloads, to, name in cases:
            for namespace, interface in ((host, "vnic0"), (guest, "eth0")):
                set_offloads(namespace, interface, offloads != "off")
                namespace.ethtool(interface, gro=offloads == "gro")
            with self.subTest(offloads=offloads, to=to, traffic=name):
                with measure.Window(self.lab, points) as window:
                    self.lab.iperf(guest, host, to, *TRAFFIC[name])
                window.check(self, together=1_000, cut=offloads == "off")
                if name == "tcp":
                    gso = window.truth_of(guest, "eth0")["out"]["gso_frames"]
                    self.assertEqual(gso > 0, offloads != "off", f"{gso} GSO frames: not what was to be tested")

    def test_tcx(self):
        self.matrix("tcx", PAIRS)

    def test_clsact(self):
        self.matrix("clsact", PAIRS)

    @in_all("exact but long: the whole product")
    def test_whole_tcx(self):
        self.matrix("tcx", ALL)

    @in_all("exact but long: the whole product")
    def test_whole_clsact(self):
        self.matrix("clsact", ALL)


class TestXdp(lab.Case):
    """The XDP ingress hook counts frames as the driver hands them over; GSO and GRO are off.

    The ring between two veth ends holds 256 frames, and what does not fit was seen by the sender's tap
    and never came: so there are never more under way. TCP has a window smaller than the ring;
    datagrams are fewer than it holds.
    """

    programs = ("iperf3", "ethtool")
    traffic = {"tcp": ("-n", "2M", "-w", "100K"), "udp": ("-u", "-b", "100M", "-k", "100", "-l", "1400"),
               "fragments": ("-u", "-b", "100M", "-k", "60", "-l", "4000")}
    pairs = [("tcp", V4, ()), ("tcp", V6, ("-R",)), ("udp", V6, ()), ("udp", V4, ("-R",)), ("fragments", V4, ()),
             ("fragments", V6, ("-R",))]

    def xdp(self, role, cases):
        host, guest = self.lab.pair()
        here, there = ((host, "vnic0"), (guest, "eth0")) if role == "vnic" else ((guest, "eth0"), (host, "vnic0"))
        here[0].weir("attach", here[1], "--role", role, "--ingress-hook", "xdp")
        self.assertEqual(here[0].status()[here[1]]["hooks"]["ingress"], "xdp")
        for namespace, interface in (here, there):
            set_offloads(namespace, interface, False)
        point = measure.Point(*here, role, peer=there)
        for name, to, reverse in cases:
            with self.subTest(traffic=name, to=to, reverse=reverse):
                dropped = there[0].counters(there[1])["tx"]["dropped"]
                with measure.Window(self.lab, [point]) as window:
                    self.lab.iperf(guest, host, to, *self.traffic[name], *reverse)
                self.assertEqual(there[0].counters(there[1])["tx"]["dropped"], dropped, "the veth ring was full")
                window.check(self, at_least=5, cut=True)

    def test_vnic(self):
        self.xdp("vnic", self.pairs)

    def test_guest(self):
        self.xdp("guest", self.pairs)

    @in_all("exact but long: the whole product")
    def test_whole(self):
        for role in ("vnic", "guest"):
            self.xdp(role, list(itertools.product(self.traffic, (V4, V6), ((), ("-R",)))))


class TestTwoCpus(lab.Case):
    """Both CPUs count into one vNIC at once: different flows, and one and the same."""

    count = 50_000

    def both(self, way, *words, seeds):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--bpf-hooks", way)
        guest.weir("attach", "eth0", "--role", "guest", "--bpf-hooks", way)
        points = [measure.Point(host, "vnic0", "vnic"), measure.Point(guest, "eth0", "guest")]
        with measure.Window(self.lab, points) as window:
            senders = [self.lab.sender(guest, "eth0", "--cpu", cpu, "--count", self.count, "--seed", seeds[cpu], *words)
                       for cpu in (0, 1)]
            sent = [sender.finish().json for sender in senders]
        for point in points:
            for direction in ("tx", "rx"):
                packets, size, skbs, classes = window.wanted(point, direction)
                ledger = window.ledger[point][direction]
                counted = ledger["packets"], ledger["bytes"], ledger["skbs"], measure.coarse(ledger["classes"])
                self.assertEqual(counted, (packets, size, skbs, classes), f"{point.where} {direction}")
        counted = window.ledger[points[0]]["tx"]["classes"]["ipv4_udp"]
        self.assertEqual(counted, {key: sum(one[key] for one in sent) for key in ("packets", "bytes")},
                         "the host's ledger against what the two senders gave to the kernel")
        for point in points:
            sums, ledger = measure.flow_sums(point.namespace, point.interface)
            self.assertEqual(sums, ledger, f"{point.where}: flows and untracked (first), ledger (second)")

    def test_different_flows(self):
        self.both("tcx", "--flows", "random", seeds=(1, 2))

    def test_same_flow(self):
        self.both("tcx", seeds=(7, 7))

    def test_same_flow_clsact(self):
        self.both("clsact", seeds=(7, 7))


if __name__ == "__main__":
    unittest.main()
