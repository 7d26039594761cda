# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/lib: what is counted of programs that end well, badly and not at all; runs in a row; the parts of --all."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

TOOLS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(TOOLS))
sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import layers  # noqa: E402
import listing  # noqa: E402
import repeat  # noqa: E402

GOOD = '<testsuite><testcase classname="A" name="b" time="0.5"/></testsuite>'
MIXED = """<testsuites><testsuite>
    <testcase classname="A" name="passes" status="run"/>
    <testcase classname="A" name="fails" status="run"><failure message="why"/><failure message="and why"/></testcase>
    <testcase classname="A" name="skips" status="run"><skipped message="no kernel"/></testcase>
    <testcase classname="A" name="skips_silently" status="run"><skipped/></testcase>
    <testcase classname="A" name="DISABLED_one" status="notrun"/>
</testsuite></testsuites>"""


def quietly(function, *arguments):
    """(what it returns, what it prints)"""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        return function(*arguments), printed.getvalue()


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.paths = layers.Paths(folder.name)
        os.makedirs(self.paths.results)


class Layers(Folder):
    def run_layer(self, name, text, ends="true", timeout=20, layer="unit", part=None):
        """The tally of one ctest test, a shell command that writes this text as its results."""
        with open(os.path.join(self.paths.build, "text"), "w", encoding="utf-8") as file:
            file.write(text)
        copy = f"cp {self.paths.build}/text {self.paths.of(name)}" if text else "true"
        with open(os.path.join(self.paths.build, "CTestTestfile.cmake"), "w", encoding="utf-8") as file:
            file.write(f'add_test({name} "sh" "-c" "{copy} && {ends}")\n'
                       f'set_tests_properties({name} PROPERTIES LABELS {layer} TIMEOUT {timeout})\n')
        return quietly(layers.run_ctest, self.paths, [layer], part)[0][layer]

    def test_each_kind_is_counted(self):
        tally = self.run_layer("unit", MIXED, "false")
        self.assertEqual((tally.passed, tally.failures), (1, ["A.fails"]))
        self.assertEqual(tally.skips, [("A.skips", "no kernel"), ("A.skips_silently", "no reason given"),
                                       ("A.DISABLED_one", "disabled")])

    def test_a_good_run_is_good(self):
        tally = self.run_layer("unit", GOOD)
        self.assertEqual((tally.passed, tally.failures, tally.times), (1, [], [(0.5, "A.b")]))

    def test_no_results_are_a_failure(self):
        self.assertEqual(self.run_layer("unit", "").failures, ["unit: it left no results"])

    def test_broken_off_results_are_a_failure(self):
        self.assertIn("broken off", self.run_layer("unit", GOOD[:-12]).failures[0])

    def test_results_without_a_test_are_a_failure(self):
        self.assertEqual(self.run_layer("unit", "<testsuite/>").failures, ["unit: it ran no test"])

    def test_nothing_chosen_of_a_module_is_none_but_of_a_layer_it_is(self):
        tally = self.run_layer("netns.one", "<testsuite/>", layer="netns")
        self.assertEqual(tally.failures, [])
        code, printed = quietly(layers.report, "layer", {"netns": tally}, 0, self.paths)
        self.assertEqual((code, printed.splitlines()[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_a_crash_after_good_results_is_a_failure(self):
        self.assertIn("crashed", self.run_layer("unit", GOOD, "kill -SEGV $$").failures[0])

    def test_a_timeout_is_a_failure(self):
        self.assertTrue(self.run_layer("unit", "", "sleep 30", timeout=1).failures)
        self.assertTrue(self.run_layer("unit", GOOD, "sleep 30", timeout=1).failures)

    def test_a_program_that_is_not_there_is_a_failure(self):
        with open(os.path.join(self.paths.build, "CTestTestfile.cmake"), "w", encoding="utf-8") as file:
            file.write('add_test(unit "/there/is/none")\nset_tests_properties(unit PROPERTIES LABELS unit)\n')
        self.assertTrue(quietly(layers.run_ctest, self.paths, ["unit"])[0]["unit"].failures)

    def test_no_ctest_test_at_all_is_a_failure(self):
        with open(os.path.join(self.paths.build, "CTestTestfile.cmake"), "w", encoding="utf-8"):
            pass
        self.assertTrue(quietly(layers.run_ctest, self.paths, ["unit"])[0]["unit"].failures)

    def test_a_fuzz_target_is_one_case(self):
        self.assertEqual(self.run_layer("fuzz.parse", "", layer="fuzz").passed, 1)
        self.assertEqual(self.run_layer("fuzz.parse", "", "false", layer="fuzz").failures, ["fuzz.parse"])

    def test_the_last_line_counts(self):
        tally = self.run_layer("unit", MIXED, "false")
        code, printed = quietly(layers.report, "layer", {"unit": tally}, 0, self.paths)
        self.assertEqual((code, printed.splitlines()[-1]), (1, "1 passed, 1 failed, 3 skipped"))
        self.assertIn("unit: A.skips: no kernel", printed)


class Parts(Folder):
    def run_part(self, **settings):
        part = layers.parts.Part("one", 1, "a test", needs_bpf=False, **settings)
        return quietly(layers.run_part, self.paths, part)[0]

    def test_a_program_is_one_test(self):
        tally = self.run_part(programs=(("true",), ("false",), ("/there/is/none",)))
        self.assertEqual((tally.passed, tally.failures), (1, ["false", "/there/is/none"]))

    def test_a_part_that_runs_nothing_fails(self):
        self.assertEqual(quietly(layers.report, "part", {"one": self.run_part()}, 0, self.paths)[0], 1)

    def test_every_part_has_its_turn(self):
        count = len(layers.parts.PARTS)
        self.assertEqual({layers.parts.next_part(number).name for number in range(count)},
                         {part.name for part in layers.parts.PARTS})
        self.assertTrue(all(count % divisor for divisor in range(2, count)), "changes of two commits miss every second")
        self.assertLessEqual(max(part.minutes for part in layers.parts.PARTS), 35)

    def test_every_marked_test_is_in_a_part_and_no_part_is_empty(self):
        filled = {part.name for part in layers.parts.PARTS if part.programs or part.suites}
        for layer in ("netns", "lab"):
            listed = dict(listing.python_tests(layer))
            self.assertGreater(len(listed), 20)
            filled |= set(listed.values()) - {"-"}
        self.assertEqual(filled, {part.name for part in layers.parts.PARTS})


class Repeat(Folder):
    def setUp(self):
        super().setUp()
        for name, value in (("DEV", self.paths), ("LOGS", self.paths.results)):
            owner = layers if name == "DEV" else repeat
            self.addCleanup(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)

    def command(self, code, **summary):
        text = json.dumps({"passed": 3, "failed": 0, "skipped": 1, "seconds": 2, "failures": [], **summary})
        return ["sh", "-c", f"echo '{text}' >{self.paths.summary}; exit {code}"]

    def test_all_green(self):
        code, printed = quietly(repeat.repeat, 2, self.command(0))
        self.assertEqual((code, printed.splitlines()[-1]), (0, "2 of 2 runs green"))

    def test_what_failed_is_named_and_counted(self):
        code, printed = quietly(repeat.repeat, 2, self.command(1, failed=1, failures=["A.b"]))
        self.assertEqual((code, printed.splitlines()[-1]), (1, "0 of 2 runs green"))
        self.assertIn("failed 2 of 2 times: A.b", printed)

    def test_a_run_without_a_summary_or_a_test_is_red(self):
        self.assertEqual(quietly(repeat.repeat, 1, ["true"])[0], 1)
        self.assertEqual(quietly(repeat.repeat, 1, self.command(0, passed=0))[0], 1)

    def test_a_tree_that_changes_ends_it(self):
        states = iter(["before", "after"])
        self.addCleanup(setattr, repeat, "tree", repeat.tree)
        repeat.tree = lambda: next(states)
        code, printed = quietly(repeat.repeat, 3, self.command(0))
        self.assertEqual(code, 1)
        self.assertIn("the tree changed during run 1", printed)


if __name__ == "__main__":
    unittest.main()
