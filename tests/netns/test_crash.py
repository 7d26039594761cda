# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 at random moments of attach, detach and apply; one `weir apply` afterwards always mends everything.

WEIR_KILLS says how many times, in all (default 120). The moments are spread over the whole run time of each command, which
is measured first; WEIR_SEED repeats a run as far as the machine's timing lets it.
"""
import json
import os
import random
import threading
import time
import unittest

import footprint
import lab

KILLS = int(os.environ.get("WEIR_KILLS", "120"))
SEED = int(os.environ.get("WEIR_SEED", str(random.randrange(1 << 30))))
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

    def __init__(self, test, way, number):
        self.test, self.way, self.lab = test, way, test.lab
        self.host, self.guest = self.lab.namespace(f"host-{way}-{number}"), self.lab.namespace(f"guest-{way}-{number}")
        for name in NAMES:
            self.lab.veth(self.host, name, self.guest, name)
        self.chance = random.Random(f"{SEED}/{way}/{number}")
        self.killed, self.finished, self.times = 0, 0, {}
        self.host.cookie  # read now, in the main thread

    def hooks(self, words):
        return (*words, "--bpf-hooks", self.way) if words[0] in ("attach", "apply") else words

    def mend(self):
        return self.host.weir("apply", "-", "--bpf-hooks", self.way, stdin=json.dumps(WANTED))

    def prepare(self, words):
        self.mend()
        if words:
            self.host.weir(*words)

    def measure(self):
        for name, before, words, document in self.commands:
            self.prepare(before)
            start = time.monotonic()
            self.host.weir(*self.hooks(words), stdin=json.dumps(document) if document else None)
            self.times[name] = time.monotonic() - start
        self.mend()
        self.reference = self.picture()

    def kill_once(self, index):
        name, before, words, document = self.commands[index % len(self.commands)]
        self.prepare(before)
        process = lab.Process(*self.host.argv(lab.tool("weir"), *self.hooks(words)))
        try:
            moment = time.monotonic() + self.chance.uniform(0, 1.05 * self.times[name])
            if document:
                process.popen.stdin.write(json.dumps(document))
            process.popen.stdin.close()
            time.sleep(max(0, moment - time.monotonic()))
            if process.popen.poll() is None:
                process.popen.kill()
                self.killed += 1
            else:
                self.finished += 1
        finally:
            process.kill()
        mended = self.mend()
        self.check(f"{self.way}, {name} killed (seed {SEED}): {mended}")

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
    def test_kill(self):
        # Two at a time: the lock lets one weir work on the machine, while the other's test looks and checks.
        victims = [Victim(self, "tcx", 0), Victim(self, "clsact", 1)]
        shares = (KILLS - KILLS // 3, KILLS // 3)
        for victim in victims:
            victim.measure()
            victim.check("without any kill")
        self.owned = {victim.way: len(footprint.owned(victim.host)) for victim in victims}
        failures = []

        def work(victim, share):
            try:
                for index in range(share):
                    victim.kill_once(index)
                    if failures:
                        return
                    if index % 25 == 0:
                        victim.check_counts()
            except BaseException as failure:  # of a thread: reported by the test itself
                failures.append(failure)

        start = time.monotonic()
        threads = [threading.Thread(target=work, args=pair) for pair in zip(victims, shares)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for victim in victims:
            times = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in victim.times.items())
            print(f"{victim.way}: {victim.killed} killed, {victim.finished} had finished; undisturbed: {times}")
        print(f"{time.monotonic() - start:.0f} s, seed {SEED}", flush=True)
        if failures:
            raise failures[0]
        killed = sum(victim.killed for victim in victims)
        self.assertGreater(killed, KILLS / 2, "too many ended before they could be killed")
        for victim in victims:
            victim.check_counts()
            objects = footprint.owned(victim.host)
            self.assertEqual(len(objects), self.owned[victim.way], "objects have piled up")
            victim.host.weir("detach", "--all")
            self.assertFalse(os.path.exists(victim.host.state_dir))
            self.assertEqual(footprint.attached(victim.host), set())
            self.assertNotIn("clsact", footprint.qdiscs(victim.host))
            footprint.wait_gone(objects)


if __name__ == "__main__":
    unittest.main()
