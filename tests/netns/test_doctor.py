# SPDX-License-Identifier: GPL-2.0-or-later
"""Doctor against injected faults: the first finding names the cause, its count is the outside truth's, and where
there is something that can be mended here, the finding goes once it is mended.

Each fault runs in network namespaces of its own, several at a time. The truth is what nstat, nft, ip or the sender
itself counted, never Weir.
"""

import concurrent.futures
import os
import re
import shutil
import unittest

import lab
import silence
from doctor_faults import BACKLOG, FAULTS
from doctor_rig import OF_THE_MACHINE, Rig
from support.parts import in_all

AT_ONCE = 4


def examine(the_lab, fault):
    """One fault, from a fresh rig to its mending: what is wrong with what doctor said of it."""
    rig = Rig(the_lab)
    try:
        fault.prepare(rig)
        before = fault.truth(rig)
        report = rig.doctor(fault.inject, fault.interface, fault.id)
        truth = fault.truth(rig) - before
        if not report["findings"] or report["findings"][0]["id"] != fault.id:
            return "found " + (" ".join(f"{found['id']}:{found['count']}" for found in report["findings"]) or "nothing")
        rig.found = first = report["findings"][0]
        if fault.packets is not None and truth != fault.packets:
            return f"the truth is {truth} and should be {fault.packets}"
        if fault.is_counted and truth == 0:
            return "nothing was injected"
        if fault.is_counted and first["count"] != truth:
            return f"it counted {first['count']}, the truth is {truth}: {first['evidence']}"
        if first["confidence"] != fault.confidence:
            return f"its confidence is {first['confidence']}: {first['evidence']}, not read: {report['missing']}"
        if fault.mend:
            fault.mend(rig)
            again = rig.doctor(fault.inject, fault.interface, fault.id)
            left = [found["count"] for found in again["findings"] if found["id"] == fault.id]
            if left:
                return f"it is still found when mended: {left}"
        return None
    finally:
        rig.remove()


class TestFaults(lab.Case):
    """The first finding is right and exact, and goes when its cause is mended: a test for each fault of the table."""

    programs = ("nstat", "tc")
    all_at_once = False
    running = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.all_at_once:
            cls.running = {}
            pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
            cls.addClassCleanup(pool.shutdown, cancel_futures=True)
            for fault in FAULTS:
                cls.running[fault.name] = pool.submit(examine, cls.lab, fault)

    def check(self, fault):
        running = (self.running or {}).get(fault.name)
        problem = running.result() if running else examine(self.lab, fault)
        if problem:
            self.fail(problem)

    def test_with_nothing_beside_backlog(self):
        for running in (self.running or {}).values():
            running.exception()
        self.check(BACKLOG)


def _test_of(fault):
    return lambda self: self.check(fault)


for _fault in FAULTS:
    setattr(TestFaults, f"test_{_fault.name}", _test_of(_fault))


def load_tests(_loader, tests, _pattern):
    """The whole file runs several faults at a time; one that is named on the command line runs alone."""
    TestFaults.all_at_once = True
    return tests


def sysctls_in(text):
    """Names of sysctls in an advice: net.core.somaxconn."""
    return set(re.findall(r"\b(?:net|vm|kernel)\.[a-z0-9_]+(?:\.[a-z0-9_]+)*\b", text))


class TestAdvice(unittest.TestCase):
    def test_every_sysctl_is_there(self):
        lab.run("modprobe", "nf_conntrack", ok=None) if shutil.which("modprobe") else None
        causes = lab.run(lab.tool("weir"), "doctor", "--list", "-j").json["causes"]
        names = set().union(*(sysctls_in(cause["fix"]) for cause in causes))
        self.assertGreater(len(names), 15)
        if not os.path.isdir("/proc/sys/net/netfilter"):
            names = {name for name in names if not name.startswith("net.netfilter.")}
        dead = sorted(name for name in names if not os.path.exists("/proc/sys/" + name.replace(".", "/")))
        self.assertEqual(dead, [], "dead advice")

    def test_every_sentence_is_one(self):
        causes = lab.run(lab.tool("weir"), "doctor", "--list", "-j").json["causes"]
        self.assertGreater(len(causes), 60)
        for cause in causes:
            with self.subTest(cause=cause["id"]):
                self.assertRegex(cause["meaning"], r"^[A-Z].*\.$")
                self.assertTrue(cause["fix"])
                self.assertNotIn("tcp_tw_recycle", cause["fix"])


class TestCommand(lab.Case):
    def test_nothing_wrong_is_said_and_is_exit_code_0(self):
        host, _ = self.lab.pair()
        done = host.weir("doctor", "vnic0", "--duration", "0.3", ok=(0, 3))
        self.assertIn("veth", done.out)
        self.assertIn("watching for 300 ms", done.err)
        if done.code == 0:
            self.assertRegex(done.out, r"nothing wrong found in \d")
        else:  # a machine that is short of CPU time
            self.assertTrue(any(cause in done.out for cause in OF_THE_MACHINE), done.out)

    def test_an_unknown_interface_is_named_with_those_there_are(self):
        host, _ = self.lab.pair()
        done = host.weir("doctor", "vnic9", ok=(1,))
        self.assertIn("vnic0", done.err)

    def test_facts_are_those_of_ip_and_ethtool(self):
        host, _ = self.lab.pair()
        [nic] = host.weir("doctor", "vnic0", "--duration", "0.1", "-j").json["nic"]
        link = host.links()["vnic0"]
        self.assertEqual((nic["ifindex"], nic["mtu_bytes"], nic["qdisc"], nic["kind"]),
                         (link["ifindex"], link["mtu"], link["qdisc"], "veth"))
        speed = re.search(r"Speed: (\d+)Mb/s", host.run("ethtool", "vnic0").out)
        self.assertEqual(nic["speed_bps"], int(speed[1]) * 1_000_000 if speed else None)
        features = dict(re.findall(r"^([a-z-]+): (on|off)", host.run("ethtool", "-k", "vnic0").out, re.MULTILINE))
        for name, feature in (("tso", "tcp-segmentation-offload"), ("gro", "generic-receive-offload")):
            self.assertEqual(name in nic["offloads"], features[feature] == "on", name)

    def test_without_root_the_counters_are_read_and_the_rest_is_named(self):
        done = lab.run("setpriv", "--reuid=65534", "--clear-groups",
                       lab.tool("weir"), "doctor", "lo", "--duration", "0.2", "-j", ok=(0, 3))
        self.assertTrue(any("traces" in sentence for sentence in done.json["missing"]), done.json["missing"])


class TestSilence(lab.Case):
    programs = ("iperf3", "ping")

    def check(self, reports, ended):
        self.assertEqual(ended, [], "the traffic itself broke off")
        self.assertEqual(silence.above_info(reports, but=OF_THE_MACHINE), [])
        notes = {finding["id"] for finding in reports[0]["findings"]}
        self.assertIn("tcp_closed_port", notes, "the scan was not seen at all: nothing was tested")
        self.assertIn("unknown_ethertype", notes, "the unknown frames were not seen at all")

    def test_healthy_traffic_is_no_problem(self):
        """A little of each kind, as the kernel counts it."""
        self.check(*silence.watch_a_little(self.lab))

    @in_all("statistical: a minute of what silence.py runs for ten, at rates that a busy machine may not hold")
    def test_healthy_traffic_for_a_minute(self):
        self.check(*silence.watch(self.lab, 60))


if __name__ == "__main__":
    unittest.main()
