# SPDX-License-Identifier: GPL-2.0-or-later
"""Several weir processes at once: each does its work or refuses clearly, and what stands afterwards is whole."""
import json
import os
import random
import unittest

import footprint
import lab

VNICS = 8


class TestTogether(lab.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host, cls.guest = cls.lab.namespace("host"), cls.lab.namespace("guest")
        for number in range(VNICS):
            cls.lab.veth(cls.host, f"vnic{number}", cls.guest, f"eth{number}")

    def tearDown(self):
        self.host.weir("detach", "--all")
        self.assertFalse(os.path.exists(self.host.state_dir))
        self.assertEqual(footprint.ours(footprint.attached(self.host)), set())

    def at_once(self, *commands, stdins=None):
        """Starts all, then waits for all; returns what each said."""
        running = [self.host.start(lab.tool("weir"), *words) for words in commands]
        for process, text in zip(running, stdins or (), strict=False):
            process.popen.stdin.write(text)
        done = [process.finish(ok=None) for process in running]
        for one in done:
            self.assertIn(one.code, (0, 1), str(one))
            self.assertRegex(one.err, r"\A([^\n]+\n)*\Z" if one.code == 0 else r"\A[^\n]+\n\Z", str(one))
        return done

    def check_whole(self, wanted):
        """Exactly these are attached, by both hooks each, and each counts."""
        self.assertEqual(set(self.host.status()), set(wanted))
        held = footprint.ours(footprint.attached(self.host))
        self.assertEqual({entry[:2] for entry in held},
                         {(f"tcx/{way}", name) for name in wanted for way in ("ingress", "egress")})
        self.assertEqual(len(held), 2 * len(wanted))
        self.assertEqual(len([pin for pin in self.host.pins() if pin.startswith("slot")]), 2 * len(wanted))
        for name in wanted:
            before = self.host.stats()[name]["tx"]["packets"]
            self.lab.sender(self.guest, name.replace("vnic", "eth"), "--count", 20).finish()
            self.assertGreaterEqual(self.host.stats()[name]["tx"]["packets"], before + 20)

    def test_two_attach_different(self):
        for _ in range(5):
            done = self.at_once(("attach", "vnic0"), ("attach", "vnic1"))
            self.assertEqual([one.code for one in done], [0, 0], "\n".join(map(str, done)))
            self.check_whole(["vnic0", "vnic1"])
            done = self.at_once(("detach", "vnic0"), ("detach", "vnic1"))
            self.assertEqual([one.code for one in done], [0, 0], "\n".join(map(str, done)))
            self.assertFalse(os.path.exists(self.host.state_dir))

    def test_two_attach_the_same(self):
        for _ in range(5):
            done = self.at_once(("attach", "vnic0"), ("attach", "vnic0"))
            self.assertEqual([one.code for one in done], [0, 0], "\n".join(map(str, done)))
            self.check_whole(["vnic0"])
            done = self.at_once(("detach", "vnic0"), ("detach", "vnic0"))
            self.assertEqual(sorted(one.code for one in done), [0, 1], "one detaches, the other has nothing to detach")
            self.assertFalse(os.path.exists(self.host.state_dir))

    def test_eight_attach(self):
        names = [f"vnic{number}" for number in range(VNICS)]
        done = self.at_once(*(("attach", name) for name in names))
        self.assertEqual([one.code for one in done], [0] * VNICS, "\n".join(map(str, done)))
        self.check_whole(names)
        done = self.at_once(*(("detach", name) for name in names))
        self.assertEqual([one.code for one in done], [0] * VNICS, "\n".join(map(str, done)))

    def test_eight_of_every_kind(self):
        """Attach, detach, detach --all, reload and readers, all mixed. Whatever order they
        took, one apply sets it right."""
        chance = random.Random(3)
        kinds = [("attach", "vnic0"), ("attach", "vnic1", "--reload"), ("detach", "vnic0"), ("detach", "--all"),
                 ("attach", "vnic2", "vnic3"), ("stats", "-j"), ("status", "-j"), ("flows", "-j")]
        document = json.dumps({"schema_version": 1, "vnics": [{"interface": "vnic5"}, {"interface": "vnic6"}]})
        for _ in range(6):
            self.at_once(*chance.sample(kinds, len(kinds)))
            self.host.weir("apply", "-", stdin=document)
            self.check_whole(["vnic5", "vnic6"])

    def test_two_apply(self):
        documents = [json.dumps({"schema_version": 1, "vnics": [{"interface": name} for name in names]})
                     for names in (("vnic0", "vnic1"), ("vnic1", "vnic2"))]
        for _ in range(4):
            done = self.at_once(("apply", "-"), ("apply", "-"), stdins=documents)
            self.assertEqual([one.code for one in done], [0, 0], "\n".join(map(str, done)))
            attached = sorted(self.host.status())
            self.assertIn(attached, [["vnic0", "vnic1"], ["vnic1", "vnic2"]], "a mixture of two documents")
            self.check_whole(attached)


if __name__ == "__main__":
    unittest.main()
