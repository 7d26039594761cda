# SPDX-License-Identifier: GPL-2.0-or-later
"""Large frames beyond plain TCP: UDP GSO, BIG TCP, what a virtual machine writes to its tap; and the arithmetic that
cuts them into packets, held against the kernel's own cutting."""
import sys
import unittest

import lab
import measure

SEND_UDP_GSO = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM)
for segment, size, count in ((1200, 12000, 50), (1000, 60001, 50), (1452, 2904, 50), (100, 6400, 50), (1452, 1453, 50)):
    sock.setsockopt(socket.IPPROTO_UDP, 103, segment)  # UDP_SEGMENT
    for _ in range(count):
        sock.sendto(bytes(size), (sys.argv[1], 9))
"""
UDP_GSO_PACKETS = 50 * (10 + 61 + 2 + 64 + 2)


class TestCutByTheKernel(lab.Case):
    """A bridge forwards GSO frames from vnic0 to vnic1, where offloads are off, so that the kernel itself cuts them:
    what then leaves is what Weir must have counted at vnic0."""

    programs = ("iperf3", "ethtool")

    def setUp(self):
        self.host, self.one, self.two = (self.lab.namespace(word) for word in ("host", "one", "two"))
        for number, guest in enumerate((self.one, self.two)):
            self.lab.veth(self.host, f"vnic{number}", guest, "eth0")
            lab.address(guest, "eth0", number + 1)
        self.lab.bridge(self.host, "br0", "vnic0", "vnic1")
        self.host.ethtool("vnic1", tso=False, gso=False, tx_udp_segmentation=False)
        self.host.weir("attach", "vnic0")

    def compare(self, name, traffic):
        points = [measure.Point(self.host, "vnic0", "vnic"), measure.Point(self.host, "vnic1", "vnic")]
        self.host.weir("attach", "vnic1")
        with measure.Window(self.lab, points, [(self.one, "eth0"), (self.two, "eth0")]) as window:
            traffic()
        window.check(self, cut=True)
        self.assertGreater(window.truth_of(self.host, "vnic0")["in"]["gso_frames"], 10, "no GSO frames came")
        cut = window.truth_of(self.host, "vnic1")["out"]
        self.assertEqual(cut["gso_frames"], 0, "the kernel did not cut them")
        wire = {"packets": cut["classes"][name]["frames"], "bytes": cut["classes"][name]["frame_bytes"]}
        self.assertEqual(window.ledger[points[0]]["tx"]["classes"][name], wire)
        # At vnic1 Weir stands before the cutting, and counts the same.
        self.assertEqual(window.ledger[points[1]]["rx"]["classes"][name], wire)

    def test_tcp4(self):
        self.compare("ipv4_tcp", lambda: self.lab.iperf(self.one, self.two, "10.0.0.2", "-n", "10M"))

    def test_tcp6(self):
        self.compare("ipv6_tcp", lambda: self.lab.iperf(self.one, self.two, "fd00::2", "-n", "10M"))

    def test_udp4(self):
        self.compare("ipv4_udp", lambda: self.one.run(sys.executable, "-c", SEND_UDP_GSO, "10.0.0.2"))

    def test_udp6(self):
        self.compare("ipv6_udp", lambda: self.one.run(sys.executable, "-c", SEND_UDP_GSO, "fd00::2"))

    def test_tcp4_tagged(self):
        for guest in (self.one, self.two):
            self.lab.foreign(guest, "tcx-egress", "eth0", "--push", 7)
            self.lab.foreign(guest, "tcx-ingress", "eth0", "--pop", 1)
        self.compare("ipv4_tcp", lambda: self.lab.iperf(self.one, self.two, "10.0.0.2", "-n", "10M"))


class TestUdpGso(lab.Case):
    """UDP_SEGMENT, at both ends of one cable."""

    def run_to(self, to, name, way):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--bpf-hooks", way)
        guest.weir("attach", "eth0", "--role", "guest", "--bpf-hooks", way)
        points = [measure.Point(host, "vnic0", "vnic"), measure.Point(guest, "eth0", "guest")]
        with measure.Window(self.lab, points) as window:
            guest.run(sys.executable, "-c", SEND_UDP_GSO, to)
        window.check(self)
        self.assertGreater(window.truth_of(guest, "eth0")["out"]["gso_frames"], 100, "no GSO frames were sent")
        for point in points:
            self.assertEqual(window.ledger[point]["tx"]["classes"][name]["packets"], UDP_GSO_PACKETS)

    def test_udp4(self):
        self.run_to("10.0.0.1", "ipv4_udp", "tcx")

    def test_udp6(self):
        self.run_to("fd00::1", "ipv6_udp", "tcx")

    def test_udp6_clsact(self):
        self.run_to("fd00::1", "ipv6_udp", "clsact")


class TestBigTcp(lab.Case):
    """Frames beyond 64 KiB, with a jumbo payload header that the wire does not see."""

    programs = ("iperf3", "ethtool")

    def test_ipv6(self):
        host, guest = self.lab.pair()
        for namespace, interface in ((host, "vnic0"), (guest, "eth0")):
            namespace.ip("link", "set", interface, "gso_max_size", 185_000, "gro_max_size", 185_000)
        host.weir("attach", "vnic0")
        guest.weir("attach", "eth0", "--role", "guest")
        points = [measure.Point(host, "vnic0", "vnic"), measure.Point(guest, "eth0", "guest")]
        with measure.Window(self.lab, points) as window:
            self.lab.iperf(guest, host, "fd00::1", "-n", "50M", "-w", "8M")
        largest = window.truth_of(guest, "eth0")["out"]["largest_frame"]
        if largest <= 65_535 + 14:
            self.skipTest(f"this kernel's veth makes no frames beyond 64 KiB (largest: {largest})")
        window.check(self, together=30_000)


class TestTap(lab.Case):
    """What a virtual machine writes to its tap: GSO frames whose segments nobody has counted yet (SKB_GSO_DODGY), and
    with --linear, whose headers are not in the skb's linear part."""

    frames = 500

    def run_tap(self, way):
        host = self.lab.namespace("host")
        host.ip("tuntap", "add", "tap0", "mode", "tap", "vnet_hdr")
        host.ip("link", "set", "tap0", "up")
        host.weir("attach", "tap0", "--bpf-hooks", way)
        for size, gso in ((60_000, 1448), (2962, 1448), (1515, 1448), (200, 0)):
            for words in ((), ("--tcp",), ("--ipv6",), ("--ipv6", "--tcp")):
                with self.subTest(size=size, gso=gso, words=words):
                    self.one(host, size, gso, words)

    def one(self, host, size, gso, words):
        before = host.stats()["tap0"]["tx"]
        with self.lab.truth(host, "tap0") as truth:
            sent = self.lab.sender(host, "tap0", "--tap", "--count", self.frames, "--size", size, *words,
                                   *(("--gso", gso) if gso else ())).finish().json
        counted = measure.difference(host.stats()["tap0"]["tx"], before)
        name = ("ipv6" if "--ipv6" in words else "ipv4") + ("_tcp" if "--tcp" in words else "_udp")
        wanted = {key: sent[key] for key in measure.COUNTS}
        self.assertEqual(counted["classes"][name], wanted, "the ledger (first), what was written to the tap (second)")
        seen = truth.result["in"]["classes"][name]
        self.assertEqual({key: seen[key] for key in measure.COUNTS}, wanted, "the capture, what was written")

    def test_tcx(self):
        self.run_tap("tcx")

    def test_clsact(self):
        self.run_tap("clsact")


if __name__ == "__main__":
    unittest.main()
