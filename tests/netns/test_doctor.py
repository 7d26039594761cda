# SPDX-License-Identifier: GPL-2.0-or-later
"""Doctor against injected faults: the first finding names the cause, its count is the outside truth's, and where there is
something that can be mended here, the finding goes once it is mended.

Each fault runs in network namespaces of its own, several at a time; the table is printed at the end. The truth is what
nstat, nft, ip or the sender itself counted, never Weir.
"""

import concurrent.futures
import json
import os
import re
import shutil
import unittest

import lab
import silence
from doctor_faults import ALONE, FAULTS, Carrier, Gateway, Ports
from doctor_rig import OF_THE_MACHINE, Rig

AT_ONCE = 4
RIGHT_AT_LEAST = 0.95


class Outcome:
    def __init__(self, fault):
        self.name = fault.__name__
        self.wanted = fault.id
        self.first = self.severity = self.confidence = self.count = self.truth = self.mended = "-"
        self.right = False
        self.problems = []

    def row(self):
        return f"{self.name:<14} {self.wanted:<26} {self.first:<26} {self.severity:<8} {self.confidence:<7} " \
               f"{self.count!s:>7} {self.truth!s:>7}  {self.mended:<6} {'; '.join(self.problems)[:300]}"


def examine(the_lab, kind):
    """One fault, from a fresh rig to its mending."""
    outcome = Outcome(kind)
    try:
        fault = kind(Rig(the_lab))
        before = fault.truth()
        report = fault.rig.doctor(fault.inject, fault.interface)
        truth = fault.truth() - before
        first = report["findings"][0] if report["findings"] else {"id": "nothing", "severity": "-", "confidence": "-", "count": 0}
        fault.found = first
        outcome.first, outcome.severity = first["id"], first["severity"]
        outcome.confidence, outcome.count, outcome.truth = first["confidence"], first["count"], truth
        outcome.right = first["id"] == kind.id
        if not outcome.right:
            outcome.problems.append("found " + " ".join(f"{f['id']}:{f['count']}" for f in report["findings"]))
        elif kind.packets is not None and truth != kind.packets:
            outcome.problems.append(f"the truth should be {kind.packets}")
        elif truth != first["count"] and not (kind.packets is None and truth == 0):
            outcome.problems.append("the count is not the truth: " + json.dumps(first["evidence"]))
        if outcome.right and first["confidence"] != kind.confidence:
            outcome.problems.append(f"confidence should be {kind.confidence}")
        above = [f for f in report["findings"] if f["severity"] != "info"]
        if report["code"] != (3 if above else 0):
            outcome.problems.append(f"exit code {report['code']}")
        if kind.packets is None and kind not in (Carrier, Gateway, Ports) and truth == 0:
            outcome.problems.append("nothing was injected")
        if kind.mends:
            fault.mend()
            again = fault.rig.doctor(fault.inject, fault.interface)
            left = [f for f in again["findings"] if f["id"] == kind.id]
            outcome.mended = "no" if left else "yes"
            if left:
                outcome.problems.append(f"still {left[0]['count']} when mended")
    except unittest.SkipTest as reason:
        outcome.problems.append(f"skipped: {reason}")
        outcome.right = None
    except Exception as error:  # pylint: disable=broad-except
        outcome.problems.append(f"{type(error).__name__}: {error}")
    return outcome


class TestFaults(lab.Case):
    programs = ("nstat", "tc")

    def test_first_finding_is_right_and_exact_and_goes_when_mended(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(lambda kind: examine(self.lab, kind), FAULTS))
        outcomes += [examine(self.lab, kind) for kind in ALONE]
        print("\nfault          wanted                     first finding              severity conf.     count"
              "   truth  mended problems")
        for outcome in outcomes:
            print(outcome.row())
        counted = [outcome for outcome in outcomes if outcome.right is not None]
        right = sum(outcome.right for outcome in counted)
        print(f"{right} of {len(counted)} first findings are right", flush=True)
        self.assertGreaterEqual(right, RIGHT_AT_LEAST * len(counted))
        wrong = [outcome.row() for outcome in counted if outcome.right and outcome.problems]
        self.assertEqual(wrong, [], "counts and mending")


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
        done = host.weir("doctor", "vnic0", "--duration", "0.3")
        self.assertRegex(done.out, r"nothing wrong found in [3-9]\d\d ms")  # a busy machine wakes it late
        self.assertIn("veth", done.out)
        self.assertIn("watching for 300 ms", done.err)

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
        done = lab.run("setpriv", "--reuid=65534", "--clear-groups", lab.tool("weir"), "doctor", "lo", "--duration", "0.2",
                       "-j", ok=(0, 3))
        self.assertTrue(any("traces" in sentence for sentence in done.json["missing"]), done.json["missing"])


class TestSilence(lab.Case):
    """One minute of what silence.py runs for ten."""

    programs = ("iperf3", "ping")

    def test_healthy_traffic_is_no_problem(self):
        reports, ended = silence.watch(self.lab, 60)
        self.assertEqual(ended, [], "the traffic itself broke off")
        self.assertEqual(silence.above_info(reports, but=OF_THE_MACHINE), [])
        notes = {finding["id"] for finding in reports[0]["findings"]}
        self.assertIn("tcp_closed_port", notes, "the scan was not seen at all: nothing was tested")
        self.assertIn("unknown_ethertype", notes, "the unknown frames were not seen at all")


if __name__ == "__main__":
    unittest.main()
