# SPDX-License-Identifier: GPL-2.0-or-later
"""Doctor on stock kernels: the first finding is what was done, its count is the truth's, and no advice is dead."""

import unittest

from experiment import Experiment

# The lab's CPU is emulated and may be held back by its host.
OF_THE_MACHINE = {"cpu_steal", "time_squeeze"}


class Doctor(Experiment, every_change=["6.12"]):
    experiment = "doctor"

    def findings(self, name):
        return [finding for finding in self.kept.json(name)["findings"] if finding["id"] not in OF_THE_MACHINE]

    def check(self, name, cause, confidence, code=3):
        findings = self.findings(name)
        self.assertTrue(findings, f"{name}: nothing was found")
        first = findings[0]
        print(f"{self.kernel} {name}: {first['id']} {first['count']} ({first['severity']}, {first['confidence']}), "
              f"truth {self.kept.figure(name):.0f}", flush=True)
        self.assertEqual(first["id"], cause, findings)
        self.assertEqual(first["confidence"], confidence, first)
        self.assertEqual(first["count"], self.kept.figure(name))
        self.assertGreater(first["count"], 0)
        self.assertEqual(self.kept.code(name), code)

    def test_healthy(self):
        self.assertEqual([f for f in self.findings("healthy") if f["severity"] != "info"], [])

    def test_closed_port(self):
        self.check("closed_port", "udp_closed_port", "high", code=0)

    def test_firewall(self):
        self.check("firewall", "netfilter_drop", "high")

    def test_fq_overflow(self):
        self.check("fq", "qdisc_overflow", "high")

    def test_connection_table_full(self):
        self.check("conntrack", "conntrack_full", "high")
        self.assertEqual([f for f in self.findings("conntrack_mended") if f["id"].startswith("conntrack")], [])

    def test_no_advice_is_dead(self):
        self.assertGreater(len(self.kept.text("sysctls").split()), 15)
        self.assertEqual(self.kept.text("dead").split(), [])


if __name__ == "__main__":
    unittest.main()
