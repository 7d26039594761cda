# SPDX-License-Identifier: GPL-2.0-or-later
"""Qdiscs where shaped packets leave: where the kernel has no fq that is a note and not an error, and what another owner
has set stays. Where it has one, tests/lab/test_fq.py knows the rest."""
import subprocess
import unittest

import lab


def kernel_has_fq():
    tried = subprocess.run(["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", "fq"], capture_output=True,
                           check=False)
    return tried.returncode == 0


class TestPacing(lab.Case):
    programs = ("tc", "unshare")

    def setUp(self):
        self.host, self.guest = self.lab.pair()
        self.host.weir("attach", "vnic0", "--tenant", "web")

    def qdisc(self):
        return [line for line in self.host.tc("qdisc", "show", "dev", "vnic0").splitlines() if "clsact" not in line]

    def notes(self):
        return " ".join(self.host.weir("status", "-j").json["vnics"][0]["notes"])

    def test_without_fq_limits_are_policed_and_that_is_said(self):
        if kernel_has_fq():
            self.skipTest("this kernel has fq")
        before, said = self.qdisc(), "this kernel has no fq: limits on what leaves here are policed, not shaped"
        self.assertNotIn("fq", self.notes())
        done = self.host.weir("limit", "set", "web", "--rx-max", "100mbit")
        self.assertIn("vnic0: " + said, done.err)
        self.assertIn(said, self.notes())
        self.assertEqual(self.qdisc(), before)
        self.assertNotIn("fq", self.host.weir("limit", "set", "web", "--mode", "police").err)
        self.assertNotIn("fq", self.notes())

    def test_another_owners_qdisc_stays_and_that_is_said(self):
        self.host.tc("qdisc", "add", "dev", "vnic0", "root", "handle", "7:", "htb", "default", "1")
        before, said = self.qdisc(), "has its own qdisc (htb), which stays"
        self.assertNotIn(said, self.notes())
        self.assertIn("vnic0: " + said, self.host.weir("limit", "set", "web", "--rx-max", "100mbit").err)
        self.assertIn(said, self.notes())
        self.assertEqual(self.qdisc(), before)
        self.host.weir("detach", "--all")
        self.assertEqual(self.qdisc(), before)


if __name__ == "__main__":
    unittest.main()
