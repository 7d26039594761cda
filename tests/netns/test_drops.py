# SPDX-License-Identifier: GPL-2.0-or-later
"""Drops by known causes: each is counted to the packet, with the right reason and direction. The truth is the kernel's
own counters (nstat, nft, ip -s) or how many packets were sent."""

import dataclasses
import glob
import json
import os
import re
import signal
import sys
import unittest
from collections.abc import Callable

import lab
from craft import HOLD_SOCKET, HOLD_TAP, SEND_FRAMES, SEND_UDP, SEND_UDP_AND_WAIT, ipv4, tcp_syn, udp

COUNT = 40


@dataclasses.dataclass
class Cause:
    """COUNT packets are dropped by it, for this reason and for no other one that is a loss. What is
    called here gets the test."""

    name: str
    reason: str
    inject: Callable
    truth: Callable  # how many so far, by the kernel's own counter
    prepare: Callable = lambda _: None
    direction: str = "tx"


def frames(packet, **options):
    return lambda test: test.frames(*[packet] * COUNT, **options)


def counter(name):
    return lambda test: test.nstat(name)


def device(counter):
    return lambda test: test.host.counters("vnic0")["rx"][counter]


def firewall(chain):
    def prepare(test):
        test.host.run("nft", "-f", "-", stdin=f"""table ip test {{
            chain base {{ type filter hook {chain} priority 0; udp dport 7003 counter drop; }}; }}""")
        test.addCleanup(test.host.run, "nft", "delete", "table", "ip", "test")

    return prepare


def dropped_by_rules(test):
    out = test.host.run("nft", "list", "table", "ip", "test").out
    return int(re.search(r"counter packets (\d+)", out)[1])


def socket_with_filter(test):
    test.hold(HOLD_SOCKET, "7002", "filter")


def strict_reverse_path(test):
    test.host.sysctl(net__ipv4__conf__vnic0__rp_filter=1)
    test.addCleanup(test.host.sysctl, net__ipv4__conf__vnic0__rp_filter=0)


def small_mtu(test):
    test.host.ip("link", "set", "far0", "mtu", "1000")
    test.addCleanup(test.host.ip, "link", "set", "far0", "mtu", "1500")


def another_owner(hook):
    def prepare(test):
        foreign = test.lab.foreign(test.host, hook, "vnic0", "--drop")
        test.addCleanup(foreign.stop, ok=None)

    return prepare


def to_host(port=9, **options):
    return frames(udp("10.0.0.2", "10.0.0.1", port, **options))


WHOLE = udp("10.0.0.2", "10.0.0.1", 9)

CAUSES = [
    Cause("closed_udp_port", "no_socket", to_host(), counter("UdpNoPorts")),
    Cause("closed_tcp_port", "no_socket", frames(tcp_syn("10.0.0.2", "10.0.0.1", 9)), counter("TcpOutRsts")),
    Cause("socket_filter", "socket_filter", to_host(7002), counter("UdpInErrors"), socket_with_filter),
    Cause("firewall_rule", "netfilter_drop", to_host(7003), dropped_by_rules, firewall("input")),
    # There the packet has no device yet: its route tells which it is.
    Cause("firewall_rule_at_output", "netfilter_drop", lambda test: test.send("10.0.0.2", 7003, COUNT),
          dropped_by_rules, firewall("output"), direction="rx"),
    Cause("no_route", "ip_innoroutes", frames(udp("10.0.0.2", "10.99.0.1", 9)), counter("IpExtInNoRoutes")),
    Cause("ttl_runs_out", "ip_inhdr", frames(udp("10.0.0.2", "10.0.1.2", 9, ttl=1)), counter("IpInHdrErrors")),
    Cause("bad_ip_checksum", "ip_csum", frames(WHOLE[:10] + b"\0\0" + WHOLE[12:]), counter("IpExtInCsumErrors")),
    Cause("bad_udp_checksum", "udp_csum", to_host(spoil=0x55), counter("UdpInCsumErrors")),
    Cause("bad_tcp_checksum", "tcp_csum", frames(tcp_syn("10.0.0.2", "10.0.0.1", 9, spoil=0x55)),
          counter("TcpInCsumErrors")),
    Cause("reverse_path_filter", "ip_rpfilter", frames(udp("192.0.2.1", "10.0.0.1", 9)),
          counter("TcpExtIPReversePathFilter"), strict_reverse_path),
    Cause("larger_than_the_mtu", "pkt_too_big", frames(udp("10.0.0.2", "10.0.1.2", 9, size=1200, flags=0x4000)),
          counter("IpFragFails"), small_mtu),
    Cause("unknown_protocol", "ip_noproto", frames(ipv4("10.0.0.2", "10.0.0.1", 253, b"x" * 30)),
          counter("IpInUnknownProtos")),
    Cause("unknown_ethertype", "unhandled_proto", frames(b"x" * 50, ethertype=0x88B5), device("dropped")),
    Cause("tc_program_of_another_owner", "tc_ingress", to_host(), device("packets"), another_owner("tcx-ingress")),
    # The kernel gives no reason; the place tells.
    Cause("generic_xdp_program_of_another_owner", "not_specified", to_host(), device("packets"),
          another_owner("xdp-generic")),
]


