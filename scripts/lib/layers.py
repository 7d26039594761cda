# SPDX-License-Identifier: GPL-2.0-or-later
"""Build, run the layers of tests, and count. Called by scripts/test, which has run scripts/setup before.

The counts are test cases, not ctest's tests: a GoogleTest binary or a unittest file is one ctest test, and its cases
are read from what it printed. A layer that ran nothing fails.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEV = os.path.join(ROOT, "build", "dev")
LAYERS = ["lint", "unit", "packets", "netns", "fuzz", "lab"]
NEEDS_BPF = {"packets", "netns"}  # of this machine; the lab brings its own
LOG_TAIL_LINES = 80
TIDY_SECONDS = 90  # all layers together are to end within 25 minutes on two CPUs; clang-tidy over everything takes ten

GTEST_DONE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\S+?)(?:,.*)? \(\d+ ms\)$", re.M)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
UNITTEST_BAD = re.compile(r"^(?:FAIL|ERROR): (\S+ \([^)]*\))", re.M)
UNITTEST_UNEXPECTED = re.compile(r"unexpected successes=(\d+)")
UNITTEST_NAME = re.compile(r"^(\w+) \([\w.]+\)")
UNITTEST_SKIP = re.compile(r"skipped (['\"])(.*)\1$")
UNITTEST_SKIP_COUNT = re.compile(r"skipped=(\d+)")


class Tally:
    """What one layer, or one ctest test of it, came to."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skips = []  # (name, reason)
        self.seconds = 0.0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skips += other.skips
        self.seconds += other.seconds

    @property
    def ran(self):
        return self.passed + self.failed


def tally_gtest(output, tally):
    for verdict, _ in GTEST_DONE.findall(output):
        if verdict == "OK":
            tally.passed += 1
        elif verdict == "FAILED":
            tally.failed += 1
    # The reason stands between a case's RUN line and its SKIPPED line.
    name, reason = None, ""
    for line in output.splitlines():
        if line.startswith("[ RUN      ] "):
            name, reason = line[13:].strip(), ""
        elif name and line.startswith("[  SKIPPED ] "):
            tally.skips.append((name, reason.strip() or "no reason given"))
            name = None
        elif name and line.startswith(("[       OK ] ", "[  FAILED  ] ")):
            name = None
        elif name and not line.endswith("Skipped"):
            reason += line + " "


def tally_unittest(output, tally):
    ran = int(UNITTEST_RAN.search(output).group(1))
    bad = set(UNITTEST_BAD.findall(output))
    unexpected = UNITTEST_UNEXPECTED.search(output)
    failed = len(bad) + (int(unexpected.group(1)) if unexpected else 0)
    # Verbose output: 'test_x (module.Class.test_x) ... skipped 'why'', which the test's own output may break up.
    skips, name = [], "?"
    for line in output.split("\n=====", 1)[0].splitlines():
        named = UNITTEST_NAME.match(line)
        name = named.group(1) if named else name
        skip = UNITTEST_SKIP.search(line)
        if skip:
            skips.append((name, skip.group(2)))
    counted = UNITTEST_SKIP_COUNT.search(output)
    counted = int(counted.group(1)) if counted else 0
    skips = skips[:counted] + [("?", "reason not readable")] * (counted - len(skips))
    # A whole class or module that was skipped or broke in its set-up is in no 'Ran'.
    outside = ("setUpClass", "setUpModule", "tearDownClass", "tearDownModule")
    skipped_inside = sum(not name.startswith(outside) for name, _ in skips)
    failed_inside = sum(not name.startswith(outside) for name in bad) + failed - len(bad)
    tally.passed += max(0, ran - skipped_inside - failed_inside)
    tally.failed += failed
    tally.skips += skips


