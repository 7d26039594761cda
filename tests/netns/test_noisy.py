# SPDX-License-Identifier: GPL-2.0-or-later
"""weir noisy: the pulse counts what the ledger counts; recorded and live scenarios; the remedy mends."""
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "noisy"))
import lab
import measure
import remedy
import suite
from support.parts import in_all

SLOT_NS = 100_000_000


def recorded_sums(window, interface):
    vnic = next(vnic for vnic in window["vnics"] if vnic["interface"] == interface)
    return {way: {key: sum(vnic[way].get(key, [])) for key in ("packets", "bytes")} for way in ("tx", "rx")}


class Pulse(lab.Case):
    programs = ("iperf3",)

    def test_the_sum_of_all_slots_is_the_ledger(self):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "window.json")
            before = host.stats()["vnic0"]
            recorder = host.watch("record", path)
            for words in (("-n", "20M"), ("-n", "20M", "-R"), ("-u", "-b", "20M", "-n", "1M", "-l", "100")):
                self.lab.iperf(guest, host, "10.0.0.1", *words)
            measure.settle([measure.Point(host, "vnic0")])
            recorder.finish()
            after = host.stats()["vnic0"]
            with open(path, encoding="utf-8") as file:
                window = json.load(file)
        for way in ("tx", "rx"):
            ledger = {key: after[way][key] - before[way][key] for key in ("packets", "bytes")}
            self.assertGreater(ledger["packets"], 1000)
            self.assertEqual(recorded_sums(window, "vnic0")[way], ledger, way)

    def test_a_burst_within_a_millisecond_is_its_peak(self):
        """A burst at the edge of a millisecond, or one that the machine interrupts, has a lower peak: none has a
        higher one, and one of them is whole."""
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0")
        # 20 frames of 1,242 bytes by one system call, with nobody at the other end whom they would wake.
        whole = 20 * 1242
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "window.json")

            def peaks():
                recorder = host.watch("record", path)
                # The slot of a burst is closed by the first packet of a later one.
                for _ in range(4):
                    slot = time.monotonic_ns() // SLOT_NS
                    self.lab.sender(guest, "eth0", "--count", "20", "--size", "1242").finish()
                    lab.wait_for(lambda slot=slot: time.monotonic_ns() // SLOT_NS > slot + 1, "the next slot")
                recorder.finish()
                with open(path, encoding="utf-8") as file:
                    found = json.load(file)["vnics"][0]["tx"]["peak_bytes"]
                self.assertLessEqual(max(found), whole)
                return found

            lab.wait_for(lambda: whole in peaks(), "a whole burst")

    def test_a_look_back_needs_nobody_to_watch(self):
        host, guest = self.lab.pair()
        host.weir("attach", "vnic0", "--tenant", "web")
        guest.run("ping", "-c", "20", "-i", "0.05", "-q", "10.0.0.1")
        done = host.weir("noisy", "-j")
        self.assertEqual(done.json["neighbours"], [])
        self.assertGreater(done.json["window_ns"], 1_000_000_000)


class Thresholds(lab.Case):
    """They are no part of the running state, and apply says so."""

    def test_apply_leaves_them_and_noisy_takes_them(self):
        host, _ = self.lab.pair()
        document = json.dumps({"schema_version": 1, "vnics": [{"interface": "vnic0"}], "noisy": {"hog_bps": 77}})
        done = host.weir("apply", "-", stdin=document)
        self.assertIn("weir noisy --config", done.err)
        self.assertNotIn("noisy", host.weir("export", "-j").json)
        self.assertNotIn("noisy", host.weir("apply", "-", stdin=json.dumps({"schema_version": 1, "vnics": [
            {"interface": "vnic0"}]})).err)
        thresholds = host.weir("noisy", "--thresholds", "--config", "-", "-j", stdin=document).json["thresholds"]
        self.assertEqual({one["name"]: one["value"] for one in thresholds}["hog_bps"], 77)


class Recorded(unittest.TestCase):
    def test_all_recorded_windows_are_judged_right(self):
        tally = suite.Tally()
        for name, seed, text in suite.recorded(()):
            tally.add(name, seed, suite.judge(text))
        print(f"\n{tally.table()}\n{tally.summary()}", file=sys.stderr)
        self.assertGreater(tally.windows, 30)
        self.assertTrue(tally.holds(), "\n".join(tally.wrong))


@in_all("statistical: who is harmed, in real time")
class Live(lab.Case):
    """A few with real traffic; suite.py plays all."""

    def judged(self, name):
        seed = 1000
        tally = suite.Tally()
        wrong = tally.add(name, seed, suite.judge(suite.play(name, seed)))
        self.assertEqual(wrong, [], f"{name} {seed}")

    def test_a_hog(self):
        self.judged("udp_hog")

    def test_a_scan(self):
        self.judged("port_scan")

    def test_a_loud_and_harmless_one(self):
        self.judged("loud_and_harmless")


@in_all("statistical: how long requests take, in real time")
class Remedy(lab.Case):
    """The command that is printed is applied, and the harm is gone while the culprit goes on. remedy.py has all."""

    def mends(self, name):
        said = []
        is_offered, good = remedy.mend(name, 1, said.append)
        self.assertTrue(is_offered and good, "\n".join(said))

    def test_of_a_hog(self):
        self.mends("udp_hog")

    def test_of_a_flood(self):
        self.mends("small_flood")


if __name__ == "__main__":
    unittest.main()
