# SPDX-License-Identifier: GPL-2.0-or-later
"""Sum of flows + untracked = ledger, exactly: under load, under a flood of random flows, and for the neighbour of
the flooded vNIC, who must not notice. And what `weir flows` filters and sorts."""
import signal
import unittest

import lab
import measure
from support.parts import in_all

PHASES = 5


class FlowCase(lab.Case):
    def check_identity(self, namespace, interface):
        sums, ledger = measure.flow_sums(namespace, interface)
        self.assertEqual(sums, ledger, f"{interface}: flows + untracked (first), ledger (second)")
        return ledger


class TestIdentity(FlowCase):
    programs = ("iperf3",)

    def test_mixed_traffic(self):
        """TCP, UDP, fragments, ARP, odd frames; in every pause the sums are equal."""
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0")
        guest.weir("attach", "eth0", "--role", "guest", "--flows", "64")
        for words in (("-n", "20M"), ("-n", "20M", "-R", "-P", "4"), ("-u", "-b", "300M", "-n", "4M", "-l", "4000")):
            for to in ("10.0.0.1", "fd00::1"):
                self.lab.iperf(guest, host, to, *words)
                measure.settle([measure.Point(host, "vnic0"), measure.Point(guest, "eth0")])
                self.check_identity(host, "vnic0")
                self.check_identity(guest, "eth0")
        ledger = host.stats()["vnic0"]
        self.assertGreater(ledger["tx"]["packets"], 10_000)
        self.assertGreater(ledger["tx"]["untracked"]["no_flow"]["packets"], 0, "ARP is in no flow")


class TestFlood(FlowCase):
    """One tenant sprays random 5-tuples, by two senders at once; its neighbour downloads meanwhile. Now and then it
    stops, and what is counted by then is compared."""

    programs = ("iperf3",)

    def flood(self, flows, *words):
        host, bad, good = self.lab.namespace("host"), self.lab.namespace("bad"), self.lab.namespace("good")
        for number, guest in enumerate((bad, good)):
            self.lab.veth(host, f"vnic{number}", guest, "eth0")
            lab.address(host, f"vnic{number}", 1, network=number)
            lab.address(guest, "eth0", 2, network=number)
        host.weir("attach", "vnic0", "vnic1", "--flows", "1024")
        points = [measure.Point(host, "vnic0"), measure.Point(host, "vnic1")]
        sent = []
        with measure.Window(self.lab, points, [(bad, "eth0"), (good, "eth0")]) as window:
            server = self.lab.iperf_server(host, "10.0.1.1")
            client = good.start("iperf3", "-c", "10.0.1.1", "--json", "-t", "3600", "-b", "300M", "--bidir")
            for phase in range(PHASES):
                senders = [self.lab.sender(bad, "eth0", "--cpu", cpu, "--count", flows // PHASES // 2,
                                           "--flows", "random", "--src-random", "--seed", 100 * phase + cpu, *words)
                           for cpu in (0, 1)]
                sent += [sender.finish().json for sender in senders]
                measure.settle(points[:1], connections=False)
                self.check_identity(host, "vnic0")
            client.popen.send_signal(signal.SIGINT)
            client.finish(ok=None)
            server.finish(ok=None)
        window.check(self, at_least=0)
        return host, window, points, sent

    def check(self, flows, name, *words):
        host, window, points, sent = self.flood(flows, *words)
        bad, good = (self.check_identity(host, point.interface) for point in points)
        flooded = host.flows("vnic0")
        self.assertLessEqual(len(flooded["flows"]), 8192, "more flows than the table can have")
        self.assertGreaterEqual(len(flooded["flows"]), 1024, "--flows 1024 live flows have no room")
        ledger = host.stats()["vnic0"]["tx"]
        self.assertGreater(ledger["untracked"]["evicted"]["packets"], 0.9 * flows)
        counted = window.ledger[points[0]]["tx"]["classes"][name]
        self.assertEqual(counted, {key: sum(one[key] for one in sent) for key in measure.COUNTS})

        # The neighbour: nothing was evicted, and its TCP flows are its TCP ledger.
        self.assertGreater(good["tx"]["packets"], 1000)
        untracked = host.stats()["vnic1"]
        for way in ("tx", "rx"):
            self.assertEqual(untracked[way]["untracked"]["evicted"], {"packets": 0, "bytes": 0})
            self.assertEqual(untracked[way]["untracked"]["busy"], {"packets": 0, "bytes": 0})
            tcp = [flow[way] for flow in host.flows("vnic1", "--protocol", "tcp")["flows"]]
            self.assertEqual(measure.add(tcp), untracked[way]["classes"]["ipv4_tcp"])

    def test_ipv4(self):
        self.check(100_000, "ipv4_udp")

    def test_ipv6(self):
        self.check(100_000, "ipv6_tcp", "--ipv6", "--tcp")

    @in_all("exact but long: a million flows")
    def test_ipv4_a_million(self):
        self.check(1_000_000, "ipv4_udp")

    @in_all("exact but long: a million flows")
    def test_ipv6_a_million(self):
        self.check(1_000_000, "ipv6_tcp", "--ipv6", "--tcp")


