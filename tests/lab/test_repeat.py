# SPDX-License-Identifier: GPL-2.0-or-later
"""Under virtual time the same experiment gives the same figures, to three digits at least."""

import re
import unittest

import vm
from experiment import in_all, skip_without

PING_TIMES = re.compile(r"= ([\d.]+)/([\d.]+)/([\d.]+)/[\d.]+ ms")


def figures(kernel):
    kept = vm.Lab(kernel, virtual_time=True).run_one("repeat")
    minimum, mean, maximum = (float(text) for text in PING_TIMES.search(kept.text("ping")).groups())
    sent = kept.json("iperf")["end"]["sum_received"]
    return {"tcp_bps": sent["bits_per_second"], "ping_min_ms": minimum, "ping_mean_ms": mean, "ping_max_ms": maximum,
            "rx_packets": kept.json("stats")["vnics"][0]["rx"]["packets"], "uptime_s": kept.figure("uptime_s")}


@in_all("exact, but long: what the lab rests on, and nothing of Weir's changes it")
class Repeat(unittest.TestCase):
    def repeat(self, kernel):
        skip_without(kernel)
        first, second = figures(kernel), figures(kernel)
        print(f"\n{kernel}: {first}\n{kernel}: {second}", flush=True)
        for name, value in first.items():
            with self.subTest(figure=name):
                self.assertGreater(value, 0)
                self.assertEqual(f"{value:.3g}", f"{second[name]:.3g}")

    def test_on_6_1(self):
        self.repeat("6.1")

    def test_on_6_12(self):
        self.repeat("6.12")


if __name__ == "__main__":
    unittest.main()
