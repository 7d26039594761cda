# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's own delay is what netem adds inside the host, and nearly every packet has one."""

import unittest

from experiment import Experiment


class HostDelay(Experiment, every_change=["6.1"]):
    experiment = "host_delay"
    virtual_time = True

    def vnic(self, name, interface="web"):
        [found] = [vnic for vnic in self.kept.json(name)["vnics"] if vnic["interface"] == interface]
        return found

    def test_every_command_succeeds(self):
        for name in self.kept.names():
            with self.subTest(name=name):
                self.assertEqual(self.kept.code(name), 0, self.kept.errors(name) + self.kept.text(name))

    def test_added_delay_is_found(self):
        for delay_ms in (2, 10):
            host = self.vnic(f"latency_{delay_ms}")["host"]
            print(f"{self.kernel}: added {delay_ms} ms, tx p50 {host['tx']['p50_ns'] / 1e6:.4f} ms of "
                  f"{host['tx']['count']}, rx p50 {host['rx']['p50_ns'] / 1e6:.4f} ms", flush=True)
            self.assertGreater(host["tx"]["count"], 50)
            self.assertAlmostEqual(host["tx"]["p50_ns"] / 1e6, delay_ms, delta=0.05 * delay_ms)
            # The way back has no netem.
            self.assertLess(host["rx"]["p50_ns"], 1e6)

    def test_every_packet_is_measured(self):
        for direction in ("tx", "rx"):
            measured = (self.vnic("measured_after")["host"][direction]["count"]
                        - self.vnic("measured_before")["host"][direction]["count"])
            passed = (self.vnic("stats_after")[direction]["skbs"] - self.vnic("stats_before")[direction]["skbs"])
            with self.subTest(direction=direction):
                self.assertGreater(passed, 150)
                self.assertGreaterEqual(measured, 0.999 * passed)
                self.assertLessEqual(measured, passed)


if __name__ == "__main__":
    unittest.main()