class Causes(lab.Case):
    """host has vnic0 of tenant 'web', whose other end is eth0 in guest; a third namespace lies behind host's far0."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host, cls.guest = cls.lab.pair()
        cls.far = cls.lab.namespace("far")
        cls.lab.veth(cls.host, "far0", cls.far, "eth0", up=False)
        lab.address(cls.host, "far0", 1, network=1)
        lab.address(cls.far, "eth0", 2, network=1)
        cls.host.ip("link", "set", "far0", "up")
        cls.far.ip("link", "set", "eth0", "up")
        cls.host.sysctl(net__ipv4__ip_forward=1, net__ipv4__conf__all__rp_filter=0,
                        net__ipv4__conf__vnic0__rp_filter=0, net__ipv4__icmp_ratelimit=0)
        cls.macs = {name: namespace.links()[interface]["address"] for name, namespace, interface in
                    (("host", cls.host, "vnic0"), ("guest", cls.guest, "eth0"))}
        # Neighbours are known, so that no packet waits for ARP.
        cls.guest.ip("neigh", "replace", "10.0.0.1", "lladdr", cls.macs["host"], "dev", "eth0", "nud", "permanent")
        cls.host.ip("neigh", "replace", "10.0.0.2", "lladdr", cls.macs["guest"], "dev", "vnic0", "nud", "permanent")
        cls.host.weir("attach", "vnic0", "--tenant", "web")
        cls.host.weir("drops", "--keep")

    @classmethod
    def tearDownClass(cls):
        cls.host.weir("drops", "--stop")
        super().tearDownClass()

    def table(self, *words):
        report = self.host.weir("drops", "--all", "-j", *words).json
        self.assertTrue(report["traced"])
        rows = {}
        for row in report["drops"]:
            key = (row["interface"], row["direction"], row["reason"])
            packets, skbs, places = rows.get(key, (0, 0, set()))
            rows[key] = (packets + row["packets"], skbs + row["skbs"], places | {row["location"]})
        return rows

    def nstat(self, name):
        return self.host.nstat(name)[name]

    def hold(self, code, *words):
        holder = self.host.start(sys.executable, "-c", code, *words)
        holder.wait_line("ready")
        self.addCleanup(holder.kill)

    def send(self, address, port, count):
        """From the host's own socket."""
        self.host.run(sys.executable, "-c", SEND_UDP, address, port, count)

    def frames(self, *packets, target=None, ethertype=0x0800):
        """Sends IP packets as the guest, as they are."""
        head = bytes.fromhex((target or self.macs["host"]).replace(":", "") + self.macs["guest"].replace(":", ""))
        text = json.dumps([(head + ethertype.to_bytes(2, "big") + packet).hex() for packet in packets])
        self.guest.run(sys.executable, "-S", "-E", "-c", SEND_FRAMES, "eth0", stdin=text)

    def grown(self, before):
        """What has come to the rows since: (packets, skbs)."""
        grown = {key: (value[0] - before.get(key, (0, 0, 0))[0], value[1] - before.get(key, (0, 0, 0))[1])
                 for key, value in self.table().items()}
        return {key: value for key, value in grown.items() if value != (0, 0)}

    def check(self, cause):
        cause.prepare(self)
        truth, before = cause.truth(self), self.table()
        cause.inject(self)
        grown = self.grown(before)
        self.assertEqual(cause.truth(self) - truth, COUNT, "the truth itself is not what the test thinks")
        self.assertEqual(grown.get(("vnic0", cause.direction, cause.reason)), (COUNT, COUNT), grown)

    # -- causes that have a test of their own, besides CAUSES

    def test_full_receive_buffer(self):
        self.hold(HOLD_SOCKET, "7001", "small")
        lost, before = self.nstat("UdpRcvbufErrors"), self.table()
        self.frames(*[udp("10.0.0.2", "10.0.0.1", 7001, size=1000)] * COUNT)
        lost = self.nstat("UdpRcvbufErrors") - lost
        self.assertGreater(lost, COUNT // 2)
        self.assertEqual(self.grown(before)[("vnic0", "tx", "socket_rcvbuff")], (lost, lost))

    def test_a_generic_xdp_program_is_what_the_place_tells(self):
        another_owner("xdp-generic")(self)
        to_host()(self)
        # What the machine drops without a device stands in the tables of all namespaces, with no interface.
        rows = [row for row in self.host.weir("drops", "-j").json["drops"]
                if (row["interface"], row["reason"]) == ("vnic0", "not_specified")]
        self.assertEqual(["an XDP program" in row["meaning"] for row in rows], [True], rows)

    def test_nobody_answers_arp(self):
        self.host.sysctl(net__ipv4__neigh__vnic0__mcast_solicit=1, net__ipv4__neigh__vnic0__retrans_time_ms=100)
        before = self.table()
        self.host.run(sys.executable, "-c", SEND_UDP_AND_WAIT, "10.0.0.77", 9, 10)
        grown = self.grown(before)
        self.assertEqual(grown.get(("vnic0", "rx", "neigh_failed")), (10, 10), grown)

    def test_full_ring_of_a_tap(self):
        self.host.ip("tuntap", "add", "tap7", "mode", "tap")
        self.addCleanup(self.host.ip, "link", "del", "tap7")
        self.host.ip("link", "set", "tap7", "txqueuelen", "10")
        self.hold(HOLD_TAP, "tap7")
        self.host.ip("link", "set", "tap7", "up")
        self.host.ip("addr", "add", "10.7.0.1/24", "dev", "tap7")
        self.host.ip("neigh", "replace", "10.7.0.2", "lladdr", "02:00:00:00:00:07", "dev", "tap7", "nud", "permanent")
        lost, before = self.host.counters("tap7")["tx"]["dropped"], self.table()
        self.send("10.7.0.2", 9, COUNT)
        lost = self.host.counters("tap7")["tx"]["dropped"] - lost
        self.assertGreater(lost, COUNT // 2)
        self.assertEqual(self.grown(before)[("tap7", "tx", "full_ring")], (lost, lost))

    def test_frames_for_others_are_normal_and_segments_are_packets(self):
        before = self.table()
        sent = self.lab.sender(self.guest, "eth0", "--tcp", "--gso", 1000, "--size", 9054, "--count", 20).finish().json
        self.assertEqual((sent["packets"], sent["frames"]), (180, 20))
        self.assertEqual(self.grown(before)[("vnic0", "tx", "otherhost")], (180, 20))
        folded = self.host.weir("drops", "vnic0", "-j").json
        self.assertNotIn("otherhost", {row["reason"] for row in folded["drops"]})
        self.assertGreaterEqual(folded["normal_packets"], 180)

    # -- what is said of them

    def test_rows_say_whose_and_where_and_what_to_do(self):
        self.frames(udp("10.0.0.2", "10.0.0.1", 9))
        rows = [row for row in self.host.weir("drops", "web", "-j").json["drops"]
                if row["reason"] == "no_socket" and row["location"].startswith("__udp4_lib_rcv+0x")]
        self.assertEqual(len(rows), 1)
        row = rows[0]
        self.assertEqual((row["interface"], row["tenant"], row["direction"], row["source"]),
                         ("vnic0", "web", "tx", "kernel"))
        self.assertIn("listens", row["meaning"])
        self.assertIn("ss ", row["fix"])


def _test_of(cause):
    return lambda self: self.check(cause)


for _cause in CAUSES:
    setattr(Causes, f"test_{_cause.name}", _test_of(_cause))


class Command(lab.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host, cls.guest = cls.lab.pair()
        cls.guest.ip("neigh", "replace", "10.0.0.1", "lladdr", cls.host.links()["vnic0"]["address"], "dev", "eth0",
                     "nud", "permanent")

    def kept(self):
        return glob.glob(f"{lab.STATE}/drops*-{self.host.cookie}*")

    def lose(self, count):
        self.guest.run(sys.executable, "-c", SEND_UDP, "10.0.0.1", 9, count)

    def lost(self, report):
        return sum(row["packets"] for row in report["drops"] if row["reason"] == "no_socket")

    def test_a_window_needs_nothing_attached_and_leaves_nothing(self):
        window = self.host.watch("drops", "vnic0", "-j")
        self.lose(25)
        report = window.finish().json
        self.assertEqual(self.lost(report), 25)
        self.assertLess(report["window_ns"], 3600 * 10**9)
        self.assertEqual(self.kept(), [])
        self.assertEqual([(row["tenant"], row["direction"]) for row in report["drops"] if row["reason"] == "no_socket"],
                         [(None, "rx")])

    def test_table_for_people(self):
        window = self.host.watch("drops")
        self.lose(25)
        out = window.finish().out
        self.assertRegex(out, r"(?m)^vnic0 +- +rx +kernel +no_socket +25 ")
        self.assertIn("no_socket: nothing on this machine listens", out)

    def test_kept_tracer_outlives_the_command_until_it_is_stopped(self):
        self.assertIn("until told to stop", self.host.weir("drops", "--keep").out)
        self.assertNotEqual(self.kept(), [])
        self.assertIn("nothing to do", self.host.weir("drops", "--keep").err)
        self.lose(30)
        self.assertEqual(self.lost(self.host.weir("drops", "-j").json), 30)
        self.assertIn("would stop", self.host.weir("drops", "--stop", "--dry-run").out)
        self.lose(10)
        self.assertEqual(self.lost(self.host.weir("drops", "-j").json), 40)
        self.host.weir("drops", "--stop")
        self.assertEqual(self.kept(), [])
        self.assertIn("nothing to do", self.host.weir("drops", "--stop").err)

    def test_what_weir_drops_is_in_the_totals_once_and_since_the_tracer_is_kept(self):
        """At either hook. The truth: what was sent, less what came to the socket layer."""
        for hook in ("tc", "xdp"):
            with self.subTest(hook=hook):
                self.host.weir("attach", "vnic0", "--tenant", "web", "--ingress-hook", hook)
                self.addCleanup(self.host.weir, "detach", "--all")
                self.host.weir("limit", "set", "web", "--tx-pps", 10)
                self.lose(50)
                self.host.weir("drops", "--keep")
                before = self.host.nstat("UdpNoPorts")["UdpNoPorts"]
                self.lose(200)
                truth = 200 - (self.host.nstat("UdpNoPorts")["UdpNoPorts"] - before)
                self.assertGreater(truth, 100)
                rows = self.host.weir("drops", "vnic0", "-j").json["drops"]
                self.assertEqual([(row["source"], row["reason"], row["packets"]) for row in rows
                                  if row["reason"] != "no_socket"], [("weir", "pps", truth)])
                self.assertEqual(sum(row["packets"] for row in rows), 200)
                self.host.weir("drops", "--stop")
                self.host.weir("limit", "clear", "web")
                self.host.weir("detach", "--all")

    def test_detach_all_removes_the_kept_tracer_too(self):
        self.host.weir("drops", "--keep")
        self.assertIn("stopped counting drops", self.host.weir("detach", "--all").out)
        self.assertEqual(self.kept(), [])

    def test_dry_run_keeps_nothing(self):
        self.assertIn("would count", self.host.weir("drops", "--keep", "--dry-run").out)
        self.assertEqual(self.kept(), [])

    def test_watch_prints_a_line_an_interval_until_interrupted(self):
        self.host.weir("drops", "--keep")
        self.addCleanup(self.host.weir, "drops", "--stop")
        process = self.host.start(lab.tool("weir"), "drops", "--watch", "--duration", "0.3", "-j")
        process.wait_line("drops")
        self.lose(12)
        seen = 0
        while seen < 12:
            seen += self.lost(json.loads(process.wait_line("drops")[-1]))
        self.assertEqual(seen, 12)
        process.popen.send_signal(signal.SIGINT)
        self.assertEqual(process.finish().code, 0)

    def test_an_unknown_interface_is_named(self):
        done = self.host.weir("drops", "nosuch0", "--duration", "0.1", ok=(1,))
        self.assertIn('no interface or tenant is called "nosuch0"', done.err)
        self.assertIn("vnic0", done.err)


class Advice(unittest.TestCase):
    def test_no_advice_names_a_dead_sysctl(self):
        source = os.path.join(os.environ.get("WEIR_SOURCE", os.path.join(os.path.dirname(__file__), "..", "..")),
                              "userspace", "model", "drop_reasons.cpp")
        with open(source, encoding="utf-8") as file:
            names = set(re.findall(r"\b(?:net|vm|kernel)\.[a-z0-9_]+(?:\.[A-Za-z0-9_]+)*[a-z0-9_]", file.read()))
        names = {name for name in names if "." in name[4:] or name.startswith("vm.")}
        self.assertGreater(len(names), 8)
        for name in sorted(names):
            with self.subTest(name=name):
                path = "/proc/sys/" + name.replace("IFACE", "lo").replace(".", "/")
                self.assertTrue(os.path.exists(path), path)


if __name__ == "__main__":
    unittest.main()
