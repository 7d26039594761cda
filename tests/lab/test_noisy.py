# SPDX-License-Identifier: GPL-2.0-or-later
"""Labelled noisy-neighbour scenarios on stock kernels: the right one is accused of the right thing, with all of its
victims, nobody else is, and the remedy, which shapes where there is an fq, mends what the victims' programs measure.

A few of them. All: `python3 tests/noisy/suite.py lab`, `python3 tests/noisy/remedy.py --kernel 6.12`."""

import unittest

import noisy_plan  # noqa: F401 - first: it says where the others are
import vm
from experiment import Experiment, Since, about, in_all

# isort: split
import in_lab
import remedy
import scenarios
import suite


class Noisy(Experiment, every_change=["6.12"]):
    virtual_time = True
    cases = Since({
        "6.1": {
            "conntrack": vm.case("noisy", scene="conntrack_pressure", place="router"),
            "innocent": vm.case("noisy", scene="harmed_before"),
        },
        "6.12": {
            "hog": in_all("exact, but long: a verdict on every change")(
                vm.case("noisy", scene="udp_hog", place="router", remedy=1)),
            "flood": vm.case("noisy", scene="small_flood_by_sockets"),
        },
    })

    def test_verdicts(self):
        for case in self.looked_at().values():
            settings = vm.settings_of(case)
            with self.subTest(case=case):
                kept = self._of(case)
                self.assertEqual(kept.errors("acts"), "", "a program of the scene has failed")
                report = kept.json("first")
                self.assertEqual(suite.Tally().add(settings["scene"], int(settings["seed"]), report), [])

    @about("hog")
    def test_remedies_mend(self):
        for case in self.looked_at().values():
            settings = vm.settings_of(case)
            with self.subTest(case=case):
                kept = self._of(case)
                scene = scenarios.scene_of(settings["scene"], int(settings["seed"]))
                plays = [remedy.figures_of(scene, *in_lab.logs_of(scene, kept, which)) for which in ("first", "second")]
                rows = remedy.rows_of(scene, *plays)
                print(f"{self.kernel} {case}: {kept.text('remedies').strip()}\n{remedy.lines_of(rows)}", flush=True)
                self.assertIn("--tx-max", kept.text("remedies"))
                self.assertNotIn("police", kept.text("remedies"))
                self.assertEqual(kept.code("remedy"), 0, kept.errors("remedy"))
                self.assertTrue(remedy.is_calm(rows))
                self.assertTrue(remedy.mended(rows, remedy.still(kept.json("second"))))


if __name__ == "__main__":
    unittest.main()
