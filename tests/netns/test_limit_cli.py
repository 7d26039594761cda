# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits as the command line sets them: what the programs then read (from the maps, not by weir), that nothing is
half done, that what is not confirmed ends by itself, and that a kill -9 after any step is mended by the next change.
"""
import functools
import json
import os
import struct
import time
import unittest

import kills
import lab
import pinned
from support.abi import constant, size
from support.parts import in_all

SOURCE = os.environ.get("WEIR_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

RULE = struct.Struct("<QQQQQQIiQQQ")  # the beginning of weir_limit_rule
RULE_SIZE, DIRECTION_SIZE = size("weir_limit_rule"), size("weir_limit_direction")
TENANTS, PLACES = constant("WEIR_TENANTS_MAX"), constant("WEIR_IF_TABLE_SIZE")
TENANT_INFO_SIZE, WISH_AT = size("weir_tenant_info"), constant("WEIR_TENANT_ROOM")
BUCKETS = slice(2 * RULE_SIZE, 2 * RULE_SIZE + 64)
ENTRY = struct.Struct("<IIIIQII")  # weir_if_entry
LIMIT_TX, LIMIT_RX = constant("WEIR_IF_LIMIT_TX"), constant("WEIR_IF_LIMIT_RX")
COST, TIME = 1 << constant("WEIR_COST_SHIFT"), 1 << constant("WEIR_TIME_SHIFT")
SECOND_NS = 1_000_000_000
MODES = {"shape": 0, "mark": 1, "police": 2}


class Rule:
    """A weir_limit_rule, in units that people use."""

    def __init__(self, data):
        (self.revert_at_ns, byte_cost, packet_cost, burst, packet_burst, flow_burst, self.mode, self.overhead, horizon,
         self.target_ns, self.interval_ns) = RULE.unpack_from(data)
        self.exact_bps = 8e9 * COST / byte_cost if byte_cost else 0
        self.bps = round(self.exact_bps)
        self.pps = round(1e9 * TIME / packet_cost) if packet_cost else 0
        self.burst_ns, self.horizon_ns = burst / TIME, horizon / TIME

    @property
    def shown(self):
        return (self.bps, self.pps, self.mode)


class Base(lab.Case):
    def setUp(self):
        self.host, self.guest = self.lab.pair()
        self.addCleanup(self.host.remove)

    def limit(self, *words, **options):
        return self.host.weir("limit", *words, **options)

    def set(self, *words, **options):
        return self.limit("set", *words, **options)

    def shown(self, *tenant):
        return {limit["tenant"]: limit for limit in self.limit("show", *tenant, "-j").json["limits"]}

    def inner(self):
        """Ids of the limits that stand, by tenant slot."""
        with pinned.Map.pinned(f"{self.host.state_dir}/limits", 4) as outer:
            ids = {slot: outer[slot] for slot in range(TENANTS)}
        return {slot: struct.unpack("=I", number)[0] for slot, number in ids.items() if number}

    def value(self, slot):
        with pinned.Map.pinned(f"{self.host.state_dir}/limits", 4) as outer:
            number = struct.unpack("=I", outer[slot])[0]
        with pinned.Map.by_id(number, 2 * DIRECTION_SIZE) as limit:
            return limit[0]

    def entries(self):
        """The programs' interface table: {interface: (slot of the tenant, limit flags, seed)}."""
        names = {link["ifindex"]: name for name, link in self.host.links().items()}
        with pinned.Map.pinned(f"{self.host.state_dir}/vnics", ENTRY.size) as vnics:
            entries = [ENTRY.unpack(value) for value in vnics.all(PLACES)]
        return {names[ifindex]: (tenant, flags & (LIMIT_TX | LIMIT_RX), seed)
                for ifindex, _, _, flags, seed, tenant, _ in entries if ifindex}

    def rules(self, interface="vnic0", before=False):
        """What the programs read for an interface: its tx and rx rules."""
        slot = self.entries()[interface][0]
        value = self.value(slot)
        return [Rule(value[direction * DIRECTION_SIZE + before * RULE_SIZE:]) for direction in (0, 1)]

    def flags(self, interface="vnic0"):
        return self.entries()[interface][1]


