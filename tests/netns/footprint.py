# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the machine: who is attached where, and which objects are Weir's. To hold against
each other before and after."""
import errno
import os

import lab


def attached(namespace):
    """Every BPF program at a hook of an interface, by `bpftool net`: (hook, interface, program's name, its id)."""
    found = set()
    names = {entry["id"]: entry.get("name", "") for entry in _show("prog", "show")}
    for report in namespace.run("bpftool", "-j", "net", "show").json:
        for entry in report["xdp"]:
            kind = entry.get("mode", "xdp")
            found.add((f"xdp {kind}", entry["devname"], names.get(entry.get("id", 0), ""), entry.get("id", 0)))
        for entry in report["tc"]:
            found.add((entry["kind"], entry["devname"], entry["name"], entry.get("prog_id", entry.get("id", 0))))
    return found


def ours(entries):
    return {entry for entry in entries if entry[2].startswith("weir")}


def qdiscs(namespace):
    return namespace.tc("qdisc", "show")


def filters(namespace, interface):
    """What tc says of both hooks, word for word; empty where there is no clsact or ingress qdisc."""
    return {hook: namespace.tc("filter", "show", "dev", interface, hook, ok=(0, 1, 2))
            for hook in ("ingress", "egress")}


def snapshot(namespace, *interfaces):
    """Everything that others may own on these interfaces."""
    return {"attached": sorted(attached(namespace)), "qdiscs": qdiscs(namespace),
            "filters": {interface: filters(namespace, interface) for interface in interfaces}}


def theirs(snapshot_):
    """A snapshot without what is Weir's: for comparing while Weir is attached beside. The qdiscs stay in only as the
    lines that are not a clsact, which Weir may have had to make."""
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


def _show(kind, *words):
    """What bpftool shows, once no link is being made on the machine: of one that has its number and is not ready yet,
    the kernel says EAGAIN (bpf_link_by_id in kernel/bpf/syscall.c, seen on 6.18), and bpftool ends with an error."""
    def shown():
        done = lab.run("bpftool", "-j", kind, *words, ok=None)
        if os.strerror(errno.EAGAIN) not in done.out:
            assert done.code == 0, str(done)
            return done
        return None

    return lab.wait_for(shown, "the links of the machine to be ready").json


def owned(namespace):
    """Every object that this namespace's instance stands on, by its pins: {(kind, id)}. Other instances on the
    machine are other people's."""
    pins = [f"{namespace.state_dir}/{pin}" for pin in namespace.pins()]
    programs = [_show("prog", "show", "pinned", pin) for pin in pins if "/prog_" in pin]
    maps = {number for program in programs for number in program.get("map_ids", ())}
    for pin in pins:
        if pin.endswith(("/ledgers", "/flow_tables")):
            maps |= {entry["inner_map_id"] for entry in _show("map", "dump", "pinned", pin)}
    ids = {program["id"] for program in programs}
    links = {entry["id"] for entry in _show("link", "show") if entry.get("prog_id") in ids}
    return {(kind, number) for kind, numbers in (("prog", ids), ("map", maps), ("link", links)) for number in numbers}


def wait_gone(objects, timeout=20):
    """Waits until the kernel has freed all of these, which it does a moment after the last one has let go."""
    assert objects, "no objects: nothing to look for"
    left = []

    def none_left():
        there = {(kind, entry["id"]) for kind in ("prog", "map", "link") for entry in _show(kind, "show")}
        left[:] = sorted(objects & there)
        return not left

    try:
        lab.wait_for(none_left, "the objects to go", timeout, pause=0.2)
    except AssertionError:
        raise AssertionError(f"left behind: {left}") from None
