#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the commands that weir noisy prints mend: plays a scenario, applies them, plays it again on the same stage.

    remedy.py [--kernel K] [--seeds N] [--first N] [NAME...]     all scenarios that have a culprit, or those named

With --kernel 6.1 or 6.12 on a stock kernel of the lab, once: there a fq holds what a limit delays, no play is
disturbed, and all limits of bandwidth shape.

What is judged is not what Weir measures but what the victims' own programs do: how long each of their requests took,
as a p50 and a p99, or what their transfers moved. Four figures a victim: before the culprit began in the first play
and in the second (the baseline, twice), beside it in the first (the harm) and in the second (with the remedy). Mended
means: at most a fifth more than the baseline, the larger of the two, or not more than a floor above it: FLOOR_MS,
which is what a verdict itself calls no harm and what this machine's own scheduling adds, and the time that one full
packet of the culprit's takes on the uplink, which no limit spares anybody. Of a download one of each of its
connections: they are sent from outside, and have crossed the uplink together before the host can drop any. Of a
transfer: at least 0.8 of the smaller one. A play whose two baselines are far apart says nothing and is played again.
One that did not mend is played twice more: both must mend.

Ends with 0 if each remedy that is offered mends.
"""
import argparse
import collections
import pathlib
import random
import shlex
import sys
import tempfile

import suite  # first: it says where the others are

# isort: split
import lab
import scenarios
import stage

FLOOR_MS = 1.0
FELT_MS = 0.5
RATIO = 1.2
APART = 2.0  # baselines
LENGTH_NS = scenarios.LENGTH * 1_000_000_000
PLAYS = 4    # until two baselines agree

Row = collections.namedtuple("Row", "victim unit baseline again harmed mended good felt")


def moments(scene):
    """When the first culprit begins, and each time in which one is at work; the first moment of it, when programs are
    started, is left out."""
    acts = [act for act in scene.acts if act.begin > 0]
    return min(act.begin for act in acts), [(act.begin + 0.3, act.end) for act in acts]


def wait_ms(samples, spans, interval_ns, share):
    """What a request at any moment would have waited, of that share of moments at most. One who waits asks nothing
    meanwhile: what it would have asked, an interval after the other, counts too."""
    waits = []
    for moment, took in samples:
        if any(begin <= moment < end for begin, end in spans):
            waits += range(took, 0, -interval_ns) if took > interval_ns else [took]
    waits.sort()
    return waits[int(share * (len(waits) - 1))] / 1e6 if len(waits) >= 100 else None


def mbps(samples, spans):
    moved = [value for moment, value in samples if any(begin + 0.1 <= moment < end for begin, end in spans)]
    return sum(moved) * 80 / len(moved) / 1e6 if len(moved) >= 5 else None


def with_unanswered(samples, interval, end):
    """A visitor begins at even intervals, whatever became of the visit before: what is missing among its samples had no
    answer while it was there."""
    first = min(moment for moment, _ in samples)
    answered = {round((moment - first) / interval): took for moment, took in samples}
    visits = int((end - first) / interval)
    return [(first + number * interval, answered.get(number, LENGTH_NS)) for number in range(visits)]


def figures_of(scene, logs, play_began):
    """Of each program of a victim its figures before and beside the culprits, from its log, by its act's number."""
    first, spans = moments(scene)
    figures = {}
    for number, log in logs.items():
        act = scene.acts[number]
        lines = [line.split() for line in log.splitlines()]
        samples = [(int(when) / 1e9 - play_began, int(value)) for when, value in lines if value]
        if act.what in ("ask", "visit"):
            words = list(act.words)
            interval_ns = int(words[words.index("--interval-us") + 1]) * 1000 if "--interval-us" in words else 5_000_000
            if act.what == "visit":
                samples, interval_ns = with_unanswered(samples, interval_ns / 1e9, act.end), LENGTH_NS
            for unit, share in (("ms p50", 0.5), ("ms p99", 0.99)):
                figures[act.who, unit] = [wait_ms(samples, when, interval_ns, share)
                                          for when in ([(0.7, first)], spans)]
        else:
            figures[act.who, "Mbit/s"] = [mbps(samples, when) for when in ([(1, first)], spans)]
    return figures


def play(theatre, scene, folder):
    """Plays; the recorded window, and of each program of a victim its figures before and beside the culprits."""
    logs = []
    for number, act in enumerate(scene.acts):
        if act.who in scene.victims and act.what in scenarios.FELT_BY:
            logs.append((number, folder / f"{number}.log"))
            act.words += ("--log", logs[-1][1])
    path = folder / "window.json"
    theatre.play(scene.acts, scene.seconds, path, scene.prepare, scene.during)
    texts = {number: log.read_text(encoding="utf-8") for number, log in logs}
    return path.read_text(encoding="utf-8"), figures_of(scene, texts, theatre.begin)


def floor_ms(scene):
    packets = max([1] + [act.words[act.words.index("--flows") + 1] for act in scene.acts
                         if act.who in scene.culprits and act.what == "fetch"])
    return FLOOR_MS + packets * 1514 * 8 / scene.uplink_mbit / 1000