class TestLimit(Base):
    def test_set_changes_what_is_named_and_the_programs_read_it(self):
        self.host.weir("attach", "vnic0", "--tenant", "web")
        seed = self.entries()["vnic0"][2]
        done = self.set("web", "--tx-max", "100mbit")
        self.assertEqual(done.out, "limited web: tx 100mbit, shape\n")
        self.assertNotIn("no interface of", done.err)
        tx, rx = self.rules()
        self.assertEqual(tx.shown, (100_000_000, 0, MODES["shape"]))
        self.assertEqual((tx.burst_ns, tx.target_ns, tx.interval_ns, tx.horizon_ns), (2e6, 5e6, 100e6, 100e6))
        self.assertEqual(rx.shown, (0, 0, MODES["shape"]))
        self.assertEqual(self.flags(), LIMIT_TX)

        self.set("web", "--rx-max", "2.5gbit", "--rx-pps", "5000", "--mode", "police", "--overhead", "ethernet")
        tx, rx = self.rules()
        self.assertEqual(tx.shown, (100_000_000, 0, MODES["police"]))
        self.assertEqual(rx.shown[1:], (5000, MODES["police"]))
        self.assertAlmostEqual(rx.exact_bps / 2.5e9, 1, delta=1e-6)
        self.assertEqual((tx.overhead, rx.overhead, tx.burst_ns), (24, 24, 20e6))
        self.assertEqual(self.flags(), LIMIT_TX | LIMIT_RX)
        self.assertEqual(self.entries()["vnic0"][2], seed, "the flow table's seed has changed")

        self.assertEqual(self.set("web", "--tx-max", "100mbit").err, "weir: nothing to do\n")
        self.set("web", "--tx-max", "none", "--burst", "1.5ms", "--overhead", "-20")
        self.assertEqual(self.flags(), LIMIT_RX)
        self.assertEqual(self.rules()[1].burst_ns, 1.5e6)
        limit = self.shown()["web"]
        self.assertEqual((limit["tx"]["max_bps"], limit["rx"]["max_bps"], limit["rx"]["packets_per_second"]),
                         (None, 2_500_000_000, 5000))
        self.assertEqual((limit["mode"], limit["burst_ns"], limit["overhead_bytes"], limit["revert_in_ns"]),
                         ("police", 1_500_000, -20, None))
        self.assertEqual(limit["interfaces"], ["vnic0"])
        self.assertEqual(self.set("web", "--rx-max", "none", "--rx-pps", "0").out, "cleared the limits of web\n")
        self.assertEqual((self.flags(), self.inner(), self.shown()), (0, {}, {}))

    def test_a_change_keeps_the_buckets(self):
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.set("web", "--tx-max", "1mbit", "--mode", "police", "--burst", "1s")
        self.guest.run("ping", "-c", "3", "-i", "0.05", "-s", "1000", "10.0.0.1")
        before = self.value(self.entries()["vnic0"][0])[BUCKETS]
        self.assertNotEqual(before, bytes(64), "no packet was charged")
        inner = self.inner()
        self.set("web", "--tx-max", "2mbit", "--mode", "mark")
        self.assertEqual(self.inner(), inner)
        self.assertEqual(self.value(self.entries()["vnic0"][0])[BUCKETS], before)

    def test_it_is_the_tenants_whatever_is_attached(self):
        done = self.set("web", "--tx-max", "10mbit", "--rx-max", "20mbit")
        self.assertIn("no interface of web is attached", done.err)
        self.assertEqual(done.out, "limited web: tx 10mbit, rx 20mbit, shape\n")
        self.assertIn("no interface is attached", self.limit("show").out)
        for name in ("up0", "vnic1"):
            self.lab.veth(self.host, name, self.guest, name)
        self.host.weir("attach", "up0", "--role", "uplink", "--tenant", "web")
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.host.weir("attach", "vnic1", "--role", "guest", "--tenant", "web")
        self.assertEqual((self.flags(), self.flags("vnic1"), self.flags("up0")),
                         (LIMIT_TX | LIMIT_RX, LIMIT_TX | LIMIT_RX, 0))
        self.assertEqual(self.rules()[0].shown, (10_000_000, 0, 0))
        status = self.host.status()
        self.assertEqual(status["vnic0"]["limit"]["tx"]["max_bps"], 10_000_000)
        self.assertIsNone(status["up0"]["limit"])
        self.assertIn("10mbit/20mbit shape", self.host.weir("status").out)

        # Another tenant, another role, a reload, and back.
        self.set("db", "--rx-pps", "1000")
        self.host.weir("attach", "vnic0", "--tenant", "db")
        self.assertEqual(self.flags(), LIMIT_RX)
        self.assertEqual(self.rules()[1].shown, (0, 1000, 0))
        self.host.weir("attach", "vnic0", "--tenant", "nobody")
        self.assertEqual(self.flags(), 0)
        self.host.weir("attach", "vnic0", "--tenant", "web", "--role", "guest", "--reload")
        self.assertEqual((self.flags(), self.rules()[0].shown), (LIMIT_TX | LIMIT_RX, (10_000_000, 0, 0)))

        self.host.weir("detach", "vnic0", "vnic1", "up0")
        self.assertEqual(set(self.shown()), {"web", "db"})
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.assertEqual(self.flags(), LIMIT_TX | LIMIT_RX)
        done = self.host.weir("detach", "--all")
        self.assertIn("cleared the limits of web", done.out)
        self.assertFalse(os.path.exists(self.host.state_dir))

    def test_clear(self):
        self.set("web", "--tx-max", "10mbit")
        self.set("db", "--tx-max", "10mbit")
        done = self.limit("clear", "web", "mail", ok=(1,))
        self.assertIn("cannot clear the limits of mail", done.err)
        self.assertEqual(set(self.shown()), {"web", "db"}, "half of it was done")
        self.assertEqual(self.limit("clear", "web", "web").out, "cleared the limits of web\n")
        self.assertEqual(self.limit("clear", "--all").out, "cleared the limits of db\n")
        self.assertFalse(os.path.exists(self.host.state_dir), "with no limit and no interface nothing of Weir stays")
        self.assertEqual(self.limit("clear", "--all").err, "weir: nothing to do\n")

    def test_dry_run_changes_nothing(self):
        for words in (("set", "web", "--tx-max", "10mbit", "--confirm-timeout", "9"), ("clear", "--all")):
            self.limit(*words, "--dry-run")
            self.assertFalse(os.path.exists(self.host.state_dir), words)
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.set("web", "--tx-max", "10mbit", "--confirm-timeout", "3600")
        before = self.value(self.entries()["vnic0"][0]), self.entries()
        document = json.dumps({"schema_version": 1, "vnics": [], "limits": []})
        for words in (("limit", "set", "web", "--tx-max", "20mbit"), ("limit", "clear", "web"),
                      ("limit", "confirm", "web"), ("apply", "-"), ("detach", "--all")):
            done = self.host.weir(*words, "--dry-run", stdin=document)
            self.assertRegex(done.out, r"(?m)^would .*web")
            self.assertIn("dry run: nothing was changed", done.err)
            self.assertEqual((self.value(self.entries()["vnic0"][0]), self.entries()), before, words)

    def test_what_is_wrong_changes_nothing(self):
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.set("web", "--tx-max", "10mbit")
        before = self.value(self.entries()["vnic0"][0]), self.host.weir("export").out
        for words in (("set", "web", "--tx-max", "20mbit", "--rx-max", "20mbps"),
                      ("set", "web", "--tx-max", "20mbit", "--mode", "none"),
                      ("set", "web", "--tx-max", "20mbit", "--overhead", "1000")):
            self.assertIn("weir: --", self.limit(*words, ok=(2,)).err)
        self.assertIn("tc reads 'mbps' as megabytes", self.set("web", "--tx-max", "20mbps", ok=(2,)).err)
        self.assertIn("no rate", self.set("db", "--mode", "police", ok=(1,)).err)
        self.assertIn("no tenant is called", self.limit("show", "mail", ok=(1,)).err)
        wrong = {"schema_version": 1, "vnics": [{"interface": "vnic0", "tenant": "web"}],
                 "limits": [{"tenant": "web", "tx_max": "20mbit"}, {"tenant": "db", "tx_max": "1bit"}]}
        self.assertIn("/limits/1/tx_max: expected a rate from 64kbit",
                      self.host.weir("apply", "-", stdin=json.dumps(wrong), ok=(2,)).err)
        absent = {"schema_version": 1, "vnics": [{"interface": "vnic9"}],
                  "limits": [{"tenant": "web", "tx_max": "20mbit"}]}
        self.host.weir("apply", "-", stdin=json.dumps(absent), ok=(1,))
        self.assertEqual((self.value(self.entries()["vnic0"][0]), self.host.weir("export").out), before)

    def test_apply_and_export(self):
        for name in ("vnet-a", "vnet-b", "vnet-c"):
            self.lab.veth(self.host, name, self.guest, name)
        sample = os.path.join(SOURCE, "configs", "two-limits.json")
        self.set("carol", "--tx-max", "1mbit")
        done = self.host.weir("apply", sample)
        self.assertIn("cleared the limits of carol", done.out)
        self.assertEqual(self.host.weir("apply", sample).err, "weir: nothing to do\n")
        self.assertEqual([rule.shown for rule in self.rules("vnet-a")], [(100_000_000, 0, 0), (200_000_000, 0, 0)])
        self.assertEqual(self.rules("vnet-a")[0].overhead, 24)
        self.assertEqual(self.entries()["vnet-b"][:2], self.entries()["vnet-c"][:2])
        self.assertEqual([rule.shown for rule in self.rules("vnet-c")], [(50_000_000, 20_000, 2), (0, 0, 2)])

        exported = self.host.weir("export").json
        with open(sample, encoding="utf-8") as file:
            wanted = json.load(file)["limits"]
        self.assertEqual(exported["limits"], wanted)
        self.assertEqual(self.host.weir("apply", "-", stdin=json.dumps(exported)).err, "weir: nothing to do\n")
        del exported["limits"]
        self.set("alice", "--tx-max", "none")
        self.assertEqual(self.host.weir("apply", "-", stdin=json.dumps(exported)).err, "weir: nothing to do\n")
        self.assertEqual(set(self.shown()), {"alice", "bob"})
        exported["limits"] = []
        self.host.weir("apply", "-", stdin=json.dumps(exported))
        self.assertEqual((self.shown(), self.flags("vnet-b")), ({}, 0))


