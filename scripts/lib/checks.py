# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of scripts/lint that take seconds: each takes a Report and all files of the project."""

import json
import os
import re
import shutil
import subprocess
import time
import tomllib

import arrows
import headers
import links
import names
import sources
from sources import ROOT

LICENSE = "SPDX-License-Identifier: GPL-2.0"
NO_LICENSE_LINE = (".json", ".md", ".txt", ".gz")  # data and prose
DONE = subprocess.CompletedProcess([], 0, "", "")  # of a check that has no file to look at
RUFF = os.path.join(ROOT, "scripts", "lib", "ruff")


class Report:
    """Prints one line a check, and what it found; keeps (name, seconds, None or ("failure" | "skipped", words))."""

    def __init__(self):
        self.cases = []
        self._since = time.monotonic()

    @property
    def failed(self):
        return any(other and other[0] == "failure" for _, _, other in self.cases)

    def _keep(self, name, other=None):
        now = time.monotonic()
        self.cases.append((name, now - self._since, other))
        self._since = now

    def passed(self, name):
        self._keep(name)
        print(f"PASS {name}", flush=True)

    def failed_with(self, name, text):
        self._keep(name, ("failure", text))
        print(f"FAIL {name}\n{text.rstrip()}", flush=True)

    def skipped(self, name, reason):
        self._keep(name, ("skipped", reason))
        print(f"SKIP {name}: {reason}", flush=True)

    def found(self, name, lines):
        """Each line is a finding; none is well."""
        lines = list(lines)
        if lines:
            self.failed_with(name, "\n".join("  " + line for line in lines))
        else:
            self.passed(name)


def tool(*names):
    path = os.environ.get("PATH", "") + ":/usr/lib/llvm-19/bin:/usr/lib/llvm-18/bin"
    return next((found for found in (shutil.which(name, path=path) for name in names) if found), None)


def run(*words, **options):
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def check_format(report, files):
    formatter = tool("clang-format-19")
    if not formatter:
        report.skipped("clang-format", "no clang-format-19 here")
        return
    chosen = sources.c_files(files)
    done = run(formatter, "--dry-run", "-Werror", *chosen) if chosen else DONE
    wrong = sorted({line.split(":", 1)[0] for line in done.stderr.splitlines() if ": error: code should be" in line})
    if wrong:
        report.failed_with("clang-format", "  scripts/format mends: " + " ".join(wrong))
    elif done.returncode:
        report.failed_with("clang-format", done.stderr)
    else:
        report.passed("clang-format")


def check_truth(report, files):
    """That arrows, includes and names hold. Each looks at all of the project: what one file names stands in another."""
    report.found("arrows", arrows.check(ROOT, sources.c_files(files)))
    report.found("headers", headers.check())
    report.found("names", names.check())
    report.found("links", links.check())


def check_license(report, files):
    """Every source names its license in its first three lines."""
    chosen = [file for file in files if not file.endswith(NO_LICENSE_LINE)
              and not os.path.basename(file).startswith(".") and os.path.basename(file) != "LICENSE"]
    wrong = [file for file in chosen if not any(LICENSE in line for line in sources.head(file, 3))]
    report.found("license lines", [f"{file}: no '{LICENSE}...' in its first three lines" for file in wrong])


def check_shell(report, files):
    checker = tool("shellcheck")
    if not checker:
        report.skipped("shellcheck", "no shellcheck here")
        return
    chosen = sources.shell_files(files)
    done = run(checker, "--shell=bash", "--format=gcc", *chosen) if chosen else DONE
    if done.returncode not in (0, 1):
        report.failed_with("shellcheck", done.stderr)
    else:
        report.found("shellcheck", done.stdout.splitlines())


def ruff_version():
    with open(os.path.join(RUFF, "package.json"), encoding="utf-8") as file:
        return json.load(file)["dependencies"]["@astral-sh/ruff-wasm-nodejs"]


def check_python(report, files):
    """By a ruff on PATH, or by its WebAssembly build that scripts/setup puts into the cache."""
    chosen = sources.python_files(files)
    program, node = tool("ruff"), tool("node", "nodejs")
    folder = sources.cache_directory("ruff", ruff_version())
    if program:
        done = run(program, "check", "--no-cache", "--quiet", "--output-format=concise", *chosen)
    elif node and os.path.isdir(os.path.join(folder, "node_modules")):
        with open(os.path.join(ROOT, "ruff.toml"), "rb") as file:
            request = json.dumps({"options": tomllib.load(file), "files": chosen})
        done = run(node, os.path.join(RUFF, "ruff.mjs"), folder, input=request)
    else:
        report.skipped("ruff", "neither a ruff program nor its npm package is here; scripts/setup gets one")
        return
    found = [line for line in done.stdout.splitlines() if re.match(r"\S+:\d+:\d+: ", line)]
    if done.returncode and not found:
        report.failed_with("ruff", done.stdout + done.stderr)
    else:
        report.found("ruff", found)
