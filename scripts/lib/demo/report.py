# SPDX-License-Identifier: GPL-2.0-or-later
"""Weir's figures beside everyone else's, and the report that is made of them."""
import collections
import dataclasses

from stage import BATCH, DB, DNS_PORT, TENANTS, UPLINK, WEB
from table import duration, heading, painted, scaled, table, toned, wrapped

# Headers on the wire, layer 2 on: Ethernet, IPv4, and TCP with its timestamp option or UDP.
TCP_HEADERS = 14 + 20 + 32
SYN_HEADERS = 14 + 20 + 40
UDP_HEADERS = 14 + 20 + 8
UDP_PAYLOAD = 1200
SEGMENT_PAYLOAD = 1500 - 20 - 32  # at most
SEGMENTS_PER_SKB = 65536 // 1000  # at most: a dropped skb is as many as fit 64 KiB
# iperf3's own, in none of its totals: a UDP test begins with a datagram of 4 bytes from the client, which the server
# answers with another; a TCP stream begins with a cookie of 37 bytes.
HELLO_BYTES = 4
COOKIE_BYTES = 37


@dataclasses.dataclass
class Evidence:
    """All that the report is made of, read when the traffic is over."""

    vnics: dict  # interface -> its entry in weir stats
    flows: dict  # interface -> what weir flows has
    latency: dict  # interface -> its entry in weir latency
    devices: dict  # interface -> its own counters in the host namespace
    peers: dict  # tenant, and world -> TCP segments 'sent' and 'again', skbs 'dropped' on the way to the host's end
    iperf3: dict  # tenant -> 'ports' of the clients, 'sent' and 'received' bytes, 'packets'
    queries: int  # sent
    answers: int


WAYS = ("tx", "rx")
COUNTS = ("packets", "bytes")
Sum = collections.namedtuple("Sum", "flows tx_packets tx_bytes rx_packets rx_bytes")


def sum_of(flows):
    return Sum(len(flows), *(sum(flow[way][what] for flow in flows) for way in WAYS for what in COUNTS))


@dataclasses.dataclass
class Comparison:
    """One figure that two have counted independently."""

    tenant: str
    what: str
    weir: int
    other: int
    other_text: str  # who says so, and of what terms it is made
    lost_before: int = 0  # what the kernel lost before it came to the vNIC: Weir cannot have it
    bounds: tuple = ()  # none: it is exact

    def holds(self):
        """Equal, or short by no more than was lost on the way to the vNIC; or within its bounds."""
        if self.bounds:
            return self.bounds[0] <= self.weir <= self.bounds[1]
        return 0 <= self.other - self.weir <= self.lost_before

    def verdict(self):
        difference = self.weir - self.other
        mark = "✓" if self.holds() else "✗"
        if difference == 0 or not self.bounds:
            return f"{difference:+,d} {'lost before' if self.holds() else mark}" if difference else f"0 {mark}"
        return f"{difference * 1e6 / max(self.other, 1):+.0f} ppm {mark}"


def data_streams(evidence, tenant, protocol):
    ports = evidence.iperf3[tenant.name]["ports"]
    return sum_of([flow for flow in evidence.flows[tenant.vnic] if flow["protocol"] == protocol
                   and flow["peer_port"] == tenant.port and flow["tenant_port"] in ports])


def tcp_row(evidence, tenant, sends):
    # iperf3 stops with data in the sockets: written, and never sent or never read. So what the wire carried is no less
    # than what was read, and no more than what was written and what TCP sent again.
    iperf3 = evidence.iperf3[tenant.name]
    streams = data_streams(evidence, tenant, "tcp")
    packets, size = (streams.tx_packets, streams.tx_bytes) if sends else (streams.rx_packets, streams.rx_bytes)
    # Every segment has headers of one size, and the first one, the SYN, has longer ones.
    payload = size - packets * TCP_HEADERS - streams.flows * (SYN_HEADERS - TCP_HEADERS)
    again = evidence.peers[tenant.name if sends else "world"]["again"]
    written = iperf3["sent"] + (COOKIE_BYTES * streams.flows if sends else 0)
    return Comparison(tenant.name, f"TCP payload, {streams.flows} stream{'s' * (streams.flows != 1)}", payload, written,
                      "iperf3", bounds=(iperf3["received"], written + again * SEGMENT_PAYLOAD))


