# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual machines as tenants of a Weir on this machine's own kernel: virtio-net on taps, in real time.

A host in a network namespace: br0 (10.0.0.1), and at it two taps, each with a stock Debian kernel at its other end.
Truth is packet sockets at the taps, and the kernel's own counters of the device that a packet has reached.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
import unittest

import experiment
import vm

sys.path.append(os.path.join(vm.ROOT, "tests", "netns"))
import lab
import measure

KERNEL = "6.12"
HOST = "10.0.0.1"
ASK = 'exec 3<>"/dev/tcp/$1/7000"; printf "%s\\nexit\\n" "$2" >&3; cat <&3'
WIRE = 1514  # bytes of a datagram of 1472, without the check sum of the frame


class Tenant:
    """One machine, and its tap on the host."""

    def __init__(self, host, name, number):
        self.host, self.name, self.tap, self.address = host, name, f"tap_{name}", f"10.0.0.{10 + number}"
        self.mac = f"02:00:00:00:01:{number:02x}"
        self.machine = None

    def boot(self, stack):
        within = self.host.argv()
        self.machine = stack.enter_context(
            vm.Lab(KERNEL, memory_mb=512).tenant(within, self.tap, self.mac, self.address + "/24"))

    def ask(self, command, timeout=60):
        """Runs it in the machine; what it printed."""
        return self.host.run("bash", "-c", ASK, "-", self.address, command, timeout=timeout).out

    def wait(self):
        lab.wait_for(lambda: self.machine.poll() is not None or self.ask_quietly("echo up") == "up\n",
                     f"the machine at {self.tap} to come up", timeout=180, pause=1)
        if self.machine.poll() is not None:
            raise AssertionError(f"the machine at {self.tap} ended with {self.machine.returncode}")

    def ask_quietly(self, command):
        return self.host.run("timeout", "5", "bash", "-c", ASK + " 2>/dev/null", "-", self.address, command,
                             ok=None).out


@experiment.in_all("in real time on emulated CPUs: rates hang on what else this machine does")
class Tenants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        experiment.skip_without(KERNEL)
        lab.require("ip", "nft", "iperf3")
        if not os.path.exists("/dev/net/tun"):
            raise unittest.SkipTest("needs /dev/net/tun")
        if not os.path.exists("/sys/kernel/btf/vmlinux") or not shutil.which("tc"):
            raise unittest.SkipTest("needs a kernel with BTF, and tc")
        cls.lab = lab.Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.host = host = cls.lab.namespace("host")
        cls.a, cls.b = (Tenant(host, name, number) for number, name in enumerate(("a", "b"), 1))
        for tenant in (cls.a, cls.b):
            host.ip("tuntap", "add", tenant.tap, "mode", "tap", "vnet_hdr")
            host.ip("link", "set", tenant.tap, "up")
            host.weir("attach", tenant.tap, "--tenant", tenant.name)
        cls.lab.bridge(host, "br0", cls.a.tap, cls.b.tap)
        host.ip("addr", "add", HOST + "/24", "dev", "br0")
        host.start("iperf3", "-s", "--forceflush").wait_line("Server listening")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        for tenant in (cls.a, cls.b):
            tenant.boot(stack)
        for tenant in (cls.a, cls.b):
            tenant.wait()

    def limit(self, tenant, *words):
        self.host.weir("limit", "set", tenant.name, *words)
        self.addCleanup(self.host.weir, "limit", "clear", tenant.name)

    def rate_bps(self, interface, way, seconds=4):
        """Wire bits a second by the device's own counters, what reading them takes is in the time. From four seconds
        on: nothing here holds packets, so a flood's first burst is the limit's horizon."""
        time.sleep(4)
        begin = time.monotonic()
        before = self.host.counters(interface)[way]["packets"]
        time.sleep(seconds)
        packets = self.host.counters(interface)[way]["packets"] - before
        return packets * WIRE * 8 / (time.monotonic() - begin)

    def held(self, what, rate_bps, limit_bps):
        print(f"tenants: {what}: {rate_bps / limit_bps:.5f} of the limit", flush=True)
        self.assertLessEqual(rate_bps / limit_bps, 1.01)
        # A machine that waits for a CPU longer than its queue lasts sends less than it may.
        self.assertGreaterEqual(rate_bps / limit_bps, 0.7)

    def in_the_background(self, tenant, command):
        """The command in the machine; it need not end before the machine does."""
        tenant.ask(f"{command} >/tmp/background 2>&1 &")

    def flood_from(self, tenant, to, seconds=12):
        self.in_the_background(tenant, f"iperf3 -u -b 30M -l 1472 -t {seconds} -c {to}")
        self.addCleanup(lab.wait_for, lambda: "iperf3 -u" not in tenant.ask_quietly("ps"), "the flood's end",
                        timeout=30, pause=1)

    def test_ledger_is_exact(self):
        points = [measure.Point(self.host, tenant.tap, "vnic") for tenant in (self.a, self.b)]
        with measure.Window(self.lab, points) as window:
            self.a.wait()
            for command in (f"iperf3 -n 20M -c {HOST}", f"iperf3 -R -n 20M -c {HOST}",
                            f"iperf3 -n 10M -c {self.b.address}", f"ping -c 5 -i 0.2 -q {self.b.address}"):
                self.assertRegex(self.a.ask(command), "receiver|5 received")
        window.check(self, at_least=20)

    def test_sending_is_limited(self):
        self.limit(self.a, "--tx-max", "10mbit")
        self.flood_from(self.a, HOST)
        self.held("UDP at 30 Mbit/s from a machine to the host, limit 10", self.rate_bps("br0", "rx"), 10e6)

    def test_receiving_is_limited(self):
        self.limit(self.b, "--rx-max", "10mbit")
        flood = self.host.start("iperf3", "-u", "-b", "30M", "-l", "1472", "-t", "10", "-c", self.b.address)
        self.held("UDP at 30 Mbit/s from the host to a machine, limit 10", self.rate_bps(self.b.tap, "tx"), 10e6)
        flood.finish(ok=None)

    def test_machine_to_machine_is_limited(self):
        self.limit(self.a, "--tx-max", "10mbit")
        self.flood_from(self.a, self.b.address)
        self.held("UDP at 30 Mbit/s from machine to machine, limit 10", self.rate_bps(self.b.tap, "tx"), 10e6)

    def test_a_machine_that_stands_still(self):
        """Its tap's ring fills and drops; Weir comes off and on again all the same, and the machine goes on."""
        self.limit(self.b, "--rx-max", "10mbit")
        found = self.host.tc("qdisc", "show", "dev", self.b.tap)
        os.kill(self.b.machine.pid, signal.SIGSTOP)
        try:
            flood = self.host.start("iperf3", "-u", "-b", "30M", "-l", "1472", "-t", "2", "-c", self.b.address)
            time.sleep(1)
            begin = time.monotonic()
            self.host.weir("detach", self.b.tap)
            self.assertLess(time.monotonic() - begin, 20)
            flood.kill()
            sender = self.lab.sender(self.host, "br0", "--count", "20000", "--size", "1500", "--dst-mac", self.b.mac)
            self.assertEqual(sender.finish().json["packets"], 20000)
            self.assertGreater(self.host.counters(self.b.tap)["tx"]["dropped"], 10000)
        finally:
            os.kill(self.b.machine.pid, signal.SIGCONT)
            self.host.weir("attach", self.b.tap, "--tenant", "b")
        self.assertEqual(self.host.tc("qdisc", "show", "dev", self.b.tap), found)
        self.b.wait()


if __name__ == "__main__":
    unittest.main()
