# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of weir right after a step that changed something (kill_at.cpp): the same places every time."""
import json

import lab


def each(most, prepare, namespace, *words, stdin=None):
    """Kills the command once after each of so many of its steps, spread over all of them, each time as `prepare` has
    left it, and yields which step of how many. A command that sweeps away what ended network namespaces have left takes
    more steps when another test has just ended: if those are no more, it is killed after the last of the others."""
    prepare()
    steps = _run(0, namespace, *words, stdin=stdin)
    for step in spread(most, steps):
        prepare()
        while left := _run(step, namespace, *words, stdin=stdin):
            step = left
            prepare()
        yield f"{step} of {steps}"


def _run(last, namespace, *words, stdin=None):
    """0 if the command was killed after step `last`; else it ended, and this is how many steps it took."""
    done = namespace.run(lab.tool("kill_at"), last, lab.tool("weir"), *words, stdin=stdin, ok=(0, 128 + 9))
    if done.code:
        assert last, f"killed, and not by us: {done}"
        return 0
    steps = json.loads(done.err.splitlines()[-1])["steps"]
    assert steps > 1, f"nothing to kill: {done}"
    return steps


def spread(count, steps):
    """`count` steps of so many, the first and the last among them; all, if there are no more."""
    if count >= steps:
        return list(range(1, steps + 1))
    return sorted({1 + round(number * (steps - 1) / max(1, count - 1)) for number in range(count)})
