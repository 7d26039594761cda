# SPDX-License-Identifier: GPL-2.0-or-later
"""Fair share of an uplink as rates on the wire, with real datagrams and a receiver of its own at the uplink's other
end. What the tick grants, and that it is exact, is test_share.py's.

Three guests at a bridge, each sending one and a half times what the uplink carries. Datagrams, as this kernel has no
fq: what is over a rate is dropped, and TCP would measure its own recovery. Under a shaped share it is the lab's."""
import json
import os
import subprocess
import sys
import time
import unittest

import lab
from support.parts import in_all
from uplink import Uplink

UDP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "udp.py")
CAPACITY = 14_000_000
PAYLOAD = 1200  # 1,242 bytes of layer 2: 40 packets in 50 ms at a share of 8 Mbit/s
PORT = 5000
MS = 1_000_000
TOLERANCE = 0.02


@in_all("statistical: rates of senders that may have to wait for a CPU")
class ShareRates(Uplink):
    programs = ("bpftool", "ping")

    def setUp(self):
        """Mode mark needs no fq, and these datagrams cannot be marked: they pass while the virtual queue is shorter
        than its horizon of 100 ms. So a sender that a busy machine lets wait is not taken for idle."""
        self.share("14mbit", "mark")

    def receiver(self, namespace=None, address="10.0.0.1"):
        process = (namespace or self.net).start(sys.executable, UDP, "receive", address, PORT)
        process.wait_line("ready")
        return process

    def sender(self, guest, seconds, rate=1.5 * CAPACITY, to="10.0.0.1"):
        process = guest.start(sys.executable, UDP, "send", to, PORT, rate, PAYLOAD, seconds)
        process.wait_line("ready")
        return process

    @staticmethod
    def rate(bins, begin_ns, end_ns):
        """Bits per second of a receiver's bins within a time of CLOCK_MONOTONIC."""
        return sum(size for at, size in bins if begin_ns <= at < end_ns) * 8e9 / (end_ns - begin_ns)

    def rates(self, receiver, begin_ns, end_ns, sources=3):
        seen = receiver.stop().json
        self.assertEqual(len(seen), sources, "as many senders as there should be")
        return [self.rate(seen.get(f"10.0.0.{10 + i}", []), begin_ns, end_ns) for i in range(3)]

    def blast(self, guests=None, seconds=2.5, settle=0.5):
        """All of them, one and a half times the uplink each; what arrived of each after a settling time."""
        guests = self.guests if guests is None else guests
        receiver = self.receiver()
        senders = [self.sender(guest, seconds) for guest in guests]
        begin = time.monotonic_ns() + int(settle * 1e9)
        end = begin + int((seconds - settle - 0.3) * 1e9)
        for sender in senders:
            offered = sender.finish().json["bytes"] * 8 / seconds
            self.assertGreater(offered, 1.2 * CAPACITY, "the sender could not overload the uplink: nothing is tested")
        return self.rates(receiver, begin, end, len(guests))

    def assert_rates(self, measure, wanted_mbit):
        """Up to three times: a sender that the machine did not let run has asked for nothing; its share was lent."""
        tries = []
        for _ in range(3):
            tries.append(rates := measure())
            pairs = zip(rates, wanted_mbit, strict=True)
            if all(abs(rate / 1e6 - wanted) <= wanted * TOLERANCE for rate, wanted in pairs):
                return
        self.fail(f"{tries} for {wanted_mbit}")

    def tick(self):
        """The timer's own words, without weir."""
        dump = subprocess.run(["bpftool", "-j", "map", "dump", "pinned", f"{self.host.state_dir}/tick"],
                              capture_output=True, check=True, text=True)
        return json.loads(dump.stdout)[0]["formatted"]["value"]["state"]

    def test_weights_with_nobody_there(self):
        # Whoever armed the timer has exited; one that reads is killed. There is no other process of weir's.
        reader = self.host.start(lab.tool("weir"), "stats", "--duration", "60")
        time.sleep(0.2)
        reader.kill()
        before = self.tick()["ticks"]
        self.assert_rates(self.blast, (2, 4, 8))
        self.assertGreater(self.tick()["ticks"] - before, 400, "a tick every 4 ms for 2.5 s, some late")

    def test_what_idle_tenants_leave_is_lent(self):
        self.assert_rates(lambda: self.blast(self.guests[:2]), (14 / 3, 28 / 3, 0))

    def test_a_waking_tenant_has_its_share_at_once(self):
        # Without much of a burst to begin with.
        self.host.weir("limit", "set", "vnic2", "--mode", "police")
        receiver = self.receiver()
        senders = [self.sender(guest, 3) for guest in self.guests[:2]]
        time.sleep(1)
        senders.append(self.sender(self.guests[2], 1.5))
        for sender in senders:
            sender.finish()
        seen = receiver.stop().json
        bins = seen["10.0.0.12"]
        woke = bins[0][0]
        # Since it woke, and not in each bin: a sender that has to wait for a CPU once sends less in one.
        for end in range(50, 1001, 50):
            rate = self.rate(bins, woke, woke + end * MS)
            self.assertGreater(rate, 0.9 * 8e6, f"in the first {end} ms")
        # And the others are back at theirs.
        for source, share in (("10.0.0.10", 2e6), ("10.0.0.11", 4e6)):
            rate = self.rate(seen[source], woke + 100 * MS, woke + 1100 * MS)
            self.assertAlmostEqual(rate, share, delta=share * TOLERANCE)

    def test_min_and_max_hold(self):
        self.host.weir("limit", "set", "vnic0", "--tx-min", "7mbit")
        self.assert_rates(self.blast, (7, 7 / 3, 14 / 3))
        self.host.weir("limit", "set", "vnic0", "--tx-min", "none")
        self.host.weir("limit", "set", "vnic2", "--tx-max", "2mbit")
        self.assert_rates(self.blast, (4, 8, 2))

    def test_receiving_is_shared_too(self):
        def measure():
            receivers = [self.receiver(guest, f"10.0.0.{10 + i}") for i, guest in enumerate(self.guests)]
            senders = [self.sender(self.net, 2.5, to=f"10.0.0.{10 + i}") for i in range(3)]
            begin = time.monotonic_ns() + 500 * MS
            for sender in senders:
                sender.finish()
            return [self.rate(receiver.stop().json["10.0.0.1"], begin, begin + 1700 * MS) for receiver in receivers]

        self.assert_rates(measure, (2, 4, 8))

    def test_a_tenant_of_no_limits_has_a_share(self):
        self.host.weir("limit", "clear", "--all")
        self.assert_rates(self.blast, (14 / 3, 14 / 3, 14 / 3))


if __name__ == "__main__":
    unittest.main()
