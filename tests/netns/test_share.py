# SPDX-License-Identifier: GPL-2.0-or-later
"""Fair share of an uplink on this kernel, with no process of weir's alive: what the tick grants is read from its map,
what passes is counted. How near the rates on the wire come to that, and how fast, the lab knows in virtual time.

Where the timer is stopped the tick runs when the test says so (WEIR_TICK_ONCE), over packets that have been
counted by then: each of a burst is twice what the uplink carries in the longest time that a tick looks back on,
however long it really was.
"""
import contextlib
import struct
import time
import unittest

import lab
import measure
import pinned
from support.abi import constant, size
from uplink import Uplink

CAPACITY = 1_400_000
FRAME = 1500
BURST = 2400  # frames: more than twice CAPACITY for 2^33 ns
TENANTS = constant("WEIR_TENANTS_MAX")
START, STOP, ONCE = (constant(f"WEIR_TICK_{order}") for order in ("START", "STOP", "ONCE"))
ENTRY = struct.Struct("=7QII6QIIQ")  # weir_share_entry
TENANT_INFO_SIZE, NAME_SIZE = size("weir_tenant_info"), constant("WEIR_TENANT_ROOM")
TICKS_AT = 16 + 16  # weir_tick: behind the timer, of weir_tick_state
LEVEL = 0.002  # bpf/lib/fair_share.h: the level is found to 0.2 % or better, never above


