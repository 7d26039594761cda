# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo itself: three tenants behind a bridge and an uplink, real traffic, and what Weir saw of it beside what the
traffic's own tools and the kernels counted. Uses weir -j, ip and iperf3. Started by __main__.py in namespaces of its
own; leaves Weir attached there.

    play.py WEIR SECONDS
"""
import json
import os
import signal
import sys
import time

import report
import stage
from stage import DB, DNS_PORT, TENANTS, UPLINK, WORLD_ADDRESS, Failure, Program
from view import REFRESH, LiveView

GRACE = 15  # seconds for iperf3 to begin and to end
DNS = (sys.executable, "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "dns.py"))
LISTENING = "listening"  # what both servers say when they do


class Weir:
    def __init__(self, binary):
        self.binary = binary

    def __call__(self, *words, stdin=""):
        program = Program(self.binary, *words, "-j", stdin=stdin)
        if code := program.popen.wait():
            raise Failure(program.text(2).strip().removeprefix("weir: ") or f'"{program.line}": exit code {code}',
                          code if code > 0 else 1)
        return json.loads(program.text(1))

    def attach(self):
        vnics = [{"interface": tenant.vnic, "tenant": tenant.name, "flows": tenant.flows} for tenant in TENANTS]
        vnics.append({"interface": UPLINK, "role": "uplink", "flows": DB.flows})
        self("apply", "-", stdin=json.dumps({"schema_version": 1, "vnics": vnics}))

    def stats(self):
        return {vnic["interface"]: vnic for vnic in self("stats")["vnics"]}


class Traffic:
    """An iperf3 server in the world and a client in each tenant, and the DNS-like load."""

    def __init__(self, seconds):
        self.servers = [Program("iperf3", "-s", "-4", "-1", "--forceflush", "-p", tenant.port, namespace="world")
                        for tenant in TENANTS]
        self.responder = Program(*DNS, "answer", WORLD_ADDRESS, DNS_PORT, namespace="world")
        self.wait_for_servers()
        self.clients = {tenant.name: Program("iperf3", "-c", WORLD_ADDRESS, "-p", tenant.port, "-t", seconds, "-i", 0,
                                             "--json", *tenant.iperf3, namespace=tenant.name) for tenant in TENANTS}
        self.asker = Program(*DNS, "ask", WORLD_ADDRESS, DNS_PORT, seconds, namespace=DB.name)

    def check_servers(self):
        # A UDP client does not notice by itself that nobody listens any more.
        for server in (*self.servers, self.responder):
            server.ended()

    def wait_for_servers(self):
        end = time.monotonic() + GRACE
        while not all(LISTENING in server.text(1) for server in (*self.servers, self.responder)):
            self.check_servers()
            if time.monotonic() > end:
                raise Failure(f"the demo's servers do not listen: waited {GRACE} s")
            time.sleep(0.01)

    def finished(self):
        self.check_servers()
        ended = [program.ended() for program in (*self.clients.values(), self.asker)]  # asks all: one may have failed
        return all(ended)

    def totals(self):
        self.responder.end(signal.SIGTERM)
        self.responder.ended()
        iperf3 = {}
        for name, client in self.clients.items():
            try:
                said = json.loads(client.text(1))
                end = said["end"]
                iperf3[name] = {"ports": {stream["local_port"] for stream in said["start"]["connected"]},
                                "sent": end["sum_sent"]["bytes"], "received": end["sum_received"]["bytes"],
                                "packets": end["sum_sent"].get("packets", 0)}
            except (ValueError, KeyError) as error:
                raise Failure(f"cannot read what iperf3 printed: {error!r} (is it iperf 3.9 or newer?)") from None
        queries, answers = (int(program.text(1).split()[-1]) for program in (self.asker, self.responder))
        return {"iperf3": iperf3, "queries": queries, "answers": answers}


def watch(traffic, view, weir, seconds):
    begin = time.monotonic()
    while not traffic.finished():
        elapsed = time.monotonic() - begin
        if elapsed > seconds + GRACE:
            raise Failure(f"the demo's traffic does not come to an end: it still runs after {elapsed:.0f} s")
        view.refresh(weir.binary, min(int(elapsed), seconds), seconds)
        time.sleep(REFRESH / 2)


def wait_for_quiet(weir):
    """Two equal readings in a row. What still moves after five seconds is taken as it is."""
    before = None
    for _ in range(50):
        now = [vnic[way]["packets"] for vnic in weir.stats().values() for way in report.WAYS]
        if now == before:
            return
        before = now
        time.sleep(0.1)


def read_peer(name):
    lines = stage.run("cat", "/proc/net/snmp", namespace=name).splitlines()
    tcp = dict(zip(*(line.split() for line in lines if line.startswith("Tcp:")), strict=True))
    # OutSegs leaves out segments that carry nothing but what was sent before; RetransSegs has those.
    return {"sent": int(tcp["OutSegs"]), "again": int(tcp["RetransSegs"]),
            "dropped": stage.devices(name)["eth0"]["tx"]["dropped"]}


def gather(weir, totals):
    vnics = weir.stats()
    return report.Evidence(
        vnics=vnics, flows={interface: weir("flows", interface)["flows"] for interface in vnics},
        latency={vnic["interface"]: vnic for vnic in weir("latency")["vnics"]}, devices=stage.devices(),
        peers={name: read_peer(name) for name in (*(tenant.name for tenant in TENANTS), "world")}, **totals)


def play(weir, seconds):
    view = LiveView()
    try:
        view.draw("Weir demo: building three tenants, a bridge and an uplink in namespaces …\n")
        stage.build_network()
        weir.attach()  # before the interfaces come up: so not one packet is missed
        stage.bring_up()
        traffic = Traffic(seconds)
        watch(traffic, view, weir, seconds)
        totals = traffic.totals()
        wait_for_quiet(weir)
        evidence = gather(weir, totals)
    finally:
        view.end()
    print(report.tell(evidence, seconds), end="", flush=True)
    for finding in report.findings(evidence):
        raise Failure(finding)


def main(binary, seconds):
    # What is blocked is for __main__.py to wait for. A Ctrl-C that came before this had a session of its own is, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        play(Weir(binary), int(seconds))
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return failure.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
