# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way of attaching counts what packet sockets see, survives a change of programs, and leaves nothing behind."""

import unittest

import vm
from experiment import Experiment, Since

DIRECTIONS = {"tx": "in", "rx": "out"}  # the tenant's view: what the packet socket saw at the host's end
MB20 = 20 << 20


class AttachCount(Experiment, every_change=["6.1"]):
    tc = Since({"6.1": "clsact", "6.6": "tcx"})
    # Where there is no tcx, auto is clsact.
    cases = Since({"6.1": {"ways": vm.case("attach_count", ways="auto-xdp")},
                   "6.6": {"ways": vm.case("attach_count", ways="auto-clsact-xdp")}})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kept = cls._of(cls.cases["ways"])
        cls.all_ways = vm.settings_of(cls.cases["ways"])["ways"].split("-")

    def ways(self):
        """Those that could be attached; test_every_command_succeeds tells of the others."""
        ways = [way for way in self.all_ways if self.kept.code("attach_" + way) == 0]
        self.assertTrue(ways, self.kept.errors("attach_auto"))
        return ways

    def ledger(self, name):
        vnics = self.kept.json(name)["vnics"]
        self.assertEqual([vnic["interface"] for vnic in vnics], ["web"])
        return vnics[0]

    def test_every_command_succeeds(self):
        steps = "attach status reload before_reload after_reload stats flows detach all truth to_tenant from_tenant"
        for way in self.all_ways:
            for step in steps.split():
                with self.subTest(way=way, step=step):
                    name = f"{step}_{way}"
                    self.assertEqual(self.kept.code(name), 0, self.kept.errors(name) + self.kept.text(name))
                if step == "attach" and self.kept.code(name) != 0:
                    break

    def test_hooks(self):
        tc = self.tc
        expected = {"auto": (tc, tc), "clsact": ("clsact", "clsact"), "xdp": ("xdp", tc)}
        for way in self.ways():
            with self.subTest(way=way):
                hooks = self.ledger("status_" + way)["hooks"]
                self.assertEqual((hooks["ingress"], hooks["egress"]), expected[way])

    def test_ledger_equals_truth(self):
        for way in self.ways():
            truth = self.kept.json("truth_" + way)
            self.assertEqual(truth["lost"], 0)
            for direction, side in DIRECTIONS.items():
                with self.subTest(way=way, direction=direction):
                    counted = self.ledger("stats_" + way)[direction]
                    self.assertGreater(truth[side]["bytes"], MB20)
                    self.assertEqual((counted["packets"], counted["bytes"]),
                                     (truth[side]["packets"], truth[side]["bytes"]))

    def test_traffic_was_gso(self):
        """Else the comparison says nothing about segments. A native XDP program switches the peer's GSO off."""
        for way in self.ways():
            truth = self.kept.json("truth_" + way)
            with self.subTest(way=way):
                self.assertGreater(truth["out"]["gso_frames"], 50)
                if way != "xdp":
                    self.assertGreater(truth["in"]["gso_frames"], 50)

    def test_reload_was_amid_traffic(self):
        for way in self.ways():
            with self.subTest(way=way):
                before, after = (self.ledger(f"{when}_reload_{way}")["rx"]["packets"] for when in ("before", "after"))
                self.assertGreater(before, 0)
                self.assertGreater(after, before)

    def test_sum_of_flows_and_untracked_is_the_ledger(self):
        for way in self.ways():
            report = self.kept.json("flows_" + way)
            for direction in DIRECTIONS:
                for unit in ("packets", "bytes"):
                    with self.subTest(way=way, direction=direction, unit=unit):
                        flows = sum(entry[direction][unit] for entry in report["flows"] + report["untracked"])
                        self.assertEqual(flows, self.ledger("stats_" + way)[direction][unit])

    def test_nothing_is_left(self):
        for way in self.ways():
            with self.subTest(way=way):
                self.assertEqual(self.kept.text("left_" + way), "")
                self.assertNotIn("clsact", self.kept.text("qdiscs_" + way))
                self.assertEqual(self.kept.text("links_" + way), "")
                self.assertNotIn("xdp", self.kept.text("xdp_" + way))

if __name__ == "__main__":
    unittest.main()
