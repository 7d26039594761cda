# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the experiments on limits, out of what they kept: plain numbers, units in their names.

    limit_figures.of("limit_tcp,kind=cake", kept)["goodput_bps"]

Nothing here knows what is expected.
"""

import itertools

import share_figures
import vm
from samples import RX_BYTES, percentile, rate_bps

WARM_UP_NS = 2_000_000_000
WINDOW_NS = 1_000_000_000
UNITS = {"kbit": 10**3, "mbit": 10**6, "gbit": 10**9}


def bits_per_second(rate):
    return int(rate[:-4]) * UNITS[rate[-4:]]


def highest_rate_bps(samples, window_ns, column, from_ns=0):
    """Over any window of that length that begins at a sample."""
    rates = [rate_bps(samples, sample[0], sample[0] + window_ns, column) for sample in samples
             if sample[0] >= from_ns and sample[0] + window_ns <= samples[-1][0]]
    return max(rates) if rates else None


def drops_and_marks(kept, kind, name="state"):
    """(packets dropped by the limit, packets marked by it); None where it does not say."""
    if kind == "none" or kept.code(name) != 0:
        return None, None
    state = kept.json(name)
    if kind.startswith("weir"):
        both = [vnic[direction] for vnic in state["vnics"] for direction in ("tx", "rx")]
        return sum(way["drop_packets"] for way in both), sum(way.get("ecn_marked_packets", 0) for way in both)
    if kind == "police":
        actions = [action for entry in state for action in entry.get("options", {}).get("actions", [])]
        return sum(action["stats"]["drops"] for action in actions if "stats" in action), 0
    marks = sum(qdisc.get("ecn_mark", 0) + sum(tin.get("ecn_mark", 0) for tin in qdisc.get("tins", []))
                for qdisc in state)
    # A class's leaf tells its parent of its drops.
    return max((qdisc["drops"] for qdisc in state), default=0), marks


def latencies_ms(answers, from_ns=0):
    return [took / 1e6 for asked, took in answers if asked >= from_ns]


def tcp(kept, settings):
    source, wire, sink = kept.json("source"), kept.json("wire")["samples"], kept.json("sink")["samples"]
    start = source["start_ns"]
    end = start + int(settings["seconds"]) * 10**9
    warm = start + WARM_UP_NS
    # The first finds no route, no neighbour and cold paths.
    idle_ms = percentile(latencies_ms(kept.json("ping_idle")["answers"][1:]), 50)
    ping = kept.json("ping")
    ping_ms = latencies_ms(ping["answers"], warm)
    ask_ms = [took for name in kept.names() if name.startswith("ask_")
              for took in latencies_ms(kept.json(name)["answers"], warm)]
    srtt_ms = [rtt / 1e3 for flow in source["flows"]
               for rtt in flow["rtt_us"][len(flow["rtt_us"]) * WARM_UP_NS // (end - start):]]
    drops, marks = drops_and_marks(kept, settings["kind"])
    added = {f"{name}_added_p{share}_ms": percentile(times, share) - idle_ms if times else None
             for name, times in (("ping", ping_ms), ("ask", ask_ms)) for share in (50, 99)}
    return {
        "goodput_bps": rate_bps(sink, warm, end, 1),
        "ramp_bps": rate_bps(sink, start, warm, 1),
        "wire_bps": rate_bps(wire, warm, end, RX_BYTES),
        "wire_highest_second_bps": highest_rate_bps(wire, WINDOW_NS, RX_BYTES),
        "idle_ms": idle_ms,
        **added,
        "ping_lost": ping["sent"] - len(ping["answers"]),
        "bulk_queue_p50_ms": percentile(srtt_ms, 50) - idle_ms,
        "retransmits": sum(flow["retransmits"] for flow in source["flows"]),
        "ecn": all(flow["ecn"] for flow in source["flows"]),
        "drops": drops,
        "marks": marks,
        "other_drops": kept.figure("other_drops"),
        "busy_share": kept.figure("busy_share"),
    }


def udp(kept, settings):
    """Delivered: over what was sent, but for the first half second, in which a burst may pass."""
    send, wire = kept.json("send"), kept.json("wire")["samples"]
    drops, _ = drops_and_marks(kept, settings["kind"])
    limit = bits_per_second(settings["rate"])
    frame_bits = 8 * (int(settings["size"]) + 42)
    from_ns, to_ns = send["start_ns"] + 500_000_000, send["end_ns"]
    delivered = rate_bps(wire, from_ns, to_ns, RX_BYTES)
    return {
        "offered_bps": send["sent"] * frame_bits * 1e9 / (send["end_ns"] - send["start_ns"]),
        "delivered_bps": delivered,
        "delivered_of_limit": delivered / limit,
        "wire_highest_second_bps": highest_rate_bps(wire, WINDOW_NS, RX_BYTES),
        "out_of_order": kept.json("receive")["out_of_order"],
        "drops": drops,
        "other_drops": kept.figure("other_drops"),
    }


def settle_ms(wire, changes, window_ns, tolerance):
    """For each change, when the rate at the receiver first kept to the new one for a window of this length: counted
    from when the change was done. None where it did not before the next change. The path delays nothing there."""
    found = []
    for (_, done, rate), (following, _, _) in itertools.pairwise(changes):
        moments = [sample[0] for sample in wire if done <= sample[0] and sample[0] + window_ns <= following]
        kept_to = [moment for moment in moments
                   if abs(rate_bps(wire, moment, moment + window_ns, RX_BYTES) / rate - 1) <= tolerance]
        found.append((kept_to[0] - done) / 1e6 if kept_to else None)
    return found


def change(kept, settings):
    def changes(name):
        return [[int(word) for word in line.split()] for line in kept.text(name).splitlines()]

    def summary(name, times):
        settled = [time for time in times if time is not None]
        return {f"{name}_settled": len(settled), f"{name}_changes": len(times),
                f"{name}_settle_p50_ms": percentile(settled, 50), f"{name}_settle_worst_ms": max(settled, default=None)}

    send, receive = kept.json("send"), kept.json("receive")
    drops_before, _ = drops_and_marks(kept, settings["kind"], "state_udp")
    # 20 ms at 50 Mbit/s are 83 frames: a frame more or less is no other rate.
    flood = settle_ms(kept.json("wire")["samples"], changes("changes_under_flood"), 20_000_000, 0.05)
    tcp_flow = settle_ms(kept.json("wire_tcp")["samples"], changes("changes_under_tcp"), 20_000_000, 0.05)
    return {
        "udp_sent": send["sent"], "udp_lost": send["sent"] - receive["received"], "udp_drops": drops_before,
        "udp_out_of_order": receive["out_of_order"], "udp_longest_gap_ms": receive["longest_gap_ns"] / 1e6,
        **summary("flood", flood), **summary("tcp", tcp_flow),
        "tcp_wire_bps": tcp_wire(kept), "other_drops": kept.figure("other_drops"),
    }


def tcp_wire(kept):
    """Mean of the time during which the limit changed."""
    lines = kept.text("changes_under_tcp").splitlines()
    first, last = int(lines[0].split()[1]), int(lines[-1].split()[1])
    return rate_bps(kept.json("wire_tcp")["samples"], first, last, RX_BYTES)


def local(kept, settings):
    figures = {}
    limit = bits_per_second(settings["rate"])
    for name in ("tenant", "host"):
        receive = kept.json("receive_" + name)
        sink = kept.json("sink_" + name)["samples"]
        start = kept.json("source_" + name)["start_ns"]
        settled = receive["settled"]
        udp_bps = (settled["received"] - 1) * 8 * 1484 * 1e9 / max(1, receive["last_ns"] - settled["first_ns"])
        figures[f"{name}_udp_of_limit"] = udp_bps / limit
        figures[f"{name}_tcp_bps"] = rate_bps(sink, start + 10**9, start + int(settings["seconds"]) * 10**9, 1)
    return figures


def cost(kept, settings):
    """Instructions a packet, the least of three rounds: without the limit, with it, and with Weir but no limit."""
    def least(name):
        rounds = [kept.json(f"{name}_{number}") for number in (1, 2, 3)]
        return min((sent["end_ns"] - sent["start_ns"]) / sent["sent"] for sent in rounds)

    before, after = least("before"), least("after")
    drops, _ = drops_and_marks(kept, settings["kind"])
    limit = after - (least("idle") if settings["kind"] in ("weir", "weir_fq", "weir_share") else before)
    return {"path_instructions": before, "added_instructions": after - before, "limit_instructions": limit,
            "drops": drops}


def stop(kept, _):
    def goodput(direction):
        start = kept.json("source_" + direction)["start_ns"]
        return rate_bps(kept.json("sink_" + direction)["samples"], start + 3 * 10**9, start + 4 * 10**9, 1)

    return {
        "tx_last_second_bps": goodput("tx"), "rx_last_second_bps": goodput("rx"),
        "qdiscs_restored": kept.text("qdiscs_before") == kept.text("qdiscs_after"),
        "left": kept.text("left"),
    }


def summary(name, values):
    """The median; of what is a highest value already, the highest."""
    if isinstance(values[0], bool):
        return all(values)
    return percentile([value for value in values if value is not None], 100 if "highest" in name else 50)


def merged(cases):
    """{case: figures} with the runs (run=1, 2, ...) of a case as one. A run that failed counts as none."""
    runs = {}
    for case, figures in cases.items():
        runs.setdefault(",".join(word for word in case.split(",") if not word.startswith("run=")), []).append(figures)
    return {case: one_of([figures for figures in found if "failed" not in figures] or found)
            for case, found in runs.items()}


def one_of(found):
    if len(found) == 1:
        return found[0]
    return {"runs": len(found), **{name: summary(name, [figures[name] for figures in found]) for name in found[0]}}


READERS = {"limit_tcp": tcp, "limit_udp": udp, "limit_change": change, "limit_local": local, "limit_cost": cost,
           "limit_stop": stop, "share": share_figures.read}


def of(case, kept):
    """Of a case of one of the experiments on limits; None of another."""
    reader = READERS.get(case.split(",")[0])
    return reader(kept, vm.settings_of(case)) if reader else None
