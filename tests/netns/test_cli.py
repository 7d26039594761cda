# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line on interfaces: nothing attached, dry runs, documents, selectors, tables and JSON, windows.

What changes anything runs in network namespaces that are gone afterwards.
"""

import json
import time
import unittest

import lab
from cli import READS_OF_ATTACHED, CliTest, run


class NamespaceTest(lab.Case, CliTest):
    """With a network namespace of its own for each test."""

    def setUp(self):
        self.namespace = self.lab.namespace()

    def weir(self, *arguments, **options):
        return run(*arguments, prefix=self.namespace.argv(), **options)


class NothingAttached(NamespaceTest):
    def test_json_is_one_line_and_the_same_indented(self):
        for command in ("status", "stats", "flows", "latency", "export"):
            key = "flows" if command == "flows" else "vnics"
            with self.subTest(command=command):
                compact, pretty = self.weir(command, "-j"), self.weir(command, "-p")
                self.assert_fine(compact)
                self.assert_fine(pretty)
                self.assertEqual(compact.stdout.count("\n"), 1)
                self.assertGreater(pretty.stdout.count("\n"), 1)
                self.assertEqual(self.json_of(compact), self.json_of(pretty))
                self.assertEqual(self.json_of(compact)[key], [])

    def test_words_say_so_and_no_data_comes(self):
        for command in READS_OF_ATTACHED:
            done = self.weir(command)
            self.assert_fine(done)
            self.assertEqual(done.stdout, "")
            self.assertIn("nothing is attached", done.stderr)

    def test_detaching_what_is_not_attached_fails(self):
        self.assert_one_line(self.weir("detach", "lo"), 1)

    def test_an_interface_called_as_a_command(self):
        done = self.weir("attach", "stats", "version", "--dry-run")
        self.assert_one_line(done, 1)
        self.assertIn("stats, version", done.stderr)

    def test_dry_run_changes_nothing(self):
        self.namespace.ip("link", "add", "a0", "type", "veth", "peer", "name", "b0")
        done = self.weir("attach", "a0", "b0", "--dry-run")
        self.assert_fine(done)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn("dry run: nothing was changed", done.stderr)
        value = self.json_of(self.weir("attach", "a0", "b0", "--dry-run", "-j"))
        self.assertEqual(value["dry_run"], True)
        self.assertEqual(len(value["changes"]), 2)
        self.assertEqual(self.json_of(self.weir("status", "-j"))["vnics"], [])

    def test_a_document_with_a_mistake(self):
        done = self.weir("apply", "-", input='{"schema_version": 1, "vnics": [{"interface": "a", "rol": 1}]}')
        self.assert_one_line(done, 2)
        self.assertIn("/vnics/0", done.stderr)

    def test_a_document_that_is_not_there(self):
        done = self.weir("apply", "/nonexistent/host.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"\Aweir: [^\n]*/nonexistent/host.json[^\n]*\n\Z")


class Attached(NamespaceTest):
    programs = ("ping",)

    def setUp(self):
        super().setUp()
        self.peer = self.lab.namespace("peer")
        self.lab.veth(self.namespace, "a0", self.peer, "b0")
        self.namespace.ip("address", "add", "10.9.0.1/24", "dev", "a0")
        self.peer.ip("address", "add", "10.9.0.2/24", "dev", "b0")
        done = self.weir("attach", "a0", "--tenant", "web", "--flows", "64", "-j")
        self.assert_fine(done)
        self.assertEqual(len(self.json_of(done)["changes"]), 1)

    def ping(self, count):
        self.namespace.run("ping", "-q", "-c", str(count), "-i", "0.01", "10.9.0.2")

    def test_a_second_time_there_is_nothing_to_do(self):
        done = self.weir("attach", "a0", "--tenant", "web", "--flows", "64")
        self.assert_fine(done)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "weir: nothing to do\n")

    def test_selectors(self):
        for selector in ("a0", "web"):
            value = self.json_of(self.weir("status", selector, "-j"))
            self.assertEqual([vnic["interface"] for vnic in value["vnics"]], ["a0"])
        self.assert_one_line(self.weir("stats", "nobody"), 1)

    def test_every_reader_prints_json_and_a_table(self):
        self.ping(3)
        for command in READS_OF_ATTACHED:
            with self.subTest(command=command):
                done = self.weir(command)
                self.assert_fine(done)
                self.assertIn("a0", done.stdout)
                self.assertEqual(done.stderr, "")
                self.assertNotIn("\x1b", done.stdout)
                compact = self.weir(command, "-j")
                self.assertEqual(compact.stdout.count("\n"), 1)
                self.json_of(compact)

    def test_flows_filters_and_limit(self):
        self.ping(2)

        def flows(*arguments):
            found = self.json_of(self.weir("flows", "-j", *arguments))["flows"]
            # Times are read to a few milliseconds, each time anew.
            return [{key: value for key, value in flow.items() if not key.endswith("_seen_ns")} for flow in found]

        icmp = flows("--protocol", "icmp")
        self.assertEqual({flow["protocol"] for flow in icmp}, {"icmp"})
        self.assertEqual({(flow["tenant_address"], flow["peer_address"]) for flow in icmp}, {("10.9.0.2", "10.9.0.1")})
        self.assertEqual(flows("--address", "10.9.0.0/24", "--protocol", "icmp"), icmp)
        self.assertEqual(flows("--address", "192.0.2.0/24"), [])
        self.assertEqual(flows("--protocol", "tcp"), [])
        self.assertEqual(flows("--tenant", "other"), [])
        self.assertEqual(len(flows("--limit", "1")), 1)

    def test_a_table_that_is_cut_says_so(self):
        for port in range(1000, 1025):
            self.peer.run("bash", "-c", f"echo > /dev/udp/10.9.0.1/{port}")
        done = self.weir("flows", "--protocol", "udp")
        self.assertRegex(done.stderr, r"\Aweir: 20 of 25 flows shown \(--limit 0 shows all\)\n\Z")
        self.assertEqual(self.weir("flows", "--protocol", "udp", "--limit", "0").stderr, "")

    def test_a_window_is_as_long_as_asked(self):
        begin_ns = time.monotonic_ns()
        value = self.json_of(self.weir("stats", "--duration", "0.5", "-j"))
        self.assertTrue(500_000_000 <= value["window_ns"] <= time.monotonic_ns() - begin_ns, value["window_ns"])

    def test_a_window_has_only_what_happened_in_it(self):
        self.ping(5)
        value = self.json_of(self.weir("stats", "--duration", "0.2", "-j"))
        totals = self.json_of(self.weir("stats", "-j"))
        self.assertLess(value["vnics"][0]["tx"]["packets"], totals["vnics"][0]["tx"]["packets"])
        self.assertGreaterEqual(totals["vnics"][0]["tx"]["packets"], 5)

    def interrupted(self, *arguments):
        """What a long watch prints that is ended by Ctrl-C, after four pings."""
        watch = self.namespace.watch(*arguments)
        self.ping(4)
        done = watch.finish()
        self.assertEqual(done.err, "")
        self.assertLess(done.json["window_ns"], 3600 * 10**9)
        return done.json

    def test_ctrl_c_ends_a_window_early_and_prints_it(self):
        self.assertGreaterEqual(self.interrupted("stats", "-j")["vnics"][0]["tx"]["packets"], 4)
        flows = self.interrupted("flows", "-j", "--protocol", "icmp")["flows"]
        self.assertEqual([flow["tx"]["packets"] for flow in flows], [4])

    def test_export_is_what_apply_takes(self):
        exported = self.weir("export")
        self.assert_fine(exported)
        self.assertEqual(json.loads(exported.stdout)["vnics"][0]["tenant"], "web")
        done = self.weir("apply", "-", input=exported.stdout)
        self.assert_fine(done)
        self.assertEqual(done.stderr, "weir: nothing to do\n")
        gone = self.weir("apply", "-", "--dry-run", input='{"schema_version": 1, "vnics": []}')
        self.assertEqual(len(gone.stdout.splitlines()), 1)
        self.assertEqual(len(self.json_of(self.weir("status", "-j"))["vnics"]), 1)

    def test_detach(self):
        done = self.weir("detach", "a0")
        self.assert_fine(done)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertEqual(self.json_of(self.weir("status", "-j"))["vnics"], [])


if __name__ == "__main__":
    unittest.main()
