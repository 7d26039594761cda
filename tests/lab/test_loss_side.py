# SPDX-License-Identifier: GPL-2.0-or-later
"""Retransmissions are as many as the sender's kernel counts, and the side that lost them is named right."""

import unittest

from experiment import Experiment


class LossSide(Experiment, every_change=["6.1"]):
    experiment = "loss_side"
    virtual_time = True

    def counted(self, side):
        [vnic] = self.kept.json("latency_" + side)["vnics"]
        flows = [flow for flow in self.kept.json("flows_" + side)["flows"] if flow["tx"]["bytes"] > 1_000_000]
        self.assertEqual(len(flows), 1)
        lost = flows[0]["lost"]
        print(f"{self.kernel} loss on the {side}'s side: the sender's kernel "
              f"{self.kept.figure('retransmits_' + side):.0f}, of which lost again "
              f"{self.kept.figure('lost_again_' + side):.0f}, Weir {vnic['tcp']['tx']['retransmits']}, lost {lost}",
              flush=True)
        return vnic["tcp"]["tx"]["retransmits"], lost

    def test_loss_behind_the_vnic(self):
        truth = self.kept.figure("retransmits_network")
        counted, lost = self.counted("network")
        self.assertGreater(truth, 100)
        self.assertAlmostEqual(counted, truth, delta=0.01 * truth)
        self.assertGreater(lost["network"], 0.95 * (lost["network"] + lost["tenant"]))

    def test_loss_before_the_vnic(self):
        """What is lost before the vNIC once more, when it is sent again, was never seen: the sender knows how many. Nor
        is there a gap where the last frame of a flight is lost: of 20 runs, one had such, and was two packets short."""
        sent_again, lost_again = (self.kept.figure(name + "_tenant") for name in ("retransmits", "lost_again"))
        truth = sent_again - lost_again
        counted, lost = self.counted("tenant")
        self.assertGreater(truth, 100)
        self.assertLessEqual(counted, sent_again)
        self.assertAlmostEqual(counted, truth, delta=0.02 * truth)
        self.assertGreater(lost["tenant"], lost["network"])


if __name__ == "__main__":
    unittest.main()