def row_of(victim, unit, one, two, floor):
    (baseline, harmed), (again, mended) = one, two
    if None in (baseline, harmed, again, mended):
        return None
    if unit.startswith("ms"):
        worst = max(baseline, again)
        allowed = max(RATIO * worst, worst + (floor if unit == "ms p99" else FLOOR_MS))
        felt = harmed > max(RATIO * worst, worst + FELT_MS)
        return Row(victim, unit, baseline, again, harmed, mended, mended <= allowed, felt)
    least = 0.8 * min(baseline, again)
    return Row(victim, unit, baseline, again, harmed, mended, mended >= least, harmed < least)


def rows_of(scene, one, two):
    rows = [row_of(*key, one[key], two[key], floor_ms(scene)) for key in sorted(one)]
    return [row for row in rows if row]


def still(report):
    return "; ".join(f"{each['tenant']} still a {each['pattern']}" for each in report["neighbours"])


def is_calm(rows):
    return all(max(row.baseline, row.again) <= max(APART * min(row.baseline, row.again),
                                                   min(row.baseline, row.again) + FLOOR_MS) for row in rows)


def mend_once(name, seed):
    """The commands (None: nothing was offered), the rows, and what else went wrong, as words."""
    scene = scenarios.scene_of(name, seed)
    with tempfile.TemporaryDirectory() as folder, lab.Lab() as the_lab:
        theatre = stage.Stage(the_lab, scene.tenants, scene.uplink_mbit, scene.capacity_mbit)
        text, one = play(theatre, scene, pathlib.Path(folder))
        if not suite.is_calm(scene, text):
            return [], [], "the machine is busy with other things"
        found = suite.judge(text)["neighbours"]
        if {each["tenant"] for each in found} != set(scene.culprits):
            return [], [], f"accused {[each['tenant'] for each in found]}"
        commands = [each["remedy"] for each in found if each["remedy"]]
        if not commands:
            return None, [], ""
        for command in commands:
            theatre.host.weir(*shlex.split(command)[1:])
        text, two = play(theatre, scenarios.scene_of(name, seed), pathlib.Path(folder))
        return commands, rows_of(scene, one, two), still(suite.judge(text))


def mended(rows, wrong):
    return bool(rows) and all(row.good for row in rows) and any(row.felt for row in rows) and not wrong


def lines_of(rows):
    return "\n".join(f"  {row.victim:<2} {row.baseline:8.2f} {row.again:8.2f} {row.harmed:9.2f} {row.mended:8.2f} "
                     f"{row.unit:<7} {'mended' if row.good else 'NOT MENDED'}{'' if row.felt else ', was hardly felt'}"
                     for row in rows)


def in_the_lab(kernel, names, seeds):
    """(what was played, whether a remedy was offered, whether it mends): with an fq limits of bandwidth shape."""
    import in_lab
    for name, seed, kept in in_lab.play(kernel, names, seeds, place="router", remedy=1):
        if isinstance(kept, in_lab.vm.Failed):
            sys.exit(f"{name} {seed}: {kept}")
        scene = scenarios.scene_of(name, seed)
        commands = kept.text("remedies").splitlines()
        plays = [figures_of(scene, *in_lab.logs_of(scene, kept, which)) for which in ("first", "second")]
        rows = rows_of(scene, *plays)
        wrong = still(kept.json("second"))
        print(f"{name} {seed}: {'; '.join(commands) or 'no remedy is offered'}\n{lines_of(rows)}\n  "
              f"{wrong or 'nobody is accused any more'}{'' if is_calm(rows) else '; the baselines are far apart'}",
              flush=True)
        yield f"{kernel} {name} {seed}", bool(commands), not commands or (is_calm(rows) and mended(rows, wrong))


def here(names, seeds):
    suite.go_first()
    for seed in seeds:
        for name in names:
            yield (f"{name} {seed}", *mend(name, seed, lambda text: print(text, flush=True)))


def mend(name, seed, say=lambda _: None):
    """(whether a remedy was offered, whether it mends)."""
    verdicts = []
    while len(verdicts) in (0, 1, 2) and not (verdicts and verdicts[0]):
        for _ in range(PLAYS):
            commands, rows, wrong = mend_once(name, seed)
            if commands is None:
                say(f"{name} {seed}: no remedy is offered")
                return False, True
            if rows and is_calm(rows):
                break
        say(f"{name} {seed}: {'; '.join(commands)}")
        say(lines_of(rows))
        if wrong:
            say(f"  {wrong}")
        if not is_calm(rows):
            say("  the baselines are far apart: the machine is busy with other things")
        verdicts.append(mended(rows, wrong))
        if verdicts[1:2] == [False]:
            break
    return True, verdicts[0] or verdicts[1:] == [True, True]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--kernel", help="of the lab, in virtual time, instead of this machine's")
    words = parser.parse_intermixed_args()
    names = words.names or [name for name, make in scenarios.SCENARIOS.items() if make(random.Random(1)).culprits]
    print("victim, p50 and p99 of its requests or what its transfer moves: baseline, the second, beside the culprit, "
          "with the remedy")
    seeds = range(words.first, words.first + words.seeds)
    offered, good, bad = 0, 0, []
    for what, is_offered, is_mended in in_the_lab(words.kernel, names, seeds) if words.kernel else here(names, seeds):
        offered += is_offered
        good += is_offered and is_mended
        if not is_mended:
            bad.append(what)
    print(f"\n{offered} remedies, {good} mend{'; not: ' + ', '.join(bad) if bad else ''}")
    return 0 if offered and good == offered else 1


if __name__ == "__main__":
    sys.exit(main())
