# SPDX-License-Identifier: GPL-2.0-or-later
"""Weir at work: three tenants in network namespaces behind a bridge and an uplink, real traffic, and what Weir saw of
it beside what the traffic's own tools and the kernels counted. Uses weir -j, ip and iperf3. Called by scripts/demo.

It touches no interface of the machine: everything stands in namespaces that only its own processes hold. The demo runs
in a child; the parent forwards signals, and takes away what is left when the child has ended, for whatever reason. The
child takes it away by itself if the parent dies.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import ground
import report
from ground import DB, DNS_PORT, TENANTS, UPLINK, WORLD_ADDRESS, Failure, Program
from view import REFRESH, LiveView

SECONDS_MIN, SECONDS_MAX = 1, 600
GRACE = 15  # seconds for iperf3 to begin and to end
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


def weir(binary, *words, stdin=""):
    program = Program(binary, *words, "-j", stdin=stdin)
    if code := program.popen.wait():
        raise Failure(program.text(2).strip().removeprefix("weir: ") or f'"{program.line}": exit code {code}',
                      code if code > 0 else 1)
    return json.loads(program.text(1))


def attach(binary):
    vnics = [{"interface": tenant.vnic, "tenant": tenant.name, "flows": tenant.flows} for tenant in TENANTS]
    vnics.append({"interface": UPLINK, "role": "uplink", "flows": DB.flows})
    weir(binary, "apply", "-", stdin=json.dumps({"schema_version": 1, "vnics": vnics}))


class Traffic:
    """An iperf3 server in the world and a client in each tenant, and the DNS-like load."""

    def __init__(self, namespaces, seconds, stop):
        def dns(namespace, *words):
            return Program(sys.executable, "-B", f"{HERE}/dns.py", *words, namespace=namespaces[namespace])

        self.servers = [Program("iperf3", "-s", "-4", "-1", "-p", tenant.port, namespace=namespaces["world"])
                        for tenant in TENANTS]
        self.responder = dns("world", "answer", WORLD_ADDRESS, DNS_PORT)
        self.wait_for_servers(namespaces, stop)
        self.clients = {tenant.name: Program("iperf3", "-c", WORLD_ADDRESS, "-p", tenant.port, "-t", seconds, "-i", 0,
                                             "--json", *tenant.iperf3, namespace=namespaces[tenant.name])
                        for tenant in TENANTS}
        self.asker = dns(DB.name, "ask", WORLD_ADDRESS, DNS_PORT, seconds)

    def check_servers(self):
        # A UDP client does not notice by itself that nobody listens any more.
        for server in (*self.servers, self.responder):
            server.ended()

    def wait_for_servers(self, namespaces, stop):
        wanted = {(tenant.port, "0A") for tenant in TENANTS} | {(DNS_PORT, "07")}  # TCP that listens, UDP that is open
        end = time.monotonic() + GRACE
        while True:
            there = set()
            with ground.inside(namespaces, "world"):
                for protocol in ("tcp", "udp"):
                    with open(f"/proc/self/net/{protocol}", encoding="ascii") as sockets:
                        for words in map(str.split, sockets.readlines()[1:]):
                            there.add((int(words[1].split(":")[1], 16), words[3]))
            if wanted <= there:
                return
            self.check_servers()
            if time.monotonic() > end:
                raise Failure(f"the demo's servers do not listen: waited {GRACE} s")
            stop.sleep(0.01)

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
        return {"iperf3": iperf3, "queries": int(self.asker.text(1)), "answers": int(self.responder.text(1))}


def watch(traffic, view, binary, seconds, stop):
    begin = time.monotonic()
    while not traffic.finished():
        elapsed = time.monotonic() - begin
        if elapsed > seconds + GRACE:
            raise Failure(f"the demo's traffic does not come to an end: it still runs after {elapsed:.0f} s")
        view.refresh(binary, min(int(elapsed), seconds), seconds)
        stop.sleep(REFRESH / 2)


def read_stats(binary):
    return {vnic["interface"]: vnic for vnic in weir(binary, "stats")["vnics"]}


def wait_for_quiet(binary, stop):
    """Two equal readings in a row. What still moves after five seconds is taken as it is."""
    before = None
    for _ in range(50):
        now = [vnic[way]["packets"] for vnic in read_stats(binary).values() for way in ("tx", "rx")]
        if now == before:
            return
        before = now
        stop.sleep(0.1)


def read_devices(namespace=None):
    return {link["ifname"]: link["stats64"]
            for link in json.loads(ground.ip("link show", "-s", "-j", namespace=namespace))}


def read_peer(namespaces, name):
    with ground.inside(namespaces, name), open("/proc/self/net/snmp", encoding="ascii") as file:
        names, values = (line.split() for line in file if line.startswith("Tcp:"))
    tcp = dict(zip(names, values, strict=True))
    # OutSegs leaves out segments that carry nothing but what was sent before; RetransSegs has those.
    return {"sent": int(tcp["OutSegs"]), "again": int(tcp["RetransSegs"]),
            "dropped": read_devices(namespaces[name])["eth0"]["tx"]["dropped"]}


def gather(namespaces, binary, totals):
    vnics = read_stats(binary)
    return report.Evidence(
        vnics=vnics, flows={interface: weir(binary, "flows", interface)["flows"] for interface in vnics},
        latency={vnic["interface"]: vnic for vnic in weir(binary, "latency")["vnics"]}, devices=read_devices(),
        peers={name: read_peer(namespaces, name) for name in namespaces if name != "host"}, **totals)


def play(namespaces, words, stop):
    """From the first interface to the report. Leaves Weir attached."""
    view = LiveView()
    try:
        view.draw("Weir demo: building three tenants, a bridge and an uplink in namespaces …\n")
        ground.build_network(namespaces)
        stop.sleep(0)
        attach(words.weir)  # before the interfaces come up: so not one packet is missed
        ground.bring_up()
        stop.sleep(0)
        traffic = Traffic(namespaces, words.seconds, stop)
        watch(traffic, view, words.weir, words.seconds, stop)
        totals = traffic.totals()
        wait_for_quiet(words.weir, stop)
        evidence = gather(namespaces, words.weir, totals)
        stop.sleep(0)
    finally:
        view.end()
    print(report.tell(evidence, words.seconds), end="", flush=True)
    for finding in report.findings(evidence):
        raise Failure(finding)


def supervise(child, stop):
    """Waits for the child, passes on signals to it, and waits for what it leaves, which dies with it."""
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if (number := stop.next()) != signal.SIGCHLD:
            os.kill(child, number)
    end = time.monotonic() + 5
    try:
        while time.monotonic() < end:
            os.waitpid(-1, os.WNOHANG)
            time.sleep(0.005)
    except ChildProcessError:
        pass
    code = os.waitstatus_to_exitcode(ended[1])
    if code < 0:
        raise Failure(f"the demo's own process ended before its time: {signal.Signals(-code).name} "
                      "(what it had made has been taken away)")
    return code


def perform(words):
    stop = ground.StopSignals()
    namespaces = ground.make_namespaces()
    ground.call("prctl", ground.PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()
    child = os.fork()
    try:
        if child:
            return supervise(child, stop)
        ground.die_with_parent(parent, signal.SIGTERM)
        play(namespaces, words, stop)
        return 0
    finally:
        # Both: the parent once more, in case that the child could not.
        weir(words.weir, "detach", "--all")


def prepare(words):
    """Installs and builds, unless there is a weir already."""
    if not words.weir:
        subprocess.run([f"{ROOT}/scripts/setup", "--build"], check=True)
        if sys.stderr.isatty():
            print("Building weir...", end="", file=sys.stderr, flush=True)
        try:
            subprocess.run([f"{ROOT}/scripts/build", "release"], check=True)
        finally:
            if sys.stderr.isatty():
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        words.weir = f"{ROOT}/build/release/weir"
    for program, package in ((words.weir, "weir"), ("ip", "iproute2"), ("iperf3", "iperf3")):
        if not shutil.which(program):
            raise Failure(f"there is no {program} here: install {package}, or let scripts/setup do it")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"demo: {message} (see scripts/demo --help)\n")


def parse(arguments):
    def length(text):
        if text.isascii() and text.isdigit() and SECONDS_MIN <= int(text) <= SECONDS_MAX:
            return int(text)
        raise argparse.ArgumentTypeError(f"expected a number from {SECONDS_MIN} to {SECONDS_MAX}, not {text!r}")

    parser = Parser(prog="scripts/demo", allow_abbrev=False,
                    description="Show Weir at work, in network namespaces that are removed again.")
    parser.add_argument("--seconds", metavar="N", type=length, default=8,
                        help=f"how long the traffic runs, {SECONDS_MIN} to {SECONDS_MAX} [8]")
    parser.add_argument("--weir", metavar="PATH", help="an installed weir; else one is built")
    return parser.parse_args(arguments)


def main(arguments):
    words = parse(arguments)
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # ip lives there, out of some roots' sight
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        if os.geteuid() != 0:
            raise Failure("needs root, for network namespaces and BPF: sudo scripts/demo", 4)
        prepare(words)
        return perform(words)
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return failure.code
    except subprocess.CalledProcessError as error:
        return error.returncode  # it has said why
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
