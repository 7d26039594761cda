# SPDX-License-Identifier: GPL-2.0-or-later
"""Many vNICs in one document. Times are printed, not judged."""
import json
import os
import time
import unittest

import footprint
import lab
from support.parts import in_all


class TestMany(lab.Case):
    def make(self, count):
        self.host, self.guest = self.lab.namespace("host"), self.lab.namespace("guest")
        lines = [f"link add vnic{number} type veth peer name eth{number} netns {self.guest.name}"
                 for number in range(count)]
        lines += [f"link set vnic{number} up" for number in range(count)]
        lab.run("ip", "-n", self.host.name, "-batch", "-", stdin="\n".join(lines) + "\n")
        lab.run("ip", "-n", self.guest.name, "-batch", "-",
                stdin="".join(f"link set eth{number} up\n" for number in range(count)))
        self.names = {f"vnic{number}" for number in range(count)}

    def timed(self, what, *words, **options):
        start = time.monotonic()
        done = self.host.weir(*words, **options)
        print(f"{what}: {time.monotonic() - start:.2f} s", flush=True)
        return done

    def run_scale(self, way, count):
        self.make(count)
        some = (0, count // 2 - 1, count - 1)
        document = json.dumps({"schema_version": 1, "vnics": [
            {"interface": name, "tenant": f"tenant{index % 40}", "flows": 1024}
            for index, name in enumerate(sorted(self.names))]})
        self.timed(f"apply of {len(self.names)} vNICs ({way})", "apply", "-", "--bpf-hooks", way, stdin=document,
                   timeout=300)
        self.timed(f"the same again ({way})", "apply", "-", "--bpf-hooks", way, stdin=document, timeout=300)
        status = self.host.status()
        self.assertEqual(set(status), self.names)
        held = footprint.ours(footprint.attached(self.host))
        self.assertEqual({entry[:2] for entry in held}, {(f"{way}/{hook}", name) for name in self.names
                                                         for hook in ("ingress", "egress")})
        memory = {vnic["memory_bytes"] for vnic in status.values()}
        print(f"memory of a vNIC with room for 1024 flows: {sorted(memory)} bytes", flush=True)
        self.assertTrue(all(0 < each < 1 << 20 for each in memory), "a vNIC with 1024 flows costs less than 1 MiB")
        self.timed(f"reload of all ({way})", "apply", "-", "--reload", "--bpf-hooks", way, stdin=document, timeout=300)
        self.timed("stats", "stats", "-j")
        for number in some:
            self.lab.sender(self.guest, f"eth{number}", "--count", 100 + number).finish()
        stats = self.host.stats()
        for number in some:
            self.assertEqual(stats[f"vnic{number}"]["tx"]["classes"]["ipv4_udp"]["packets"], 100 + number)
        objects = footprint.owned(self.host)
        self.timed(f"detach --all ({way})", "detach", "--all", timeout=300)
        self.assertFalse(os.path.exists(self.host.state_dir))
        self.assertEqual(footprint.attached(self.host), set())
        self.assertNotIn("clsact", footprint.qdiscs(self.host))
        footprint.wait_gone(objects)

    def test_tcx(self):
        self.run_scale("tcx", 24)

    def test_clsact(self):
        self.run_scale("clsact", 24)

    @in_all("exact but long: two hundred")
    def test_tcx_two_hundred(self):
        self.run_scale("tcx", 200)

    @in_all("exact but long: two hundred")
    def test_clsact_two_hundred(self):
        self.run_scale("clsact", 200)


if __name__ == "__main__":
    unittest.main()
