# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader that stops and a detach in mid-transfer leave no packet stuck, and the queueing disciplines as they were."""

import unittest

import vm
from experiment import Experiment, in_all

FOUND = ["pfifo_fast", "default", "fq_codel"]
LONG = in_all("exact, but long: one qdisc on every change")


class LimitStop(Experiment, every_change=["6.12"]):
    virtual_time = True
    cases = {found: vm.case("limit_stop", found=found) for found in FOUND}
    for found in FOUND[1:]:
        cases[found] = LONG(cases[found])

    def test_traffic_goes_on_and_nothing_is_left(self):
        for found in self.cases:
            with self.subTest(found=found):
                figures = self.figures(found)
                self.assertGreater(figures["tx_last_second_bps"], 20_000_000)
                self.assertGreater(figures["rx_last_second_bps"], 20_000_000)
                self.assertTrue(figures["qdiscs_restored"])
                self.assertEqual(figures["left"], "")


class LimitStopTap(Experiment, every_change=["6.12"]):
    experiment = "limit_stop_tap"
    virtual_time = True

    def test_every_command_succeeds(self):
        for name in self.kept.names():
            with self.subTest(name=name):
                self.assertEqual(self.kept.code(name), 0, self.kept.errors(name) + self.kept.text(name))

    def test_frames_flow_again_each_time(self):
        # 20 Mbit/s are some 1,680 frames a second.
        went_on = self.kept.figure("frames_going_on") - self.kept.figure("frames_stopped")
        self.assertGreater(went_on, 1000)
        self.assertGreater(self.kept.figure("frames_after") - self.kept.figure("frames_detached"), 1000)

    def test_nothing_is_left(self):
        self.assertEqual(self.kept.text("left"), "")


if __name__ == "__main__":
    unittest.main()
