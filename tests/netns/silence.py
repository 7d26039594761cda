#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Healthy traffic of all kinds, and doctor has nothing to say about it above 'info'.

    tests/netns/silence.py [SECONDS]        600 by default; exit code 1 with what was found

Between a host and a guest: TCP and UDP below what the path carries, ping, questions and answers like DNS's, short
connections; and what is easily taken for a fault: a port scan (refused connections, resets), frames of unknown
protocols, frames for other machines at a promiscuous interface.
"""

import json
import sys
import time

import lab

ANSWER_UDP = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("10.0.0.1", 53))
print("ready", flush=True)
while True:
    data, peer = sock.recvfrom(2048)
    sock.sendto(data * 3, peer)
"""

ASK_UDP = """
import socket, time
while True:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.sendto(b"question", ("10.0.0.1", 53))
    sock.recv(2048)
    sock.close()
    time.sleep(0.01)
"""

ACCEPT = """
import socket
server = socket.create_server(("10.0.0.1", 80), backlog=128)
print("ready", flush=True)
while True:
    client, _ = server.accept()
    client.sendall(client.recv(100) * 20)
    client.close()
"""

CONNECT = """
import socket, time
while True:
    client = socket.create_connection(("10.0.0.1", 80))
    client.sendall(b"GET /" * 10)
    while client.recv(4096):
        pass
    client.close()
    time.sleep(0.02)
"""

# Closed TCP and UDP ports one after another; each refusal is an answer.
SCAN = """
import socket, time
port = 1000
while True:
    client = socket.socket()
    client.settimeout(1)
    client.connect_ex(("10.0.0.1", port))
    client.close()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.sendto(b"anybody?", ("10.0.0.1", port))
    sock.close()
    port = port + 1 if port < 1900 else 1000
    time.sleep(0.01)
"""

# LLDP, a local experiment, and IPX; broadcast, so that the receiver takes them.
UNKNOWN = """
import socket, sys, time
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("eth0", 0))
while True:
    for kind in (0x88cc, 0x88b5, 0x8137):
        sock.send(b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x09" + kind.to_bytes(2, "big") + b"x" * 50)
    time.sleep(0.05)
"""


def python(namespace, code):
    return namespace.start(sys.executable, "-S", "-E", "-c", code)


def start_light_traffic(host, guest):
    host.ip("link", "set", "vnic0", "promisc", "on")
    for code in (ANSWER_UDP, ACCEPT):
        python(host, code).wait_line("ready")
    running = [python(guest, code) for code in (ASK_UDP, CONNECT, SCAN, UNKNOWN)]
    return [*running, guest.start("ping", "-q", "-i", "0.2", "10.0.0.1")]


def start_traffic(the_lab, host, guest, seconds):
    running = start_light_traffic(host, guest)
    # To nobody's hardware address: the host hears them only because it is promiscuous.
    running.append(the_lab.sender(guest, "eth0", "--duration-ms", int((seconds + 30) * 1000), "--rate", 200))
    for port, words in ((5201, ("-b", "200M")), (5202, ("-u", "-b", "5M", "-l", "1000"))):
        the_lab.iperf_server(host, "10.0.0.1", port)
        running.append(guest.start("iperf3", "-c", "10.0.0.1", "-p", str(port), "-t", str(int(seconds + 30)), *words))
    time.sleep(1)
    return running


def pair(the_lab):
    host, guest = the_lab.pair()
    for namespace in (host, guest):
        namespace.sysctl(net__ipv4__conf__all__rp_filter=0)
    return host, guest


def ended(running):
    """The processes whose traffic broke off."""
    return [process.argv[-1] for process in running if process.popen.poll() is not None]


def watch(the_lab, seconds):
    """The reports of doctor on both sides, and the processes whose traffic broke off."""
    host, guest = pair(the_lab)
    running = start_traffic(the_lab, host, guest, seconds)
    watching = [namespace.start(lab.tool("weir"), "doctor", "--duration", str(seconds), "-j")
                for namespace in (host, guest)]
    reports = [process.finish(ok=(0, 3), timeout=seconds + 60).json for process in watching]
    return reports, ended(running)


ENOUGH = {"TcpPassiveOpens": 20, "TcpOutRsts": 50, "UdpInDatagrams": 50, "UdpNoPorts": 50, "IcmpInEchos": 5}


def watch_a_little(the_lab):
    """As watch(), without the bulk, until the host's kernel has counted enough of each kind."""
    host, guest = pair(the_lab)
    watching = [namespace.watch("doctor", "-j") for namespace in (host, guest)]
    before = host.nstat(*ENOUGH)
    running = start_light_traffic(host, guest)
    unknown = host.counters("vnic0")["rx"]["dropped"]

    def is_enough():
        now = host.nstat(*ENOUGH)
        return all(now[name] - before[name] >= count for name, count in ENOUGH.items()) and \
            host.counters("vnic0")["rx"]["dropped"] - unknown >= 20

    lab.wait_for(is_enough, "traffic of each kind", timeout=120)
    broke_off = ended(running)
    return [one.finish(ok=(0, 3)).json for one in watching], broke_off


def above_info(reports, but=()):
    return [finding for report in reports for finding in report["findings"]
            if finding["severity"] != "info" and finding["id"] not in but]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600
    with lab.Lab() as the_lab:
        reports, broke_off = watch(the_lab, seconds)
    for side, report in zip(("host", "guest"), reports, strict=True):
        notes = ", ".join(f"{f['id']} {f['count']}" for f in report["findings"] if f["severity"] == "info")
        print(f"{side}: {report['summary']} (info: {notes or 'none'})")
    loud = above_info(reports)
    if loud:
        print(json.dumps(loud, indent=2))
    if broke_off:
        print("traffic broke off: " + "; ".join(broke_off))
    return 1 if loud or broke_off else 0


if __name__ == "__main__":
    sys.exit(main())
