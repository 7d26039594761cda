# SPDX-License-Identifier: GPL-2.0-or-later
"""weir bench: a program of its own, weir-bench, which weir finds and becomes."""

import os
import shutil
import subprocess
import tempfile
import unittest

from cli import TIMEOUT, WEIR, CliTest, needs_root, run
from support.parts import in_all

BENCHMARK = os.path.join(os.path.dirname(shutil.which(WEIR)), "weir-bench")
STAND_IN = "#!/bin/sh\nprintf '<%s>' \"$0\" \"$@\"\necho words >&2\nexit 37\n"


class Apart(CliTest):
    """weir in a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="weir-bench-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.binary = shutil.copy(shutil.which(WEIR), os.path.join(self.folder, "weir"))

    def stand_in(self, mode=0o755):
        path = os.path.join(self.folder, "weir-bench")
        with open(path, "w", encoding="utf-8") as file:
            file.write(STAND_IN)
        os.chmod(path, mode)

    def test_alone_it_says_what_is_missing(self):
        for arguments in ([], ["--help"], ["--quick", "--runs", "3"]):
            done = run("bench", *arguments, binary=self.binary)
            self.assert_one_line(done, 1)
            self.assertIn(f"weir-bench is neither in {self.folder} nor in ", done.stderr)
            self.assertIn("cmake --install", done.stderr)

    def test_alone_it_says_so_to_programs_too(self):
        done = run("bench", "-j", binary=self.binary)
        self.assertEqual(done.returncode, 1)
        self.assertIn("weir-bench", self.json_of(done)["error"]["evidence"])

    def test_alone_the_other_commands_work(self):
        self.assert_fine(run("version", binary=self.binary))
        self.assertRegex(run("--help", binary=self.binary).stdout, r"(?m)^  bench +Measure")

    def test_arguments_and_exit_code_are_handed_on(self):
        self.stand_in()
        for arguments in ([], ["-j"], ["--runs", "3", "--quick"], ["--help"], ["--runs=3", "-p", "stats", "a b", ""]):
            done = run("bench", *arguments, binary=self.binary)
            self.assertEqual(done.returncode, 37)
            self.assertEqual(done.stderr, "words\n")
            self.assertEqual(done.stdout, "".join(f"<{word}>" for word in [f"{self.folder}/weir-bench", *arguments]))

    def test_what_cannot_be_run_is_named(self):
        self.stand_in(mode=0o644)
        done = run("bench", binary=self.binary)
        self.assert_one_line(done, 1)
        self.assertIn(f"cannot run {self.folder}/weir-bench: Permission denied", done.stderr)

    def test_beside_it_is_the_same_as_in_the_build(self):
        shutil.copy(BENCHMARK, self.folder)
        for arguments in (["--help"], ["--runs", "2"], ["--repeat", "2000001", "-j"], ["--frobnicate"], ["lo"]):
            there, here = run("bench", *arguments, binary=self.binary), run("bench", *arguments)
            self.assertEqual((there.returncode, there.stdout, there.stderr),
                             (here.returncode, here.stdout, here.stderr))
        self.assertIn("--repeat", run("bench", "--help", binary=self.binary).stdout)

    def test_by_itself_it_reads_the_same_arguments(self):
        for arguments in (["--help"], ["--runs", "2"], ["--frobnicate"]):
            alone, through = run(*arguments, binary=BENCHMARK), run("bench", *arguments)
            self.assertEqual((alone.returncode, alone.stdout, alone.stderr),
                             (through.returncode, through.stdout, through.stderr))


class Installed(CliTest):
    def test_weir_finds_it(self):
        with tempfile.TemporaryDirectory(prefix="weir-install-") as prefix:
            done = subprocess.run(["cmake", "--install", os.environ["WEIR_BUILD"], "--prefix", prefix],
                                  capture_output=True, text=True, timeout=TIMEOUT, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse(os.path.exists(f"{prefix}/bin/weir-bench"), "it is no command of its own")
            done = run("bench", "--help", binary=f"{prefix}/bin/weir")
            self.assert_fine(done)
            self.assertIn("Usage: weir bench", done.stdout)


@needs_root
@in_all("exact but long: it loads and runs every program with all traffic")
class Measuring(CliTest):
    def test_figures_for_every_program_and_an_exit_code_that_fits(self):
        done = run("bench", "--quick", "--runs", "3", "--repeat", "1000", "-j")
        value = self.json_of(done)
        self.assertEqual(done.stderr, "")
        self.assertEqual((value["runs"], value["packets_per_run"]), (3, 1000))
        self.assertEqual(done.returncode, 0 if value["passed"] else 1)
        programs = {program["name"] for program in value["programs"]}
        self.assertLessEqual({"empty", "parse + LRU + clock", "weir_tc_in", "weir_tc_out", "weir_xdp"}, programs)
        traffics = {figure["traffic"] for figure in value["figures"]}
        self.assertEqual(len(value["figures"]), len(programs) * len(traffics))
        self.assertTrue(all(figure["min_ns"] > 0 for figure in value["figures"]))


if __name__ == "__main__":
    unittest.main()
