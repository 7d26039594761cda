# SPDX-License-Identifier: GPL-2.0-or-later
"""Round-trip times are those that netem was set to, each on its side of the vNIC."""

import itertools
import unittest

import vm
from experiment import Experiment, Since, in_all

# What the other side of the vNIC has no delay of.
SIDES = {"network": 0, "tenant": 1}


ALL_DELAYS = "5:1-20:10-80:1"


class Rtt(Experiment, every_change=["6.12"]):
    virtual_time = True
    cases = Since({
        "6.1": {"all": vm.case("rtt", delays=ALL_DELAYS)},
        "6.12": {
            "20:10": vm.case("rtt", delays="20:10"),
            "all": in_all("exact, but long: one pair of delays on every change")(vm.case("rtt", delays=ALL_DELAYS)),
        },
    })

    def played(self):
        """(what an experiment kept, its pairs of delays) of each case."""
        return [(self._of(case), vm.settings_of(case)["delays"].split("-")) for case in self.cases.values()]

    def check(self, kept, case, side, set_ms, least_samples):
        report = kept.json("latency_" + case)
        [vnic] = report["vnics"]
        measured = vnic["rtt"][side]
        print(f"{self.kernel} {case} {side}: set {set_ms} ms, p50 {measured['p50_ns'] / 1e6:.3f} ms, "
              f"{measured['count']} samples", flush=True)
        self.assertGreaterEqual(measured["count"], least_samples)
        self.assertAlmostEqual(measured["p50_ns"] / 1e6, set_ms, delta=0.02 * set_ms + 0.1)
        # No sample is shorter than the delay: an acknowledgement of the first of two would be.
        self.assertGreater(measured["buckets"][0][1] / 1e6, set_ms)

    def test_every_command_succeeds(self):
        for kept, _ in self.played():
            for name in kept.names():
                with self.subTest(name=name):
                    self.assertEqual(kept.code(name), 0, kept.errors(name) + kept.text(name))

    def test_tcp(self):
        for kept, pairs in self.played():
            for timestamps, loss, family, delays in itertools.product((1, 0), (0, 1), (4, 6), pairs):
                case = f"ts{timestamps}.loss{loss}.ip{family}.{delays}"
                for side, place in SIDES.items():
                    with self.subTest(case=case, side=side):
                        self.check(kept, case, side, int(delays.split(":")[place]), 15)

    def test_echo(self):
        for kept, pairs in self.played():
            for family, delays in itertools.product((4, 6), pairs):
                with self.subTest(family=family, delays=delays):
                    self.check(kept, f"echo.{family}.{delays}", "network", int(delays.split(":")[0]), 15)

    def test_retransmissions_are_named(self):
        """The loss is on the network's side: what the tenant sent again was lost there."""
        for kept, pairs in self.played():
            again = lost = 0
            for timestamps, family, delays in itertools.product((1, 0), (4, 6), pairs):
                [vnic] = kept.json(f"latency_ts{timestamps}.loss1.ip{family}.{delays}")["vnics"]
                again += vnic["tcp"]["tx"]["retransmits"]
                lost += vnic["tcp"]["tx"]["unseen"]
            self.assertGreater(again, 6 * len(pairs))
            self.assertEqual(lost, 0)


if __name__ == "__main__":
    unittest.main()
