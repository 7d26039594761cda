# SPDX-License-Identifier: GPL-2.0-or-later
"""A look back over a minute of many vNICs, with all rings full and every tenant loud; of 200 it takes
less than a second of CPU.

The rings are written by the bpf system call, as if the minute had passed: 200 tenants that do 20 things loudly each
would be more than this machine's traffic can be."""
import json
import random
import resource
import struct
import time
import unittest

import lab
import pinned
from support.abi import constant
from support.parts import in_all

BAR_SECONDS = 1.0
SLOT_NS = 100_000_000
SLOTS = constant("WEIR_PULSE_SLOTS")
CELLS = constant("WEIR_PULSE_CELLS")
DIRECTION = struct.Struct("=3Q22I")  # weir_pulse_direction


def direction(busy, rtt_ns, chance):
    """One that is loud in all ways at once, or quiet in all."""
    packets = (3000 if busy else 40) + chance.randrange(20)
    size = packets * 100
    return DIRECTION.pack(size, 10 * rtt_ns, 10_000, packets, packets, size // 3, packets // 3,
                          *[packets // 2] * 2, 0, *[packets // 2] * 4,
                          20 if busy else 0, 0, 0, 0, 10, 2 * rtt_ns, 0xffffffff - rtt_ns // 2, 10, 2000, 0, 0)


def ring(end, chance):
    """A full minute before slot `end`: two thirds of it quiet, the rest loud."""
    numbers, slots = [0] * SLOTS, [b""] * SLOTS
    phase = chance.randrange(60)
    for number in range(end - SLOTS, end):
        busy = (number + phase) % 90 < 30
        rtt_ns = chance.randrange(18_000_000, 22_000_000) if busy else chance.randrange(200_000, 400_000)
        numbers[number % SLOTS] = number + 1
        slots[number % SLOTS] = direction(busy, rtt_ns, chance) * 2
    return (struct.pack("=8QI60x", *[0] * 8, 0) + struct.pack(f"={SLOTS}Q", *numbers) + bytes(32 * CELLS) +
            b"".join(slots))


class LookBack(lab.Case):
    def loud(self, count):
        """A host with so many vNICs whose rings are full."""
        host, guest = self.lab.namespace("host"), self.lab.namespace("guest")
        lines = [f"link add vnic{number} type veth peer name eth{number} netns {guest.name}" for number in range(count)]
        lab.run("ip", "-n", host.name, "-batch", "-", stdin="\n".join(lines) + "\n")
        host.weir("apply", "-", timeout=300, stdin=json.dumps({"schema_version": 1, "vnics": [
            {"interface": f"vnic{number}", "tenant": f"tenant{number}", "flows": 1024} for number in range(count)]}))
        chance = random.Random(1)
        size = len(ring(SLOTS, chance))
        with pinned.Map.pinned(f"{host.state_dir}/pulses", 4) as outer:
            inner = [struct.unpack("=I", outer[slot])[0] for slot in range(count)]
        end = time.monotonic_ns() // SLOT_NS
        rings = [ring(end, chance) for _ in range(max(1, count // 4))]
        for slot, number in enumerate(inner):
            with pinned.Map.by_id(number, size) as values:
                values[0] = rings[slot % len(rings)]
        return host

    def look_back(self, host):
        report = host.weir("noisy", "-j", ok=(0, 3)).json
        self.assertGreater(report["window_ns"], 55_000_000_000)
        self.assertTrue(report["dismissed"] or report["neighbours"], "the rings had nothing to look at")
        return report

    def test_8_vnics_with_full_rings(self):
        self.look_back(self.loud(8))

    @in_all("statistical: CPU time")
    def test_200_vnics_take_less_than_a_second(self):
        host = self.loud(200)
        took = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.look_back(host)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            took.append((after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime))
        print("a look back over a minute of 200 vNICs: " +
              ", ".join(f"{user + system:.2f} s of CPU ({system:.2f} in the kernel)" for user, system in took),
              flush=True)
        self.assertLess(min(user + system for user, system in took), BAR_SECONDS)


if __name__ == "__main__":
    unittest.main()
