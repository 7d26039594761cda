# SPDX-License-Identifier: GPL-2.0-or-later
"""Every known frame, however odd, through a real interface: it passes, and it is counted in its class."""
import json
import unittest

import lab
import measure


class TestFrames(lab.Case):
    programs = ("ethtool",)
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.frames = [json.loads(line) for line in lab.run(lab.tool("send_frames"), "--list").out.splitlines()]

    def pair(self):
        """Two ends that say nothing by themselves: no addresses, no IPv6."""
        host, guest = self.lab.pair(up=False)
        for namespace, interface in ((host, "vnic0"), (guest, "eth0")):
            namespace.sysctl(net__ipv6__conf__all__disable_ipv6=1)
            namespace.ip("addr", "flush", "dev", interface)
            namespace.ip("link", "set", interface, "mtu", 9200, "up")
            namespace.ethtool(interface, gro=False)
        return host, guest

    def expected(self, frames):
        classes = {}
        for frame in frames:
            count = classes.setdefault(frame["class"], {"packets": 0, "bytes": 0})
            count["packets"] += 1
            count["bytes"] += frame["length_bytes"]
        return classes

    def check(self, ledger, frames):
        counted = {name: count for name, count in ledger["classes"].items() if count["packets"]}
        self.assertEqual(counted, self.expected(frames))
        self.assertEqual(ledger["packets"], len(frames))
        self.assertEqual(ledger["bytes"], sum(frame["length_bytes"] for frame in frames))
        self.assertEqual(ledger["drop_packets"], 0)
        no_flow = [frame for frame in frames if not frame["flow"]]
        self.assertEqual(ledger["untracked"]["no_flow"]["packets"], len(no_flow))

    def run_frames(self, attached_at, *words, role="vnic", all_arrive=False):
        """Weir at the host's end or at the guest's; the guest sends."""
        host, guest = self.pair()
        where = {"host": (host, "vnic0"), "guest": (guest, "eth0")}[attached_at]
        where[0].weir("attach", where[1], "--role", role, *words)
        arriving = [frame for frame in self.frames if frame["reaches_tc_ingress"]]
        self.assertGreater(len(arriving), 50, "the list of frames is not what it should be")
        with self.lab.truth(host, "vnic0") as inside, self.lab.truth(guest, "eth0") as sent:
            before = where[0].stats()[where[1]]["tx"]
            guest.run(lab.tool("send_frames"), "eth0")
        counted = measure.difference(where[0].stats()[where[1]]["tx"], before)
        self.assertEqual(sent.result["out"]["frames"], len(self.frames), "not every frame was sent")
        self.assertEqual(inside.result["in"]["frames"], len(arriving),
                         "not every frame that can arrived behind the hook")
        self.check(counted, self.frames if all_arrive else arriving)

    def test_tcx_ingress(self):
        self.run_frames("host", "--bpf-hooks", "tcx")

    def test_clsact_ingress(self):
        self.run_frames("host", "--bpf-hooks", "clsact")

    def test_xdp(self):
        self.run_frames("host", "--ingress-hook", "xdp", all_arrive=True)

    def test_tcx_egress(self):
        self.run_frames("guest", "--bpf-hooks", "tcx", role="guest", all_arrive=True)

    def test_clsact_egress(self):
        self.run_frames("guest", "--bpf-hooks", "clsact", role="guest", all_arrive=True)


if __name__ == "__main__":
    unittest.main()
