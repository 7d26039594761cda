# SPDX-License-Identifier: GPL-2.0-or-later
"""Run tests.

    scripts/test [LAYER...]               what holds on every change: {layers}; by default all of it
    scripts/test --all [PART...]          what is statistical or long; by default all parts, which takes hours
    scripts/test --repeat N [LAYER...]    N runs in a row on an unchanged tree; also with --all
    scripts/test --list                   the names of all tests, and the part of --all that each belongs to
    scripts/test --ci                     what .ci/run does: every change, then one part of --all

    --timings   the ten slowest tests, too

Parts of --all (tests/support/parts.py):

{parts}

Installs what is missing, builds, and ends with one line, 'N passed, N failed, N skipped'; exit code 1 when anything
failed.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import ci  # noqa: E402
import layers  # noqa: E402
import listing  # noqa: E402
import repeat  # noqa: E402


def describe():
    table = "\n".join(f"    {part.name:<14} {part.minutes:>3} min  {part.why}" for part in layers.parts.PARTS)
    return __doc__.format(layers=" ".join(layers.LAYERS), parts=table)


def main():
    parser = argparse.ArgumentParser(description=describe(), formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS, prog="scripts/test")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--repeat", type=int, metavar="N")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--ci", action="store_true")
    parser.add_argument("--timings", action="store_true")
    parser.add_argument("names", nargs="*")
    words = parser.parse_intermixed_args()
    known = [part.name for part in layers.parts.PARTS] if words.all else layers.LAYERS
    unknown = [name for name in words.names if name not in known]
    if unknown:
        kind = "part of --all" if words.all else "layer"
        print(f"test: no {kind} '{unknown[0]}'; there are {' '.join(known)}", file=sys.stderr)
        return 2
    names = list(dict.fromkeys(words.names)) or known
    if words.list:
        return listing.show()
    if words.ci:
        return ci.run()
    if words.repeat is not None:
        if words.repeat < 1:
            parser.error("--repeat takes a number of runs")
        arguments = [*(["--all"] if words.all else []), *(["--timings"] if words.timings else []), *names]
        return repeat.repeat(words.repeat, [sys.executable, "-B", os.path.realpath(__file__), *arguments])
    return (layers.run_all if words.all else layers.run_every_change)(names, words.timings)


if __name__ == "__main__":
    sys.exit(main())
