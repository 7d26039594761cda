# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults that doctor has to name, as a table: how each is made, who counts it, what mends it."""

import dataclasses
import json
import re
import unittest
from collections.abc import Callable

import lab
import measure
from craft import HOLD_SOCKET, HOLD_TAP, checksum, ipv4, tcp_syn, udp
from doctor_rig import CONNECT, COUNT, LISTEN


def nothing(rig):
    pass


def no_count(_):
    return 0


@dataclasses.dataclass
class Fault:
    """One fault, on a rig of its own that what is called here may put its own things into. inject() makes it happen,
    once; truth() is how often it has so far, by somebody else's count than Weir's."""

    name: str
    id: str  # of the finding
    inject: Callable
    truth: Callable
    prepare: Callable = nothing
    mend: Callable = None      # takes the cause away: with it, inject() is no problem any more
    packets: int = COUNT       # what truth() has grown by; None: whatever it says
    confidence: str = "high"   # two independent sources see it; "medium" where there is only one
    interface: str = "vnic0"
    is_counted: bool = True    # or a state that nobody counts


# -- what is sent, and who counts it


def frames(packet, count=COUNT):
    return lambda rig: rig.frames(*[packet] * count)


def from_host(address, port=9, count=COUNT):
    return lambda rig: rig.send(address, port, count)


def counter(name):
    return lambda rig: rig.nstat(name)


def to_host(port, **options):
    return frames(udp("10.0.0.2", "10.0.0.1", port, **options))


def to_far(**options):
    return frames(udp("10.0.0.2", "10.0.1.2", 9, **options))


def counted(inject, count=COUNT):
    """The rig knows how many were sent."""

    def send(rig):
        rig.sent += count
        inject(rig)

    return send


def not_arrived_at(side):
    """Of what was sent, what did not come through to that side's UdpNoPorts."""
    return lambda rig: rig.sent - rig.nstat("UdpNoPorts", getattr(rig, side))


def captured(packets):
    """Sends these, while a capture counts what arrives behind the host."""

    def send(rig):
        with rig.lab.truth(rig.far, "eth0") as capture:
            rig.frames(*packets)
            measure.settle([measure.Point(rig.far, "eth0")])
        rig.sent += len(packets)
        rig.arrived += capture.result["in"]["classes"].get("ipv4_udp", {"packets": 0})["packets"]

    return send


def not_captured(rig):
    return rig.sent - rig.arrived


# -- each fault's own


def small_buffer(rig):
    rig.holder = rig.hold(HOLD_SOCKET, "7001", "small")


def buffer_as_large_as_the_burst(rig):
    rig.holder.stop(ok=None)
    rig.holder = rig.hold(HOLD_SOCKET.replace("4096", "1048576").replace("socket.SO_RCVBUF,", "33,"), "7001", "small")


def listener_that_does_not_accept(rig):
    rig.listener = rig.hold(LISTEN, 1, "sit")
    rig.clients = rig.hold(CONNECT, 2, namespace=rig.guest)


def listener_that_accepts(rig):
    rig.clients.stop(ok=None)
    rig.listener.stop(ok=None)
    rig.listener = rig.hold(LISTEN, 4096, "accept")


def firewall(chain):
    return lambda rig: rig.host.run("nft", "-f", "-", stdin=f"""table ip test {{
        counter dropped {{ }}
        chain base {{ type filter hook {chain} priority 0; udp dport 7003 counter drop; }}; }}""")


def dropped_by_rules(rig):
    out = rig.host.run("nft", "list", "ruleset").out
    return sum(map(int, re.findall(r"counter packets (\d+) bytes \d+ drop", out)))


def no_firewall(rig):
    rig.host.run("nft", "delete", "table", "ip", "test")


def another_owner(hook):
    def attach(rig):
        rig.foreign = rig.lab.foreign(rig.host, hook, "vnic0", "--drop")

    return attach


def other_owner_leaves(rig):
    rig.foreign.stop(ok=None)


def sysctl(**values):
    return lambda rig: rig.host.sysctl(**values)


def ip(*words):
    return lambda rig: rig.host.ip(*words)


def tc(*words):
    return lambda rig: rig.host.tc("qdisc", "replace", "dev", "vnic0", "root", *words)


