# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of docs/fair-share.md, out of the figures in build/lab, in place: a row that has no figures stays."""

import vm

BOTH = ("weir", "htb", "htb_fq_codel")
ALL = (*BOTH, "htb_fq_codel_quantum")
# What the table calls it: settings, and who is tried.
CASES = {
    "1 flow each": ({}, BOTH),
    "4 flows each": ({"web": 4, "db": 4, "mail": 4}, BOTH),
    "16 flows each": ({"web": 16, "db": 16, "mail": 16}, ALL),
    "16, 4 and 1 flows": ({"web": 16, "db": 4}, ALL),
    "weight 4 idle": ({"mail": 0, "db": 4}, ALL),
    "weight 4 wakes": ({"wake": 2, "delay": 1}, BOTH),
    "4 flows each, rx": ({"web": 4, "db": 4, "mail": 4, "direction": "rx", "link": 0}, ALL),
    "weight 4 wakes, rx": ({"wake": 2, "delay": 1, "direction": "rx", "link": 0}, BOTH),
    "min 40mbit of weight 1": ({"web_min": "40mbit"}, ("weir",)),
}
KINDS = {"weir": "Weir", "htb": "HTB", "htb_fq_codel": "HTB, fq_codel",
         "htb_fq_codel_quantum": "HTB, fq_codel, quantum"}


def row(name, kernel, kind, figures):
    worst = max(abs(part - 1) for part in figures["of_share"].values())
    woken = figures.get("woken_after_ms")
    return (f"| {name} | {kernel} | {KINDS[kind]} | {worst:.1%} | {figures['jain']:.4f} | {figures['in_use']:.1%} | "
            f"{figures['ping_p99_ms'] - figures['ping_idle_p99_ms']:+.2f} ms | "
            f"{'' if woken is None else f'{woken:.0f} ms'} |").replace("% ", " % ")


def rows(all_results):
    """{(name, kernel, kind): row, or None where there are no figures}, in the table's order."""
    found = {}
    for name, (settings, kinds) in CASES.items():
        for results in all_results:
            for kind in kinds:
                figures = results["cases"].get(vm.case("share", kind=kind, **settings), {})
                key = (name, results["kernel"], KINDS[kind])
                found[key] = row(name, results["kernel"], kind, figures) if "of_share" in figures else None
    return found


def write(path, all_results):
    """Number of rows that are other ones now."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("| ") and "Jain" in line) + 2
    end = next(i for i in range(first, len(lines)) if not lines[i].startswith("|"))
    stood = {tuple(word.strip() for word in line.split("|")[1:4]): line for line in lines[first:end]}
    found = {key: line or stood.get(key) for key, line in rows(all_results).items()}
    table = [line for line in found.values() if line]
    lines[first:end] = table
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return sum(line != stood.get(key) for key, line in found.items() if line)
