#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs unittest modules of the present folder and writes what came of each test as JUnit XML.

    run.py --xml FILE MODULE...     those that belong to this run: WEIR_PART and the marks of parts.py decide
    run.py --list LAYER MODULE...   'name<TAB>part' of each test; the part is '-' for what runs on every change

Not chosen is not skipped: the suite does not have such a test. A module without any test fails; one of which nothing is
chosen is well. A test whose subtests fail has one <failure> for each of them.
"""

import argparse
import os
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.getcwd())
import parts

FORBIDDEN = {code: "?" for code in range(32) if code not in (9, 10, 13)}  # in XML


def each(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def could_not_be_loaded(test):
    return type(test).__module__ == "unittest.loader"


def why_in_all(test):
    """Why a test is marked, or None."""
    method = getattr(test, test._testMethodName, None)
    return getattr(method, "in_all", None) or getattr(type(test), "in_all", None)


def part_of(test, layer):
    """The part of --all that a test belongs to, or None for every change."""
    if not why_in_all(test):
        return None
    return parts.of_test(layer, getattr(test, "kernel", None), type(test).__module__)


class Result(unittest.TextTestResult):
    """Keeps an element for each test, and for each class or module that was skipped or broke as a whole."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.report = ElementTree.Element("testsuite", name="unittest")
        self._now = {}  # of the test that runs: its element
        self._begin = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._begin = time.monotonic()
        self._now = {test.id(): self._element(test)}

    def stopTest(self, test):
        self._now[test.id()].set("time", f"{time.monotonic() - self._begin:.3f}")
        self._now = {}
        super().stopTest(test)

    def _element(self, test):
        owner, _, name = test.id().rpartition(".")
        if not hasattr(test, "_testMethodName") or not owner:  # 'setUpClass (module.Class)', or a subtest
            owner, name = "", test.id()
        attributes = {"classname": owner, "name": name.translate(FORBIDDEN), "time": "0"}
        return ElementTree.SubElement(self.report, "testcase", attributes)

    def _of(self, test):
        return self._now.get(test.id()) if test.id() in self._now else self._element(test)

    def _wrong(self, test, error, title=""):
        text = self._exc_info_to_string(error, test).translate(FORBIDDEN)
        message = (title + (text.strip().splitlines() or ["?"])[-1]).translate(FORBIDDEN)
        ElementTree.SubElement(self._of(test), "failure", message=message).text = text

    def addError(self, test, error):
        super().addError(test, error)
        self._wrong(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._wrong(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._wrong(test, error, subtest._subDescription() + ": ")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        message = (reason or "no reason given").translate(FORBIDDEN)
        ElementTree.SubElement(self._of(test), "skipped", message=message)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        ElementTree.SubElement(self._of(test), "failure", message="an unexpected success").text = ""


def write(report, path):
    """In place by rename: half a report is none."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    ElementTree.ElementTree(report).write(path + ".new", encoding="utf-8", xml_declaration=True)
    os.replace(path + ".new", path)


def load(modules):
    return list(each(unittest.defaultTestLoader.loadTestsFromNames(modules)))


def list_tests(layer, modules):
    for test in load(modules):
        if could_not_be_loaded(test):
            print(f"{test.id()} could not be loaded", file=sys.stderr)
            return 1
        print(f"{test.id()}\t{part_of(test, layer) or '-'}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xml", metavar="FILE")
    parser.add_argument("--list", metavar="LAYER")
    parser.add_argument("--layer", default=os.path.basename(os.getcwd()))
    parser.add_argument("modules", nargs="+")
    words = parser.parse_args()
    if words.list:
        return list_tests(words.list, words.modules)

    wanted = os.environ.get("WEIR_PART") or None
    tests = load(words.modules)
    empty = set(words.modules) - {test.id().split(".")[0] for test in tests if not could_not_be_loaded(test)}
    empty -= {test._testMethodName for test in tests if could_not_be_loaded(test)}
    suite = unittest.TestSuite()
    # In a suite of its own, and no other reference is kept: tests/lab asks which tests there are.
    suite.addTests(test for test in tests if could_not_be_loaded(test) or part_of(test, words.layer) == wanted)
    del tests
    chosen = suite.countTestCases()
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
    for module in sorted(empty):
        print(f"{module} has no test", file=sys.stderr)
        element = ElementTree.SubElement(result.report, "testcase", classname=module, name="load", time="0")
        ElementTree.SubElement(element, "failure", message="the module has no test")
    if words.xml:
        write(result.report, words.xml)
    print(f"{chosen} tests chosen for {wanted or 'every change'}", file=sys.stderr)
    return 0 if result.wasSuccessful() and not empty else 1


if __name__ == "__main__":
    sys.exit(main())
