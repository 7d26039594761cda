# SPDX-License-Identifier: GPL-2.0-or-later
"""Weir's ledger against the outside truth, exactly.

    with measure.Window(lab, [measure.Point(host, "vnic0", "vnic"), measure.Point(guest, "eth0", "guest")]) as window:
        traffic()
    window.check(test)

The window takes the links down, starts the captures, reads the ledgers and brings the links up for the traffic; after
it, it waits for silence and reads ledgers and captures. A packet that crossed between two readings would be in one of
them only, and then the test has found it.
"""
import lab

COARSE = ("arp", "ipv4_tcp", "ipv4_udp", "ipv4_icmp", "ipv6_tcp", "ipv6_udp", "ipv6_icmp")
COUNTS = ("packets", "bytes")


class Point:
    """An interface where Weir counts, and how its truth is to be read.

    role      "vnic": what comes in is the tenant's tx; "guest" and "uplink": what goes out is
    frames    for an XDP ingress hook: the truth of what comes in is frames as the driver has them, seen at `peer`, the
              other end of the cable, because the interface's own tap is behind the hook and sees what GRO made of it
    """

    def __init__(self, namespace, interface, role="vnic", peer=None):
        self.namespace, self.interface, self.role, self.peer = namespace, interface, role, peer
        self.where = f"{namespace.word}/{interface} ({role})"
        self.frames = peer is not None

    def way(self, direction):
        """The truth's "in" or "out" for "tx" or "rx"."""
        return "in" if (direction == "tx") == (self.role == "vnic") else "out"


def difference(later, earlier):
    """Of two ledgers' directions: what was counted in between."""
    result = {key: later[key] - earlier.get(key, 0) for key in ("packets", "bytes", "skbs", "drop_packets")}
    for group in ("classes", "untracked"):
        old = earlier.get(group, {})
        result[group] = {}
        for name, counts in later[group].items():
            if isinstance(counts, dict):
                before = old.get(name, {})
                result[group][name] = {key: counts[key] - before.get(key, 0) for key in COUNTS}
            else:
                result[group][name] = counts - old.get(name, 0)
    return result


def coarse(classes):
    """Weir's classes as coarsely as the truth has them; without the empty ones."""
    result = {}
    for name, counts in classes.items():
        name = name if name in COARSE else "other"
        for key in COUNTS:
            result.setdefault(name, dict.fromkeys(COUNTS, 0))[key] += counts[key]
    return {name: counts for name, counts in result.items() if counts["packets"]}


def _talks(namespace):
    """Whether a TCP connection of the namespace may still send: one that waits after its end
    (TIME-WAIT) says nothing."""
    return bool(namespace.run("ss", "-Htan", "state", "connected", "exclude", "time-wait").out)


def settle(points, timeout=60, connections=True):
    """Waits until no TCP connection is left, unless others' `connections` go on, and no counter of the interfaces
    moves from one look to the next; these counters."""
    namespaces = {point.namespace.name: point.namespace for point in points}.values()
    if connections:
        lab.wait_for(lambda: not any(map(_talks, namespaces)), "the connections to end", timeout)
    before = None

    def stands():
        nonlocal before
        last, before = before, [point.namespace.counters(point.interface) for point in points]
        return before == last

    lab.wait_for(stands, "the traffic to end", timeout, pause=0.05)
    return before


class Window:
    """See above. `extra_links` are (namespace, interface) taken down and up with the points' own."""

    def __init__(self, the_lab, points, extra_links=()):
        self.lab, self.points = the_lab, points
        self.links = [(point.namespace, point.interface) for point in points]
        self.links += [point.peer for point in points if point.peer and point.peer not in self.links]
        self.links += [link for link in extra_links if link not in self.links]
        self.truth, self.ledger, self.captures, self.before = {}, {}, {}, {}

    def _set(self, state):
        for namespace, interface in self.links:
            namespace.ip("link", "set", interface, state)

    def __enter__(self):
        self._set("down")
        for point in self.points:
            for where in filter(None, ((point.namespace, point.interface), point.peer)):
                if where not in self.captures:
                    self.captures[where] = lab.Truth(*where)
        self.before = {point: point.namespace.stats()[point.interface] for point in self.points}
        self._set("up")
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for capture in self.captures.values():
                capture.process.kill()
            return
        settled = settle(self.points)
        # Read before anything is taken down: a link that goes down says goodbye at its hook, and no capture sees it.
        for point in self.points:
            after = point.namespace.stats()[point.interface]
            self.ledger[point] = {way: difference(after[way], self.before[point][way]) for way in ("tx", "rx")}
        for capture in self.captures.values():
            capture.finish()
        if [point.namespace.counters(point.interface) for point in self.points] != settled:
            raise AssertionError("packets came when all had ended: the captures may have them and the ledger not")

    def wanted(self, point, direction):
        """What the ledger should have counted, as the truth saw it: (packets, bytes, skbs, classes)."""
        packets, size, way = "packets", "bytes", point.way(direction)
        truth = self.captures[(point.namespace, point.interface)].result[way]
        if point.frames and way == "in":
            packets, size = "frames", "frame_bytes"
            truth = self.captures[point.peer].result["out"]
        classes = {name: {"packets": counts[packets], "bytes": counts[size]}
                   for name, counts in truth["classes"].items()}
        return truth[packets], truth[size], truth["frames"], classes

    def check(self, test, at_least=1, together=0, cut=False):
        """The ledgers' error is 0 packets and 0 bytes, and there was traffic at all: so many packets each way, and so
        many both ways together (how many are one way's can be up to TCP's acknowledgements). With `cut`, the kernel
        cuts GSO frames between the egress hook and the capture, so skbs there are fewer than the truth's frames."""
        for point in self.points:
            both = sum(self.wanted(point, direction)[0] for direction in ("tx", "rx"))
            test.assertGreaterEqual(both, together, f"{point.where}: no traffic: nothing was tested")
            for direction in ("tx", "rx"):
                packets, size, skbs, classes = self.wanted(point, direction)
                ledger = self.ledger[point][direction]
                with test.subTest(where=point.where, direction=direction):
                    test.assertGreaterEqual(packets, at_least, "no traffic: nothing was tested")
                    counted = (ledger["packets"], ledger["bytes"], coarse(ledger["classes"]))
                    test.assertEqual(counted, (packets, size, classes),
                                     "ledger (first) against truth (second): packets, bytes, by class")
                    if cut and point.way(direction) == "out":
                        test.assertLessEqual(ledger["skbs"], skbs)
                    else:
                        test.assertEqual(ledger["skbs"], skbs)
                    test.assertEqual(ledger["drop_packets"], 0)

    def truth_of(self, namespace, interface):
        return self.captures[(namespace, interface)].result


def add(counts):
    """The sum of {"packets", "bytes"} values."""
    result = dict.fromkeys(COUNTS, 0)
    for count in counts:
        for key in COUNTS:
            result[key] += count[key]
    return result


def flow_sums(namespace, interface):
    """(sum of flows + untracked, the ledger), each by direction, of one interface that is quiet now."""
    report = namespace.flows(interface)
    ledger = namespace.stats()[interface]
    untracked = [entry for entry in report["untracked"] if entry["interface"] == interface]
    sums = {way: add([flow[way] for flow in report["flows"]] + [entry[way] for entry in untracked])
            for way in ("tx", "rx")}
    return sums, {way: {key: ledger[way][key] for key in COUNTS} for way in ("tx", "rx")}
