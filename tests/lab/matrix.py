# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole matrix of limits and shares: Weir's beside its peers', on every kernel, into build/lab,
docs/qos-results.md and the table of docs/fair-share.md.

    run_all(["6.1", "6.12"], only=["limit_udp"])
    check(["6.1", "6.12"], 2, 6)                    # the second sixth of what has bars, held to them

Cases run in chunks, one boot each, and as many machines at a time as there are CPUs. After each chunk its figures are
written to build/lab/limits-<kernel>.json, over those of earlier runs, so a run that was cut short has lost one chunk,
and the tables can be rendered anew without running.
"""

import concurrent.futures
import json
import os
import sys
import threading

import kernels
import limit_bars
import limit_figures
import limit_tables
import share_tables
import vm

CHUNK = 8
RESULTS = os.path.join(vm.ROOT, "build", "lab")
TABLES = os.path.join(vm.ROOT, "docs", "qos-results.md")
SHARE_TABLE = os.path.join(vm.ROOT, "docs", "fair-share.md")
RATES = ["10mbit", "100mbit", "1000mbit"]
RUNS = 3  # of what one loss more or less decides
PEERS = ["tbf", "htb", "htb_fq_codel", "police"]


def rivals(rate):
    """Weir and the best of its peers. CAKE cuts GSO frames up to 1 Gbit/s, for which this CPU is too slow: so that,
    too, without."""
    return ["weir", "cake"] + (["cake_gso"] if rate == "1000mbit" else [])


def limit_tcp():
    """At 1 Gbit/s what a flow makes of four seconds hangs on a loss more or less: several runs, by their medians."""
    for settings in limit_tcp_once():
        runs = RUNS if settings["rate"] == "1000mbit" and settings["kind"] in ("weir", "cake") else 1
        yield from ({**settings, **({"run": run} if run > 1 else {})} for run in range(1, runs + 1))


def limit_tcp_once():
    for rate in RATES:
        for flows in (1, 4):
            for kind in rivals(rate):
                for delay in (1, 20, 80):
                    yield {"kind": kind, "rate": rate, "delay": delay, "flows": flows}
                yield {"kind": kind, "rate": rate, "flows": flows, "direction": "rx"}
                yield {"kind": kind, "rate": rate, "flows": flows, "cc": "bbr"}
        for kind in PEERS:
            yield {"kind": kind, "rate": rate}
        for kind in ["htb_fq_codel", *rivals(rate)]:
            yield {"kind": kind, "rate": rate, "ecn": 1}


def limit_udp():
    """At 1 Gbit/s this CPU cannot send as much as the limit."""
    return [{"kind": kind, "rate": rate, "direction": direction} for direction in ("tx", "rx")
            for rate in RATES[:2] for kind in [*rivals(rate), *PEERS]]


def limit_change():
    return [{"kind": kind, "direction": direction} for kind in ("weir", "cake", "htb", "tbf")
            for direction in ("tx", "rx")]


def limit_local():
    return [{"kind": kind} for kind in ("none", "weir", "police")]


def limit_cost():
    kinds = ["weir", "weir_share", "cake", "htb", "htb_fq_codel", "tbf", "police"]
    return [{"kind": kind, "direction": direction} for direction in ("tx", "rx") for kind in kinds]


def limit_stop():
    return [{}, {"found": "default"}, {"found": "fq_codel"}]


def share():
    for settings, kinds in share_tables.CASES.values():
        for kind in kinds:
            yield {"kind": kind, **settings}


EXPERIMENTS = [limit_tcp, limit_udp, limit_change, limit_local, limit_cost, limit_stop, share]


def wanted(only):
    """{experiment: [case]}, in order."""
    chosen = {}
    for cases in EXPERIMENTS:
        name = cases.__name__
        if only and name not in only:
            continue
        chosen[name] = [vm.case(name, **settings) for settings in cases()]
    return chosen


def path_of(kernel):
    return os.path.join(RESULTS, f"limits-{kernel}.json")


def load(kernel):
    try:
        with open(path_of(kernel), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"kernel": kernel, "cases": {}}


def store(kernel, found, lock):
    with lock:
        results = load(kernel)
        results["release"] = kernels.get(kernel).release
        results["cases"].update(found)
        os.makedirs(RESULTS, exist_ok=True)
        with open(path_of(kernel) + ".new", "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1, sort_keys=True)
        os.replace(path_of(kernel) + ".new", path_of(kernel))


def figures_of(kernel, cases):
    """{case: figures, or why there are none}, of one boot."""
    lab = vm.Lab(kernel, virtual_time=True, timeout_s=3600)
    found = {}
    for case, kept in lab.run(cases, experiment_timeout_s=300).items():
        try:
            if isinstance(kept, vm.Failed):
                raise kept
            found[case] = limit_figures.of(case, kept)
        except (vm.Failed, ArithmeticError, LookupError, TypeError, ValueError) as reason:
            found[case] = {"failed": str(reason).splitlines()[:12]}
        print(f"{kernel} {case}: {json.dumps(found[case])}", file=sys.stderr, flush=True)
    return found


def run_chunk(kernel, cases, lock):
    """Number of cases that failed."""
    found = figures_of(kernel, cases)
    store(kernel, found, lock)
    return sum("failed" in figures for figures in found.values())


def is_missing(kernel, case):
    return "failed" in load(kernel)["cases"].get(case, {"failed": []})


def groups(kernel):
    """Weir's cases that have a bar, each with those of CAKE that it is held to: [(kernel, [case])]."""
    found = {}
    for case in [case for cases in wanted(["limit_tcp", "limit_udp"]).values() for case in cases]:
        settings = vm.settings_of(case)
        kind = settings.pop("kind")
        settings.pop("run", None)
        if kind == "weir" or case.startswith("limit_tcp") and kind in ("cake", "cake_gso"):
            found.setdefault((case.split(",")[0], *settings.items()), []).append(case)
    return [(kernel, cases) for cases in found.values()]


