# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds, runs layers of tests or a part of --all, and counts. scripts/test has run scripts/setup before.

What is counted are test cases, not ctest's tests: those write their cases as JUnit XML (tests/CMakeLists.txt). A
program that leaves no results, a layer or part that ran nothing, and what crashed or timed out are failures.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import junit
from junit import Tally
from sources import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import parts

LAYERS = ["lint", "tools", "unit", "packets", "netns", "fuzz", "lab"]
WITHOUT_CASES = {"fuzz"}  # each ctest test is one case
PYTHON = {"netns", "lab"}
SANITIZED = "unit.sanitized"
NEEDS_BPF = {"packets", "netns"}  # of this machine; the lab brings its own
AT_A_TIME = 9  # most of them wait
LANES = os.path.join(ROOT, "scripts", "lib", "lanes.json")  # of what loads programs: tests/CMakeLists.txt
LOG_TAIL_LINES = 80
IN_ALL = "InAll*:*/InAll*"  # of GoogleTest
TELLING = re.compile(r"^\[  FAILED  \]|^(FAIL|ERROR):? |Failure$|ERROR: (Address|libFuzzer)|runtime error:")


class Paths:
    """Where one build directory has its results."""

    def __init__(self, build):
        self.build = build
        self.results = os.path.join(build, "results")
        self.log = os.path.join(self.results, "log.txt")
        self.summary = os.path.join(self.results, "summary.json")

    def of(self, name):
        return os.path.join(self.results, name + ".xml")


DEV = Paths(os.path.join(ROOT, "build", "dev"))


def build(*words):
    return subprocess.run([os.path.join(ROOT, "scripts", "build"), *words], cwd=ROOT, check=False).returncode == 0


def show_failure(title, output, log):
    lines = output.rstrip().splitlines()
    if len(lines) > LOG_TAIL_LINES:
        # What failed is named anywhere in the output: those lines first, then its end.
        head = [line for line in lines[:-LOG_TAIL_LINES] if TELLING.search(line)][:40]
        lines = [*head, f"[... {os.path.relpath(log, ROOT)}]", *lines[-LOG_TAIL_LINES:]]
    print(f"FAILED {title}\n" + "".join(f"  {line}\n" for line in lines), end="", flush=True)


def tally_of(case, paths, may_be_empty):
    """Of one ctest test, an element of ctest's own report."""
    name, status = case.get("name"), case.get("status")
    if status == "disabled":
        return Tally(skips=[(name, "disabled")])
    if status == "notrun":
        return Tally(failures=[f"{name}: it could not be started"])
    if name.split(".")[0] in WITHOUT_CASES:
        tally = Tally(passed=1, times=[(float(case.get("time") or 0), name)])
        return tally if status == "run" else Tally(failures=[name])
    tally = junit.of_program(name, paths.of(name), status == "run", may_be_empty)
    if name == SANITIZED:  # the same names a second time
        tally.failures = [f"{failure} (sanitized)" for failure in tally.failures]
        tally.times = [(seconds, f"{test} (sanitized)") for seconds, test in tally.times]
    return tally


def run_ctest(paths, layers, part=None):
    """{layer: Tally} of the ctest tests of these layers, of what belongs to the part, or to every change."""
    tallies = {layer: Tally() for layer in layers}
    report = paths.of("ctest")
    if os.path.exists(report):
        os.remove(report)
    command = ["ctest", "--test-dir", paths.build, "-L", f"^({'|'.join(layers)})$", "--no-tests=error"]
    command += ["--output-junit", report, "-j", str(AT_A_TIME), "--resource-spec-file", LANES]
    command += ["--test-output-size-passed", "100000000", "--test-output-size-failed", "100000000"]
    environment = {**os.environ, "GTEST_FILTER": IN_ALL if part else "-" + IN_ALL, "WEIR_PART": part or ""}
    with open(paths.log, "w", encoding="utf-8") as log:
        code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=environment,
                              check=False).returncode
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        cases = []
    for case in cases:
        may_be_empty = part is not None or case.get("name").split(".")[0] in PYTHON  # all of a module may be marked
        one = tally_of(case, paths, may_be_empty)
        one.seconds = float(case.get("time") or 0)
        tallies[case.get("name").split(".")[0]].add(one)
        output = case.findtext("system-out") or ""
        with open(paths.log, "a", encoding="utf-8") as log:
            log.write(f"\n===== {case.get('name')}: {case.get('status')}\n{output}")
        if one.failed:
            show_failure(", ".join(one.failures), output, paths.log)
    if code != 0 and not any(tally.failed for tally in tallies.values()):
        tallies[layers[0]].failures.append(f"ctest ended with {code}; see {os.path.relpath(paths.log, ROOT)}")
    return tallies


def environment_of(paths):
    """What Python tests find the sources and the programs by, outside ctest."""
    return {"PYTHONPATH": os.path.join(ROOT, "tests"), "WEIR_BUILD": paths.build, "WEIR_SOURCE": ROOT}


