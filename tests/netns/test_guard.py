# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard: what a tenant may send from, with real traffic at both ingress hooks. The truth is a capture behind the
host and what the guest's own commands say."""

import json
import unittest

import lab
from craft import udp
from doctor_rig import Rig

LIST = "10.0.0.2,fd00::2"


def arp(sender, target, mac):
    address = lambda text: bytes(map(int, text.split(".")))  # noqa: E731
    return b"\0\1\x08\0\6\4\0\1" + bytes.fromhex(mac.replace(":", "")) + address(sender) + bytes(6) + address(target)


class Base(lab.Case):
    hook = "tc"

    def setUp(self):
        self.rig = Rig(self.lab)
        self.host, self.guest, self.far = self.rig.host, self.rig.guest, self.rig.far
        for namespace in (self.host, self.guest, self.far):
            self.addCleanup(namespace.remove)

    def attach(self, *words, ok=(0,)):
        return self.host.weir("attach", "vnic0", "--tenant", "web", "--ingress-hook", self.hook, *words, ok=ok)

    def spoofed(self):
        return self.host.stats()["vnic0"]["tx"]["drops"]["spoof"]

    def exported(self):
        return json.loads(self.host.weir("export").out)["vnics"][0].get("addresses")

    def arrived(self, *last):
        """Datagrams from these addresses, all sent: how many of them a capture behind the host saw."""
        offered = lambda: self.host.stats()["vnic0"]["tx"]  # noqa: E731
        came = lambda: self.far.nstat("UdpNoPorts")["UdpNoPorts"]  # noqa: E731 - nobody listens there
        with self.lab.truth(self.far, "eth0") as capture:
            before, came_before = offered(), came()
            self.rig.frames(*[udp(f"10.0.0.{n}", "10.0.1.2", 9) for n in last])
            lab.wait_for(lambda: offered()["packets"] - before["packets"] >= len(last), "all of them")
            passed = len(last) - (offered()["drop_packets"] - before["drop_packets"])
            lab.wait_for(lambda: came() - came_before >= passed, "what passes")
        return capture.result["in"]["classes"].get("ipv4_udp", {"packets": 0})["packets"]


