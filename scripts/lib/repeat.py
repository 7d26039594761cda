# SPDX-License-Identifier: GPL-2.0-or-later
"""Many runs in a row on an unchanged tree."""

import collections
import hashlib
import json
import os
import subprocess

import layers
import sources

LOGS = os.path.join(sources.ROOT, "build", "repeat")


def tree():
    """What all files of the project are, as one hash."""
    total = hashlib.sha256()
    for file in sources.project_files():
        text = sources.contents(os.path.join(sources.ROOT, file))
        total.update(file.encode() + b"\0" + hashlib.sha256(text).digest())
    return total.hexdigest()


def run_once(words, log):
    """The summary of one run in a process of its own."""
    if os.path.exists(layers.DEV.summary):
        os.remove(layers.DEV.summary)
    with open(log, "w", encoding="utf-8") as file:
        code = subprocess.run(words, cwd=sources.ROOT, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    try:
        with open(layers.DEV.summary, encoding="utf-8") as file:
            summary = json.load(file)
    except (OSError, ValueError):
        summary = {"passed": 0, "failed": 1, "skipped": 0, "seconds": 0, "failures": ["it left no summary"]}
    return {**summary, "green": code == 0 and not summary["failed"] and summary["passed"] > 0}


def line_of(number, run):
    verdict = "green" if run["green"] else "RED"
    return (f"{number:>4} {verdict:<6} {run['passed']:>7} {run['failed']:>7} {run['skipped']:>8} "
            f"{run['seconds']:>8.0f}")


HEADER = f"{'run':>4} {'':<6} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"


def repeat(count, words):
    """Exit code: 0 if all of them are green, and the tree was the same all the time."""
    os.makedirs(LOGS, exist_ok=True)
    before, runs, changed = tree(), [], False
    print(HEADER, flush=True)
    for number in range(1, count + 1):
        log = os.path.join(LOGS, f"{number}.log")
        run = run_once(words, log)
        runs.append(run)
        names = ", ".join(run["failures"][:5])
        print(line_of(number, run) + (f"  {names} ({os.path.relpath(log, sources.ROOT)})" if names else ""), flush=True)
        changed = tree() != before
        if changed:
            print(f"the tree changed during run {number}: these are not runs of one tree")
            break
    failures = collections.Counter(name for run in runs for name in set(run["failures"]))
    print("\n" + HEADER)
    for number, run in enumerate(runs, 1):
        print(line_of(number, run))
    for name, times in failures.most_common():
        print(f"  failed {times} of {len(runs)} times: {name}")
    green = sum(run["green"] for run in runs)
    print(f"\n{green} of {count} runs green")
    return 0 if green == count and not changed else 1