def judged(kernel, cases, known):
    """(lines, cases of Weir that hold, cases that miss a bar which is neither known to be missed nor by chance)."""
    results = {"cases": limit_figures.merged(cases)}
    by_chance = limit_bars.missed(results, limit_bars.is_by_chance)
    lines, held, new = [], 0, 0
    for case, wrong in limit_bars.missed(results).items():
        bad = [words for words in wrong if words not in by_chance[case]]
        unknown = [words for words in bad if limit_tables.bar_of(words) not in known.get((kernel, case), ())]
        held += not bad
        new += bool(unknown)
        if wrong:
            kind = "MISSED" if unknown else "known" if bad else "by chance"
            lines.append(f"Linux {kernel} {case}: {'; '.join(wrong)}: {kind}")
    return lines, held, new


def check(series, number, count):
    """Holds a slice of the matrix to limit_bars: each group of cases is in one of `count` slices. Exit code: 1 if a
    case fails, or misses a bar that docs/qos-results.md does not name among those that are missed. What chance decides
    is said, and not held."""
    chosen = [group for kernel in series for group in groups(kernel)][number - 1::count]
    todo = {}
    for kernel, cases in chosen:
        todo.setdefault(kernel, []).extend(cases)
    chunks = [(kernel, cases[first : first + CHUNK]) for kernel, cases in todo.items()
              for first in range(0, len(cases), CHUNK)]
    with concurrent.futures.ThreadPoolExecutor(vm.machines_at_a_time()) as pool:
        found = list(pool.map(lambda chunk: figures_of(*chunk), chunks))
    known, held, new, failed = limit_tables.missed_in(TABLES), 0, 0, 0
    for kernel in todo:
        cases = {case: figures for (one, _), part in zip(chunks, found, strict=True) if one == kernel
                 for case, figures in part.items()}
        failed += sum("failed" in figures for figures in cases.values())
        lines, holding, missing = judged(kernel, cases, known)
        held, new = held + holding, new + missing
        print("".join(f"{line}\n" for line in lines), end="")
    print(f"slice {number} of {count}: {held} cases of Weir hold, {new} miss a bar that is not known to be missed, "
          f"{failed} failed: {'MISSED' if new or failed or not held else 'held'}")
    return 1 if new or failed or not held else 0


def run_all(series, only, render_only=False, go_on=False):
    """Exit code. go_on: only what has no figures yet."""
    known = [cases.__name__ for cases in EXPERIMENTS]
    unknown = [name for name in only if name not in known]
    if unknown:
        print(f"lab: not in the matrix: {', '.join(unknown)}; it has {', '.join(known)}", file=sys.stderr)
        return 2
    failed = 0
    if not render_only:
        todo = [(kernel, [case for case in cases if not go_on or is_missing(kernel, case)])
                for cases in wanted(only).values() for kernel in series]
        chunks = [(kernel, cases[first: first + CHUNK]) for kernel, cases in todo
                  for first in range(0, len(cases), CHUNK)]
        lock = threading.Lock()
        with concurrent.futures.ThreadPoolExecutor(vm.machines_at_a_time()) as pool:
            failed = sum(pool.map(lambda chunk: run_chunk(*chunk, lock), chunks))
    results = [{**found, "cases": limit_figures.merged(found["cases"])} for found in map(load, kernels.SERIES)]
    if not only or set(only) != {"share"}:
        with open(TABLES, "w", encoding="utf-8") as file:
            file.write(limit_tables.render(results))
        print(f"wrote {os.path.relpath(TABLES, vm.ROOT)}", file=sys.stderr)
    if not only or "share" in only:
        written = share_tables.write(SHARE_TABLE, results)
        print(f"{written} rows of {os.path.relpath(SHARE_TABLE, vm.ROOT)} are new", file=sys.stderr)
    print(f"{failed} cases failed", file=sys.stderr)
    return 1 if failed else 0
