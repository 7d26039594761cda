# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard on stock kernels, at tc (clsact on 6.1, tcx on 6.12) and XDP; truth is what the host's ICMP counted."""

import unittest

from experiment import Experiment


class Guard(Experiment):
    experiment = "guard"

    def test_every_command_succeeds(self):
        for name in ("tc_attach", "tc_own", "tc_stats", "xdp_attach", "xdp_own", "xdp_stats", "all"):
            with self.subTest(name=name):
                self.assertEqual(self.kept.code(name), 0, self.kept.errors(name))

    def test_only_what_is_its_own_arrives(self):
        for round_number, hook in enumerate(("tc", "xdp"), 1):
            with self.subTest(hook=hook):
                self.assertNotEqual(self.kept.code(hook + "_other"), 0)
                self.assertEqual(self.kept.json(hook + "_echos")["kernel"]["IcmpInEchos"], 3 * round_number)
                tx = self.kept.json(hook + "_stats")["vnics"][0]["tx"]
                self.assertEqual(tx["drops"]["spoof"], 4 * round_number)
                self.assertEqual(tx["classes"]["ipv4_icmp"]["packets"], 7 * round_number)

    def test_nothing_is_left(self):
        self.assertEqual(self.kept.text("left"), "")


if __name__ == "__main__":
    unittest.main()