def compare(evidence):
    iperf3 = evidence.iperf3[DB.name]
    lost = evidence.peers[DB.name]["dropped"]
    streams = data_streams(evidence, DB, "udp")
    datagrams = iperf3["packets"] + streams.flows
    yield Comparison(DB.name, "UDP datagrams sent", streams.tx_packets, datagrams,
                     f"iperf3 + its {streams.flows} hello", lost)
    yield Comparison(DB.name, "their bytes, on the wire", streams.tx_bytes,
                     iperf3["sent"] + HELLO_BYTES * streams.flows + UDP_HEADERS * datagrams,
                     "iperf3 + headers", lost * (UDP_PAYLOAD + UDP_HEADERS))

    # A query whose flow was evicted from the table is among the vNIC's evicted packets.
    queries = sum_of([flow for flow in evidence.flows[DB.vnic]
                      if flow["protocol"] == "udp" and flow["peer_port"] == DNS_PORT])
    evicted = {way: evidence.vnics[DB.vnic][way]["untracked"]["evicted"]["packets"] for way in WAYS}
    world = evidence.peers["world"]
    yield Comparison(DB.name, f"queries, {queries.flows:,} flows", queries.tx_packets + evicted["tx"],
                     evidence.queries, "who sent them", lost)
    yield Comparison(DB.name, "their answers", queries.rx_packets + evicted["rx"], evidence.answers, "who answered",
                     world["dropped"])

    def segments(way):
        return sum(evidence.vnics[tenant.vnic][way]["classes"].get("ipv4_tcp", {"packets": 0})["packets"]
                   for tenant in TENANTS)
    kernels = {what: sum(evidence.peers[tenant.name][what] for tenant in TENANTS) for what in world}
    yield Comparison("all", "TCP segments sent", segments("tx"), kernels["sent"] + kernels["again"],
                     f"kernels, {kernels['again']:,} again", kernels["dropped"] * SEGMENTS_PER_SKB)
    yield Comparison("all", "TCP segments received", segments("rx"), world["sent"] + world["again"],
                     f"peer's kernel, {world['again']:,} again", world["dropped"] * SEGMENTS_PER_SKB)
    yield tcp_row(evidence, WEB, sends=False)
    yield tcp_row(evidence, BATCH, sends=True)


def audit(evidence):
    """flows + untracked = ledger, packets and bytes, tx and rx, of every vNIC: how many are exact, of how many."""
    sums = []
    for interface, vnic in evidence.vnics.items():
        flows = sum_of(evidence.flows[interface])._asdict()
        sums += [flows[f"{way}_{what}"] + vnic[way]["untracked"][what] == vnic[way][what]
                 for way in WAYS for what in COUNTS]
    return sum(sums), len(sums)


def findings(evidence):
    """What does not hold, in words."""
    exact, sums = audit(evidence)
    if exact != sums:
        yield f"the books do not balance: {sums - exact} of {sums} sums of flows + untracked are not the ledger's"
    for row in compare(evidence):
        if not row.holds():
            yield f"Weir and another counter disagree: {row.tenant}, {row.what}: {row.weir} and {row.other}"


def ledgers(evidence):
    def row(name, interface, tone):
        flows = evidence.flows[interface]
        sizes = [flow["tx"]["bytes"] + flow["rx"]["bytes"] for flow in flows]
        largest = "-"
        if flows:
            flow = flows[sizes.index(max(sizes))]
            largest = "{protocol} :{tenant_port} → :{peer_port}, ".format(**flow) + scaled(max(sizes), "B")
        figures = [f"{evidence.vnics[interface][way][what]:,}" for way in WAYS for what in COUNTS]
        return [(name, tone or "strong"), *((text, tone) for text in (*figures, f"{len(flows):,}", largest))]

    return table([("TENANT", "<"), ("TX PACKETS", ">"), ("TX BYTES", ">"), ("RX PACKETS", ">"), ("RX BYTES", ">"),
                  ("FLOWS", ">1"), ("LARGEST FLOW", "<2")],
                 [*(row(tenant.name, tenant.vnic, "") for tenant in TENANTS), row(UPLINK, UPLINK, "dim")])


