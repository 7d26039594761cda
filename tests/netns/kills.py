# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of weir right after a step that changed something (kill_at.cpp): the same places every time."""
import json

import lab


def steps_of(namespace, *words, stdin=None):
    """How many steps the command takes when nobody kills it."""
    done = namespace.run(lab.tool("kill_at"), 0, lab.tool("weir"), *words, stdin=stdin)
    return json.loads(done.err.splitlines()[-1])["steps"]


def kill_after(step, namespace, *words, stdin=None):
    """Kills the command after that step of its."""
    namespace.run(lab.tool("kill_at"), step, lab.tool("weir"), *words, stdin=stdin, ok=(128 + 9,))


def spread(count, steps):
    """`count` steps of so many, the first and the last among them; all, if there are no more."""
    if count >= steps:
        return list(range(1, steps + 1))
    return sorted({1 + round(number * (steps - 1) / max(1, count - 1)) for number in range(count)})