def tally_case(case):
    """One ctest test."""
    tally = Tally()
    name, status = case.get("name"), case.get("status")
    output = case.findtext("system-out") or ""
    if status in ("disabled", "notrun"):
        skipped = case.find("skipped")
        reason = (skipped.get("message") if skipped is not None else None) or status
        if reason.startswith("SKIP_"):
            lines = [line for line in output.splitlines() if line.strip()]
            reason = lines[-1].strip() if lines else reason
            tally.skips.append((name, reason))
        elif status == "disabled":
            tally.skips.append((name, reason))
        else:
            tally.failed += 1  # ctest could not start it
        return tally
    if "[==========]" in output:
        tally_gtest(output, tally)
    elif UNITTEST_RAN.search(output):
        tally_unittest(output, tally)
    if status == "fail" and tally.failed == 0:
        tally.failed += 1  # crashed, timed out, or ran no case
    elif status == "run" and tally.ran == 0 and not tally.skips:
        tally.passed += 1
    return tally


def indent(text):
    return "".join("  " + line + "\n" for line in text.rstrip().splitlines())


def show_failures(output, log):
    lines = output.rstrip().splitlines()
    if len(lines) > LOG_TAIL_LINES:
        # What failed is named anywhere in the output: those lines first, then its end.
        telling = re.compile(r"^\[  FAILED  \]|^(FAIL|ERROR): |Failure$|ERROR: (Address|libFuzzer)|runtime error:")
        head = [line for line in lines[:-LOG_TAIL_LINES] if telling.search(line)][:40]
        lines = head + [f"[... {log}]"] + lines[-LOG_TAIL_LINES:]
    sys.stdout.write(indent("\n".join(lines)))


def build(preset, *targets):
    return subprocess.run([os.path.join(ROOT, "scripts", "build"), preset, *targets], cwd=ROOT).returncode == 0


def has_tests(directory, label):
    run = subprocess.run(["ctest", "--test-dir", directory, "-N", "-L", f"^{label}$"], capture_output=True, text=True)
    found = re.search(r"Total Tests: (\d+)", run.stdout)
    return bool(found and int(found.group(1)))


def run_ctest(directory, layers, title=None):
    """Layers of one build directory, tests that leave each other alone at the same time; {layer: Tally}."""
    tallies = {layer: Tally() for layer in layers}
    name = "+".join(layers)
    report = os.path.join(directory, f"{name}.xml")
    log = os.path.join(directory, f"{name}.log")
    if os.path.exists(report):
        os.remove(report)
    command = ["ctest", "--test-dir", directory, "-L", f"^({'|'.join(layers)})$", "--no-tests=error"]
    command += ["--output-junit", report, "-j", "3"]  # most of them wait; which may do so together is in tests/CMakeLists.txt
    command += ["--test-output-size-passed", "100000000", "--test-output-size-failed", "100000000"]
    with open(log, "w", encoding="utf-8") as file:
        code = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT).returncode
    cases = xml.etree.ElementTree.parse(report).getroot().iter("testcase") if os.path.exists(report) else []
    for case in cases:
        one = tally_case(case)
        layer = case.get("name").split(".")[0]
        tallies[layer].add(one)
        tallies[layer].seconds += float(case.get("time") or 0)
        output = case.findtext("system-out") or ""
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"\n===== {case.get('name')}: {case.get('status')}\n{output}")
        if one.failed:
            print(f"FAILED {title or layer}: {case.get('name')}")
            show_failures(output, os.path.relpath(log, ROOT))
    for layer, tally in tallies.items():
        if tally.ran == 0 and not tally.skips:
            print(f"FAILED {title or layer}: the layer ran no test")
            tally.failed += 1
    if code != 0 and not any(tally.failed for tally in tallies.values()):
        print(f"FAILED {title or name}: ctest ended with {code}; see {os.path.relpath(log, ROOT)}")
        tallies[layers[0]].failed += 1
    return tallies


