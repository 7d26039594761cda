# SPDX-License-Identifier: GPL-2.0-or-later
"""The labelled scenarios of tests/noisy/scenarios.py, as plans that experiments/noisy.sh reads: words of shell, one
moment a line.

    at 4.213 begin 2 b udp 10.0.0.1 --kbps 51000
    at 9.870 end 2

A case "noisy,scene=udp_hog,seed=1" finds its plan in the machine as /lab/scenes/udp_hog-1.
"""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "noisy"))
import scenarios

WORLD = "world"


def logs_of(scene):
    """Numbers of the acts whose programs say what their users feel."""
    return [number for number, act in enumerate(scene.acts)
            if act.who in scene.victims and act.what in scenarios.FELT_BY]


class Notes:
    """Stands in for the stage in a scenario's hooks, and writes down what they do."""

    def __init__(self):
        self.moments = []
        self.before = []

    def starve(self, name, begin, end):
        moment = begin
        while moment < end:
            self.moments += [(moment, f"server {name} STOP"), (moment + 0.34, f"server {name} CONT")]
            moment += 0.4

    def slow_uplink(self, moment, mbit):
        self.moments.append((moment, f"uplink {mbit}"))

    def lose(self, name, percent):
        self.before.append(f"lose {address_of(name)} {percent}")


def number_of(name):
    return 1 if name == WORLD else 10 + "abcd".index(name)


def address_of(name):
    return f"10.0.0.{number_of(name)}"


def mac_of(name):
    return f"02:00:00:00:00:{number_of(name):02}"


def plan_of(scene):
    everybody = [WORLD, *scene.tenants]
    names = {name: address_of(name) for name in everybody} | {f"{name}_mac": mac_of(name) for name in everybody}
    notes = Notes()
    if scene.prepare:
        scene.prepare(notes)
    if scene.during:
        scene.during(notes)
    moments = list(notes.moments)
    logs = logs_of(scene)
    for number, act in enumerate(scene.acts):
        words = [str(word).format(**names) for word in act.words]
        if number in logs:
            words += ["--log", f"/tmp/act-{number}"]
        moments += [(act.begin, f"begin {number} {act.who} {act.what} {' '.join(words)}"), (act.end, f"end {number}")]
    moments.sort(key=lambda moment: moment[0])
    head = [f"stand {name} {address_of(name)} {mac_of(name)}" for name in everybody]
    settings = [f"uplink_mbit={scene.uplink_mbit}", f"capacity_mbit={scene.capacity_mbit}",
                f"conntrack_max={scene.conntrack_max}", f"seconds={scene.seconds}",
                f'tenants="{" ".join(scene.tenants)}"', f'logs="{" ".join(map(str, logs))}"']
    return "\n".join([*settings, "stage() {", *head, "}", "acts() {", "true", *notes.before,
                      *(f"at {moment:.3f} {words}" for moment, words in moments), "}", ""])


def files_of(played):
    """What the machine needs to play these: settings of cases of 'noisy'."""
    return {f"/lab/scenes/{one['scene']}-{one['seed']}":
            plan_of(scenarios.scene_of(one["scene"], int(one["seed"]))).encode() for one in played}
