# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs are replaced under traffic (`weir attach --reload`): counters go on, no packet is missed. And which of
them are there at all."""
import json
import os
import unittest

import footprint
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
            lab.wait_for(lambda: host.stats()["vnic0"]["tx"]["packets"] > enough, "traffic")
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


class TestOnDemand(lab.Case):
    """The programs of XDP and of fair share come with the first interface that needs them."""

    UPLINK = ("attach", "up0", "--role", "uplink", "--capacity", "1gbit")
    XDP = ("attach", "vnic0", "--ingress-hook", "xdp")

    def setUp(self):
        self.host, self.guest = self.lab.pair()
        self.lab.veth(self.host, "up0", self.guest, "up0")
        self.host.weir("attach", "vnic0")
        self.always = self.pinned()

    def pinned(self):
        return {pin for pin in self.host.pins() if pin.startswith("prog_")}

    def test_each_comes_when_it_is_needed_and_is_reloaded_from_then_on(self):
        self.host.weir(*self.UPLINK)
        self.assertEqual(self.pinned() - self.always, {"prog_tick"})
        self.host.weir(*self.XDP)
        self.assertEqual(self.pinned() - self.always, {"prog_tick", "prog_xdp"})
        self.assertEqual(self.host.status()["vnic0"]["hooks"]["ingress"], "xdp")
        ids = self.ids()
        self.host.weir(*self.XDP, "--reload")
        self.assertEqual(self.ids().keys(), ids.keys())
        self.assertFalse(set(self.ids().values()) & set(ids.values()), "one was not replaced")
        attached = {entry[2]: entry[3] for entry in footprint.attached(self.host) if entry[1] == "vnic0"}
        self.assertEqual(attached["weir_xdp"], self.ids()["prog_xdp"])

    def ids(self):
        return {pin: lab.run("bpftool", "-j", "prog", "show", "pinned", f"{self.host.state_dir}/{pin}").json["id"]
                for pin in self.pinned()}

    def test_one_that_cannot_be_had_changes_nothing(self):
        before = self.host.weir("export").out, self.host.status()["vnic0"]["hooks"]
        for pin, words in (("prog_tick", self.UPLINK), ("prog_xdp", self.XDP)):
            # Another owner's thing stands where the program is to be pinned.
            os.mkdir(f"{self.host.state_dir}/{pin}")
            document = {"schema_version": 1, "vnics": [{"interface": "vnic0"}],
                        "limits": [{"tenant": "web", "tx_max": "20mbit"}]}
            document["vnics"] += [{"interface": "up0", "role": "uplink", "capacity": "1gbit"}] if "up0" in words else []
            document["vnics"][0] |= {"ingress_hook": "xdp"} if "xdp" in words else {}
            for command, stdin in ((words, None), (("apply", "-"), json.dumps(document))):
                done = self.host.weir(*command, stdin=stdin, ok=(4,))
                self.assertIn(pin, done.err)
                self.assertEqual((self.host.weir("export").out, self.host.status()["vnic0"]["hooks"]), before, command)
            os.rmdir(f"{self.host.state_dir}/{pin}")
            self.host.weir(*words)
            self.host.weir("detach", words[1])
            self.host.weir("attach", "vnic0")


if __name__ == "__main__":
    unittest.main()
