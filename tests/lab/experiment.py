# SPDX-License-Identifier: GPL-2.0-or-later
"""Expectations of an experiment, as unittest cases.

    class Features:                                   # what is expected, once
        experiment = "features"
        def test_fq(self):
            self.assertEqual(self.kept.code("features"), 0)

    class FeaturesOn61(Features, Experiment):         # and where
        kernel = "6.1"

Experiments that want the same machine share one boot: all of those whose classes are known when the first one runs. As
many machines run at a time as there are CPUs.
"""

import concurrent.futures
import os
import unittest

import vm

_wanted = {}  # (kernel, virtual_time) -> names of experiments
_outcomes = {}  # the same -> a future of {name: Kept or Failed}
_pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)


class Experiment(unittest.TestCase):
    experiment = None
    kernel = None
    virtual_time = False

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        if cls.experiment and cls.kernel:
            _wanted.setdefault((cls.kernel, cls.virtual_time), []).append(cls.experiment)

    @classmethod
    def setUpClass(cls):
        skip_without(cls.kernel)
        if not _outcomes:
            for machine, names in _wanted.items():
                if not vm.why_not(machine[0]):
                    _outcomes[machine] = _pool.submit(vm.Lab(*machine).run, list(dict.fromkeys(names)))
        cls.kept = _outcomes[cls.kernel, cls.virtual_time].result()[cls.experiment]
        if isinstance(cls.kept, vm.Failed):
            raise cls.kept


def skip_without(kernel):
    reason = vm.why_not(kernel)
    if reason:
        raise unittest.SkipTest(reason)