class TestGuard(Base):
    def test_what_is_its_own_goes_through_and_nothing_else(self):
        self.attach("--addresses", LIST)
        self.guest.ip("route", "add", "default", "via", "10.0.0.1")
        self.far.ip("route", "add", "10.0.0.0/24", "via", "10.0.1.1")
        self.guest.run("ping", "-c", "3", "-i", "0.05", "-W", "2", "10.0.1.2")
        self.guest.run("ping", "-c", "3", "-i", "0.05", "-W", "2", "fd00::1")
        sent = self.lab.iperf(self.guest, self.far, "10.0.1.2", "-n", "20M")
        self.assertGreaterEqual(sent["end"]["sum_sent"]["bytes"], 20 << 20)
        self.assertEqual(self.spoofed(), 0)

        before = self.host.stats()["vnic0"]["tx"]
        self.assertEqual(self.arrived(*[2, 3] * 50), 50)
        now = self.host.stats()["vnic0"]["tx"]
        self.assertEqual(now["drops"]["spoof"], 50)
        self.assertEqual(now["drop_packets"], 50)
        self.assertEqual(now["packets"] - before["packets"], 100)
        self.assertEqual(now["drop_bytes"], 50 * (14 + len(udp("10.0.0.3", "10.0.1.2", 9))))

        # A real socket with another address of its own, v4 and v6, and the ARP that goes before it.
        self.guest.ip("addr", "add", "10.0.0.9/24", "dev", "eth0")
        self.guest.ip("addr", "add", "fd00::9/64", "dev", "eth0", "nodad")
        for source, to in (("10.0.0.9", "10.0.0.1"), ("fd00::9", "fd00::1")):
            before = self.spoofed()
            done = self.guest.run("ping", "-c", "2", "-i", "0.05", "-W", "1", "-I", source, to, ok=(1,))
            self.assertIn("100% packet loss", done.out)
            self.assertGreaterEqual(self.spoofed(), before + 1)
        drops = json.loads(self.host.weir("drops", "--duration", "0.2", "-j").out)
        self.assertIn("drops", drops)

    def test_arp(self):
        self.attach("--addresses", LIST)
        self.host.ip("neigh", "flush", "dev", "vnic0")
        self.host.run("sysctl", "-qw", "net.ipv4.conf.vnic0.arp_accept=1")
        for sender, passes in (("10.0.0.2", True), ("10.0.0.1", False), ("10.0.0.66", False), ("0.0.0.0", True)):
            before = self.spoofed()
            self.rig.frames(arp(sender, "10.0.0.1", self.rig.guest_mac), ethertype=0x0806)
            self.assertEqual(self.spoofed() - before, 0 if passes else 1, sender)
        self.assertNotIn("10.0.0.66", self.host.ip("neigh", "show", "dev", "vnic0"))

    def test_it_is_off_unless_asked_for_and_changes_keep_the_counters(self):
        self.attach()
        self.assertEqual(self.host.status()["vnic0"]["addresses"], [])
        self.assertIsNone(self.exported())
        self.assertEqual(self.arrived(2, 3, 4), 3)

        done = self.attach("--addresses", "10.0.0.2,fd00::2/64")
        self.assertEqual(done.out, "changed vnic0: source addresses 10.0.0.2, fd00::/64\n")
        self.assertEqual(self.host.status()["vnic0"]["addresses"], ["10.0.0.2", "fd00::/64"])
        self.assertEqual(self.exported(), ["10.0.0.2", "fd00::/64"])
        self.assertIn("vnic0: may send only from 10.0.0.2, fd00::/64", self.host.weir("status").out)
        self.assertEqual(self.arrived(2, 3, 4), 1)
        self.assertEqual(self.attach("--addresses", "10.0.0.2,fd00::2/64").out, "")

        self.attach("--addresses", "10.0.0.2/31")
        self.assertEqual(self.arrived(2, 3, 4), 2)
        self.assertEqual(self.attach("--dry-run").out, "would change vnic0: any source address\n")
        self.assertEqual(self.attach("--addresses", "none").out, "changed vnic0: any source address\n")
        self.assertEqual(self.arrived(2, 3, 4), 3)
        tx = self.host.stats()["vnic0"]["tx"]
        self.assertEqual((tx["drops"]["spoof"], tx["classes"]["ipv4_udp"]["packets"]), (3, 12))
        self.assertIsNone(self.exported())

    def test_documents(self):
        self.attach("--addresses", LIST)
        document = self.host.weir("export").out
        self.assertEqual(self.host.weir("apply", "-", stdin=document).out, "")
        self.attach("--addresses", "none")
        self.host.weir("apply", "-", stdin=document)
        self.assertEqual(self.exported(), ["10.0.0.2", "fd00::2"])
        # What is wrong changes nothing.
        wrong = document.replace('"fd00::2"', '"fd00::2", "10.0.0.300"')
        done = self.host.weir("apply", "-", stdin=wrong, ok=(2,))
        self.assertIn("/vnics/0/addresses/2", done.err)
        self.assertEqual(self.exported(), ["10.0.0.2", "fd00::2"])
        self.attach("--addresses", "10.0.0.3,10.0.0.0/40", ok=(2,))
        self.assertEqual(self.exported(), ["10.0.0.2", "fd00::2"])
        # Detached and attached again in the same slot: nothing is left of it.
        self.host.weir("detach", "vnic0")
        self.attach()
        self.assertEqual(self.arrived(2, 3, 4), 3)


class TestGuardXdp(TestGuard):
    hook = "xdp"


if __name__ == "__main__":
    unittest.main()