class TestSelect(FlowCase):
    """Filters and orders, against the same done here on the whole list."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host, guest = cls.lab.pair()
        other = cls.lab.namespace("other")
        cls.lab.veth(cls.host, "vnic1", other, "eth0")
        cls.host.weir("attach", "vnic0", "--tenant", "web")
        cls.host.weir("attach", "vnic1", "--tenant", "db")
        for seed in range(12):
            words = (*(("--ipv6",) if seed % 3 == 0 else ()), *(("--tcp",) if seed % 2 else ()))
            for sender in (guest, other):
                cls.lab.sender(sender, "eth0", "--seed", seed, "--count", 10 + 7 * seed, "--size", 900 - 60 * seed,
                               *words).finish()
        cls.all = cls.host.flows()["flows"]

    def total(self, flow, key):
        return flow["tx"][key] + flow["rx"][key]

    def check(self, words, keep):
        """`weir flows words` is the whole list without what `keep` refuses, in the same order."""
        found = self.host.flows(*words)["flows"]
        wanted = [flow for flow in self.all if keep(flow)]
        names = ("interface", "protocol", "tenant_address", "tenant_port", "peer_address", "peer_port", "tx", "rx")

        def key(flow):
            return [flow[name] for name in names]

        self.assertTrue(wanted, "the filter leaves nothing: nothing was tested")
        self.assertLess(len(wanted), len(self.all), "the filter leaves all: nothing was tested")
        self.assertEqual([key(flow) for flow in found], [key(flow) for flow in wanted])

    def test_all_are_there(self):
        for tenant in ("web", "db"):
            ours = [flow for flow in self.all if flow["tenant"] == tenant and self.total(flow, "packets") >= 10]
            self.assertGreaterEqual(len(ours), 12)

    def test_interface(self):
        self.check(("vnic1",), lambda flow: flow["interface"] == "vnic1")

    def test_tenant_as_selector(self):
        self.check(("web",), lambda flow: flow["tenant"] == "web")

    def test_tenant(self):
        self.check(("--tenant", "db"), lambda flow: flow["tenant"] == "db")

    def test_protocol(self):
        for protocol in ("tcp", "udp"):
            self.check(("--protocol", protocol), lambda flow, protocol=protocol: flow["protocol"] == protocol)

    def test_port(self):
        port = self.all[0]["peer_port"]
        self.check(("--port", port), lambda flow: port in (flow["tenant_port"], flow["peer_port"]))

    def test_address(self):
        peer = self.all[0]["peer_address"]
        self.check(("--address", peer), lambda flow: peer in (flow["tenant_address"], flow["peer_address"]))
        self.check(("--address", "172.16.0.0/12"), lambda flow: flow["peer_address"].startswith("172."))
        self.check(("--address", "fd00::/16"), lambda flow: flow["tenant_address"].startswith("fd00:"))

    def test_together(self):
        self.check(("vnic0", "--protocol", "udp", "--address", "10.0.0.0/8"),
                   lambda flow: flow["interface"] == "vnic0" and flow["protocol"] == "udp"
                   and flow["tenant_address"].startswith("10."))

    def test_sorts(self):
        keys = {"bytes": lambda flow: -self.total(flow, "bytes"), "packets": lambda flow: -self.total(flow, "packets"),
                "age": lambda flow: flow["first_seen_ns"]}
        orders = set()
        for name, key in keys.items():
            values = [key(flow) for flow in self.host.flows("--sort", name)["flows"]]
            self.assertEqual(values, sorted(values), name)
            self.assertEqual(len(values), len(self.all))
            orders.add(tuple(values))
        self.assertEqual(len(orders), 3, "the orders do not differ: nothing was tested")
        self.assertEqual(len(self.host.flows("--sort", "rate")["flows"]), len(self.all))

    def test_limit(self):
        def without_times(flows):  # known to a tick, and said anew at each call
            return [{key: value for key, value in flow.items() if not key.endswith("_seen_ns")} for flow in flows]
        first = self.host.weir("flows", "--sort", "packets", "--limit", "3", "-j").json["flows"]
        self.assertEqual(without_times(first), without_times(self.host.flows("--sort", "packets")["flows"][:3]))

    def test_unknown_selector(self):
        done = self.host.weir("flows", "nobody", ok=(1,))
        self.assertIn("nobody", done.err)
        self.assertEqual(done.out, "")


if __name__ == "__main__":
    unittest.main()
