# SPDX-License-Identifier: GPL-2.0-or-later
"""What a limit has to hold beside CAKE's: each bar is a function of (limit in bit/s, the subject's figures, CAKE's)
that returns what is wrong, as words, or None.

    limit_bars.waits(100_000_000, subject, cake)     # "ping p99 1.20 ms above the idle path, CAKE 0.55"
    limit_bars.missed(results)                       # {case: [words]} of all of Weir's cases of TCP and UDP in a matrix
    limit_bars.missed(results, limit_bars.is_by_chance)    # only what chance decides
"""

import limit_figures
import vm
from samples import TCP_FRAME, TCP_PAYLOAD

RATE = 0.005        # of the limit, above or below
GOODPUT = 0.98      # of CAKE's
IN_USE = 0.95       # payload of the limit, over what a full frame carries: pings and requests have their part
P50_MS = 0.02       # above CAKE's: two hooks' own time
P99_MS = 0.5        # above CAKE's
QUEUE_MS = 10       # the bulk flows' own, from 100 Mbit/s on
QUEUE_FROM_BPS = 100_000_000


def goodput(_, subject, cake):
    if subject["goodput_bps"] < GOODPUT * cake["goodput_bps"]:
        return f"goodput {subject['goodput_bps'] / cake['goodput_bps']:.1%} of CAKE's"
    return None


def in_use(limit_bps, subject, _):
    """Where CAKE is too slow on the emulated CPU to be a bar."""
    most = limit_bps * TCP_PAYLOAD / TCP_FRAME
    if subject["goodput_bps"] < IN_USE * most:
        return f"goodput {subject['goodput_bps'] / most:.1%} of what the limit has room for"
    return None


def highest_second(limit_bps, subject, _):
    if subject["wire_highest_second_bps"] > (1 + RATE) * limit_bps:
        return f"highest second {subject['wire_highest_second_bps'] / limit_bps:.2%} of the limit"
    return None


def waits(_, subject, cake):
    wrong = []
    for flow in ("ping", "ask"):
        for share, tolerance_ms in (("p50", P50_MS), ("p99", P99_MS)):
            ours, theirs = (figures[f"{flow}_added_{share}_ms"] for figures in (subject, cake))
            if ours > theirs + tolerance_ms:
                wrong.append(f"{flow} {share} {ours:.2f} ms above the idle path, CAKE {theirs:.2f}")
    return "; ".join(wrong) or None


def queue(limit_bps, subject, _):
    if limit_bps >= QUEUE_FROM_BPS and subject["bulk_queue_p50_ms"] > QUEUE_MS:
        return f"the bulk flows' own queue {subject['bulk_queue_p50_ms']:.1f} ms"
    return None


def ecn(_, subject, __):
    if subject["ecn"] and (subject["drops"], subject["retransmits"]) != (0, 0):
        return f"{subject['drops']} drops and {subject['retransmits']} packets sent again in spite of ECN"
    return None


TCP = [goodput, highest_second, waits, queue, ecn]
# At this rate, over a path with a delay, one loss more or less decides what a flow makes of its seconds and what waits
# behind it, and how CAKE's bursts meet the emulated CPU what CAKE does (docs/lab.md): of two runs of a case,
# one holds these bars and the other does not.
BY_CHANCE = [goodput, waits]
BY_CHANCE_RATE, BY_CHANCE_DELAY_MS = "1000mbit", 20


def udp(figures):
    if abs(figures["delivered_of_limit"] - 1) > RATE:
        return f"delivered {figures['delivered_of_limit']:.2%} of the limit"
    return None


def peer(cases, settings):
    """CAKE's figures for the same, or None: cutting GSO frames or not, whichever moves more."""
    same = {name: value for name, value in settings.items() if name != "kind"}
    found = [figures for case, figures in cases.items() if case.startswith("limit_tcp") and "failed" not in figures
             for theirs in [vm.settings_of(case)]
             if theirs.pop("kind") in ("cake", "cake_gso") and theirs == same]
    return max(found, key=lambda figures: figures["goodput_bps"], default=None)


def is_by_chance(bar, settings):
    return (bar in BY_CHANCE and settings["rate"] == BY_CHANCE_RATE
            and int(settings["delay"]) >= BY_CHANCE_DELAY_MS)


def missed(results, is_looked_at=lambda _, __: True):
    """{case: what is wrong, an empty list if nothing is}, of Weir's cases that have figures."""
    found, cases = {}, results["cases"]
    for case, figures in cases.items():
        name, settings = case.split(",")[0], vm.settings_of(case)
        if settings.get("kind") != "weir" or "failed" in figures:
            continue
        wrong = None
        if name == "limit_udp":
            wrong = [udp(figures)] if is_looked_at(udp, settings) else []
        elif name == "limit_tcp":
            cake, limit_bps = peer(cases, settings), limit_figures.bits_per_second(settings["rate"])
            wrong = [bar(limit_bps, figures, cake) for bar in TCP if is_looked_at(bar, settings)] if cake else None
        if wrong is not None:
            found[case] = [words for words in wrong if words]
    return found
