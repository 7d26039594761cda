# SPDX-License-Identifier: GPL-2.0-or-later
"""What a link behind the host would do with the packets that the host sends, out of a capture by 'arrivals': who
sends how much, how much of it leaves as soon as it comes, and how long a queue of it stands at the link.

    of(kept.json("arrivals"), kept.json("links"), {1: "web"}, begin_ns, end_ns, 104_000_000)

The queue is computed, by the moments at which packets left: a link has no other.
"""

from samples import percentile

TCP_HEADERS = 66
AT_ONCE_NS = 60_000  # of the host's own way from one interface to the other
MS = 1_000_000


def wire_bytes(size, segment):
    """Of a frame of TCP, or of one packet (segment 0)."""
    segments = -(-(size - TCP_HEADERS) // segment) if segment else 1
    return size + (segments - 1) * TCP_HEADERS


def crossings(packets, names, uplink):
    """[(time, source, wire bytes, how long it was in the host, or None)] of what left by the uplink, by time."""
    came, left = {}, []
    for time, ifindex, is_outgoing, source, port, number, size, segment in packets:
        key = (source, port, number, size)
        if names.get(ifindex) != uplink:
            if not is_outgoing:
                came[key] = time
        elif is_outgoing:
            entered = came.pop(key, None)
            left.append((time, source, wire_bytes(size, segment), None if entered is None else time - entered))
    return sorted(left, key=lambda crossing: crossing[0])


def of(arrivals, links, sources, begin_ns, end_ns, link_bps, uplink="up"):
    names = {link["ifindex"]: link["ifname"] for link in links}
    sent, at_once, queues = {}, {}, []
    queue, last = 0.0, None
    for time, source, size, took in crossings(arrivals["packets"], names, uplink):
        if last is not None:
            queue = max(0.0, queue - (time - last) * link_bps / 8e9)
        last = time
        if begin_ns <= time < end_ns:
            queues.append(queue * 8e9 / link_bps)
            sent[source] = sent.get(source, 0) + size
            at_once[source] = at_once.get(source, 0) + (size if took is not None and took < AT_ONCE_NS else 0)
        queue += size
    return {
        "captured_lost": arrivals["lost"],
        "link_queue_p50_ms": percentile(queues, 50) / MS,
        "link_queue_p99_ms": percentile(queues, 99) / MS,
        "sent_bps": {name: sent.get(source, 0) * 8e9 / (end_ns - begin_ns) for source, name in sources.items()},
        "at_once": {name: at_once[source] / sent[source] for source, name in sources.items() if source in sent},
    }