def run_lint():
    tally = Tally()
    command = [os.path.join(ROOT, "scripts", "lint"), "--seconds", str(TIDY_SECONDS)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    failure = False
    for line in run.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "PASS":
            tally.passed += 1
            failure = False
        elif word == "SKIP":
            name, _, reason = rest.partition(": ")
            tally.skips.append((name, reason))
            failure = False
        elif word == "FAIL":
            tally.failed += 1
            failure = True
            print(f"FAILED lint: {rest}")
        elif failure:
            print("  " + line)
    if run.returncode != 0 and tally.failed == 0:
        tally.failed += 1
        print("FAILED lint: scripts/lint broke")
        sys.stdout.write(indent(run.stderr))
    return tally


def why_no_bpf():
    """Why BPF programs cannot be run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF (/sys/kernel/btf/vmlinux)"
    bpftool = shutil.which("bpftool", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if bpftool:
        run = subprocess.run([bpftool, "prog", "show"], capture_output=True, text=True)
        if run.returncode != 0:
            return "this machine does not permit BPF: " + (run.stderr.strip().splitlines() or ["bpftool failed"])[-1]
    return None


def why_not(layer, no_bpf):
    """Why a layer is skipped as a whole, as (name, reason), or None."""
    if layer == "lab" and not glob.glob(os.path.join(ROOT, "tests", "lab", "test_*.py")):
        return "lab", "there are no experiments under tests/lab yet"
    if layer in NEEDS_BPF and no_bpf:
        return f"the whole layer {layer}", no_bpf
    if layer == "fuzz" and glob.glob(os.path.join(ROOT, "tests", "fuzz", "fuzz_*.cpp")):
        if not has_tests(DEV, "fuzz"):
            return "the whole layer fuzz", "no clang++ with the libFuzzer runtime here"
    return None


def run_together(layers):
    """{layer: Tally}"""
    if layers == ["lint"]:
        return {"lint": timed(run_lint)}
    tallies = run_ctest(DEV, layers)
    if layers == ["unit"]:
        tallies["unit"].add(timed(run_sanitized))
    return tallies


def run_sanitized():
    if build("asan", "weir_unit_tests"):
        return run_ctest(os.path.join(ROOT, "build", "asan"), ["unit"], "unit (sanitizers)")["unit"]
    tally = Tally()
    tally.failed += 1
    return tally


def timed(function):
    start = time.monotonic()
    tally = function()
    tally.seconds = time.monotonic() - start
    return tally


def main():
    layers = sys.argv[1:]
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown:
        print(f"test: no layer '{unknown[0]}'; there are {' '.join(LAYERS)}", file=sys.stderr)
        return 2
    layers = list(dict.fromkeys(layers)) or LAYERS

    begin = time.monotonic()
    if not build("dev"):
        print("\nthe build failed: no test was run\n0 passed, 1 failed, 0 skipped")
        return 1
    print(f"built in {time.monotonic() - begin:.0f} s", flush=True)

    no_bpf = why_no_bpf()
    results, todo = {}, []
    for layer in layers:
        skip = why_not(layer, no_bpf)
        if skip:
            results[layer] = Tally()
            results[layer].skips.append(skip)
        # The lab's virtual time does not mind company, and most of netns is waiting.
        elif layer == "lab" and ["netns"] in todo:
            todo[todo.index(["netns"])].append("lab")
        else:
            todo.append([layer])
    for together in todo:
        results.update(run_together(together))
        sys.stdout.flush()
    results = {layer: results[layer] for layer in layers}

    skips = [(layer, name, reason) for layer, tally in results.items() for name, reason in tally.skips]
    if skips:
        print("\nskipped:")
        for layer, name, reason in skips:
            print(f"  {layer}: {name}: {reason}")
    print(f"\n{'layer':<8} {'ran':>6} {'passed':>7} {'skipped':>8} {'failed':>7} {'seconds':>8}")
    for layer, tally in results.items():
        counts = f"{tally.ran:>6} {tally.passed:>7} {len(tally.skips):>8} {tally.failed:>7} {tally.seconds:>8.1f}"
        print(f"{layer:<8} {counts}")
    passed = sum(tally.passed for tally in results.values())
    failed = sum(tally.failed for tally in results.values())
    print(f"\nall of it in {time.monotonic() - begin:.0f} s")
    print(f"\n{passed} passed, {failed} failed, {len(skips)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