class TestConfirm(Base):
    def setUp(self):
        super().setUp()
        self.host.weir("attach", "vnic0", "--tenant", "web")

    def test_confirmed(self):
        self.set("web", "--tx-max", "10mbit")
        begin_ns = time.monotonic_ns()
        done = self.set("web", "--tx-max", "5mbit", "--rx-max", "7mbit", "--confirm-timeout", "600")
        self.assertEqual(done.out, "limited web: tx 5mbit, rx 7mbit, shape; back to tx 10mbit, shape in 10m 0s unless "
                                   "confirmed: weir limit confirm web\n")
        end_ns = time.monotonic_ns()
        for rule, before, bps, bps_before in zip(self.rules(), self.rules(before=True), (5e6, 7e6), (10e6, 0),
                                                 strict=True):
            self.assertEqual((rule.bps, before.bps), (bps, bps_before))
            self.assertTrue(begin_ns <= rule.revert_at_ns - 600 * SECOND_NS <= end_ns)
        limit = self.shown()["web"]
        self.assertTrue(0 < limit["revert_in_ns"] <= 600 * SECOND_NS)
        self.assertEqual(limit["before"]["tx"]["max_bps"], 10_000_000)
        self.assertIn("unless confirmed: weir limit confirm web", self.limit("show").out)

        # A further change: the same deadline, the same limits before.
        deadline = self.rules()[0].revert_at_ns
        self.set("web", "--tx-max", "4mbit")
        self.assertEqual((self.rules()[0].bps, self.rules()[0].revert_at_ns), (4e6, deadline))
        self.assertEqual(self.rules(before=True)[0].bps, 10e6)
        self.set("web", "--tx-max", "3mbit", "--confirm-timeout", "3600")
        self.assertGreater(self.rules()[0].revert_at_ns, deadline)
        self.assertEqual(self.rules(before=True)[0].bps, 10e6)

        self.assertEqual(self.limit("confirm", "web").out, "confirmed the limits of web: tx 3mbit, rx 7mbit, shape\n")
        self.assertEqual([(rule.bps, rule.revert_at_ns) for rule in self.rules()], [(3e6, 0), (7e6, 0)])
        self.assertIsNone(self.shown()["web"]["revert_in_ns"])
        self.assertIn("nothing waits to be confirmed", self.limit("confirm", "web", ok=(1,)).err)

    def test_not_confirmed(self):
        self.set("web", "--rx-max", "10mbit")
        self.set("web", "--tx-max", "5mbit", "--rx-max", "none", "--confirm-timeout", "1")
        self.assertEqual(self.flags(), LIMIT_TX | LIMIT_RX, "what may come back has to be looked at")
        lab.wait_for(lambda: self.shown()["web"]["revert_in_ns"] is None, "the deadline")
        limit = self.shown()["web"]
        self.assertEqual((limit["tx"]["max_bps"], limit["rx"]["max_bps"]), (None, 10_000_000))
        self.assertIn("reverted", self.limit("show").out)
        self.assertIn("nothing waits to be confirmed", self.limit("confirm", "web", ok=(1,)).err)
        # That command has settled it.
        self.assertEqual([(rule.bps, rule.revert_at_ns) for rule in self.rules()], [(0, 0), (10e6, 0)])
        self.assertEqual(self.flags(), LIMIT_RX)

    def test_the_first_limit_goes_without_a_trace(self):
        self.host.weir("detach", "vnic0")
        self.set("web", "--tx-max", "5mbit", "--confirm-timeout", "3600")
        self.assertEqual(set(self.shown()), {"web"})
        self.set("web", "--tx-max", "5mbit", "--confirm-timeout", "1")
        lab.wait_for(lambda: not self.shown(), "the deadline")
        self.assertEqual(self.host.weir("export").json["limits"], [])
        self.limit("clear", "--all")
        self.assertFalse(os.path.exists(self.host.state_dir))

    def test_apply_is_for_good(self):
        self.set("web", "--tx-max", "5mbit", "--confirm-timeout", "600")
        exported = self.host.weir("export").out
        self.host.weir("apply", "-", stdin=exported)
        self.assertEqual((self.rules()[0].bps, self.rules()[0].revert_at_ns), (5e6, 0))


