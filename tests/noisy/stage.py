# SPDX-License-Identifier: GPL-2.0-or-later
"""The stage of the scenarios: tenants on a bridge, an uplink with a rate that they share, and the world behind it.

    with lab.Lab() as the_lab:
        stage = Stage(the_lab, "abc", uplink_mbit=20)
        stage.play([Act("a", "ask", 0, 8), Act("b", "udp", 4, 8, "--kbps", 60000)], seconds=8, path="window.json")

Both ways through the uplink are a token bucket with a queue of its own (tbf), the shared bottleneck. A tenant's way
to the host is as fast as the machine.
"""
import signal
import threading
import time

import lab

UPLINK_MS = 150  # what the bottleneck's queue holds


class Stage:
    def __init__(self, the_lab, tenants, uplink_mbit=20, capacity_mbit=0):
        self.lab = the_lab
        self.host = the_lab.namespace("host")
        self.world = the_lab.namespace("world")
        self.space = {"world": self.world}
        self.address = {"world": "10.0.0.1"}
        ports = ["up0"]
        the_lab.veth(self.host, "up0", self.world, "eth0", up=False)
        for number, name in enumerate(tenants):
            self.space[name] = the_lab.namespace(name)
            self.address[name] = f"10.0.0.{10 + number}"
            the_lab.veth(self.host, f"vnic_{name}", self.space[name], "eth0", up=False)
            ports.append(f"vnic_{name}")
        the_lab.bridge(self.host, "br0", *ports)
        for name, space in self.space.items():
            space.ip("addr", "add", f"{self.address[name]}/24", "dev", "eth0")
            space.ip("link", "set", "eth0", "up")
        for port in ports:
            self.host.ip("link", "set", port, "up")
        self.mac = {name: space.links()["eth0"]["address"] for name, space in self.space.items()}
        for space, device in ((self.host, "up0"), (self.world, "eth0")):
            space.tc("qdisc", "add", "dev", device, "root", "tbf", "rate", f"{uplink_mbit}mbit", "burst", "5kb",
                     "latency", f"{UPLINK_MS}ms")
        self.tenants = list(tenants)
        for name in tenants:
            self.host.weir("attach", f"vnic_{name}", "--tenant", name, "--flows", "2048")
        # Mostly without a capacity: with one, fair share lets nobody be noisy. What it holds back is dropped at once,
        # as no fq stands at the uplink.
        capacity = ("--capacity", f"{capacity_mbit}mbit") if capacity_mbit else ()
        self.host.weir("attach", "up0", "--role", "uplink", *capacity)
        if capacity_mbit:
            for name in tenants:
                self.host.weir("limit", "set", name, "--weight", "1", "--mode", "police", "--burst", "5ms")
        self.servers = {name: self._server(name) for name in self.space}
        self.begin = 0.0

    def _server(self, name):
        server = self.space[name].start(lab.tool("load"), "server")
        server.wait_line("ready")
        return server

    def start(self, act):
        names = {**self.address, **{f"{name}_mac": mac for name, mac in self.mac.items()}}
        words = [str(word).format(**names) for word in act.words]
        act.process = self.space[act.who].start(lab.tool("load"), act.what, *words)

    def until(self, moment):
        time.sleep(max(0, self.begin + moment - time.monotonic()))

    def starve(self, name, begin, end):
        """The tenant's server runs 60 ms of every 400."""
        process = self.servers[name].popen
        self.until(begin)
        while time.monotonic() < self.begin + end:
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.34)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.06)

    def lose(self, name, percent):
        """The world loses so much of what it sends to and gets from the tenant."""
        rules = "".join(f"chain {hook} {{ type filter hook {hook} priority 0; ip {way} {self.address[name]} "
                        f"numgen random mod 100 < {percent} drop; }}\n"
                        for hook, way in (("input", "saddr"), ("output", "daddr")))
        self.world.run("nft", "-f", "-", stdin=f"table ip loss {{\n{rules}}}\n")

    def slow_uplink(self, moment, mbit, latency_ms=UPLINK_MS):
        self.until(moment)
        for space, device in ((self.host, "up0"), (self.world, "eth0")):
            space.tc("qdisc", "change", "dev", device, "root", "tbf", "rate", f"{mbit}mbit", "burst", "5kb", "latency",
                     f"{latency_ms}ms")

    def play(self, acts, seconds, path, prepare=None, during=None):
        """Plays all acts and records the whole, `seconds` long, into `path`."""
        if prepare:
            prepare(self)
        recorder = self.host.start(lab.tool("weir"), "record", path, "--duration", seconds)
        self.begin = begin = time.monotonic() + 0.2
        beside = threading.Thread(target=during, args=(self,)) if during else None
        if beside:
            beside.start()
        moments = sorted([(act.begin, 0, n) for n, act in enumerate(acts)]
                         + [(act.end, 1, n) for n, act in enumerate(acts)])
        for moment, is_end, number in moments:
            time.sleep(max(0, begin + moment - time.monotonic()))
            if is_end:
                acts[number].process.kill()
            else:
                self.start(acts[number])
        if beside:
            beside.join()
        recorder.finish(timeout=seconds + 30)
