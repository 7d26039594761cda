# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of all tests, so that those before and after a change can be compared."""

import glob
import os
import subprocess
import sys

import layers
from sources import ROOT


def python_tests(layer):
    """(name, part or '-') of a folder of unittest modules. Raises RuntimeError."""
    folder = os.path.join(ROOT, "tests", layer)
    modules = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(folder, "test_*.py")))
    command = [sys.executable, "-B", os.path.join(ROOT, "tests", "support", "run.py"), "--list", layer, *modules]
    environment = {**os.environ, **layers.environment_of(layers.DEV)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{layer}: {done.stderr.strip()}")
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def google_tests(layer):
    program = os.path.join(layers.DEV.build, "tests", f"weir_{layer}_tests")
    done = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{layer}: {done.stderr.strip()}")
    suite = ""
    for line in done.stdout.splitlines():
        word = line.split("#")[0].strip()
        if not line.startswith(" "):
            suite = word
        else:
            yield suite + word, "suites" if suite.split("/")[-1 if suite.count("/") else 0].startswith("InAll") else "-"


def show():
    """'layer name part', sorted; the part is '-' for what runs on every change."""
    lines = []
    for layer in ("tools", "netns", "lab"):
        lines += [f"{layer} {name} {part}" for name, part in python_tests(layer)]
    for layer in ("unit", "packets"):
        lines += [f"{layer} {name} {part}" for name, part in google_tests(layer)]
    lines += [f"fuzz {name} -" for name in layers.ctest_names(layers.DEV, "fuzz")]
    for part in layers.parts.PARTS:
        lines += [f"program {' '.join(words)} {part.name}" for words in part.programs]
    print("\n".join(sorted(lines)))
    return 0
