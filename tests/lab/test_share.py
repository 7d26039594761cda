# SPDX-License-Identifier: GPL-2.0-or-later
"""An uplink that tenants share: each has its weighted part, whoever opens more flows or blasts, what one leaves the others
have, one that wakes is back at once, and nobody's pings wait for it."""

import unittest

import vm
from experiment import Experiment

CASES = {
    "flows": vm.case("share", web=16, db=4, mail=1),
    "idle": vm.case("share", mail=0, web=1, db=4),
    "waking": vm.case("share", wake=2, delay=1),
    "waking rx": vm.case("share", wake=2, delay=1, direction="rx", link="0"),
    "min": vm.case("share", web_min="40mbit"),
}


class Share:
    virtual_time = True
    cases = CASES

    def test_each_has_its_share(self):
        for name in CASES:
            with self.subTest(case=name):
                figures = self.figures(name)
                for tenant, part in figures["of_share"].items():
                    self.assertAlmostEqual(part, 1, delta=0.02, msg=tenant)
                self.assertGreaterEqual(figures["jain"], 0.999)
                self.assertLessEqual(figures["in_use"], 1.005)

    def test_what_one_leaves_is_in_use(self):
        self.assertGreaterEqual(self.figures("idle")["in_use"], 0.97)

    def test_a_waking_tenant_is_back_within_50_ms(self):
        for name in ("waking", "waking rx"):
            with self.subTest(case=name):
                self.assertLessEqual(self.figures(name)["woken_after_ms"], 50)

    def test_a_min_is_there_while_all_others_blast(self):
        self.assertGreaterEqual(self.figures("min")["rates_bps"]["web"], 0.99 * 40_000_000)

    def test_pings_of_a_quiet_tenant_do_not_wait(self):
        for name in ("flows", "idle", "min"):
            with self.subTest(case=name):
                figures = self.figures(name)
                self.assertLessEqual(figures["ping_p99_ms"], figures["ping_idle_p99_ms"] + 1)
                self.assertEqual(figures["ping_lost"], 0)


class ShareOn61(Share, Experiment):
    kernel = "6.1"


class ShareOn612(Share, Experiment):
    kernel = "6.12"


if __name__ == "__main__":
    unittest.main()