def comparisons(evidence):
    return table([("TENANT", "<"), ("COUNTED BY BOTH", "<"), ("WEIR", ">"), ("THEY", ">"), ("THEY ARE", "<1"),
                  ("DIFFERENCE", ">")],
                 [[(row.tenant, "strong"), row.what, f"{row.weir:,}", f"{row.other:,}", (row.other_text, "dim"),
                   (row.verdict(), "" if row.holds() else "warning")] for row in compare(evidence)])


def delays(evidence):
    rows = []
    for tenant in TENANTS:
        entry = evidence.latency[tenant.vnic]
        histograms = entry["host"]["tx"], entry["host"]["rx"], entry["rtt"]["tenant"], entry["rtt"]["network"]
        rows.append([(tenant.name, "strong"),
                     *(f"{duration(one['p50_ns'])}, {duration(one['p99_ns'])}" if one["count"] else "-"
                       for one in histograms),
                     f"{sum(entry['tcp'][way]['retransmits'] for way in WAYS):,}"])
    return table([("TENANT", "<"), ("TX THROUGH THE HOST", ">"), ("RX", ">"), ("TENANT AND BACK", ">"),
                  ("NETWORK AND BACK", ">"), ("SENT AGAIN", ">1")], rows)


def devices(evidence):
    """The directions where a device counter, which counts skbs, misses at least half of the packets."""
    hidden = []
    for tenant in TENANTS:
        for way, seen_as in (("tx", "rx"), ("rx", "tx")):  # the host's end receives what the tenant sends
            wire, device = evidence.vnics[tenant.vnic][way], evidence.devices[tenant.vnic][seen_as]
            packets = wire["packets"] - device["packets"]
            if packets >= max(device["packets"], 1):
                percent = f"{100 * packets / wire['packets']:.1f} %"
                headers = scaled(wire["bytes"] - device["bytes"], "B")
                hidden.append((packets, tenant.vnic, way, f"{device['packets']:,}", f"{wire['packets']:,}", percent,
                               headers))
    if not hidden:
        return "The device counters agree: GSO is off here, an skb is a packet.\n"
    hidden.sort(reverse=True)
    _, interface, _, device, wire, percent, _ = hidden[0]
    sentence = f"{interface}'s device counter says {device} packets. The wire carries {wire}: GSO hides {percent}."
    return (heading("What the device counter does not see") + wrapped(sentence)
            + table([("INTERFACE", "<"), ("", "<"), ("DEVICE COUNTER", ">"), ("ON THE WIRE", ">"),
                     ("HIDDEN PACKETS", ">"), ("HIDDEN HEADERS", ">")],
                    [[(interface, "strong"), way, device, wire, f"{packets:,} ({percent})", headers]
                     for packets, interface, way, device, wire, percent, headers in hidden]))


NOTE = ("Hello: iperf3's first datagram, not in its totals. Again: what TCP sent twice. In ppm: iperf3 stops with data "
        "in its sockets; ✓ if the wire carried no less than was read and no more than was written and sent again.")
YOURS = """\
  weir attach eth0 --role guest   from now on, every packet is counted
  weir flows eth0                 who talks to whom, and how much
  weir latency eth0               is it the network or this machine
  weir detach eth0                nothing of Weir stays
"""


def tell(evidence, seconds):
    exact, sums = audit(evidence)
    books = f"Flows + untracked = ledger, packets and bytes, tx and rx: {exact} of {sums} exact"
    return painted("".join((
        heading("What Weir counted",
                f" in {seconds} s at the host's end of each tenant's link, as the wire carries it"),
        ledgers(evidence),
        f"{books} {'✓' if exact == sums else '✗'}\n\n",
        heading("Is it true?", " The same things, counted by those who sent them"),
        comparisons(evidence), toned(wrapped(NOTE), "dim"), "\n",
        heading("Where the time goes", ": half of all packets take no longer than, 99 in 100 than"),
        delays(evidence), "\n",
        devices(evidence), "\n",
        heading("Now on an interface of your own"), YOURS)))
