# SPDX-License-Identifier: GPL-2.0-or-later
"""The arithmetic behind the figures of limits, on made-up samples."""

import unittest

import limit_bars
import limit_figures
import matrix
import vm

MS = 1_000_000


def at_rates(*parts):
    """Samples every 2 ms of a byte count: parts are (milliseconds, bits a second)."""
    samples, time, count = [[0, 0]], 0, 0
    for milliseconds, bps in parts:
        for _ in range(milliseconds // 2):
            time += 2 * MS
            count += bps * 2 // 8000
            samples.append([time, count])
    return samples


class Arithmetic(unittest.TestCase):
    def test_percentile_is_one_of_the_values(self):
        self.assertEqual(limit_figures.percentile(range(1, 101), 50), 50)
        self.assertEqual(limit_figures.percentile(range(1, 101), 99), 99)
        self.assertEqual(limit_figures.percentile([7], 99), 7)
        self.assertIsNone(limit_figures.percentile([], 50))

    def test_rate_between_samples(self):
        samples = at_rates((1000, 8_000_000))
        self.assertAlmostEqual(limit_figures.rate_bps(samples, 101 * MS, 777 * MS, 1), 8_000_000)

    def test_highest_rate_is_found_wherever_it_begins(self):
        samples = at_rates((700, 8_000_000), (1000, 12_000_000), (700, 8_000_000))
        self.assertAlmostEqual(limit_figures.highest_rate_bps(samples, 1000 * MS, 1), 12_000_000)
        self.assertIsNone(limit_figures.highest_rate_bps(samples[:10], 1000 * MS, 1))

    def test_settling_begins_with_the_change(self):
        samples = at_rates((100, 100_000_000), (40, 100_000_000), (60, 50_000_000), (100, 100_000_000))
        changes = [(99 * MS, 100 * MS, 50_000_000), (199 * MS, 200 * MS, 100_000_000), (299 * MS, 300 * MS, 50_000_000)]
        self.assertEqual(limit_figures.settle_ms(samples, changes, 20 * MS, 0.05), [40, 0])

    def test_a_rate_that_never_comes_is_told(self):
        samples = at_rates((200, 100_000_000))
        changes = [(0, 10 * MS, 50_000_000), (110 * MS, 110 * MS, 100_000_000)]
        self.assertEqual(limit_figures.settle_ms(samples, changes, 20 * MS, 0.05), [None])

    def test_units(self):
        self.assertEqual(limit_figures.bits_per_second("64kbit"), 64_000)
        self.assertEqual(limit_figures.bits_per_second("10gbit"), 10_000_000_000)


class Runs(unittest.TestCase):
    def test_runs_of_a_case_are_one(self):
        cases = {
            "limit_tcp,kind=weir": {"goodput_bps": 3, "wire_highest_second_bps": 3, "ecn": True, "drops": 1},
            "limit_tcp,kind=weir,run=2": {"goodput_bps": 1, "wire_highest_second_bps": 9, "ecn": True, "drops": None},
            "limit_tcp,kind=weir,run=3": {"goodput_bps": 2, "wire_highest_second_bps": 5, "ecn": False, "drops": 2},
            "limit_tcp,kind=weir,run=4": {"failed": ["why"]},
            "limit_tcp,kind=cake": {"failed": ["why"]},
        }
        self.assertEqual(limit_figures.merged(cases), {
            "limit_tcp,kind=weir": {"runs": 3, "goodput_bps": 2, "wire_highest_second_bps": 9, "ecn": False,
                                    "drops": 1},
            "limit_tcp,kind=cake": {"failed": ["why"]}})


class Cases(unittest.TestCase):
    def test_one_text_for_the_same_settings(self):
        self.assertEqual(vm.case("limit_tcp", rate="10mbit", kind="cake"), "limit_tcp,kind=cake,rate=10mbit")
        settings = vm.settings_of("limit_tcp,kind=cake,rate=10mbit")
        self.assertEqual((settings["kind"], settings["rate"], settings["cc"]), ("cake", "10mbit", "cubic"))

    def test_unknown_parameters_and_odd_values_are_refused(self):
        with self.assertRaisesRegex(ValueError, "no parameter 'speed'"):
            vm.case("limit_tcp", speed="10mbit")
        with self.assertRaisesRegex(ValueError, "letters"):
            vm.case("limit_tcp", rate="10 mbit")


class Bars(unittest.TestCase):
    GOOD = {"goodput_bps": 95e6, "wire_highest_second_bps": 100.1e6, "bulk_queue_p50_ms": 4, "ecn": False, "drops": 9,
            "retransmits": 9, "ping_added_p50_ms": 0, "ping_added_p99_ms": 0.1,
            "ask_added_p50_ms": 0, "ask_added_p99_ms": 0.1}

    def missed(self, **worse):
        cases = {vm.case("limit_tcp", kind="weir", rate="100mbit"): {**self.GOOD, **worse},
                 vm.case("limit_tcp", kind="cake", rate="100mbit"): {**self.GOOD, "goodput_bps": 90e6},
                 vm.case("limit_tcp", kind="cake_gso", rate="100mbit"): self.GOOD,
                 vm.case("limit_tcp", kind="weir", rate="10mbit"): self.GOOD}  # CAKE's are not there
        return limit_bars.missed({"cases": cases})

    def test_only_what_has_a_peer_is_held_to_it(self):
        self.assertEqual(self.missed(), {vm.case("limit_tcp", kind="weir", rate="100mbit"): []})

    def test_each_bar_can_be_missed(self):
        for worse, word in (({"goodput_bps": 92e6}, "goodput 96.8%"),
                            ({"wire_highest_second_bps": 100.6e6}, "highest second"),
                            ({"ping_added_p50_ms": 0.03}, "ping p50"), ({"ask_added_p99_ms": 0.7}, "ask p99"),
                            ({"bulk_queue_p50_ms": 11}, "queue 11.0 ms"), ({"ecn": True}, "in spite of ECN")):
            with self.subTest(worse=worse):
                (wrong,), = self.missed(**worse).values()
                self.assertIn(word, wrong)
        self.assertIsNone(limit_bars.udp({"delivered_of_limit": 1.004}))
        self.assertIn("99.40%", limit_bars.udp({"delivered_of_limit": 0.994}))

    def judged(self, rate, delay, known=(), **worse):
        same = {"rate": rate, "delay": delay}
        weir = vm.case("limit_tcp", kind="weir", **same)
        cases = {weir: {**self.GOOD, **worse}, vm.case("limit_tcp", kind="cake", **same): self.GOOD}
        (line,), held, new = matrix.judged("6.1", cases, {("6.1", weir): set(known)})
        return line.rpartition(": ")[2], held, new

    def test_udp_is_held(self):
        udp = {vm.case("limit_udp", kind="weir", rate="100mbit"): {"delivered_of_limit": 0.9}}
        self.assertEqual(matrix.judged("6.1", udp, {})[1:], (0, 1))

    def test_what_one_loss_decides_is_said_and_not_held(self):
        for worse in ({"goodput_bps": 90e6}, {"ping_added_p50_ms": 0.3}):
            self.assertEqual(self.judged("1000mbit", 20, **worse), ("by chance", 1, 0))
            self.assertEqual(self.judged("1000mbit", 1, **worse), ("MISSED", 0, 1))
            self.assertEqual(self.judged("100mbit", 20, **worse), ("MISSED", 0, 1))
        self.assertEqual(self.judged("1000mbit", 20, goodput_bps=90e6, bulk_queue_p50_ms=11), ("MISSED", 0, 1))
        self.assertEqual(self.judged("1000mbit", 20, wire_highest_second_bps=1.1e9), ("MISSED", 0, 1))
        self.assertEqual(self.judged("100mbit", 20, known=["goodput  of CAKE's"], goodput_bps=90e6), ("known", 0, 0))


if __name__ == "__main__":
    unittest.main()