def loose_reverse_path(rig):
    # As the advice says: 2 is less strict; and a route back, which it then wants.
    rig.host.ip("route", "add", "192.0.2.0/24", "dev", "far0")
    rig.host.sysctl(net__ipv4__conf__all__rp_filter=2)


def halves(rig):
    """First fragments whose second never comes."""
    packets = []
    for number in range(1, HALVES + 1):
        packet = bytearray(ipv4("10.0.0.2", "10.0.0.1", 17, b"f" * 80, flags=0x2000))
        packet[4:6], packet[10:12] = number.to_bytes(2, "big"), b"\0\0"
        packet[10:12] = checksum(bytes(packet[:20])).to_bytes(2, "big")
        packets.append(bytes(packet))
    rig.frames(*packets, wait_for_timeout=True)


HALVES = 30
ASKED = 20


def one_quick_question(rig):
    rig.host.sysctl(net__ipv4__neigh__vnic0__mcast_solicit=1, net__ipv4__neigh__vnic0__retrans_time_ms=100)


def gateway_that_is_not_there(rig):
    one_quick_question(rig)
    rig.host.ip("route", "add", "default", "via", "10.0.0.77")


def ask_for_neighbour(to):
    return counted(lambda rig: rig.send(to, count=ASKED, wait_for_neighbour=True), ASKED)


def neighbour_comes(*addresses):
    def mend(rig):
        for address in ("10.0.0.77/24", *addresses):
            rig.guest.ip("addr", "add", address, "dev", "eth0")
        rig.host.ip("neigh", "flush", "dev", "vnic0")

    return mend


def overflow_qdisc(rig):
    rig.lab.sender(rig.host, "vnic0", "--count", 300, "--size", 500, "--rate", 5000).finish()


def qdisc_drops(rig):
    return json.loads(rig.host.tc("-s", "-j", "qdisc", "show", "dev", "vnic0", "root"))[0]["drops"]


def tap_that_nobody_reads(rig):
    rig.host.ip("tuntap", "add", "tap7", "mode", "tap")
    rig.host.ip("link", "set", "tap7", "txqueuelen", "10")
    rig.holder = rig.hold(HOLD_TAP, "tap7")
    rig.host.ip("link", "set", "tap7", "up")
    rig.host.ip("addr", "add", "10.7.0.1/24", "dev", "tap7")
    rig.host.ip("neigh", "replace", "10.7.0.2", "lladdr", "02:00:00:00:00:07", "dev", "tap7", "nud", "permanent")


def pull_the_cable(rig):
    """Once it is mended it stays."""
    if getattr(rig, "is_plugged_in", False):
        return
    rig.guest.ip("link", "set", "eth0", "down")
    lab.wait_for(lambda: "NO-CARRIER" in rig.host.ip("link", "show", "vnic0"), "the link to be gone")
    rig.send("10.0.0.2", count=5)


def plug_it_in(rig):
    rig.is_plugged_in = True
    rig.guest.ip("link", "set", "eth0", "up")
    lab.wait_for(lambda: "NO-CARRIER" not in rig.host.ip("link", "show", "vnic0"), "the link")


def socket_with_filter(rig):
    rig.holder = rig.hold(HOLD_SOCKET, "7002", "filter")


def let_go(rig):
    rig.holder.stop(ok=None)


def use_up_ports(rig):
    rig.guest.sysctl(net__ipv4__ip_local_port_range="40000 40019")
    # Doctor is the guest's here: it is the guest that runs out of ports.
    rig.host, rig.guest = rig.guest, rig.host
    rig.listener = rig.hold(LISTEN, 64, "accept", namespace=rig.guest)
    rig.clients = rig.hold(CONNECT, 20)


def slow_other_cpu(rig):
    """RPS hands every packet to the other CPU, which does more for each than the sender."""
    rules = "\n".join(["udp dport 1 drop"] * 400)
    rig.host.run("nft", "-f", "-", stdin="table netdev test { chain base {\n"
                 f"type filter hook ingress device vnic0 priority 0;\n{rules}\ncounter\n}}; }}")
    run = lab.run("ip", "netns", "exec", rig.host.name, "sh", "-c", "echo 2 >/sys/class/net/vnic0/queues/rx-0/rps_cpus",
                  ok=None)
    if run.code != 0:
        raise unittest.SkipTest("no RPS on this kernel")


