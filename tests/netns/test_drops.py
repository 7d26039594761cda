# SPDX-License-Identifier: GPL-2.0-or-later
"""Drops by known causes: each is counted to the packet, with the right reason and direction. The truth is the kernel's
own counters (nstat, nft, ip -s) or how many packets were sent."""

import glob
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
import unittest

import lab

COUNT = 40

SEND_FRAMES = """
import json, socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((sys.argv[1], 0))
for frame in json.load(sys.stdin):
    sock.send(bytes.fromhex(frame))
"""

HOLD_SOCKET = """
import ctypes, socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[2] == "filter":
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # ret 0: keep nothing
    sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(code)))  # SO_ATTACH_FILTER
elif sys.argv[2] == "small":
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.bind(("10.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
sys.stdin.read()
"""

HOLD_TAP = """
import fcntl, os, struct, sys
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", sys.argv[1].encode(), 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
print("ready", flush=True)
sys.stdin.read()
"""

SEND_UDP = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[3])):
    try:
        sock.sendto(b"x" * 100, (sys.argv[1], int(sys.argv[2])))
    except OSError:
        pass
"""


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2])) + (data[-1] << 8 if len(data) % 2 else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, payload, ttl=64, flags=0, spoil=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, flags, ttl, protocol, 0,
                       bytes(map(int, source.split("."))), bytes(map(int, target.split("."))))
    return head[:10] + struct.pack("!H", checksum(head) ^ spoil) + head[12:] + payload


def udp(source, target, port, size=20, spoil=0, **options):
    data = struct.pack("!HHHH", 5555, port, 8 + size, 0) + b"d" * size
    pseudo = bytes(map(int, source.split(".") + target.split("."))) + struct.pack("!BBH", 0, 17, len(data))
    data = data[:6] + struct.pack("!H", (checksum(pseudo + data) ^ spoil) or 0xFFFF) + data[8:]
    return ipv4(source, target, 17, data, **options)


def tcp_syn(source, target, port, spoil=0):
    data = struct.pack("!HHIIBBHHH", 5555, port, 1, 0, 0x50, 2, 1000, 0, 0)
    pseudo = bytes(map(int, source.split(".") + target.split("."))) + struct.pack("!BBH", 0, 6, len(data))
    return ipv4(source, target, 6, data[:16] + struct.pack("!H", checksum(pseudo + data) ^ spoil) + data[18:])


class Cause(lab.Case):
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
        """One of the host's SNMP counters, since boot."""
        out = self.host.run("nstat", "-asz", "--json", name).json
        return out["kernel"][name]

    def frames(self, *packets, target=None, ethertype=0x0800, namespace=None):
        """Sends IP packets as the guest, as they are."""
        head = bytes.fromhex((target or self.macs["host"]).replace(":", "") + self.macs["guest"].replace(":", ""))
        text = json.dumps([(head + struct.pack("!H", ethertype) + packet).hex() for packet in packets])
        self.guest.run(sys.executable, "-S", "-E", "-c", SEND_FRAMES, "eth0", stdin=text)

    def assert_drops(self, cause, reason, packets, interface="vnic0", direction="tx", truth=None, skbs=None, settle=None):
        """`cause` makes so many packets be dropped for this reason, and for no other one that is a loss."""
        truth_before = truth() if truth else 0
        before = self.table()
        cause()
        if settle:
            lab.wait_for(settle, "what was to be dropped")
        after = self.table()
        if truth:
            self.assertEqual(truth() - truth_before, packets, "the truth itself is not what the test thinks")
        grown = {key: (value[0] - before.get(key, (0, 0, 0))[0], value[1] - before.get(key, (0, 0, 0))[1])
                 for key, value in after.items()}
        grown = {key: value for key, value in grown.items() if value != (0, 0)}
        key = (interface, direction, reason)
        self.assertEqual(grown.get(key), (packets, packets if skbs is None else skbs), grown)
        return grown

    # -- each cause

    def test_closed_udp_port(self):
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 9)] * COUNT), "no_socket", COUNT,
                          truth=lambda: self.nstat("UdpNoPorts"))

    def test_closed_tcp_port(self):
        self.assert_drops(lambda: self.frames(*[tcp_syn("10.0.0.2", "10.0.0.1", 9)] * COUNT), "no_socket", COUNT,
                          truth=lambda: self.nstat("TcpOutRsts"))

    def test_full_receive_buffer(self):
        holder = self.host.start(sys.executable, "-c", HOLD_SOCKET, "7001", "small")
        holder.wait_line("ready")
        before, row = self.nstat("UdpRcvbufErrors"), self.table().get(("vnic0", "tx", "socket_rcvbuff"), (0,))[0]
        self.frames(*[udp("10.0.0.2", "10.0.0.1", 7001, size=1000)] * COUNT)
        lost = self.nstat("UdpRcvbufErrors") - before
        self.assertGreater(lost, COUNT // 2)
        self.assertEqual(self.table()[("vnic0", "tx", "socket_rcvbuff")][0] - row, lost)

    def test_socket_filter(self):
        holder = self.host.start(sys.executable, "-c", HOLD_SOCKET, "7002", "filter")
        holder.wait_line("ready")
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 7002)] * COUNT), "socket_filter", COUNT,
                          truth=lambda: self.nstat("UdpInErrors"))

    def test_firewall_rule(self):
        self.host.run("nft", "-f", "-", stdin="""table ip test {
            chain input { type filter hook input priority 0; udp dport 7003 counter drop; }; }""")
        self.addCleanup(self.host.run, "nft", "delete", "table", "ip", "test")

        def counted():
            out = self.host.run("nft", "list", "table", "ip", "test").out
            return int(re.search(r"counter packets (\d+)", out)[1])
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 7003)] * COUNT), "netfilter_drop", COUNT,
                          truth=counted)

    def test_firewall_rule_at_output(self):
        """There the packet has no device yet: its route tells which it is."""
        self.host.run("nft", "-f", "-", stdin="""table ip test {
            chain output { type filter hook output priority 0; udp dport 7004 counter drop; }; }""")
        self.addCleanup(self.host.run, "nft", "delete", "table", "ip", "test")

        def counted():
            out = self.host.run("nft", "list", "table", "ip", "test").out
            return int(re.search(r"counter packets (\d+)", out)[1])
        self.assert_drops(lambda: self.host.run(sys.executable, "-c", SEND_UDP, "10.0.0.2", 7004, COUNT),
                          "netfilter_drop", COUNT, direction="rx", truth=counted)

    def test_no_route(self):
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.99.0.1", 9)] * COUNT), "ip_innoroutes", COUNT,
                          truth=lambda: self.nstat("IpExtInNoRoutes"))

    def test_ttl_runs_out(self):
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.1.2", 9, ttl=1)] * COUNT), "ip_inhdr", COUNT,
                          truth=lambda: self.nstat("IpInHdrErrors"))

    def test_bad_ip_checksum(self):
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 9, **{"spoil": 0})[:10] + b"\0\0" +
                                                udp("10.0.0.2", "10.0.0.1", 9)[12:]] * COUNT), "ip_csum", COUNT,
                          truth=lambda: self.nstat("IpExtInCsumErrors"))

    def test_bad_udp_checksum(self):
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 9, spoil=0x55)] * COUNT), "udp_csum", COUNT,
                          truth=lambda: self.nstat("UdpInCsumErrors"))

    def test_bad_tcp_checksum(self):
        self.assert_drops(lambda: self.frames(*[tcp_syn("10.0.0.2", "10.0.0.1", 9, spoil=0x55)] * COUNT), "tcp_csum",
                          COUNT, truth=lambda: self.nstat("TcpInCsumErrors"))

    def test_reverse_path_filter(self):
        self.host.sysctl(net__ipv4__conf__vnic0__rp_filter=1)
        self.addCleanup(self.host.sysctl, net__ipv4__conf__vnic0__rp_filter=0)
        self.assert_drops(lambda: self.frames(*[udp("192.0.2.1", "10.0.0.1", 9)] * COUNT), "ip_rpfilter", COUNT,
                          truth=lambda: self.nstat("TcpExtIPReversePathFilter"))

    def test_larger_than_the_mtu(self):
        self.host.ip("link", "set", "far0", "mtu", "1000")
        self.addCleanup(self.host.ip, "link", "set", "far0", "mtu", "1500")
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.1.2", 9, size=1200, flags=0x4000)] * COUNT),
                          "pkt_too_big", COUNT, truth=lambda: self.nstat("IpFragFails"))

    def test_unknown_protocol(self):
        self.assert_drops(lambda: self.frames(*[ipv4("10.0.0.2", "10.0.0.1", 253, b"x" * 30)] * COUNT), "ip_noproto",
                          COUNT, truth=lambda: self.nstat("IpInUnknownProtos"))

    def test_unknown_ethertype(self):
        self.assert_drops(lambda: self.frames(*[b"x" * 50] * COUNT, ethertype=0x88B5), "unhandled_proto", COUNT,
                          truth=lambda: self.host.counters("vnic0")["rx"]["dropped"])

    def test_tc_program_of_another_owner(self):
        foreign = self.lab.foreign(self.host, "tcx-ingress", "vnic0", "--drop")
        self.addCleanup(foreign.stop, ok=None)
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 9)] * COUNT), "tc_ingress", COUNT,
                          truth=lambda: self.host.counters("vnic0")["rx"]["packets"])

    def test_generic_xdp_program_of_another_owner(self):
        """The kernel gives no reason; the place tells."""
        foreign = self.lab.foreign(self.host, "xdp-generic", "vnic0", "--drop")
        self.addCleanup(foreign.stop, ok=None)
        self.assert_drops(lambda: self.frames(*[udp("10.0.0.2", "10.0.0.1", 9)] * COUNT), "not_specified", COUNT,
                          truth=lambda: self.host.counters("vnic0")["rx"]["packets"])

        row = [row for row in self.host.weir("drops", "-j").json["drops"] if row["reason"] == "not_specified"][0]
        self.assertIn("an XDP program", row["meaning"])

    def test_nobody_answers_arp(self):
        self.host.sysctl(net__ipv4__neigh__vnic0__mcast_solicit=1, net__ipv4__neigh__vnic0__retrans_time_ms=100)
        send = lambda: self.host.run(sys.executable, "-c", SEND_UDP, "10.0.0.77", 9, 10)
        failed = lambda: "FAILED" in self.host.ip("neigh", "show", "10.0.0.77")
        self.assert_drops(send, "neigh_failed", 10, direction="rx", settle=failed)

    def test_full_ring_of_a_tap(self):
        self.host.ip("tuntap", "add", "tap7", "mode", "tap")
        self.addCleanup(self.host.ip, "link", "del", "tap7")
        self.host.ip("link", "set", "tap7", "txqueuelen", "10")
        holder = self.host.start(sys.executable, "-c", HOLD_TAP, "tap7")
        holder.wait_line("ready")
        self.addCleanup(holder.kill)
        self.host.ip("link", "set", "tap7", "up")
        self.host.ip("addr", "add", "10.7.0.1/24", "dev", "tap7")
        self.host.ip("neigh", "replace", "10.7.0.2", "lladdr", "02:00:00:00:00:07", "dev", "tap7", "nud", "permanent")
        dropped = lambda: self.host.counters("tap7")["tx"]["dropped"]
        at_first, row = dropped(), self.table().get(("tap7", "tx", "full_ring"), (0,))[0]
        self.host.run(sys.executable, "-c", SEND_UDP, "10.7.0.2", 9, COUNT)
        lost = dropped() - at_first
        self.assertGreater(lost, COUNT // 2)
        self.assertEqual(self.table()[("tap7", "tx", "full_ring")][0] - row, lost)

    def test_frames_for_others_are_normal_and_segments_are_packets(self):
        before = self.table().get(("vnic0", "tx", "otherhost"), (0, 0))
        out = self.guest.run(lab.tool("sender"), "eth0", "--tcp", "--gso", 1000, "--size", 9054, "--count", 20).out
        rows = json.loads(out.splitlines()[-1])
        after = self.table()[("vnic0", "tx", "otherhost")]
        self.assertEqual(rows["frames"], 20)
        self.assertEqual(rows["packets"], 180)
        self.assertEqual((after[0] - before[0], after[1] - before[1]), (180, 20))
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
        process = self.host.start(lab.tool("weir"), "drops", "vnic0", "--duration", "1.5", "-j")
        lab.wait_for(lambda: self.is_tracing(process), "the tracer")
        time.sleep(0.3)
        self.lose(25)
        report = process.finish().json
        self.assertEqual(self.lost(report), 25)
        self.assertGreater(report["window_ns"], 1_400_000_000)
        self.assertEqual(self.kept(), [])
        row = report["drops"][0]
        self.assertEqual((row["tenant"], row["direction"]), (None, "rx"))

    def is_tracing(self, process):
        """Whether the process holds a link to a BPF program by now."""
        try:
            return any("bpf_link" in os.readlink(path) or "bpf-link" in os.readlink(path)
                       for path in glob.glob(f"/proc/{process.popen.pid}/fd/*"))
        except OSError:
            return False

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
                received = lambda: self.host.run("nstat", "-asz", "--json", "UdpNoPorts").json["kernel"]["UdpNoPorts"]
                before = received()
                self.lose(200)
                truth = 200 - (received() - before)
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
        for _ in range(20):
            seen += self.lost(json.loads(process.wait_line("drops")[-1]))
            if seen >= 12:
                break
        self.assertEqual(seen, 12)
        process.popen.send_signal(signal.SIGINT)
        self.assertEqual(process.finish().code, 0)

    def test_an_unknown_interface_is_named(self):
        done = self.host.weir("drops", "nosuch0", "--duration", "0.1", ok=(1,))
        self.assertIn('no interface or tenant is called "nosuch0"', done.err)
        self.assertIn("vnic0", done.err)

    def test_table_for_people(self):
        process = self.host.start(lab.tool("weir"), "drops", "--duration", "1.5")
        lab.wait_for(lambda: self.is_tracing(process), "the tracer")
        time.sleep(0.3)
        self.lose(25)
        out = process.finish().out
        self.assertRegex(out, r"(?m)^vnic0 +- +rx +kernel +no_socket +25 ")
        self.assertIn("no_socket: nothing on this machine listens", out)


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
