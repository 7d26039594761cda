# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the experiment 'share', out of what it kept: plain numbers, units in their names. Nothing here knows
what is expected.

Rates are of layer 2, as capacities are: what arrived, each packet once, times what carries it. Of TCP the senders'
kernels know that; a receiver's program gets what waited for a lost packet long after it arrived. What the uplink
carried is counted at the receivers' devices.
"""

import link_figures
from samples import RX_BYTES, TCP_FRAME, TCP_PAYLOAD, percentile, rate_bps

WEIGHTS = {"web": 1, "db": 2, "mail": 4, "noisy": 1}
CAPACITY_BPS = 100_000_000
SOURCES = {1: "web", 3: "db", 4: "mail", 5: "noisy"}  # second number of their addresses
MS = 1_000_000
WARM_UP_NS = 1_500 * MS
UDP_FRAME = 1484


def weighted_shares(capacity_bps, weights, mins):
    """Weighted max-min with mins as floors, for those that all want more; an independent one, by trial."""
    held = set()
    while True:
        left = capacity_bps - sum(mins[name] for name in held)
        total = sum(weight for name, weight in weights.items() if name not in held)
        shares = {name: mins[name] if name in held else left * weight / total for name, weight in weights.items()}
        below = {name for name in weights if name not in held and shares[name] < mins.get(name, 0)}
        if not below:
            return shares
        held |= below


def jain(values):
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))


def answered_ms(kept, name, from_ns=0):
    return [took / MS for asked, took in kept.json(name)["answers"][1:] if asked >= from_ns]


def woken(samples, share_bps):
    """How long after its first byte a tenant had 90 % of its share for 50 ms on end; None if it never had."""
    first = next((time for time, count in samples if count), None)
    if first is None:
        return None
    for begin in range(first, samples[-1][0] - 50 * MS, 5 * MS):
        if rate_bps(samples, begin, begin + 50 * MS, 1) * TCP_FRAME / TCP_PAYLOAD >= 0.9 * share_bps:
            return (begin - first) / MS
    return None


def read(kept, settings):
    sinks = {name: kept.json(f"sink_{name}")["samples"] for name in ("web", "db", "mail")
             if int(settings.get(name, 1))}
    starts = [kept.json(f"source_{name}")["start_ns"] for name in sinks]
    wake = int(settings.get("wake", 0))
    begin = max(starts) + (500 * MS if wake else WARM_UP_NS)
    end = min(starts) + (int(settings.get("seconds", 5)) * 1000 - 100) * MS
    figures = {"rates_bps": {}, "of_share": {}}
    rates = figures["rates_bps"]
    for name in sinks:
        rates[name] = rate_bps(kept.json(f"source_{name}")["delivered"], begin, end, 1) * TCP_FRAME
    if settings.get("blast", "300mbit") != "0":
        rates["noisy"] = rate_bps(kept.json("receive")["samples"], begin, end, 1) * UDP_FRAME
    weights = {name: WEIGHTS[name] for name in rates}
    mins = dict.fromkeys(rates, 0)
    if settings.get("web_min", "0") != "0":
        mins["web"] = int(settings["web_min"][:-4]) * 10**6
    shares = weighted_shares(CAPACITY_BPS, weights, mins)
    figures["of_share"] = {name: rates[name] / shares[name] for name in rates}
    # Goodput over weight; over the fair share where a min is more than that.
    figures["jain"] = jain([rates[name] / shares[name] for name in rates])
    figures["in_use"] = sum(rates.values()) / CAPACITY_BPS
    figures["carried"] = sum(rate_bps(kept.json(name)["samples"], begin, end, RX_BYTES) for name in kept.names()
                             if name.startswith("wire_")) / CAPACITY_BPS
    figures["ping_idle_p99_ms"] = percentile(answered_ms(kept, "ping_idle"), 99)
    figures["ping_p99_ms"] = percentile(answered_ms(kept, "ping", begin), 99)
    figures["ping_start_worst_ms"] = max(answered_ms(kept, "ping"))
    figures["ping_lost"] = kept.json("ping")["sent"] - len(kept.json("ping")["answers"])
    if wake:
        figures["woken_after_ms"] = woken(sinks["mail"], shares["mail"])
    if settings.get("capture", "0") != "0":
        figures |= link_figures.of(kept.json("arrivals"), kept.json("links"), SOURCES, begin, end,
                                   int(settings["link"][:-4]) * 10**6)
    return figures
