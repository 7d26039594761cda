# SPDX-License-Identifier: GPL-2.0-or-later
"""The drop tracer on stock kernels.

The tracepoint has three arguments on 6.1 and four on 6.12, and the reasons have other numbers.
"""

import re
import unittest

from experiment import Experiment


class Drops(Experiment):
    experiment = "drops"

    def packets(self, reason):
        return sum(row["packets"] for row in self.kept.json("drops")["drops"]
                   if (row["interface"], row["tenant"], row["direction"], row["reason"]) ==
                   ("web", "customer", "tx", reason))

    def test_every_command_succeeds(self):
        for name in ("keep", "attach", "drops", "stop", "all"):
            with self.subTest(name=name):
                self.assertEqual(self.kept.code(name), 0, self.kept.errors(name))

    def test_counts_are_the_kernels_own(self):
        ports = self.kept.json("nstat")["kernel"]["UdpNoPorts"]
        rule = int(re.search(r"counter packets (\d+)", self.kept.text("rule"))[1])
        self.assertGreater(ports, 0)
        self.assertGreater(rule, 0)
        self.assertEqual((self.packets("no_socket"), self.packets("netfilter_drop")), (ports, rule))

    def test_places_are_named(self):
        places = {row["location"].split("+")[0] for row in self.kept.json("drops")["drops"]
                  if row["reason"] == "no_socket"}
        self.assertIn("__udp4_lib_rcv", places)

    def test_nothing_is_left(self):
        self.assertEqual(self.kept.text("left"), "")


if __name__ == "__main__":
    unittest.main()
