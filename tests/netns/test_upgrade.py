# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs are replaced under traffic (`weir attach --reload`): counters go on, no packet is missed."""
import unittest

import lab
import measure
from support.parts import in_all

RATE = 20_000


class TestReload(lab.Case):
    def reload(self, way, *hook, reloads=5):
        host, guest = self.lab.pair()
        attach = ("attach", "vnic0", "--bpf-hooks", way, *hook)
        host.weir(*attach)
        point = measure.Point(host, "vnic0", "vnic", peer=(guest, "eth0") if hook else None)
        program_ids = set()
        with measure.Window(self.lab, [point], [(guest, "eth0")]) as window:
            out = self.lab.sender(guest, "eth0", "--count", 0, "--rate", RATE, "--cpu", 0)
            back = self.lab.sender(host, "vnic0", "--count", 0, "--rate", RATE, "--cpu", 0)
            last, enough = 0, host.stats()["vnic0"]["tx"]["packets"] + 1000
            for _ in range(reloads):
                done = host.weir(*attach, "--reload")
                self.assertIn("replaced", done.out + done.err)
                program_ids |= self.ids(host)
                lab.wait_for(lambda last=last: host.stats()["vnic0"]["tx"]["packets"] > last, "the counters to go on")
                last = host.stats()["vnic0"]["tx"]["packets"]
            lab.wait_for(lambda: host.stats()["vnic0"]["tx"]["packets"] > enough, "traffic", timeout=60)
            sent, sent_back = out.stop().json, back.stop().json
        self.assertGreater(len(program_ids), reloads, "the programs were not replaced")
        window.check(self, at_least=1_000)
        for way, one in (("tx", sent), ("rx", sent_back)):
            counted = window.ledger[point][way]["classes"]["ipv4_udp"]
            self.assertEqual({key: one[key] - counted[key] for key in measure.COUNTS}, {"packets": 0, "bytes": 0},
                             "sent - counted")
            self.assertEqual(one["refused"], 0)
        sums, ledger = measure.flow_sums(host, "vnic0")
        self.assertEqual(sums, ledger)

    def ids(self, host):
        """Of the programs that are pinned now."""
        ids = set()
        for pin in host.pins():
            done = lab.run("bpftool", "-j", "prog", "show", "pinned", f"{host.state_dir}/{pin}", ok=None)
            if done.code == 0 and "id" in done.json:
                ids.add(done.json["id"])
        return ids

    def test_tcx(self):
        self.reload("tcx")

    def test_clsact(self):
        self.reload("clsact")

    def test_xdp(self):
        self.reload("tcx", "--ingress-hook", "xdp")

    @in_all("exact but long: twenty times")
    def test_twenty_times(self):
        for hooks in (("tcx",), ("clsact",), ("tcx", "--ingress-hook", "xdp")):
            self.reload(*hooks, reloads=20)


if __name__ == "__main__":
    unittest.main()
