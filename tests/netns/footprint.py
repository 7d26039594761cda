# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the machine: who is attached where, and which objects are Weir's. To hold against each other before and
after."""
import json
import os

import lab

# Names of the objects that weir loads.
PROGRAMS = ("weir_tc_in", "weir_tc_out", "weir_xdp", "weir_clock")


def attached(namespace):
    """Every BPF program at a hook of an interface, by `bpftool net`: (hook, interface, program's name, its id)."""
    found = set()
    for report in namespace.run("bpftool", "-j", "net", "show").json:
        for entry in report["xdp"]:
            kind = entry.get("mode", "xdp")
            found.add((f"xdp {kind}", entry["devname"], "", entry.get("id", 0)))
        for entry in report["tc"]:
            found.add((entry["kind"], entry["devname"], entry["name"], entry.get("prog_id", entry.get("id", 0))))
    return found


def ours(entries):
    return {entry for entry in entries if entry[2].startswith("weir")}


def qdiscs(namespace):
    return namespace.tc("qdisc", "show")


def filters(namespace, interface):
    """What tc says of both hooks, word for word; empty where there is no clsact or ingress qdisc."""
    return {hook: namespace.tc("filter", "show", "dev", interface, hook, ok=(0, 1, 2)) for hook in ("ingress", "egress")}


def snapshot(namespace, *interfaces):
    """Everything that others may own on these interfaces."""
    return {"attached": sorted(attached(namespace)), "qdiscs": qdiscs(namespace),
            "filters": {interface: filters(namespace, interface) for interface in interfaces}}


def theirs(snapshot_):
    """A snapshot without what is Weir's: for comparing while Weir is attached beside. The qdiscs stay in only as the lines
    that are not a clsact, which Weir may have had to make."""
    left = dict(snapshot_, attached=[entry for entry in snapshot_["attached"] if not entry[2].startswith("weir")])
    left["qdiscs"] = [line for line in snapshot_["qdiscs"].splitlines() if not line.startswith("qdisc clsact")]
    left["filters"] = {}
    for interface, hooks in snapshot_["filters"].items():
        left["filters"][interface] = {hook: [line for line in text.splitlines() if line and not _is_ours(line, text)]
                                      for hook, text in hooks.items()}
    return left


def _is_ours(line, text):
    """Whether a line of `tc filter show` is of a priority whose filter is Weir's."""
    prefs = {other.split("pref ")[1].split()[0] for other in text.splitlines() if "weir" in other and "pref " in other}
    return "pref " in line and line.split("pref ")[1].split()[0] in prefs


class Objects:
    """Ids of everything that one namespace's pins stand for, read while it is attached; gone() once it is detached."""

    def __init__(self, namespace):
        self.programs, self.maps, self.links = set(), set(), set()
        for pin in namespace.pins():
            path = os.path.join(namespace.state_dir, pin)
            for kind, ids in (("prog", self.programs), ("map", self.maps), ("link", self.links)):
                done = lab.run("bpftool", "-j", kind, "show", "pinned", path, ok=None)
                if done.code == 0:
                    entry = json.loads(done.out)
                    if "id" in entry and kind_fits(kind, entry):
                        ids.add(entry["id"])
        # What a program uses, the tables inside the arrays of maps included by way of `all_maps`.
        for entry in lab.run("bpftool", "-j", "prog", "show").json:
            if entry["id"] in self.programs:
                self.maps |= set(entry.get("map_ids", ()))

    def alive(self):
        """Those that the kernel still has, as (kind, id)."""
        left = set()
        for kind, ids in (("prog", self.programs), ("map", self.maps), ("link", self.links)):
            left |= {(kind, entry["id"]) for entry in lab.run("bpftool", "-j", kind, "show").json if entry["id"] in ids}
        return left


def kind_fits(kind, entry):
    return {"prog": "tag" in entry, "map": "bytes_key" in entry, "link": "prog_id" in entry}[kind]


def all_of_weir():
    """Ids of every program, map and link on the machine whose name is one of Weir's, whoever holds them."""
    programs = {entry["id"] for entry in lab.run("bpftool", "-j", "prog", "show").json if entry.get("name") in PROGRAMS}
    maps = {entry["id"] for entry in lab.run("bpftool", "-j", "map", "show").json if entry.get("name") in lab.MAPS}
    links = {entry["id"] for entry in lab.run("bpftool", "-j", "link", "show").json
             if entry.get("prog_id") in programs}
    return {("prog", number) for number in programs} | {("map", number) for number in maps} | \
           {("link", number) for number in links}
