# SPDX-License-Identifier: GPL-2.0-or-later
"""The stage of the scenarios: tenants on a bridge, an uplink with a rate that they share, and the world behind it.

    with lab.Lab() as the_lab:
        stage = Stage(the_lab, "abc", uplink_mbit=20)
        stage.play([Act("a", "ask", 0, 8), Act("b", "udp", 4, 8, "--kbps", 60000)], seconds=8, path="window.json")

Both ways through the uplink are a token bucket with a queue of its own (tbf), the shared bottleneck. A tenant's way to the
host is as fast as the machine.
"""
import time

import lab

UPLINK_MS = 150  # what the bottleneck's queue holds


class Act:
    """One program of load.cpp in a tenant, or in the world, between two moments of the play. {world} and {a} in its words
    are addresses, {world_mac} and {a_mac} hardware addresses."""

    def __init__(self, who, what, begin, end, *words):
        self.who, self.what, self.begin, self.end, self.words = who, what, begin, end, words
        self.process = None


class Stage:
    def __init__(self, the_lab, tenants, uplink_mbit=20):
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
            space.tc("qdisc", "add", "dev", device, "root", "tbf", "rate", f"{uplink_mbit}mbit", "burst", "20kb",
                     "latency", f"{UPLINK_MS}ms")
        self.tenants = list(tenants)
        for name in tenants:
            self.host.weir("attach", f"vnic_{name}", "--tenant", name, "--flows", "2048")
        self.host.weir("attach", "up0", "--role", "uplink", "--capacity", f"{uplink_mbit}mbit")
        self.servers = {name: self._server(name) for name in self.space}

    def _server(self, name):
        server = self.space[name].start(lab.tool("load"), "server")
        server.wait_line("ready")
        return server

    def start(self, act):
        names = {**self.address, **{f"{name}_mac": mac for name, mac in self.mac.items()}}
        words = [str(word).format(**names) for word in act.words]
        act.process = self.space[act.who].start(lab.tool("load"), act.what, *words)

    def play(self, acts, seconds, path):
        """Plays all acts and records the whole, `seconds` long, into `path`."""
        recorder = self.host.start(lab.tool("weir"), "record", path, "--duration", seconds)
        begin = time.monotonic() + 0.2
        moments = sorted([(act.begin, 0, n) for n, act in enumerate(acts)] + [(act.end, 1, n) for n, act in enumerate(acts)])
        for moment, is_end, number in moments:
            time.sleep(max(0, begin + moment - time.monotonic()))
            if is_end:
                acts[number].process.kill()
            else:
                self.start(acts[number])
        recorder.finish(timeout=seconds + 30)
