# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios on the stock kernels of the lab (docs/lab.md), in virtual time: a busy machine changes nothing in them.

    for name, seed, kept in in_lab.play("6.12", ["udp_hog"], [1], place="router", remedy=1): ...
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "lab"), str(HERE)]
import kernels  # noqa: E402
import noisy_plan  # noqa: E402
import vm  # noqa: E402

KERNELS = list(kernels.SERIES)
CHUNK = 5  # scenarios a boot
TIMEOUT_S = 3600


def case_of(name, seed=1, **settings):
    return vm.case("noisy", scene=name, seed=seed, **settings)


def play(kernel, names, seeds, **settings):
    """(name, seed, what was kept or the Failed that it came to) of each."""
    todo = [(name, seed) for seed in seeds for name in names]
    for first in range(0, len(todo), CHUNK):
        chunk = todo[first : first + CHUNK]
        cases = [case_of(name, seed, **settings) for name, seed in chunk]
        kept = vm.Lab(kernel, virtual_time=True, timeout_s=TIMEOUT_S).run(cases, experiment_timeout_s=900)
        for (name, seed), case in zip(chunk, cases, strict=True):
            yield name, seed, kept[case]


def logs_of(scene, kept, which):
    """What the victims' programs logged in the first or second play, by the number of their act, and when it began."""
    logs = {number: kept.text(f"{which}-{number}") for number in noisy_plan.logs_of(scene)}
    return logs, kept.figure(f"{which}-begin")
