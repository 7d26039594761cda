# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of attach, detach and apply after a step that changed something; one `weir apply` afterwards always mends
everything. How many steps there are is counted first."""
import concurrent.futures
import functools
import json
import os
import unittest

import footprint
import kills
import lab
from support.parts import in_all

NAMES = ("vnic0", "vnic1", "vnic2")
WANTED = {"schema_version": 1, "vnics": [{"interface": "vnic0", "tenant": "web", "flows": 64},
                                         {"interface": "vnic1", "tenant": "db", "flows": 128},
                                         {"interface": "vnic2", "tenant": "web", "flows": 64, "role": "uplink"}]}
OTHER = {"schema_version": 1, "vnics": [{"interface": "vnic1", "tenant": "db", "flows": 256},
                                        {"interface": "vnic2", "tenant": "mail", "flows": 64}]}


class Victim:
    """One namespace with three vNICs, and what is done to it."""

    # What is killed, and what is done first so that it has something to do.
    commands = (
        ("attach", ("detach", "--all"), ("attach", *NAMES), None),
        ("detach", None, ("detach", *NAMES), None),
        ("detach --all", None, ("detach", "--all"), None),
        ("apply from nothing", ("detach", "--all"), ("apply", "-"), WANTED),
        ("apply another", None, ("apply", "-"), OTHER),
        ("reload", None, ("attach", "vnic1", "--tenant", "db", "--flows", "128", "--reload"), None),
    )

    def __init__(self, test, way):
        self.test, self.way, self.lab = test, way, test.lab
        self.host, self.guest = self.lab.namespace(f"host-{way}"), self.lab.namespace(f"guest-{way}")
        for name in NAMES:
            self.lab.veth(self.host, name, self.guest, name)
        self.killed = 0
        self.mend()
        self.reference = self.picture()
        self.owned = len(footprint.owned(self.host))

    def hooks(self, words):
        return (*words, "--bpf-hooks", self.way) if words[0] in ("attach", "apply") else words

    def mend(self):
        return self.host.weir("apply", "-", "--bpf-hooks", self.way, stdin=json.dumps(WANTED))

    def prepare(self, words):
        self.mend()
        if words:
            self.host.weir(*words)

    def run(self, most):
        """Kills each command after so many of its steps, spread over all of them."""
        self.check("without any kill")
        for name, before, words, document in self.commands:
            words, stdin = self.hooks(words), json.dumps(document) if document else None
            for step in kills.each(most, functools.partial(self.prepare, before), self.host, *words, stdin=stdin):
                self.killed += 1
                mended = self.mend()
                self.check(f"{self.way}, {name} killed after step {step}: {mended}")
            self.check_counts()
        self.check_nothing_stays()

    def check_nothing_stays(self):
        objects = footprint.owned(self.host)
        self.test.assertEqual(len(objects), self.owned, "objects have piled up")
        self.host.weir("detach", "--all")
        self.test.assertFalse(os.path.exists(self.host.state_dir))
        self.test.assertEqual(footprint.attached(self.host), set())
        self.test.assertNotIn("clsact", footprint.qdiscs(self.host))
        footprint.wait_gone(objects)

    def picture(self):
        """All that has to be the same after every mending."""
        status = self.host.weir("status", "-j").json
        vnics = status["vnics"]
        return {"status": sorted((vnic["interface"], vnic["tenant"], vnic["role"], vnic["hooks"]["ingress"],
                                  vnic["hooks"]["egress"], tuple(vnic["notes"])) for vnic in vnics),
                "attached": sorted(entry[:3] for entry in footprint.attached(self.host)),
                "pins": sorted(pin for pin in self.host.pins() if not pin.startswith("slot")),
                "link pins": len([pin for pin in self.host.pins() if pin.startswith("slot")]),
                "filters": {name: len(text.splitlines()) for name in NAMES
                            for text in footprint.filters(self.host, name).values()},
                "clsact": footprint.qdiscs(self.host).count("clsact"),
                "export": self.host.weir("export").json}

    def check(self, why):
        self.test.assertEqual(self.picture(), self.reference, why)
        siblings = [name for name in os.listdir(lab.STATE) if name.startswith(f"net-{self.host.cookie}")]
        self.test.assertEqual(siblings, [f"net-{self.host.cookie}"], why)

    def check_counts(self):
        for name in NAMES:
            before = self.host.stats()[name]
            self.lab.sender(self.guest, name, "--count", 50).finish()
            after = self.host.stats()[name]
            way = "rx" if name == "vnic2" else "tx"
            self.test.assertEqual(after[way]["classes"]["ipv4_udp"]["packets"]
                                  - before[way]["classes"].get("ipv4_udp", {"packets": 0})["packets"], 50, name)


class TestKill(lab.Case):
    def kill(self, most):
        # Somebody else's state, so that each command finds the folders above it.
        bystander, _ = self.lab.pair()
        bystander.weir("attach", "vnic0")
        victims = [Victim(self, way) for way in ("tcx", "clsact")]
        # Both at once: the lock lets one weir work on the machine, while the other's test looks and checks.
        with concurrent.futures.ThreadPoolExecutor(len(victims)) as pool:
            runs = [pool.submit(victim.run, most) for victim in victims]
        for victim in victims:
            print(f"{victim.way}: {victim.killed} killed", flush=True)
        for run in runs:
            run.result()

    def test_kill(self):
        self.kill(2)

    @in_all("exact but long: after each step that there is")
    def test_kill_after_every_step(self):
        self.kill(1 << 20)


if __name__ == "__main__":
    unittest.main()
