# SPDX-License-Identifier: GPL-2.0-or-later
"""An uplink that tenants share: each has its weighted part, whoever opens more flows or blasts, what one leaves the
others have, one that wakes is back at once, and nobody's pings wait for it.

A part of it, with each case on one of the kernels and the one that is hardest on both. All of it:
`scripts/lab all --only share`."""

import unittest

import vm
from experiment import Experiment, Since, about, in_all

# 48 flows of TCP beside a blaster at three times the uplink. Where MORE is said, the
# blaster sends only a little more than it all.
FLOWS = vm.case("share", web=16, db=16, mail=16)
LONG = in_all("exact, but long: one case on every change")
MORE = {"blast": "130mbit"}


class Share(Experiment, every_change=["6.12"]):
    virtual_time = True
    cases = Since({
        "6.1": {
            "flows": FLOWS,
            "waking": vm.case("share", wake=2, delay=1, seconds=4),
            "idle": vm.case("share", mail=0, web=1, db=4, seconds=4, **MORE),
        },
        "6.12": {
            "flows": LONG(FLOWS),
            "waking rx": LONG(vm.case("share", wake=2, delay=1, seconds=4, direction="rx", link="0")),
            "min": vm.case("share", web_min="40mbit", seconds=4, **MORE),
        },
    })

    def check(self, expectation):
        for name in self.looked_at():
            with self.subTest(case=name):
                expectation(self.figures(name))

    def test_each_has_its_share(self):
        def expectation(figures):
            for tenant, part in figures["of_share"].items():
                self.assertAlmostEqual(part, 1, delta=0.02, msg=tenant)
            self.assertGreaterEqual(figures["jain"], 0.999)
            self.assertLessEqual(figures["in_use"], 1.005)
            self.assertLessEqual(figures["carried"], 1.005)

        self.check(expectation)

    @about("idle")
    def test_what_one_leaves_is_in_use(self):
        self.check(lambda figures: self.assertGreaterEqual(figures["in_use"], 0.97))

    @about("waking", "waking rx")
    def test_a_waking_tenant_is_back_within_50_ms(self):
        self.check(lambda figures: self.assertLessEqual(figures["woken_after_ms"], 50))

    @about("min")
    def test_a_min_is_there_while_all_others_blast(self):
        self.check(lambda figures: self.assertGreaterEqual(figures["rates_bps"]["web"], 0.99 * 40_000_000))

    @about("flows", "idle", "min")
    def test_pings_of_a_quiet_tenant_do_not_wait(self):
        def expectation(figures):
            self.assertLessEqual(figures["ping_p99_ms"], figures["ping_idle_p99_ms"] + 1)
            self.assertEqual(figures["ping_lost"], 0)

        self.check(expectation)


if __name__ == "__main__":
    unittest.main()
