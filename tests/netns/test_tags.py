# SPDX-License-Identifier: GPL-2.0-or-later
"""VLAN and QinQ tags, in the frame and beside it, GSO frames included: the ledger's error is still 0.

This kernel needs no VLAN device for it. A frame that arrives with a tag inside has it taken out and put
beside before any ingress hook (skb_vlan_untag); what a bridge forwards keeps it there; and bpf_skb_vlan_push
puts one beside at egress.
"""
import unittest

import lab
import measure
from support.parts import in_all

CLSACT = "exact but long: the same at clsact, which test_ledger has on every change"


class TestInFrame(lab.Case):
    """Raw frames with one and two tags inside: at the sender's egress they stand in the frame; at the receiver's
    ingress the outer one stands beside it."""

    frames = 1000

    def run_frames(self, way):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--bpf-hooks", way)
        guest.weir("attach", "eth0", "--role", "guest", "--bpf-hooks", way)
        points = [measure.Point(host, "vnic0", "vnic"), measure.Point(guest, "eth0", "guest")]
        gso = ("--size", 15_000, "--gso", 1380)
        for tags in ((), ("--vlan", 5), ("--vlan", 5, "--vlan", 6)):
            for words in (("--size", 200), ("--size", 200, "--ipv6"), (*gso, "--tcp"), (*gso, "--tcp", "--ipv6"), gso):
                with self.subTest(tags=tags, words=words):
                    with measure.Window(self.lab, points) as window:
                        out = self.lab.sender(guest, "eth0", "--count", self.frames, *tags, *words)
                        back = self.lab.sender(host, "vnic0", "--count", self.frames, *tags, *words)
                        sent, sent_back = out.finish().json, back.finish().json
                    window.check(self, at_least=self.frames)
                    self.assertEqual(window.truth_of(host, "vnic0")["in"]["tagged_frames"],
                                     sent["frames"] if tags else 0)
                    classes = window.ledger[points[0]]["tx"]["classes"]
                    kind = ("ipv6" if "--ipv6" in words else "ipv4") + ("_tcp" if "--tcp" in words else "_udp")
                    counted = {key: classes[kind][key] for key in measure.COUNTS}
                    self.assertEqual(counted, {key: sent[key] for key in measure.COUNTS})
                    self.assertEqual(window.truth_of(guest, "eth0")["in"]["tagged_frames"],
                                     sent_back["frames"] if tags else 0)

    def test_tcx(self):
        self.run_frames("tcx")

    @in_all(CLSACT)
    def test_clsact(self):
        self.run_frames("clsact")


class TestBeside(lab.Case):
    """TCP and UDP between two guests that tag all they send, over a bridge: the host's vNIC sees the tag beside the
    frame both ways, and so does a guest's Weir where the tag is pushed before it and popped after it."""

    programs = ("iperf3",)

    def guests(self, tags):
        host, one, two = self.lab.namespace("host"), self.lab.namespace("one"), self.lab.namespace("two")
        for number, guest in enumerate((one, two)):
            self.lab.veth(host, f"vnic{number}", guest, "eth0")
            lab.address(guest, "eth0", number + 1)
        self.lab.bridge(host, "br0", "vnic0", "vnic1")
        push = [word for tag in tags for word in ("--push", tag)]
        return host, one, two, push

    def run_tags(self, tags, way):
        host, one, two, push = self.guests(tags)
        host.weir("attach", "vnic0", "--bpf-hooks", way)
        one.weir("attach", "eth0", "--role", "guest", "--bpf-hooks", "tcx")
        for guest in (one, two):
            self.lab.foreign(guest, "tcx-egress", "eth0", "--first", *push)
            self.lab.foreign(guest, "tcx-ingress", "eth0", "--pop", len(tags))
        points = [measure.Point(host, "vnic0", "vnic"), measure.Point(one, "eth0", "guest")]
        for to in ("10.0.0.2", "fd00::2"):
            for words in (("-n", "10M", "--bidir"), ("-u", "-b", "200M", "-n", "1M", "--bidir", "-l", "1400")):
                with self.subTest(tags=tags, way=way, to=to, words=words):
                    with measure.Window(self.lab, points, [(two, "eth0"), (host, "vnic1")]) as window:
                        self.lab.iperf(one, two, to, *words)
                    window.check(self, together=700)
                    for side in ("in", "out"):
                        seen = window.truth_of(host, "vnic0")[side]
                        self.assertGreaterEqual(seen["tagged_frames"], 0.9 * seen["frames"],
                                                "no tags beside the frames")
                    if "-u" not in words:
                        self.assertGreater(window.truth_of(host, "vnic0")["in"]["gso_frames"], 0)

    def test_vlan_tcx(self):
        self.run_tags((5,), "tcx")

    @in_all(CLSACT)
    def test_vlan_clsact(self):
        self.run_tags((5,), "clsact")

    def test_qinq_tcx(self):
        self.run_tags((5, 6), "tcx")

    @in_all(CLSACT)
    def test_qinq_clsact(self):
        self.run_tags((5, 6), "clsact")


if __name__ == "__main__":
    unittest.main()