class TestTraffic(Base):
    def send(self, frames):
        """So many frames of 1,250 bytes at once; how many were dropped for the rate, of what was offered in all."""
        before = self.host.stats()["vnic0"]["tx"]
        with self.lab.truth(self.host, "vnic0") as capture:
            self.lab.sender(self.guest, "eth0", "--count", frames, "--size", 1250).finish()
            lab.wait_for(lambda: self.host.stats()["vnic0"]["tx"]["packets"] - before["packets"] == frames,
                         "all of them")
        self.assertEqual(capture.result["in"]["frames"], frames)
        after = self.host.stats()["vnic0"]["tx"]
        dropped = after["drops"]["rate"] - before["drops"]["rate"]
        self.assertEqual(dropped, after["drop_packets"] - before["drop_packets"])
        return dropped

    def test_police_holds_and_ends_by_itself(self):
        """A burst that is beyond a rate is cut to what the rate lets through in the time that it took."""
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.set("web", "--tx-max", "20mbit", "--mode", "police")
        begin = time.monotonic()
        dropped = self.send(10_000)
        passed, took = 10_000 - dropped, time.monotonic() - begin
        self.assertGreater(dropped, 0)
        # Besides, what a bucket of 2 ms holds, and the packet that is in it last.
        self.assertLessEqual(passed * 10_000, 20e6 * (took + 0.002) + 10_000)
        limit = self.shown()["web"]
        self.assertEqual(limit["tx"]["drops"]["rate"], dropped)
        self.assertEqual(limit["tx"]["held_by"], ["max"])
        self.assertIn("dropped (rate", self.limit("show").out)
        self.assertIn("dropped (rate", self.host.weir("stats").out)
        # Another limit, until it reverts by itself: then none holds.
        self.set("web", "--tx-max", "none", "--rx-max", "20mbit")
        self.set("web", "--tx-max", "64kbit", "--confirm-timeout", "3600")
        self.assertGreater(self.send(10_000), 0)
        self.set("web", "--tx-max", "64kbit", "--confirm-timeout", "1")
        lab.wait_for(lambda: self.shown()["web"]["revert_in_ns"] is None, "the deadline")
        self.assertEqual(self.send(1_000), 0)


