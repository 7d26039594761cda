# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/support/run.py: what it chooses, and what it writes."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree as ElementTree

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUN = os.path.join(TESTS, "support", "run.py")
SUITE = """
    import unittest
    from support.parts import in_all

    class Kinds(unittest.TestCase):
        def test_passes(self):
            pass

        def test_fails(self):
            self.assertEqual(1, 2, "one is not two")

        def test_breaks(self):
            raise RuntimeError("\\x00 is in no XML")

        def test_skips(self):
            self.skipTest("no such thing here")

        def test_subtests(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertEqual(number, 1)

        @unittest.expectedFailure
        def test_succeeds_unexpectedly(self):
            pass

        @unittest.expectedFailure
        def test_fails_as_expected(self):
            self.fail()

        @in_all("long")
        def test_long(self):
            pass

    class SkippedAsAWhole(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise unittest.SkipTest("not on this machine")

        def test_never(self):
            pass

    class BreaksAsAWhole(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise RuntimeError("no stage")

        def test_never(self):
            pass

    @in_all("statistical")
    class Marked(unittest.TestCase):
        kernel = "6.1"

        def test_one(self):
            pass
"""


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.xml = os.path.join(self.folder, "results", "one.xml")

    def module(self, name, text):
        with open(os.path.join(self.folder, name + ".py"), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))

    def run_py(self, *words, part=None):
        environment = {**os.environ, "PYTHONPATH": TESTS, "WEIR_PART": part or ""}
        return subprocess.run([sys.executable, "-B", RUN, *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True, check=False)

    def cases(self):
        """{name: element}"""
        return {case.get("name"): case for case in ElementTree.parse(self.xml).getroot().iter("testcase")}

    def test_each_kind_is_written(self):
        self.module("test_kinds", SUITE)
        self.assertEqual(self.run_py("--layer", "netns", "--xml", self.xml, "test_kinds").returncode, 1)
        cases = self.cases()
        failed = {name for name, case in cases.items() if case.find("failure") is not None}
        skipped = {name: case.find("skipped").get("message") for name, case in cases.items()
                   if case.find("skipped") is not None}
        self.assertEqual(failed, {"test_fails", "test_breaks", "test_subtests", "test_succeeds_unexpectedly",
                                  "setUpClass (test_kinds.BreaksAsAWhole)"})
        self.assertEqual(skipped, {"test_skips": "no such thing here",
                                   "setUpClass (test_kinds.SkippedAsAWhole)": "not on this machine"})
        self.assertEqual(cases.keys() - failed - skipped.keys(), {"test_passes", "test_fails_as_expected"})
        self.assertEqual([failure.get("message").split(":")[0] for failure in cases["test_subtests"].iter("failure")],
                         ["(number=0)", "(number=2)"])
        self.assertIn("one is not two", cases["test_fails"].find("failure").text)
        self.assertEqual(cases["test_passes"].get("classname"), "test_kinds.Kinds")

    def test_marked_tests_run_in_their_part_only(self):
        self.module("test_kinds", SUITE)
        self.assertEqual(self.run_py("--layer", "netns", "--xml", self.xml, "test_kinds", part="netns").returncode, 0)
        self.assertEqual(self.cases().keys(), {"test_long", "test_one"})
        self.assertEqual(self.run_py("--layer", "lab", "--xml", self.xml, "test_kinds", part="lab_61").returncode, 0)
        self.assertEqual(self.cases().keys(), {"test_one"})
        self.assertEqual(self.run_py("--layer", "lab", "--xml", self.xml, "test_kinds", part="lab_612").returncode, 0)
        self.assertEqual(self.cases().keys(), {"test_long"})

    def test_list_names_the_part(self):
        self.module("test_kinds", SUITE)
        listed = self.run_py("--list", "lab", "test_kinds").stdout.splitlines()
        self.assertIn("test_kinds.Kinds.test_passes\t-", listed)
        self.assertIn("test_kinds.Marked.test_one\tlab_61", listed)

    def test_what_is_marked_for_no_part_fails(self):
        self.module("test_kinds", SUITE.replace('"6.1"', '"2.6"'))
        self.assertEqual(self.run_py("--list", "lab", "test_kinds").returncode, 1)
        self.assertNotEqual(self.run_py("--layer", "lab", "--xml", self.xml, "test_kinds").returncode, 0)

    def test_a_module_without_tests_fails(self):
        self.module("test_none", "import unittest\n")
        self.assertEqual(self.run_py("--xml", self.xml, "test_none").returncode, 1)
        self.assertIsNotNone(self.cases()["load"].find("failure"))

    def test_a_module_that_cannot_be_imported_fails_in_every_part(self):
        self.module("test_broken", "import there_is_no_such_module\n")
        for part in (None, "netns"):
            self.assertEqual(self.run_py("--layer", "netns", "--xml", self.xml, "test_broken", part=part).returncode, 1)
            self.assertIsNotNone(self.cases()["test_broken"].find("failure"))

    def test_a_crash_leaves_no_results(self):
        self.module("test_crash", """
            import os, unittest
            class Crash(unittest.TestCase):
                def test_it(self):
                    os._exit(0)
            """)
        self.assertEqual(self.run_py("--xml", self.xml, "test_crash").returncode, 0)
        self.assertFalse(os.path.exists(self.xml))


if __name__ == "__main__":
    unittest.main()
