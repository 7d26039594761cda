# SPDX-License-Identifier: GPL-2.0-or-later
"""Expectations of an experiment, as unittest cases.

    class Features:                                   # what is expected, once
        experiment = "features"
        def test_fq(self):
            self.assertEqual(self.kept.code("features"), 0)

    class FeaturesOn61(Features, Experiment):         # and where
        kernel = "6.1"

One class may look at several cases, of one experiment or of more:

    class LimitUdp:
        cases = {"10": vm.case("limit_udp", rate="10mbit"), "100": vm.case("limit_udp", rate="100mbit")}
        def test_rate(self):
            self.figures("100")["delivered_of_limit"]

Experiments that want the same machine share one boot: all of those whose classes are known when the first one runs. As
many machines run at a time as there are CPUs, or as WEIR_LAB_MACHINES says.
"""

import concurrent.futures
import unittest

import limit_figures
import vm

_wanted = {}  # (kernel, virtual_time) -> cases
_outcomes = {}  # the same -> a future of {name: Kept or Failed}
_told = set()
MACHINE_TIMEOUT_S = 3000
_pool = concurrent.futures.ThreadPoolExecutor(vm.machines_at_a_time())


class Experiment(unittest.TestCase):
    experiment = None
    cases = {}  # by a short name of the class's own
    kernel = None
    virtual_time = False

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        if cls.kernel:
            cases = [cls.experiment] if cls.experiment else []
            _wanted.setdefault((cls.kernel, cls.virtual_time), []).extend([*cases, *cls.cases.values()])

    @classmethod
    def setUpClass(cls):
        skip_without(cls.kernel)
        if not _outcomes:
            for machine, names in _wanted.items():
                if not vm.why_not(machine[0]):
                    lab = vm.Lab(*machine, timeout_s=MACHINE_TIMEOUT_S)
                    _outcomes[machine] = _pool.submit(lab.run, list(dict.fromkeys(names)))
        cls._all = _outcomes[cls.kernel, cls.virtual_time].result()
        if cls.experiment:
            cls.kept = cls._of(cls.experiment)

    @classmethod
    def _of(cls, case):
        kept = cls._all[case]
        if isinstance(kept, vm.Failed):
            raise kept
        return kept

    def figures(self, name):
        """Of one of the class's cases on limits, and on the console: the record of a run is to have them."""
        case = self.cases[name]
        found = limit_figures.of(case, self._of(case))
        if (self.kernel, case) not in _told:
            _told.add((self.kernel, case))
            print(f"{self.kernel} {case}: {found}", flush=True)
        return found


def skip_without(kernel):
    reason = vm.why_not(kernel)
    if reason:
        raise unittest.SkipTest(reason)