class Share(Uplink):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.macs = [guest.links()["eth0"]["address"] for guest in cls.guests]
        cls.net_mac = cls.net.links()["eth0"]["address"]

    def setUp(self):
        """What is over a rate is dropped at once: nothing is still queued when the tick looks."""
        self.share("1400kbit", "police")

    # -- what the tick says, by its maps alone

    def order(self, order):
        answer = pinned.run_program(f"{self.host.state_dir}/prog_tick", struct.pack("=Qq", order, 0))
        self.assertGreaterEqual(struct.unpack("=Qq", answer)[1], 0, "the tick takes no orders")

    def ticks(self):
        with pinned.Map.pinned(f"{self.host.state_dir}/tick", 80) as tick:
            return struct.unpack_from("=Q", tick[0], TICKS_AT)[0]

    def slots(self):
        with pinned.Map.pinned(f"{self.host.state_dir}/tenant_info", TENANT_INFO_SIZE) as infos:
            names = [info[:NAME_SIZE].rstrip(b"\0").decode() for info in infos.all(TENANTS)]
        return [names.index(f"vnic{i}") for i in range(3)]

    def entries(self, direction="tx"):
        """(rate, grant) of each tenant, bits per second."""
        with pinned.Map.pinned(f"{self.host.state_dir}/shares", ENTRY.size) as shares:
            values = [ENTRY.unpack(shares[slot + TENANTS * (direction == "rx")]) for slot in self.slots()]
        return [value[1:3] for value in values]

    def grants(self, direction="tx"):
        return [grant for _, grant in self.entries(direction)]

    def assert_parts(self, found, parts):
        """These parts of the capacity, never more."""
        for bps, part in zip(found, parts, strict=True):
            wanted = CAPACITY * part
            self.assertTrue(wanted * (1 - LEVEL) - 1 <= bps <= wanted, f"{found} for {parts}")
        self.assertLessEqual(sum(found), CAPACITY)

    # -- traffic

    def burst(self, *numbers):
        """Each of these guests has sent a burst when this returns."""
        self.finish([self.send(number, "--count", BURST) for number in numbers])

    def send(self, number, *words):
        return self.lab.sender(self.guests[number], "eth0", "--size", FRAME,
                               "--src-mac", self.macs[number], "--dst-mac", self.net_mac, *words)

    def finish(self, senders):
        for sender in senders:
            self.assertEqual(sender.finish().json["refused"], 0)

    def stopped(self):
        """The timer stands, and the tick has just looked."""
        self.order(STOP)
        self.order(ONCE)

    def assert_shared(self, parts, bursts=(0, 1, 2)):
        """With bursts of these guests, each is granted its part."""
        self.stopped()
        self.burst(*bursts)
        self.order(ONCE)
        self.assert_parts(self.grants(), parts)

    # -- what is granted

    def test_weights(self):
        self.assert_shared((1 / 7, 2 / 7, 4 / 7))

    def test_what_idle_tenants_leave_is_lent(self):
        self.assert_shared((1 / 3, 2 / 3, 0), bursts=(0, 1))

    def test_a_waking_tenant_has_its_share_at_once(self):
        self.assert_shared((1 / 3, 2 / 3, 0), bursts=(0, 1))
        # What its first packet would be held to, before any tick has seen it.
        self.assertGreaterEqual(self.entries()[2][0], CAPACITY * 4 / 7 * (1 - LEVEL))
        # And after the first one that has, the others are back at theirs.
        self.burst(0, 1, 2)
        self.order(ONCE)
        self.assert_parts(self.grants(), (1 / 7, 2 / 7, 4 / 7))

    def test_min_and_max_hold(self):
        self.host.weir("limit", "set", "vnic0", "--tx-min", "700kbit")
        self.assert_shared((1 / 2, 1 / 6, 1 / 3))
        self.host.weir("limit", "set", "vnic0", "--tx-min", "none")
        self.host.weir("limit", "set", "vnic2", "--tx-max", "200kbit")
        self.assert_shared((2 / 7, 4 / 7, 1 / 7))

    def test_receiving_is_shared_too(self):
        self.stopped()
        self.finish([self.lab.sender(self.net, "eth0", "--size", FRAME, "--src-mac", self.net_mac, "--dst-mac", mac,
                                     "--count", BURST) for mac in self.macs])
        self.order(ONCE)
        self.assert_parts(self.grants("rx"), (1 / 7, 2 / 7, 4 / 7))
        self.assertEqual(self.grants("tx"), [0, 0, 0])

    def test_a_tenant_of_no_limits_has_a_share(self):
        self.host.weir("limit", "clear", "--all")
        self.assert_shared((1 / 3, 1 / 3, 1 / 3))

    # -- what comes of it

    def counted(self, interface):
        tx = self.host.stats()[interface]["tx"]
        return tx["packets"], tx["drop_packets"], tx["drops"]["rate"]

    def test_what_is_offered_is_delivered_or_dropped(self):
        """At the uplink's other end a capture counts what was delivered."""
        self.stopped()
        names = [f"vnic{i}" for i in range(3)]
        before = {name: self.counted(name) for name in names}
        with self.lab.truth(self.net, "eth0") as capture:
            self.burst(0, 1, 2)
            measure.settle([measure.Point(self.net, "eth0")])
        delivered = 0
        for name in names:
            offered, dropped, for_rate = (now - then for now, then in
                                          zip(self.counted(name), before[name], strict=True))
            self.assertEqual(offered, BURST)
            self.assertEqual(for_rate, dropped)
            self.assertGreater(dropped, 0)
            delivered += offered - dropped
        self.assertEqual(capture.result["in"]["classes"]["ipv4_udp"]["packets"], delivered)

    def test_weights_with_nobody_there(self):
        # Whoever armed the timer has exited; one that reads is killed. There is no other process of weir's.
        reader = self.host.watch("stats", "-j")
        reader.process.kill()
        begin_ns, passed = time.monotonic_ns(), self.passed()
        with contextlib.ExitStack() as stack:
            for number in range(3):
                stack.callback(self.send(number, "--count", 0, "--rate", 1000).kill)
            ticks = self.ticks()
            # 12 Mbit/s each: a tick that has seen some of it grants by weight, and ticks go on coming.
            lab.wait_for(lambda: self.is_shared(self.grants(), (1 / 7, 2 / 7, 4 / 7)), "the shares")
            lab.wait_for(lambda: self.ticks() >= ticks + 100, "ticks")
            lab.wait_for(lambda: self.passed() > passed, "what it lets through")
            passed = self.passed() - passed
        took_s = (time.monotonic_ns() - begin_ns) / 1e9
        # Until the tick has seen them, each may have what the others do not use;
        # and no queue is more than 20 full packets.
        self.assertLess(passed * 8, 1.5 * CAPACITY * took_s + 3 * 20 * FRAME * 8)

    def is_shared(self, found, parts):
        return all(CAPACITY * part * (1 - LEVEL) - 1 <= bps <= CAPACITY * part
                   for bps, part in zip(found, parts, strict=True))

    def passed(self):
        """Bytes that have come out of the uplink."""
        return self.net.counters("eth0")["rx"]["bytes"]

    def test_without_the_tick_each_has_its_part(self):
        self.order(STOP)
        ticks = self.ticks()
        lab.wait_for(lambda: not self.host.weir("status", "-j").json["fair_share"]["is_running"],
                     "what it said to be old")
        # What the others do not use stays unused: neither lent nor unlimited.
        begin_ns, before = time.monotonic_ns(), self.passed()
        self.burst(0, 1)
        took_s = (time.monotonic_ns() - begin_ns) / 1e9
        self.assertLess((self.passed() - before) * 8, CAPACITY * 3 / 7 * took_s + 2 * 20 * FRAME * 8)
        self.assertEqual(self.ticks(), ticks)
        self.assertIn("fair share's tick", self.host.weir("status").out)
        found = self.host.weir("doctor", "--duration", "0.1", "-j", ok=None).json["findings"]
        self.assertIn("fair_share_stopped", [finding["id"] for finding in found])
        # Any change arms it again.
        self.host.weir("limit", "set", "vnic0", "--weight", "3")
        lab.wait_for(lambda: self.ticks() > ticks, "the next tick")
        self.assertTrue(self.host.weir("status", "-j").json["fair_share"]["is_running"])

    def test_a_new_vnic_is_never_without_its_share(self):
        # Others come with it, so that there is a while between its own attaching and the end of it all.
        self.host.weir("detach", "vnic0")
        self.host.weir("limit", "clear", "vnic0")
        others = [f"other{i}" for i in range(6)]
        for name in others:
            self.host.ip("link", "add", name, "type", "veth", "peer", f"{name}p")
            self.addCleanup(self.host.ip, "link", "del", name)
        sender = self.send(0, "--count", 0)
        begin_ns = time.monotonic_ns()
        self.host.weir("attach", "vnic0", *others)
        vnic = self.host.stats()["vnic0"]
        took_s = (time.monotonic_ns() - begin_ns) / 1e9
        sender.kill()
        self.assertGreater(vnic["tx"]["drop_packets"], 0)
        # Its queue is not more than 20 full packets.
        self.assertLess((vnic["tx"]["bytes"] - vnic["tx"]["drop_bytes"]) * 8, took_s * CAPACITY + 20 * FRAME * 8)

    # -- what is said and taken

    def test_the_capacity_is_the_links_speed_where_it_has_one(self):
        self.host.weir("detach", "--all")
        self.assertIn("Speed: 10000Mb/s", self.host.run("ethtool", "up0").out)
        said = self.host.weir("attach", "up0", "--role", "uplink").err
        for word in ("up0: no capacity", "driver veth is made up", "--capacity RATE"):
            self.assertIn(word, said)
        self.assertEqual(self.host.weir("status", "-j").json["uplinks"][0]["capacity_bps"], 0)
        self.assertEqual(self.host.weir("attach", "up0", "--role", "uplink", "--capacity", "none").err, "")
        self.host.weir("detach", "up0")
        # A device on top of another has that one's speed: of a bridge with no ports none, of a veth what that says.
        self.lab.bridge(self.host, "low0")
        self.lab.veth(self.host, "low1", self.net, "low1p")
        for i in range(2):
            self.host.ip("link", "add", f"up{i + 1}", "link", f"low{i}", "up", "type", "macvlan")
            self.addCleanup(self.host.ip, "link", "del", f"low{i}")
        self.assertIn("no speed, or the link is down", self.host.weir("attach", "up1", "--role", "uplink").err)
        self.host.weir("detach", "up1")
        done = self.host.weir("attach", "up2", "--role", "uplink")
        self.assertIn("capacity 10gbit (the link's speed)", done.out)
        self.assertEqual(done.err, "")
        uplink = self.host.weir("status", "-j").json["uplinks"][0]
        self.assertEqual((uplink["capacity_bps"], uplink["capacity_is_link_speed"]), (10_000_000_000, True))

    def test_mins_beyond_the_capacity_are_refused(self):
        self.host.weir("attach", "up0", "--role", "uplink", "--capacity", "14mbit")
        self.host.weir("limit", "set", "vnic0", "--tx-min", "10mbit")
        before = self.host.weir("export").out
        refused = self.host.weir("limit", "set", "vnic1", "--tx-min", "5mbit", ok=(2,))
        for word in ("vnic0 10mbit", "vnic1 5mbit", "1mbit more than its capacity of 14mbit", "up0"):
            self.assertIn(word, refused.err)
        refused = self.host.weir("attach", "up0", "--role", "uplink", "--capacity", "9mbit", ok=(2,))
        self.assertIn("vnic0 10mbit", refused.err)
        self.assertEqual(self.host.weir("export").out, before)

    def test_documents_carry_it(self):
        self.host.weir("attach", "up0", "--role", "uplink", "--capacity", "14mbit", "--capacity-rx", "7mbit")
        self.host.weir("limit", "set", "vnic1", "--rx-min", "1mbit")
        document = self.host.weir("export").out
        for word in ('"capacity_rx": "7mbit"', '"weight": 4', '"rx_min": "1mbit"'):
            self.assertIn(word, document)
        self.host.weir("detach", "--all")
        self.host.weir("apply", "-", stdin=document)
        self.assertEqual(self.host.weir("export").out, document)
        self.assertEqual(self.host.weir("apply", "-", stdin=document).out,
                         self.host.weir("apply", "-", stdin=document).out)

    def test_it_ends_with_the_uplink(self):
        self.host.weir("detach", "up0")
        before = self.counted("vnic0")
        self.burst(0)
        # Nothing to share: no share holds.
        self.assertEqual([now - then for now, then in zip(self.counted("vnic0"), before, strict=True)], [BURST, 0, 0])
        self.assertEqual({limit["tenant"] for limit in self.host.weir("limit", "show", "-j").json["limits"]},
                         {"vnic0", "vnic1", "vnic2"})


if __name__ == "__main__":
    unittest.main()
