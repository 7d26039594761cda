# SPDX-License-Identifier: GPL-2.0-or-later
"""Latency on this kernel: every forwarded packet has a host delay or a reason why not, bridged, routed and with NAT;
foreign stamps are not read; what is sent again is what the sender's kernel counts."""
import re
import sys
import time
import unittest

import lab
import measure

KEYS = ["count", "min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns", "buckets"]


# UDP datagrams with a departure time: SO_TXTIME (61) with its clock, and SCM_TXTIME beside each.
DEPARTURES = """
import socket, struct, sys, time
clock, ahead_ns, count = map(int, sys.argv[1:])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, 61, struct.pack("iI", clock, 0))
    for _ in range(count):
        departure = struct.pack("Q", time.clock_gettime_ns(clock) + ahead_ns)
        sender.sendmsg([b"x"], [(socket.SOL_SOCKET, 61, departure)], 0, ("10.0.0.2", 9))
"""


class Base(lab.Case):
    programs = ("iperf3", "nstat")

    def latency(self, interface, *words):
        report = self.host.weir("latency", *words, "-j").json
        [vnic] = [vnic for vnic in report["vnics"] if vnic["interface"] == interface]
        return vnic

    def skbs(self, interface, direction):
        vnic = self.host.stats()[interface]
        not_ip = sum(count["packets"] for name, count in vnic[direction]["classes"].items()
                     if not name.startswith(("ipv4", "ipv6")))
        return vnic[direction]["skbs"] - not_ip

    def topology(self, one="10.0.0.1/24", two="10.0.0.2/24"):
        self.host, self.one, self.two = (self.lab.namespace(word) for word in ("host", "one", "two"))
        for name, guest, cidr in (("vnic0", self.one, one), ("up0", self.two, two)):
            self.lab.veth(self.host, name, guest, "eth0")
            guest.ip("addr", "add", cidr, "dev", "eth0")


class TestForwarded(Base):
    """Ends are named by what they reach each other by."""

    def check(self, to):
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.host.weir("attach", "up0", "--role", "uplink")
        self.one.run("ping", "-c", "3", "-i", "0.05", to)
        before = {direction: self.counted(direction) for direction in ("tx", "rx")}
        self.lab.iperf(self.one, self.two, to, "-n", "20M")
        self.lab.iperf(self.one, self.two, to, "-n", "20M", "-R")
        measure.settle([measure.Point(self.host, "vnic0"), measure.Point(self.host, "up0")])
        for direction, then in before.items():
            measured, left_out, passed = (now - before for now, before in
                                          zip(self.counted(direction), then, strict=True))
            with self.subTest(direction=direction):
                self.assertGreater(passed, 100)
                self.assertEqual(measured + left_out, passed)
                self.assertEqual(left_out, 0)
                host = self.latency("vnic0")["host"][direction]
                self.assertEqual(list(host), KEYS)
                self.assertEqual(sum(count for _, _, count in host["buckets"]), host["count"])
                self.assertTrue(0 < host["min_ns"] <= host["p50_ns"] <= host["p99_ns"] <= host["max_ns"], host)

    def counted(self, direction):
        """(delays, left out, passed): skbs of IP. What comes in from the uplink is left out there."""
        delays = self.latency("vnic0")["host"][direction]["count"]
        entry = self.latency("vnic0" if direction == "tx" else "up0")
        came_by = entry["host_left_out"]["tx" if direction == "tx" else "rx"]
        return delays, came_by["future"] + came_by["foreign"], self.skbs("vnic0", direction)

    def test_bridged(self):
        self.topology()
        self.lab.bridge(self.host, "br0", "vnic0", "up0")
        self.check("10.0.0.2")

    def routed(self):
        self.topology("10.0.1.2/24", "10.0.2.2/24")
        self.host.ip("addr", "add", "10.0.1.1/24", "dev", "vnic0")
        self.host.ip("addr", "add", "10.0.2.1/24", "dev", "up0")
        self.host.sysctl(net__ipv4__ip_forward=1)
        self.one.ip("route", "add", "default", "via", "10.0.1.1")

    def test_routed(self):
        self.routed()
        self.two.ip("route", "add", "default", "via", "10.0.2.1")
        self.check("10.0.2.2")

    def test_with_nat(self):
        lab.require("nft")
        self.routed()
        self.host.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                             "add rule ip nat post oifname up0 masquerade")
        self.check("10.0.2.2")


