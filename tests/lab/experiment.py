# SPDX-License-Identifier: GPL-2.0-or-later
"""Expectations of an experiment, as unittest cases: one class, which becomes one test class for each kernel of the lab
(kernels.SERIES), LimitUdpOn61 and LimitUdpOn612.

    class Features(Experiment):
        experiment = "features"
        has_tcx = Since({"6.1": False, "6.6": True})        # what differs: the newest entry not newer than the kernel

        def test_fq(self):
            self.assertEqual(self.kept.code("features"), 0)

        @on(since="6.6")                                    # a test of some kernels only
        def test_tcx_attaches(self): ...

A class may look at several cases, of one experiment or of more:

    class LimitUdp(Experiment, every_change=["6.12"]):
        virtual_time = True
        cases = {"10": vm.case("limit_udp", rate="10mbit"), "100": in_all("long")(vm.case("limit_udp", rate="100mbit"))}

        @about("100")                                       # where the class has that case
        def test_rate(self):
            self.figures("100")["delivered_of_limit"]

What does not run on every change has the mark of support/parts.py: a class, a method, or a case, whose tests are then
in a class of their own (LimitUdpInAllOn612). With every_change= the class has it on all other kernels.

Experiments that want the same machine share one boot, of what the tests that are to run look at. As many machines run
at a time as there are CPUs, or as WEIR_LAB_MACHINES says.
"""

import concurrent.futures
import gc
import os
import sys
import time
import unittest
import weakref

import kernels
import limit_figures
import vm

sys.path.append(os.path.join(vm.ROOT, "tests"))
from support.parts import in_all

_tests = []  # weak references to all test cases that the loader has made
_outcomes = {}  # (kernel, virtual_time) -> a future of {case: Kept or Failed}
_told = set()
MACHINE_TIMEOUT_S = 3000
ALL_KERNELS = ("0", "99999")
_pool = concurrent.futures.ThreadPoolExecutor(vm.machines_at_a_time())


class Since:
    """A value for each kernel: {"6.1": "clsact", "6.6": "tcx"} is clsact up to 6.5."""

    def __init__(self, values):
        self._values = values

    def on(self, kernel):
        known = [series for series in self._values if kernels.version(series) <= kernels.version(kernel)]
        return self._values[max(known, key=kernels.version)]


def on(since=ALL_KERNELS[0], before=ALL_KERNELS[1]):
    """Marks a test method that is of some kernels only."""

    def mark(method):
        method.on = (since, before)
        return method

    return mark


def about(*names):
    """Marks a test method with the cases of its class that it looks at. A class that has none has no such test."""

    def mark(method):
        method.about = names
        return method

    return mark


class Experiment:
    experiment = None
    cases = {}  # by a short name of the class's own
    virtual_time = False

    def __init_subclass__(cls, every_change=None, **arguments):
        super().__init_subclass__(**arguments)
        if issubclass(cls, unittest.TestCase):
            return
        for kernel in kernels.wanted():
            cases = cls.cases.on(kernel) if isinstance(cls.cases, Since) else cls.cases
            elsewhere = every_change is not None and kernel not in every_change
            marked = {} if elsewhere else {name: case for name, case in cases.items() if hasattr(case, "in_all")}
            others = {name: case for name, case in cases.items() if name not in marked}
            if others or cls.experiment:
                mark = {"in_all": f"exact, but long: on every change on {', '.join(every_change)}"} if elsewhere else {}
                _make(cls, "On", kernel, others, mark)
            if marked:
                mark = {"in_all": "; ".join(sorted({case.in_all for case in marked.values()}))}
                _make(cls, "InAllOn", kernel, marked, mark)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        _tests.append(weakref.ref(self))

    @classmethod
    def setUpClass(cls):
        skip_without(cls.kernel)
        if not _outcomes:
            for machine, cases in _wanted().items():
                if not vm.why_not(machine[0]):
                    _outcomes[machine] = _pool.submit(_run, machine, cases)
        cls._all = _outcomes[cls.kernel, cls.virtual_time].result()
        if cls.experiment:
            cls.kept = cls._of(cls.experiment)

    @classmethod
    def _of(cls, case):
        kept = cls._all[case]
        if isinstance(kept, vm.Failed):
            raise kept
        return kept

    def looked_at(self):
        """Cases of this test, by name: those that it is about, or all of the class."""
        names = getattr(getattr(self, self._testMethodName), "about", self.cases)
        return {name: case for name, case in self.cases.items() if name in names}

    def figures(self, name):
        """Of one of the class's cases on limits, and on the console: the record of a run is to have them."""
        case = self.cases[name]
        found = limit_figures.of(case, self._of(case))
        if (self.kernel, case) not in _told:
            _told.add((self.kernel, case))
            print(f"{self.kernel} {case}: {found}", flush=True)
        return found


def _make(cls, suffix, kernel, cases, mark):
    """The test class of one kernel, in the module of its experiment, where unittest finds it."""
    name = f"{cls.__name__}{suffix}{kernel.replace('.', '')}"
    attributes = {"__module__": cls.__module__, "__doc__": cls.__doc__, **mark}
    for attribute in dir(cls):
        value = getattr(cls, attribute)
        if isinstance(value, Since):
            attributes[attribute] = value.on(kernel)
        elif attribute.startswith("test") and not _is_of(value, kernel, cases):
            attributes[attribute] = None  # unittest takes what can be called
    attributes |= {"kernel": kernel, "cases": cases}
    setattr(sys.modules[cls.__module__], name, type(name, (cls, unittest.TestCase), attributes))


def _is_of(method, kernel, cases):
    since, before = getattr(method, "on", ALL_KERNELS)
    names = getattr(method, "about", cases)
    return (kernels.version(since) <= kernels.version(kernel) < kernels.version(before)
            and (names is cases or not cases.keys().isdisjoint(names)))


def _wanted():
    """{(kernel, virtual_time): [case]} of the tests that are to run: a loader's user keeps those, and no others."""
    gc.collect()
    found = {}
    for test in [reference() for reference in _tests if reference()]:
        cases = found.setdefault((test.kernel, test.virtual_time), {})
        cases.update(dict.fromkeys([test.experiment] if test.experiment else []))
        cases.update(dict.fromkeys(test.looked_at().values()))
    return {machine: list(cases) for machine, cases in found.items()}


def _run(machine, cases):
    begin = time.monotonic()
    outcome = vm.Lab(*machine, timeout_s=MACHINE_TIMEOUT_S).run(cases)
    print(f"{machine[0]}: {len(cases)} cases in {time.monotonic() - begin:.0f} s", flush=True)
    return outcome


def skip_without(kernel):
    is_other = kernel not in kernels.wanted()
    reason = f"WEIR_LAB_KERNEL is {os.environ['WEIR_LAB_KERNEL']}" if is_other else vm.why_not(kernel)
    if reason:
        raise unittest.SkipTest(reason)


__all__ = ["Experiment", "Since", "about", "in_all", "on", "skip_without"]