def run_programs(paths, part):
    """Tally of a part's programs, one test each."""
    tally = Tally()
    places = {"weir": os.path.join(paths.build, "weir"), "build": paths.build}
    environment = {**os.environ, **environment_of(paths)}
    for words in part.programs:
        words = [word.format(**places) for word in words]
        begin = time.monotonic()
        name = " ".join(words).replace(ROOT + os.sep, "")
        try:
            done = subprocess.run(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", check=False)
            code, output = done.returncode, done.stdout
        except OSError as reason:
            code, output = 127, str(reason)
        seconds = time.monotonic() - begin
        with open(paths.log, "a", encoding="utf-8") as log:
            log.write(f"\n===== {name}: {code}\n{output}")
        print("".join(f"  {line}\n" for line in output.rstrip().splitlines()[-3:]), end="", flush=True)
        tally.times.append((seconds, name))
        if code == 0:
            tally.passed += 1
        else:
            tally.failures.append(name)
            show_failure(f"{name}: exit code {code}", output, paths.log)
    return tally


def run_part(paths, part):
    """Tally of all that belongs to a part of --all."""
    if part.needs_bpf and not part.suites and (no_bpf := why_no_bpf()):
        return Tally(skips=[(f"the whole part {part.name}", no_bpf)])
    tally = Tally()
    if part.layer:
        tally.add(run_ctest(paths, [part.layer], part=part.name)[part.layer])
    if part.suites:
        layers = ["unit"] if why_no_bpf() else ["unit", "packets"]
        for one in run_ctest(paths, layers, part=part.name).values():
            tally.add(one)
    tally.add(run_programs(paths, part))
    return tally


def why_no_bpf():
    """Why BPF programs cannot be run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF (/sys/kernel/btf/vmlinux)"
    bpftool = shutil.which("bpftool", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if bpftool:
        done = subprocess.run([bpftool, "prog", "show"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return "this machine does not permit BPF: " + (done.stderr.strip().splitlines() or ["bpftool failed"])[-1]
    return None


def why_not(paths, layer, no_bpf):
    """Why a layer is skipped as a whole, as (name, reason), or None."""
    if layer in NEEDS_BPF and no_bpf:
        return f"the whole layer {layer}", no_bpf
    if layer == "fuzz" and not ctest_names(paths, "fuzz"):
        return "the whole layer fuzz", "no clang++ with the libFuzzer runtime here"
    return None


def ctest_names(paths, layer):
    command = ["ctest", "--test-dir", paths.build, "-N", "-L", f"^{layer}$"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return re.findall(r"^ *Test +#\d+: (\S+)", done.stdout, re.M)


def run_layers(paths, layers):
    """{layer: Tally}, in the given order."""
    no_bpf = why_no_bpf()
    skips = {layer: skip for layer in layers if (skip := why_not(paths, layer, no_bpf))}
    results = {layer: Tally(skips=[skip]) for layer, skip in skips.items()}
    todo = [layer for layer in layers if layer not in skips]
    if todo:
        results.update(run_ctest(paths, todo))
    return {layer: results[layer] for layer in layers}


def report(title, results, seconds, paths, timings=False):
    """Prints what came of it, keeps it as JSON, and returns the exit code."""
    for name, tally in results.items():
        if not tally.ran and not tally.skips:
            print(f"FAILED {name}: it ran no test")
            tally.failures.append(f"{name}: it ran no test")
    total = Tally()
    for tally in results.values():
        total.add(tally)
    if total.skips:
        print("\nskipped:")
        for layer, tally in results.items():
            for name, reason in tally.skips:
                print(f"  {layer}: {name}: {reason}")
    if timings:
        print("\nslowest:")
        for took, name in sorted(total.times, reverse=True)[:10]:
            print(f"  {took:7.1f} s  {name}")
    print(f"\n{title:<12} {'ran':>6} {'passed':>7} {'skipped':>8} {'failed':>7} {'seconds':>8}")
    for name, tally in results.items():
        print(f"{name:<12} {tally.ran:>6} {tally.passed:>7} {len(tally.skips):>8} {tally.failed:>7} "
              f"{tally.seconds:>8.1f}")
    print(f"\nall of it in {seconds:.0f} s\n\n{total.passed} passed, {total.failed} failed, {len(total.skips)} skipped",
          flush=True)
    with open(paths.summary, "w", encoding="utf-8") as file:
        json.dump({"passed": total.passed, "failed": total.failed, "skipped": len(total.skips), "seconds": seconds,
                   "failures": total.failures}, file)
    return 1 if total.failed else 0


def prepare(paths):
    """Builds; whether that succeeded."""
    shutil.rmtree(paths.results, ignore_errors=True)
    os.makedirs(paths.results)
    begin = time.monotonic()
    if not build("dev"):
        print("\nthe build failed: no test was run\n0 passed, 1 failed, 0 skipped")
        with open(paths.summary, "w", encoding="utf-8") as file:
            json.dump({"passed": 0, "failed": 1, "skipped": 0, "seconds": 0, "failures": ["the build"]}, file)
        return False
    print(f"built in {time.monotonic() - begin:.0f} s", flush=True)
    return True


def run_every_change(layers, timings=False):
    begin = time.monotonic()
    if not prepare(DEV):
        return 1
    return report("layer", run_layers(DEV, layers), time.monotonic() - begin, DEV, timings)


def run_all(names, timings=False):
    begin = time.monotonic()
    if not prepare(DEV):
        return 1
    results = {}
    for part in parts.PARTS:
        if part.name in names:
            start = time.monotonic()
            print(f"part of --all: {part.name} ({part.why}; about {part.minutes} minutes)", flush=True)
            results[part.name] = run_part(DEV, part)
            results[part.name].seconds = time.monotonic() - start
    return report("part", results, time.monotonic() - begin, DEV, timings)