class TestKill(Base):
    """The next change of anything mends a change of limits that was killed."""

    STEPS = (("set", "web", "--tx-max", "20mbit", "--rx-max", "3mbit"), ("set", "web", "--tx-max", "30mbit",
             "--confirm-timeout", "3600"), ("confirm", "web"), ("clear", "web"))

    def kill(self, most):
        """Each change, after so many of its steps."""
        self.host.weir("attach", "vnic0", "--tenant", "web")
        for number, words in enumerate(self.STEPS):
            for step in kills.each(most, functools.partial(self.redo, number), self.host, "limit", *words):
                self.limit("clear", "nobody", ok=(1,))
                self.check(f"{words} killed after step {step}")
        self.limit("clear", "--all")
        self.assertEqual((self.inner(), self.flags()), ({}, 0))

    def test_kill(self):
        self.kill(2)

    @in_all("exact but long: after each step that there is")
    def test_kill_after_every_step(self):
        self.kill(1 << 20)

    def redo(self, number):
        """What that step of STEPS wants to find."""
        self.limit("clear", "--all")
        for words in self.STEPS[:number]:
            self.limit(*words)

    def test_a_journal_that_nothing_followed(self):
        """Death right after the first write of a change, which no random moment would be sure to hit."""
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.set("web", "--tx-max", "10mbit", "--rx-max", "1mbit")
        with pinned.Map.pinned(f"{self.host.state_dir}/tenant_info", TENANT_INFO_SIZE) as journal:
            slot = self.entries()["vnic0"][0]
            info = journal[slot]

            def journal_and_mend(data):
                journal[slot] = data
                self.limit("clear", "nobody", ok=(1,))

            changed = info[:WISH_AT] + struct.pack("=Q", 20_000_000) + info[WISH_AT + 8:]
            journal_and_mend(changed)
            self.assertEqual([rule.bps for rule in self.rules()], [20_000_000, 1_000_000])
            without = info[:WISH_AT] + bytes(TENANT_INFO_SIZE - WISH_AT)
            journal_and_mend(without)
            self.assertEqual((self.inner(), self.flags(), journal[slot]), ({}, 0, bytes(TENANT_INFO_SIZE)))
            journal_and_mend(info)
            self.assertEqual([rule.bps for rule in self.rules()], [10_000_000, 1_000_000])
            self.assertEqual(self.flags(), LIMIT_TX | LIMIT_RX)

    def check(self, why):
        limits = self.shown()
        self.assertEqual(len(self.inner()), len(limits), why)
        if not limits:
            self.assertEqual(self.flags(), 0, why)
            return
        limit, rules = limits["web"], self.rules()
        wanted = [(limit[way]["max_bps"] or 0) for way in ("tx", "rx")]
        self.assertEqual([rule.bps for rule in rules], wanted, why)
        self.assertEqual(self.flags(), LIMIT_TX | LIMIT_RX, why)
        pending = {rule.revert_at_ns != 0 for rule in rules}
        self.assertEqual(pending, {limit["revert_in_ns"] is not None}, why)


if __name__ == "__main__":
    unittest.main()
