# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts test cases out of the JUnit XML that GoogleTest, tests/support/run.py and scripts/lint write."""

import dataclasses
import xml.etree.ElementTree as ElementTree


@dataclasses.dataclass
class Tally:
    """What one layer, or one program of it, came to."""

    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)  # names
    skips: list = dataclasses.field(default_factory=list)  # (name, reason)
    times: list = dataclasses.field(default_factory=list)  # (seconds, name)
    seconds: float = 0.0

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips
        self.times += other.times
        self.seconds += other.seconds

    @property
    def failed(self):
        return len(self.failures)

    @property
    def ran(self):
        return self.passed + self.failed


def name_of(case):
    owner, name = case.get("classname"), case.get("name") or "?"
    return f"{owner}.{name}" if owner else name


def read(path):
    """The tally of one file. Raises ValueError, with words, if it cannot be one."""
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise ValueError("it left no results") from None
    except ElementTree.ParseError as error:
        raise ValueError(f"its results are broken off ({error})") from None
    tally = Tally()
    for case in root.iter("testcase"):
        name, skipped = name_of(case), case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failures.append(name)
        elif skipped is not None:
            tally.skips.append((name, (skipped.get("message") or "").strip() or "no reason given"))
        elif case.get("status") == "notrun":  # GoogleTest's word for what was filtered out or disabled
            if name.split(".")[-1].startswith("DISABLED_"):
                tally.skips.append((name, "disabled"))
        else:
            tally.passed += 1
        tally.times.append((float(case.get("time") or 0), name))
    return tally


def of_program(name, path, succeeded, may_be_empty):
    """Of one program that ran: what its file says, and a failure more if that does not explain how it ended."""
    try:
        tally = read(path)
    except ValueError as reason:
        tally = Tally(failures=[f"{name}: {reason}"])
    if succeeded and not tally.ran and not tally.skips and not may_be_empty:
        tally.failures.append(f"{name}: it ran no test")
    if not succeeded and not tally.failures:
        tally.failures.append(f"{name}: it crashed or timed out, or failed beside its tests")
    return tally


def write(path, cases):
    """cases: (name, seconds, None or ("failure" | "skipped", words))"""
    root = ElementTree.Element("testsuite")
    for name, seconds, other in cases:
        case = ElementTree.SubElement(root, "testcase", name=name, time=f"{seconds:.3f}")
        if other:
            ElementTree.SubElement(case, other[0], message=other[1])
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
