# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP at a limit: as much as CAKE lets through, never more than was asked for, and nobody waits behind it."""

import os
import unittest

import limit_bars
import limit_figures
import vm
from experiment import Experiment, Since, about, in_all

# Whose limit is held to the bars: with another of the kinds in limiter.sh one sees them fail.
SUBJECT = os.environ.get("WEIR_LAB_SUBJECT", "weir")
SECONDS = 5
PLACES = {
    "10 tx": {"rate": "10mbit"},
    "100 tx": {"rate": "100mbit"},
    # Over a longer path it is chance what one flow makes of a few seconds: after a signal it leaves a twentieth of the
    # path empty for a second or two, whoever gave it. The matrix has those.
    "1000 tx": {"rate": "1000mbit", "delay": 1},
    "100 rx": {"rate": "100mbit", "direction": "rx"},
}
LONG = in_all("exact, but long: one rate and way on every change")


def cases(*places, mark=lambda case: case):
    return {f"{who} {name}": mark(vm.case("limit_tcp", kind=kind, seconds=SECONDS, **PLACES[name])) for name in places
            for who, kind in (("subject", SUBJECT), ("cake", "cake"))}


# The whole matrix is `scripts/lab all`.
class LimitTcp(Experiment, every_change=["6.12"]):
    virtual_time = True
    ecn = {"subject ecn": vm.case("limit_tcp", kind=SUBJECT, rate="100mbit", seconds=SECONDS, ecn=1)}
    cases = Since({
        "6.1": {**cases("100 tx", "100 rx"), **ecn},
        "6.12": {**cases("100 tx"), **ecn, **cases("10 tx", "1000 tx", "100 rx", mark=LONG)},
    })

    def each(self):
        """(place, limit in bit/s, the subject's figures, CAKE's)"""
        return [(name, limit_figures.bits_per_second(PLACES[name]["rate"]), self.figures("subject " + name),
                 self.figures("cake " + name)) for name in PLACES if "subject " + name in self.cases]

    def holds(self, *bars):
        for place, limit_bps, subject, cake in self.each():
            for bar in bars:
                with self.subTest(place=place):
                    self.assertIsNone(bar(limit_bps, subject, cake))

    def test_goodput_is_cakes(self):
        self.holds(limit_bars.goodput)

    def test_the_limit_is_in_use(self):
        self.holds(limit_bars.in_use)

    def test_no_second_exceeds_the_limit(self):
        self.holds(limit_bars.highest_second)

    def test_ping_and_requests_wait_no_longer_than_with_cake(self):
        self.holds(limit_bars.waits)
        for place, _, subject, _ in self.each():
            with self.subTest(place=place):
                self.assertEqual(subject["ping_lost"], 0)

    def test_bulk_queue_is_short(self):
        self.holds(limit_bars.queue)

    def test_nothing_else_dropped(self):
        for place, _, subject, cake in self.each():
            with self.subTest(place=place):
                self.assertEqual((subject["other_drops"], cake["other_drops"]), (0, 0))

    @about("subject ecn", "cake 100 tx")
    def test_with_ecn_nothing_is_dropped(self):
        ecn, plain = self.figures("subject ecn"), self.figures("cake 100 tx")
        self.assertTrue(ecn["ecn"])
        self.assertGreater(ecn["marks"], 0)
        self.assertIsNone(limit_bars.ecn(100_000_000, ecn, plain))
        self.assertIsNone(limit_bars.goodput(100_000_000, ecn, plain))


if __name__ == "__main__":
    unittest.main()
