# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the command line share: weir run with arguments, and what is expected of every answer.

WEIR is the binary.
"""

import json
import os
import subprocess
import unittest

import lab

WEIR = lab.tool("weir")
TIMEOUT = 300  # seconds: that is a command that hangs, however busy the machine is

CHANGES = ["attach", "detach", "limit", "apply", "export"]
READS_OF_ATTACHED = ["status", "stats", "flows", "latency"]
READS = READS_OF_ATTACHED + ["drops", "doctor", "noisy", "record", "top"]
MACHINE = ["features", "bench", "version"]
COMMANDS = CHANGES + READS + MACHINE
LIMIT_COMMANDS = ["limit set", "limit show", "limit clear", "limit confirm"]
# Those that do something; weir limit is only their heading.
WORKING = [command for command in COMMANDS if command != "limit"] + LIMIT_COMMANDS


def run(*arguments, prefix=(), binary=WEIR, **options):
    options.setdefault("timeout", TIMEOUT)
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    return subprocess.run([*prefix, binary, *arguments], capture_output=True, text=True, check=False, **options)


def needs_root(test):
    return unittest.skipUnless(os.geteuid() == 0, "needs root")(test)


class CliTest(unittest.TestCase):
    def assert_one_line(self, done, code):
        """It failed with this code, in one line of words and no data."""
        context = f"{done.args}: stdout {done.stdout!r}, stderr {done.stderr!r}"
        self.assertEqual(done.returncode, code, context)
        self.assertEqual(done.stdout, "", context)
        self.assertRegex(done.stderr, r"\Aweir: [^\n]+\n\Z", context)

    def assert_fine(self, done):
        self.assertEqual(done.returncode, 0, f"{done.args}: stdout {done.stdout!r}, stderr {done.stderr!r}")

    def json_of(self, done):
        """The one JSON object that a command printed, whose first key is the schema's version."""
        try:
            value = json.loads(done.stdout)
        except json.JSONDecodeError as error:
            self.fail(f"{done.args}: {error}: {done.stdout!r}, stderr {done.stderr!r}")
        self.assertEqual(value["schema_version"], 1, done.args)
        return value
