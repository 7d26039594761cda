# SPDX-License-Identifier: GPL-2.0-or-later
"""What .ci/run does: all that holds on every change, then one part of --all."""

import json
import os
import signal
import subprocess
import sys
import time

import layers
from sources import ROOT

MINUTES = 60
LEFT_FOR_THE_END = 30  # seconds


def git(*words):
    done = subprocess.run(["git", "-c", f"safe.directory={ROOT}", *words], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def which():
    """(a number that is another after the next change, how it came about)."""
    count = git("rev-list", "--count", "HEAD")
    if count and git("rev-parse", "--is-shallow-repository") == "false":
        return int(count), f"{count} commits"
    moment = git("log", "-1", "--format=%ct")
    if moment:
        return int(moment), f"the commit's time {moment}, because this clone has not all commits"
    day = int(time.time()) // 86400
    return day, f"day {day}, because there is no git here"


def kill_session(session):
    """All processes of a session, those of ctest's and of the tests' own groups, too."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) == session:
                os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue


def run_within(words, end, name):
    """The summary of one run, which is ended with all it has started when the time is up."""
    if os.path.exists(layers.DEV.summary):
        os.remove(layers.DEV.summary)
    process = subprocess.Popen(words, cwd=ROOT, start_new_session=True)
    try:
        code = process.wait(timeout=max(1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        kill_session(process.pid)
        process.wait()
        print(f"FAILED {name}: not done when {MINUTES} minutes for all of it were up", flush=True)
        return {"passed": 0, "failed": 1, "skipped": 0}
    try:
        with open(layers.DEV.summary, encoding="utf-8") as file:
            summary = json.load(file)
    except (OSError, ValueError):
        summary = {"passed": 0, "failed": 0, "skipped": 0}
    if code and not summary["failed"] or not code and not summary["passed"]:
        summary["failed"] += 1
        print(f"FAILED {name}: exit code {code}, and it left no summary that says why", flush=True)
    return summary


def run():
    end = time.monotonic() + MINUTES * 60 - LEFT_FOR_THE_END
    number, how = which()
    part = layers.parts.next_part(number)
    place = f"{layers.parts.PARTS.index(part) + 1} of {len(layers.parts.PARTS)}"
    print(f"every change, then part of --all: {part.name} ({place}; by {how})", flush=True)
    main = [sys.executable, "-B", os.path.join(ROOT, "scripts", "lib", "main.py")]
    first = run_within([*main, "--timings"], end, "every change")
    print(f"\npart of --all: {part.name} ({place})", flush=True)
    second = run_within([*main, "--all", part.name], end, f"part of --all: {part.name}")
    total = {word: first[word] + second[word] for word in ("passed", "failed", "skipped")}
    print(f"\nevery change: {'failed' if first['failed'] else 'passed'}; part {part.name}: "
          f"{'failed' if second['failed'] else 'passed'}")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] else 0
