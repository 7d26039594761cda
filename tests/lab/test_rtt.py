# SPDX-License-Identifier: GPL-2.0-or-later
"""Round-trip times are those that netem was set to, each on its side of the vNIC."""

import unittest

from experiment import Experiment

# What the other side of the vNIC has no delay of.
SIDES = {"network": 0, "tenant": 1}


class Rtt(Experiment, every_change=["6.12"]):
    experiment = "rtt"
    virtual_time = True

    def check(self, case, side, set_ms, least_samples):
        report = self.kept.json("latency_" + case)
        [vnic] = report["vnics"]
        measured = vnic["rtt"][side]
        print(f"{self.kernel} {case} {side}: set {set_ms} ms, p50 {measured['p50_ns'] / 1e6:.3f} ms, "
              f"{measured['count']} samples", flush=True)
        self.assertGreaterEqual(measured["count"], least_samples)
        self.assertAlmostEqual(measured["p50_ns"] / 1e6, set_ms, delta=0.02 * set_ms + 0.1)
        # No sample is shorter than the delay: an acknowledgement of the first of two would be.
        self.assertGreater(measured["buckets"][0][1] / 1e6, set_ms)

    def test_every_command_succeeds(self):
        for name in self.kept.names():
            with self.subTest(name=name):
                self.assertEqual(self.kept.code(name), 0, self.kept.errors(name) + self.kept.text(name))

    def test_tcp(self):
        for timestamps in (1, 0):
            for loss in (0, 1):
                for family in (4, 6):
                    for delays in ("5:1", "20:10", "80:1"):
                        case = f"ts{timestamps}.loss{loss}.ip{family}.{delays}"
                        for side, place in SIDES.items():
                            with self.subTest(case=case, side=side):
                                self.check(case, side, int(delays.split(":")[place]), 15)

    def test_echo(self):
        for family in (4, 6):
            for delays in ("5:1", "20:10"):
                with self.subTest(family=family, delays=delays):
                    self.check(f"echo.{family}.{delays}", "network", int(delays.split(":")[0]), 15)

    def test_retransmissions_are_named(self):
        """The loss is on the network's side: what the tenant sent again was lost there."""
        again = lost = 0
        for timestamps in (1, 0):
            for family in (4, 6):
                for delays in ("5:1", "20:10", "80:1"):
                    [vnic] = self.kept.json(f"latency_ts{timestamps}.loss1.ip{family}.{delays}")["vnics"]
                    again += vnic["tcp"]["tx"]["retransmits"]
                    lost += vnic["tcp"]["tx"]["unseen"]
        self.assertGreater(again, 20)
        self.assertEqual(lost, 0)


if __name__ == "__main__":
    unittest.main()