class TestGuards(Base):
    def setUp(self):
        self.topology()
        self.lab.bridge(self.host, "br0", "vnic0", "up0")

    def test_one_attached_end_measures_nothing(self):
        self.host.weir("attach", "up0", "--role", "uplink")
        self.lab.iperf(self.one, self.two, "10.0.0.2", "-n", "5M")
        host = self.latency("up0")["host"]
        self.assertEqual((host["tx"]["count"], host["rx"]["count"]), (0, 0))

    def test_both_ends_of_two_tenants(self):
        """Between two vNICs of a host: one's tx is the other's rx."""
        self.host.weir("attach", "vnic0", "up0")
        self.lab.iperf(self.one, self.two, "10.0.0.2", "-n", "5M")
        one, two = self.latency("vnic0")["host"], self.latency("up0")["host"]
        self.assertGreater(one["tx"]["count"], 50)
        self.assertEqual(one["tx"]["count"], two["rx"]["count"])
        self.assertEqual(one["rx"]["count"], two["tx"]["count"])

    def test_what_is_not_ip_is_left_out_by_name(self):
        self.host.weir("attach", "vnic0", "up0")
        self.one.ip("neighbour", "flush", "dev", "eth0")
        self.one.run("ping", "-c", "1", "10.0.0.2")
        left_out = self.latency("vnic0")["host_left_out"]
        self.assertGreater(left_out["tx"]["not_ip"], 0)
        self.assertEqual(left_out["tx"]["foreign"], 0)

    def send_with_departure(self, clock, ahead_ns, count):
        self.one.run(sys.executable, "-c", DEPARTURES, str(clock), str(ahead_ns), str(count))

    def test_departure_times_of_others_stay(self):
        """Ones in the past are nobody's any more; ones to come, and ones by CLOCK_TAI, are
        left as they are and counted."""
        self.host.weir("attach", "vnic0", "up0")
        begin_ns = time.monotonic_ns()
        self.one.run("ping", "-c", "3", "-i", "0.05", "10.0.0.2")
        before = self.latency("vnic0")
        self.send_with_departure(time.CLOCK_MONOTONIC, -1_000_000_000, 10)
        self.send_with_departure(time.CLOCK_MONOTONIC, 60_000_000_000, 20)
        self.send_with_departure(time.CLOCK_TAI, 60_000_000_000, 30)
        after = self.latency("vnic0")
        gained = {reason: after["host_left_out"]["tx"][reason] - before["host_left_out"]["tx"][reason]
                  for reason in ("future", "foreign")}
        self.assertEqual(gained, {"future": 20, "foreign": 30})
        self.assertEqual(after["host"]["tx"]["count"] - before["host"]["tx"]["count"], 10)
        # No departure time was taken for a stamp: each delay is within the time that all took.
        self.assertLess(after["host"]["tx"]["max_ns"], time.monotonic_ns() - begin_ns)


class TestWindowAndTables(Base):
    def setUp(self):
        self.topology()
        self.lab.bridge(self.host, "br0", "vnic0", "up0")
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.host.weir("attach", "up0", "--role", "uplink")

    def test_echo_in_a_window(self):
        self.one.run("ping", "-c", "5", "-i", "0.05", "10.0.0.2")
        window = self.host.watch("latency", "vnic0", "-j")
        self.one.run("ping", "-c", "7", "-i", "0.05", "10.0.0.2")
        [vnic] = window.finish().json["vnics"]
        self.assertEqual(vnic["rtt"]["network"]["count"], 7)
        self.assertEqual(self.latency("vnic0")["rtt"]["network"]["count"], 12)

    def test_tables(self):
        self.lab.iperf(self.one, self.two, "10.0.0.2", "-n", "5M")
        table = self.host.weir("latency", "web").out
        for words in ("P50", "P99.9", "host tx", "rtt tenant", "rtt network"):
            self.assertIn(words, table)
        drawn = self.host.weir("latency", "vnic0", "--hist").out
        self.assertIn("█", drawn)
        self.assertLessEqual(max(map(len, drawn.splitlines())), 100)
        flows = self.host.flows("--sort", "rtt", "--protocol", "tcp")["flows"]
        longest = [max(flow["rtt"]["tenant"]["last_ns"], flow["rtt"]["network"]["last_ns"]) for flow in flows]
        self.assertEqual(longest, sorted(longest, reverse=True))
        self.assertGreater(flows[0]["rtt"]["network"]["samples"] + flows[0]["rtt"]["tenant"]["samples"], 0)
        self.host.weir("flows", "--sort", "retransmits")

    def test_retransmits_are_the_senders(self):
        """A filter behind the vNIC drops every 400th full packet; the sender's kernel says how often it sent again.
        On one CPU, for a sender that is moved to another overtakes itself, and disorder is no loss."""
        lab.require("nft", "taskset")
        self.host.run("nft", "add table bridge loss; "
                             "add chain bridge loss forward { type filter hook forward priority 0; }; "
                             "add rule bridge loss forward oifname up0 tcp dport 5201 ip length > 1000 "
                             "numgen inc mod 400 == 0 counter drop")
        for guest, name in ((self.one, "eth0"), (self.two, "eth0")):
            guest.ethtool(name, tso=False, gso=False, gro=False)
        before = self.one.nstat("TcpRetransSegs")["TcpRetransSegs"]
        self.lab.iperf(self.one, self.two, "10.0.0.2", "-n", "20M", prefix=("taskset", "--cpu-list", "0"))
        measure.settle([measure.Point(self.host, "vnic0"), measure.Point(self.one, "eth0")])
        again = self.one.nstat("TcpRetransSegs")["TcpRetransSegs"] - before
        vnic = self.latency("vnic0")
        rules = self.host.run("nft", "list", "table", "bridge", "loss").out
        dropped = int(re.search(r"counter packets (\d+)", rules)[1])
        self.assertGreater(dropped, 20)
        self.assertGreaterEqual(again, dropped)
        self.assertEqual(vnic["tcp"]["tx"]["retransmits"], again)
        lost = [flow["lost"] for flow in self.host.flows("vnic0")["flows"] if flow["tx"]["bytes"] > 10**6]
        self.assertEqual(len(lost), 1)
        self.assertGreater(lost[0]["network"], 0.9 * again)


if __name__ == "__main__":
    unittest.main()