def not_handed_over(rig):
    """What the other end of the cable could not hand over."""
    return rig.guest.counters("eth0")["tx"]["dropped"]


def overrun_other_cpu(rig):
    """As often as it takes: a CPU that others need may keep the sender back."""
    before = not_handed_over(rig)

    def is_overrun():
        rig.lab.sender(rig.guest, "eth0", "--cpu", 0, "--count", 60000, "--size", 60, "--bypass-qdisc").finish()
        return not_handed_over(rig) > before

    lab.wait_for(is_overrun, "a full backlog")
    measure.settle([measure.Point(rig.host, "vnic0")])


def limited(*words, hook="tc"):
    def prepare(rig):
        rig.host.weir("attach", "vnic0", "--tenant", "web", "--ingress-hook", hook)
        rig.host.weir("limit", "set", "web", *words)

    return prepare


def guarded(hook="tc"):
    return lambda rig: rig.host.weir("attach", "vnic0", "--tenant", "web", "--ingress-hook", hook, "--addresses",
                                     "10.0.0.2,fd00::2")


def by_its_own_command(pattern, value):
    """The command that the finding has, with a value that is enough."""
    return lambda rig: rig.host.weir(*re.search(pattern, rig.found["fix"])[1].split(), value)


MORE = by_its_own_command(r"weir (limit set web --tx-\w+) (?:RATE|N)$", "10gbit")
MORE_PACKETS = by_its_own_command(r"weir (limit set web --tx-\w+) (?:RATE|N)$", "1000000")
ITS_ADDRESSES = by_its_own_command(r"weir (attach vnic0 --tenant web --addresses) LIST$", "10.0.0.2,10.0.0.3,fd00::2")
BEYOND = captured([udp("10.0.0.2", "10.0.1.2", 9, size=1000)] * 2 * COUNT)
HALF_SPOOFED = captured([udp(f"10.0.0.{2 + n % 2}", "10.0.1.2", 9) for n in range(2 * COUNT)])
PPS = ("--tx-pps", "1000")  # so that what is let through ahead (64 packets) is paid for when it is mended
WHOLE = udp("10.0.0.2", "10.0.0.1", 9)

