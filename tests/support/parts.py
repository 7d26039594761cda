# SPDX-License-Identifier: GPL-2.0-or-later
"""Which tests hold on every change, and which belong to `scripts/test --all`, and to which part of it.

A Python test is marked by @in_all("why"), a GoogleTest suite by a name that begins with InAll. What is marked belongs
to a part of the table below by itself: by its layer, its kernel and its module. .ci/run plays one part after each
change, in turn, so each stays below 35 minutes on two CPUs.
"""

import dataclasses


def in_all(why):
    """Marks a test method or class for `scripts/test --all`: it is statistical, or exact but long; `why` says which."""

    def mark(item):
        item.in_all = why
        return item

    return mark


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    minutes: int  # expected
    why: str
    layer: str = ""  # marked Python tests of this layer,
    kernels: tuple = ()  # of these kernels of the lab (None: of tests that have none),
    modules: tuple = ()  # of these modules, if any are named
    suites: bool = False  # suites InAll* of GoogleTest, with and without sanitizers
    programs: tuple = ()  # each one test, which its exit code decides; {weir} and {build} are filled in
    needs_bpf: bool = True  # of this machine's kernel


MATRIX_SLICES = 7  # so that the number of parts is a prime: changes of always two commits get to every part, too
PYTHON = ("python3", "-B")

PARTS = (
    Part("netns", 6, "what is long or statistical between namespaces of this kernel", layer="netns"),
    Part("crash", 6, "hundreds of kills, at any step", layer="netns", modules=("test_crash", "test_upgrade")),
    Part("lab_61", 25, "the cases of the lab that every change does not play, on Linux 6.1", layer="lab",
         kernels=("6.1",), needs_bpf=False),
    Part("lab_612", 25, "the same on Linux 6.12", layer="lab", kernels=("6.12", None), needs_bpf=False),
    *(Part(f"lab_matrix_{number}", 25, "limits beside CAKE's on both kernels, held to tests/lab/limit_bars.py",
           programs=((*PYTHON, "scripts/lab", "check-matrix", "--slice", f"{number}/{MATRIX_SLICES}"),),
           needs_bpf=False)
      for number in range(1, MATRIX_SLICES + 1)),
    Part("suites", 5, "storms, floods and statistics of the C++ tests", suites=True),
    Part("fuzz", 15, "minutes of fuzzing from a random seed instead of a counted number of runs",
         programs=(("{build}/tests/fuzz/fuzz_parse", "-max_total_time=800", "-timeout=10",
                    "-artifact_prefix={build}/"),),
         needs_bpf=False),
    Part("noisy", 25, "labelled scenarios with real traffic: recall and precision of the verdicts",
         programs=((*PYTHON, "tests/noisy/suite.py", "live"),)),
    Part("noisy_lab", 30, "the same scenarios in virtual time, on both stock kernels",
         programs=((*PYTHON, "tests/noisy/suite.py", "lab"),), needs_bpf=False),
    Part("remedies", 30, "whether the commands that weir noisy prints mend what the victims' programs measure",
         programs=((*PYTHON, "tests/noisy/remedy.py"),)),
    Part("silence", 20, "ten minutes of healthy traffic without a finding, and minutes of weir bench",
         programs=((*PYTHON, "tests/netns/silence.py"), ("{weir}", "bench"))),
)


def of_test(layer, kernel, module):
    """The name of the part that a marked Python test belongs to; one that names its module goes first. Raises
    LookupError if there is none: what is in no part never runs."""
    found = [part for part in PARTS if part.layer == layer and (not part.kernels or kernel in part.kernels)
             and (not part.modules or module in part.modules)]
    if not found:
        raise LookupError(f"a marked test of {layer}, {module}, kernel {kernel} is in no part of support/parts.py")
    return max(found, key=lambda part: bool(part.modules)).name


def next_part(number):
    """Which part is run after the so-manieth change."""
    return PARTS[number % len(PARTS)]
