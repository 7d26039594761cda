# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader that stops and a detach in mid-transfer leave no packet stuck, and the queueing disciplines as they were."""

import unittest

import vm
from experiment import Experiment

FOUND = ["pfifo_fast", "default", "fq_codel"]


class LimitStop:
    virtual_time = True
    cases = {found: vm.case("limit_stop", found=found) for found in FOUND}

    def test_traffic_goes_on_and_nothing_is_left(self):
        for found in FOUND:
            with self.subTest(found=found):
                figures = self.figures(found)
                self.assertGreater(figures["tx_last_second_bps"], 20_000_000)
                self.assertGreater(figures["rx_last_second_bps"], 20_000_000)
                self.assertTrue(figures["qdiscs_restored"])
                self.assertEqual(figures["left"], "")


class LimitStopOn61(LimitStop, Experiment):
    kernel = "6.1"


class LimitStopOn612(LimitStop, Experiment):
    kernel = "6.12"


if __name__ == "__main__":
    unittest.main()