FAULTS = [
    Fault("udp_closed_port", "udp_closed_port", to_host(9), counter("UdpNoPorts")),
    Fault("tcp_closed_port", "tcp_closed_port", frames(tcp_syn("10.0.0.2", "10.0.0.1", 9)), counter("TcpOutRsts")),
    Fault("udp_buffer", "udp_receive_buffer_full", to_host(7001, size=1000), counter("UdpRcvbufErrors"), small_buffer,
          buffer_as_large_as_the_burst, packets=None),
    Fault("accept_queue", "accept_queue_full", frames(tcp_syn("10.0.0.2", "10.0.0.1", 7010)),
          counter("TcpExtListenOverflows"), listener_that_does_not_accept, listener_that_accepts),
    Fault("firewall", "netfilter_drop", to_host(7003), dropped_by_rules, firewall("input"), no_firewall),
    Fault("firewall_output", "netfilter_drop", from_host("10.0.0.2", 7003), dropped_by_rules, firewall("output"),
          no_firewall),
    Fault("foreign", "tc_dropped", counted(to_host(9)), not_arrived_at("host"), another_owner("tcx-ingress"),
          other_owner_leaves, confidence="medium"),
    Fault("foreign_egress", "tc_dropped", counted(from_host("10.0.0.2")), not_arrived_at("guest"),
          another_owner("tcx-egress"), other_owner_leaves, confidence="medium"),
    Fault("xdp_native", "xdp_dropped", counted(to_host(9)), not_arrived_at("host"), another_owner("xdp-native"),
          other_owner_leaves),
    Fault("xdp_generic", "xdp_dropped", counted(to_host(9)), not_arrived_at("host"), another_owner("xdp-generic"),
          other_owner_leaves),
    Fault("reverse_path", "rp_filter", frames(udp("192.0.2.1", "10.0.0.1", 9)), counter("TcpExtIPReversePathFilter"),
          sysctl(net__ipv4__conf__vnic0__rp_filter=1), loose_reverse_path),
    Fault("no_route_in", "no_route_in", frames(udp("10.0.0.2", "10.99.0.1", 9)), counter("IpExtInNoRoutes"),
          mend=ip("route", "add", "10.99.0.0/16", "via", "10.0.1.2")),
    Fault("no_route_out", "no_route_out", from_host("10.99.0.1"), counter("IpOutNoRoutes"),
          mend=ip("route", "add", "10.99.0.0/16", "via", "10.0.1.2"), confidence="medium"),
    Fault("not_forwarded", "not_forwarded", to_far(), counter("IpInAddrErrors"), sysctl(net__ipv4__ip_forward=0),
          sysctl(net__ipv4__ip_forward=1)),
    Fault("ttl", "ttl_expired", to_far(ttl=1), counter("IpInHdrErrors")),
    Fault("ip_checksum", "bad_ip_checksum", frames(WHOLE[:10] + b"\0\0" + WHOLE[12:]), counter("IpExtInCsumErrors")),
    Fault("ip_header", "bad_ip_header", frames(b"\x54" + WHOLE[1:]), counter("IpInHdrErrors")),
    Fault("udp_checksum", "bad_udp_checksum", to_host(9, spoil=0x55), counter("UdpInCsumErrors")),
    Fault("tcp_checksum", "bad_tcp_checksum", frames(tcp_syn("10.0.0.2", "10.0.0.1", 9, spoil=0x55)),
          counter("TcpInCsumErrors")),
    Fault("mtu", "mtu_too_small", to_far(size=1200, flags=0x4000), counter("IpFragFails"),
          ip("link", "set", "far0", "mtu", "1000"), ip("link", "set", "far0", "mtu", "1500")),
    Fault("fragments", "reassembly_failed", halves, counter("IpReasmFails"),
          sysctl(net__ipv4__ipfrag_time=1, net__ipv4__icmp_ratelimit=0), packets=HALVES),
    Fault("neighbour", "neighbour_failed", ask_for_neighbour("10.0.0.77"), not_arrived_at("guest"), one_quick_question,
          neighbour_comes(), packets=ASKED),
    Fault("gateway", "gateway_unreachable", ask_for_neighbour("10.99.0.1"), no_count, gateway_that_is_not_there,
          neighbour_comes("10.99.0.1/32"), packets=None, is_counted=False),
    Fault("qdisc", "qdisc_overflow", overflow_qdisc, qdisc_drops,
          tc("tbf", "rate", "1mbit", "burst", "2000", "limit", "5000"),
          tc("tbf", "rate", "1gbit", "burst", "200000", "limit", "500000"), packets=None),
    Fault("tap", "tap_ring_full", from_host("10.7.0.2"), lambda rig: rig.host.counters("tap7")["tx"]["dropped"],
          tap_that_nobody_reads, ip("link", "set", "tap7", "txqueuelen", "10000"), packets=None, interface="tap7"),
    Fault("carrier", "carrier_down", pull_the_cable, no_count, mend=plug_it_in, packets=None, confidence="medium",
          is_counted=False),
    Fault("socket_filter", "socket_filter", to_host(7002), counter("UdpInErrors"), socket_with_filter, let_go),
    Fault("ports", "ports_used_up", nothing, no_count, use_up_ports,
          sysctl(net__ipv4__ip_local_port_range="1024 65535"), packets=None, confidence="medium", interface="eth0",
          is_counted=False),
    Fault("limit", "weir_limit", BEYOND, not_captured, limited("--tx-max", "1mbit", "--mode", "police"), MORE,
          packets=None),
    Fault("packet_limit", "weir_packet_limit", BEYOND, not_captured, limited(*PPS), MORE_PACKETS, packets=None),
    Fault("packet_limit_xdp", "weir_packet_limit", BEYOND, not_captured, limited(*PPS, hook="xdp"), MORE_PACKETS,
          packets=None),
    Fault("spoof", "weir_spoof", HALF_SPOOFED, not_captured, guarded(), ITS_ADDRESSES),
    Fault("spoof_xdp", "weir_spoof", HALF_SPOOFED, not_captured, guarded(hook="xdp"), ITS_ADDRESSES),
]
# One that needs both CPUs, and what nobody else may do meanwhile: its counter is the machine's.
BACKLOG = Fault("backlog", "softnet_backlog_full", overrun_other_cpu, not_handed_over, slow_other_cpu, packets=None)
