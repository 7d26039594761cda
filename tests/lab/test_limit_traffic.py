# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods are held to the limit wherever they go, a change of it loses nothing, and it costs less than its peers."""

import os
import unittest

import limit_bars
import vm
from experiment import Experiment, in_all

SUBJECT = os.environ.get("WEIR_LAB_SUBJECT", "weir")
UDP = {
    "10 tx": {"rate": "10mbit"},
    "100 tx": {"rate": "100mbit"},
    "100 rx": {"rate": "100mbit", "direction": "rx"},
}
LONG = in_all("exact, but long: one rate and way on every change")
COSTS = [SUBJECT, "cake", "htb"]


class LimitUdp(Experiment, every_change=["6.1"]):
    virtual_time = True
    cases = {name: vm.case("limit_udp", kind=SUBJECT, **place) for name, place in UDP.items()}
    for name in ("10 tx", "100 rx"):
        cases[name] = LONG(cases[name])

    def test_delivered_is_the_limit(self):
        for name in self.cases:
            with self.subTest(case=name):
                figures = self.figures(name)
                self.assertIsNone(limit_bars.udp(figures))
                self.assertEqual(figures["out_of_order"], 0)


class LimitLocal(Experiment, every_change=["6.1"]):
    virtual_time = True
    cases = {"limited": vm.case("limit_local", kind=SUBJECT)}

    def test_no_way_around_the_limit(self):
        figures = self.figures("limited")
        for name in ("tenant", "host"):
            with self.subTest(to=name):
                self.assertLessEqual(figures[f"{name}_udp_of_limit"], 1.005)
                self.assertGreaterEqual(figures[f"{name}_udp_of_limit"], 0.98)
                self.assertLessEqual(figures[f"{name}_tcp_bps"], 100_500_000)


class LimitChange(Experiment, every_change=["6.1"]):
    virtual_time = True
    cases = {"changed": vm.case("limit_change", kind=SUBJECT, changes=10)}

    def test_no_packet_is_lost_by_it(self):
        figures = self.figures("changed")
        self.assertGreater(figures["udp_sent"], 1000)
        self.assertEqual((figures["udp_lost"], figures["udp_drops"], figures["udp_out_of_order"]), (0, 0, 0))

    def test_new_rate_is_on_the_wire_within_10_ms(self):
        figures = self.figures("changed")
        self.assertEqual(figures["flood_settled"], figures["flood_changes"])
        self.assertGreaterEqual(figures["flood_changes"], 9)
        self.assertLessEqual(figures["flood_settle_worst_ms"], 10)


class LimitCost(Experiment, every_change=["6.1"]):
    virtual_time = True
    cases = {kind: vm.case("limit_cost", kind=kind) for kind in COSTS}

    def test_limit_costs_less_than_peers(self):
        limit, cake, htb = (self.figures(kind)["limit_instructions"] for kind in COSTS)
        self.assertLess(limit, htb)
        self.assertLess(limit, cake)


if __name__ == "__main__":
    unittest.main()
