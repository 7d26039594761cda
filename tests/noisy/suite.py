# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays the labelled scenarios, here or in the lab, or replays what was recorded of them: prints the confusion table.

    suite.py replay [NAME...]                              recorded windows of tests/data/noisy: no root, no traffic
    suite.py live [--seeds N] [--first N] [--save] [NAME...]   plays; --save keeps the windows in tests/data/noisy
    suite.py lab [--kernel K] [--seeds N] [NAME...]            on the stock kernels of the lab, in virtual time: no root

Ends with 0 if the bars hold: recall 0.95, precision 0.99, no innocent accused, victim sets right in 0.9.
"""
import argparse
import collections
import glob
import gzip
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "netns"), str(HERE)]
import lab  # noqa: E402
import scenarios  # noqa: E402
import stage  # noqa: E402

DATA = HERE.parent / "data" / "noisy"
NOBODY = "-"


def judge(text):
    """What weir says of a recorded window."""
    return lab.run(lab.tool("weir"), "noisy", "--replay", "-", "-j", stdin=text, ok=(0, 3)).json


def is_calm(scene, text):
    """Whether the machine let packets through before the first culprit began: half of the slots below calm_ms. What is
    looked at is no verdict, and no part of what the culprit did."""
    if not scene.calm_ms:
        return True
    begin = int(10 * min(act.begin for act in scene.acts if act.begin > 0))
    for vnic in json.loads(text)["vnics"]:
        slots = sorted(vnic["tx"].get("rtt_max_ns", [])[3:begin])
        if vnic["tenant"] in scene.victims and slots[len(slots) // 2] > scene.calm_ms * 1e6:
            return False
    return True


def play(name, seed):
    """One scenario with real traffic; the recorded window as text. Again, up to five times, if the machine was too busy
    with other things for what the scenario is about."""
    scene = scenarios.scene_of(name, seed)
    for _ in range(5):
        text = play_once(scene)
        if is_calm(scene, text):
            break
    return text


def play_once(scene):
    with tempfile.TemporaryDirectory() as folder, lab.Lab() as the_lab:
        theatre = stage.Stage(the_lab, scene.tenants, scene.uplink_mbit, scene.capacity_mbit)
        path = os.path.join(folder, "window.json")
        theatre.play(scene.acts, scene.seconds, path, scene.prepare, scene.during)
        with open(path, encoding="utf-8") as file:
            return file.read()


def go_first():
    """Before other programs of this machine: what is looked at is a network, not who gets the CPU."""
    os.setpriority(os.PRIO_PROCESS, 0, -15)


class Tally:
    """What was expected and what was found, over all windows."""

    def __init__(self):
        self.cells = collections.Counter()
        self.right = self.missed = self.false = self.innocent_accused = 0
        self.windows = self.victims_right = self.guilty_windows = 0
        self.wrong = []

    def add(self, name, seed, report):
        scene = scenarios.scene_of(name, seed)
        found = {one["tenant"]: one for one in report["neighbours"]}
        self.windows += 1
        wrong = []
        for tenant, pattern in scene.culprits.items():
            got = found.get(tenant, {}).get("pattern", NOBODY)
            self.cells[(pattern, got)] += 1
            if got == pattern:
                self.right += 1
            else:
                self.missed += 1
                wrong.append(f"{tenant} {pattern} found as {got}")
        for tenant, one in found.items():
            if tenant not in scene.culprits:
                self.cells[(NOBODY, one["pattern"])] += 1
                self.false += 1
                wrong.append(f"{tenant} accused of {one['pattern']} ({one['certainty']:.2f})")
            elif one["pattern"] != scene.culprits[tenant]:
                self.false += 1
        if not scene.culprits:
            self.innocent_accused += bool(found)
            self.cells[(NOBODY, NOBODY)] += not found
        else:
            self.guilty_windows += 1
            victims = {victim["tenant"] for one in found.values() for victim in one["victims"]} - set(scene.culprits)
            self.victims_right += victims == scene.victims
            if victims != scene.victims:
                wrong.append(f"victims {sorted(victims)}, not {sorted(scene.victims)}")
        if wrong:
            self.wrong.append(f"{name} {seed}: {'; '.join(wrong)}")
        return wrong

    def table(self):
        patterns = sorted({pattern for pair in self.cells for pattern in pair} - {NOBODY}) + [NOBODY]
        lines = ["expected, down; found, across"]
        lines.append(" " * 20 + "".join(f"{pattern[:11]:>13}" for pattern in patterns))
        for row in patterns:
            lines.append(f"{row:<20}" + "".join(f"{self.cells[(row, column)] or '.':>13}" for column in patterns))
        return "\n".join(lines)

    def figures(self):
        def share(part, whole):  # of nothing, all
            return part / whole if whole else 1.0

        recall = share(self.right, self.right + self.missed)
        precision = share(self.right, self.right + self.false)
        victims = share(self.victims_right, self.guilty_windows)
        return recall, precision, victims

    def holds(self):
        recall, precision, victims = self.figures()
        return recall >= 0.95 and precision >= 0.99 and self.innocent_accused == 0 and victims >= 0.9

    def summary(self):
        recall, precision, victims = self.figures()
        return (f"{self.windows} windows: recall {recall:.3f} (at least 0.95), precision {precision:.3f} "
                f"(at least 0.99), innocent windows with an accusation {self.innocent_accused} (0), "
                f"victim sets right {victims:.3f} (at least 0.9): {'held' if self.holds() else 'MISSED'}")


def recorded(names):
    """(name, seed, text) of every recorded window."""
    for path in sorted(glob.glob(str(DATA / "*.json.gz"))):
        name, _, seed = pathlib.Path(path).name.removesuffix(".json.gz").rpartition("-")
        if not names or name in names:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                yield name, int(seed), file.read()


def live(names, seeds, first, save):
    for seed in range(first, first + seeds):
        for name in names or scenarios.SCENARIOS:
            if scenarios.scene_of(name, seed).conntrack_max:
                print(f"{name}: in the lab only")
                continue
            text = play(name, seed)
            if save:
                DATA.mkdir(parents=True, exist_ok=True)
                with gzip.GzipFile(DATA / f"{name}-{seed}.json.gz", "wb", mtime=0) as file:
                    file.write(text.encode())
            yield name, seed, text


def in_the_lab(names, kernels, seeds, first):
    """(name, seed, report) of every scenario on every kernel; a scenario that failed reports nobody, and says why."""
    import in_lab
    for kernel in kernels or in_lab.KERNELS:
        print(f"Linux {kernel}", flush=True)
        for name, seed, kept in in_lab.play(kernel, names or list(scenarios.SCENARIOS), range(first, first + seeds)):
            if isinstance(kept, in_lab.vm.Failed):
                sys.exit(f"{name} {seed}: {kept}")
            yield name, seed, kept.json("first")


def windows_of(words):
    if words.how == "lab":
        yield from in_the_lab(words.names, words.kernel, words.seeds, words.first)
        return
    windows = (recorded(words.names) if words.how == "replay"
               else live(words.names, words.seeds, words.first, words.save))
    for name, seed, text in windows:
        yield name, seed, judge(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("how", choices=("replay", "live", "lab"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--kernel", action="append", default=[], help="of the lab; all of them if none is named")
    parser.add_argument("--save", action="store_true")
    words = parser.parse_intermixed_args()
    unknown = set(words.names) - set(scenarios.SCENARIOS)
    if unknown:
        parser.error(f"no scenario {sorted(unknown)[0]}; there are {', '.join(scenarios.SCENARIOS)}")
    if words.how == "live":
        go_first()
    tally = Tally()
    for name, seed, report in windows_of(words):
        wrong = tally.add(name, seed, report)
        if words.how != "replay" or wrong:
            print(f"{name} {seed}: {'; '.join(wrong) or 'right'}", flush=True)
    print(f"\n{tally.table()}\n\n{tally.summary()}")
    return 0 if tally.windows and tally.holds() else 1


if __name__ == "__main__":
    sys.exit(main())
