# SPDX-License-Identifier: GPL-2.0-or-later
"""Beside another owner's ingress qdisc: refused where it is in the way, and never touched."""

import unittest

from experiment import Experiment, on

CONFLICT = 6


class Conflict(Experiment):
    experiment = "conflict"

    def test_the_other_owners_filter_is_still_there(self):
        self.assertIn("pref 7 matchall", self.kept.text("filters"))

    def test_clsact_by_force_is_refused(self):
        self.assertEqual(self.kept.code("forced"), CONFLICT, self.kept.errors("forced"))

    @on(before="6.6")
    def test_refused_and_told_why(self):
        self.assertEqual(self.kept.code("attach"), CONFLICT, self.kept.errors("attach"))
        self.assertIn("ingress", self.kept.errors("attach"))

    @on(before="6.6")
    def test_nothing_is_attached(self):
        self.assertEqual(self.kept.json("status")["vnics"], [])

    @on(since="6.6")
    def test_tcx_attaches_beside_it(self):
        self.assertEqual(self.kept.code("attach"), 0, self.kept.errors("attach"))
        self.assertEqual(self.kept.json("status")["vnics"][0]["hooks"], {"ingress": "tcx", "egress": "tcx"})


if __name__ == "__main__":
    unittest.main()
