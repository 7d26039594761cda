# SPDX-License-Identifier: GPL-2.0-or-later
"""What weir says of itself and of mistakes: usage errors, help, completion, version."""

import os
import re
import shlex
import subprocess
import unittest

from cli import COMMANDS, LIMIT_COMMANDS, TIMEOUT, WORKING, CliTest, run

SOURCE = os.environ["WEIR_SOURCE"]


class Usage(CliTest):
    # Arguments, and what the line says at least.
    WRONG = [
        (["frobnicate"], 'unknown command "frobnicate"'),
        (["--frobnicate"], 'unknown option "--frobnicate"'),
        (["attach"], "IFACE is required"),
        (["attach", "lo", "--frobnicate"], 'unknown option "--frobnicate"'),
        (["attach", "lo", "--role", "host"], '--role: expected vnic, uplink or guest, found "host"'),
        (["attach", "lo", "--ingress-hook", "tcx"], '--ingress-hook: expected auto, tc or xdp, found "tcx"'),
        (["attach", "lo", "--bpf-hooks", "xdp"], '--bpf-hooks: expected auto, tcx or clsact, found "xdp"'),
        (["attach", "lo", "--flows", "63"], "--flows: expected a number from 64 to 4194304"),
        (["attach", "lo", "--flows", "4194305"], "--flows: expected a number from 64 to 4194304"),
        (["attach", "lo", "--flows", "1e3"], "--flows: expected a number"),
        (["attach", "lo", "--flows", "-64"], "--flows: expected a number"),
        (["attach", "lo", "--flows", ""], "--flows: expected a number"),
        (["attach", "lo", "--role", "uplink", "--capacity", "100mbps"], "--capacity"),
        (["attach", "lo", "--capacity", "1gbit"], "--capacity: only an uplink has one"),
        (["attach", "lo", "--addresses", "10.0.0.300"], '--addresses: cannot read the address "10.0.0.300"'),
        (["attach", "lo", "--addresses", ""], '--addresses: '),
        (["attach", "lo", "--addresses", "10.0.0.2,"], '--addresses: cannot read the address ""'),
        (["attach", "lo", "--addresses", "10.0.0.2/33"], '--addresses: cannot read the address "10.0.0.2/33"'),
        (["attach", "lo", "--addresses", "224.0.0.1"], "nobody sends from multicast addresses"),
        (["attach", "lo", "--addresses", "10.0.0.2,10.0.0.2/32"], "--addresses: expected each address once"),
        (["attach", "lo", "--addresses", ",".join(f"10.0.0.{n}" for n in range(1, 18))],
         '--addresses: expected 1 to 16 addresses or prefixes, found "17"'),
        (["attach", "lo", "--addresses", "10.0.0.2", "--role", "guest"], "--addresses: only what a tenant sends"),
        (["attach", "lo", "--tenant", ""], "--tenant: expected"),
        (["attach", "lo", "--tenant", "a b"], "--tenant: expected"),
        (["attach", "lo", "--tenant", "x" * 64], "--tenant: expected"),
        (["attach", "lo", "lo"], 'IFACE: expected each interface once, found "lo"'),
        (["attach", "sixteen-bytes-xx"], "IFACE: expected"),
        (["attach", "a/b"], "IFACE: expected"),
        (["attach", ""], "IFACE: expected"),
        (["detach"], "expected either interfaces or --all"),
        (["detach", "lo", "--all"], "expected either interfaces or --all"),
        (["apply"], "FILE is required"),
        (["limit"], "limit: a command is expected"),
        (["limit", "frobnicate"], 'unknown command "frobnicate"'),
        (["limit", "set"], "TENANT is required"),
        (["limit", "set", "web"], "limit set: expected at least one of --tx-max"),
        (["limit", "set", "a b", "--tx-max", "1mbit"], "TENANT: expected a tenant name"),
        (["limit", "set", "web", "--tx-max", "100mbps"], "--tx-max: cannot read the rate"),
        (["limit", "set", "web", "--tx-max", "63kbit"], "--tx-max: expected a rate from 64kbit to 400gbit, or none"),
        (["limit", "set", "web", "--rx-max", "401gbit"], "--rx-max: expected a rate from 64kbit to 400gbit, or none"),
        (["limit", "set", "web", "--tx-pps", "1k"], "--tx-pps: expected packets per second"),
        (["limit", "set", "web", "--rx-pps", "1000000001"], "--rx-pps: expected packets per second"),
        (["limit", "set", "web", "--rx-pps", "-1"], "--rx-pps: expected packets per second"),
        (["limit", "set", "web", "--burst", "5"], "--burst: cannot read the time \"5\": a time needs its unit"),
        (["limit", "set", "web", "--burst", "1.1s"], "--burst: expected a time of at most 1s"),
        (["limit", "set", "web", "--mode", "drop"], "--mode: expected shape, mark or police"),
        (["limit", "set", "web", "--overhead", "257"], "--overhead: expected bytes, a number from -64 to 256"),
        (["limit", "set", "web", "--tx-max", "1mbit", "--confirm-timeout", "0"],
         "--confirm-timeout: expected a number from 1"),
        (["limit", "set", "web", "--weight", "1001"], "--weight"),
        (["limit", "clear"], "limit clear: expected either tenants or --all"),
        (["limit", "clear", "web", "--all"], "limit clear: expected either tenants or --all"),
        (["limit", "confirm"], "TENANT is required"),
        (["limit", "show", "one", "two"], 'unknown argument "two"'),
        (["limit", "show", "--duration", "5s"], "--duration: expected seconds"),
        (["status", "one", "two"], 'unknown argument "two"'),
        (["stats", "--duration", "0.05"], "--duration: expected seconds from 0.1 to 86400"),
        (["stats", "--duration", "86401"], "--duration: expected seconds from 0.1 to 86400"),
        (["stats", "--duration", "nan"], "--duration: expected seconds"),
        (["stats", "--duration", "5s"], "--duration: expected seconds"),
        (["flows", "--duration", "-1"], "--duration: expected seconds"),
        (["flows", "--sort", "size"], "--sort: expected bytes, packets, rate, age, rtt or retransmits"),
        (["flows", "--limit", "many"], "--limit: expected a number"),
        (["flows", "--address", "10.0.0.0/33"], "--address"),
        (["flows", "--address", "example.org"], "--address"),
        (["flows", "--port", "65536"], "--port: expected a number from 0 to 65535"),
        (["flows", "--protocol", "256"], "--protocol: expected"),
        (["drops", "--keep", "--stop"], "expected either --keep or --stop"),
        (["drops", "--keep", "--all"], "--keep and --stop stand alone"),
        (["drops", "--dry-run"], "--dry-run goes with --keep or --stop"),
        (["drops", "--duration", "0"], "--duration: expected seconds"),
        (["doctor", "--duration", "0"], "--duration: expected seconds"),
        (["doctor", "one", "two"], 'unknown argument "two"'),
        (["noisy", "--replay", "/dev/null", "--watch"], "--replay stands alone"),
        (["noisy", "--replay", "/dev/null"], "cannot read /dev/null"),
        (["top", "--sort", "size"], "--sort: expected load, tx, rx, packets, flows, latency, drops or name"),
        (["top", "--interval", "0"], "--interval: expected seconds from 0.1 to 86400"),
        (["top", "--simulate", "0"], "--simulate: expected a number from 1 to 100000"),
        (["top", "one", "two"], 'unknown argument "two"'),
        (["top"], "top: it needs a terminal"),
        (["bench", "--runs", "0"], "--runs: expected a number"),
        (["bench", "--repeat", "x"], "--repeat: expected a number"),
    ]

    def test_each_mistake_is_one_line_and_exit_code_2(self):
        for arguments, says in self.WRONG:
            with self.subTest(arguments=arguments):
                done = run(*arguments)
                self.assert_one_line(done, 2)
                self.assertIn(says, done.stderr)

    def test_the_line_names_the_help_that_applies(self):
        self.assertIn("(run: weir attach --help)", run("attach", "lo", "--role", "host").stderr)
        self.assertIn("(run: weir flows --help)", run("flows", "--frobnicate").stderr)
        self.assertIn("(run: weir limit set --help)", run("limit", "set", "web", "--mode", "x").stderr)
        self.assertIn("(run: weir limit show --help)", run("limit", "show", "--frobnicate").stderr)
        self.assertIn("(run: weir --help)", run("frobnicate").stderr)

    def test_with_json_the_error_is_an_object_too(self):
        for arguments in (["stats", "--duration", "never", "-j"], ["stats", "--frobnicate", "-j"],
                          ["frobnicate", "-p"]):
            with self.subTest(arguments=arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, r"\Aweir: [^\n]+\n\Z")
                error = self.json_of(done)["error"]
                self.assertEqual(set(error), {"code", "what", "evidence", "hint"})
                self.assertIn(error["what"], done.stderr)

    def test_what_is_quoted_cannot_drive_the_terminal(self):
        done = run("attach", "lo", "--role", "\x1b[2J\nweir: fine")
        self.assert_one_line(done, 2)
        self.assertNotIn("\x1b", done.stderr)

    def test_no_command_is_a_mistake_that_shows_the_help(self):
        done = run()
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertIn("a command is expected", done.stderr)
        for command in COMMANDS:
            self.assertRegex(done.stderr, rf"(?m)^  {command} ")


class Help(CliTest):
    def test_top_lists_every_command_in_order_and_the_exit_codes(self):
        done = run("--help")
        self.assert_fine(done)
        self.assertEqual(done.stderr, "")
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        self.assertEqual(re.findall(r"(?m)^  ([a-z]+) ", done.stdout), COMMANDS)
        for code in range(7):
            self.assertRegex(done.stdout, rf"\b{code} [a-z]")

    def test_each_command_says_what_it_is_for_with_two_examples(self):
        for command in COMMANDS + LIMIT_COMMANDS:
            with self.subTest(command=command):
                done = run(*command.split(), "--help")
                self.assert_fine(done)
                self.assertEqual(done.stderr, "")
                self.assertRegex(done.stdout, r"\A[A-Z][^\n]+\.\nUsage: weir " + command)
                examples = done.stdout.partition("Examples:\n")[2].partition("\n\n")[0]
                self.assertGreaterEqual(len(examples.strip().splitlines()), 2)
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    def test_the_examples_use_options_that_exist(self):
        seen = 0
        for command in WORKING:
            text = run(*command.split(), "--help").stdout
            for line in re.findall(r"(?m)^  (weir " + command + r"\b.*)$", text.partition("Examples:\n")[2]):
                words = shlex.split(line.partition("|")[0].partition(">")[0])
                for option in [word for word in words if word.startswith("-") and word != "-"]:
                    seen += 1
                    self.assertRegex(text, rf"(?m)^  (-\w,)?{option}[, ]|^  {option},", line)
        self.assertGreater(seen, 5)

    def test_completion_and_manual_have_the_same_options(self):
        with open(f"{SOURCE}/docs/weir.8", encoding="utf-8") as page:
            manual = page.read().replace("\\-", "-")
        for command in WORKING:
            with self.subTest(command=command):
                options = set(re.findall(r"(?m)^  (?:-\w,)?(--[a-z-]+)", run(*command.split(), "--help").stdout))
                script = (f"source {shlex.quote(SOURCE)}/scripts/completions/weir.bash; "
                          f"COMP_CWORD={len(command.split()) + 1}; COMP_WORDS=(weir {command} --); "
                          f"_weir; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
                done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=TIMEOUT,
                                      check=False)
                self.assertEqual(set(done.stdout.split()), options, done.stderr)
                self.assertEqual({option for option in options if option not in manual}, set(), "not in weir(8)")

    def test_the_options_that_all_readers_share(self):
        for command in WORKING:
            self.assertIn("-j,--json", run(*command.split(), "--help").stdout, command)


class Version(CliTest):
    def test_text_json_and_flag_agree(self):
        text, compact, flag = run("version"), run("version", "-j"), run("--version")
        for done in (text, compact, flag):
            self.assert_fine(done)
            self.assertEqual(done.stderr, "")
        value = self.json_of(compact)
        self.assertRegex(value["release"], r"\A\d+\.\d+\.\d+\Z")
        self.assertTrue(value["version"].startswith(value["release"]))
        self.assertRegex(value["libbpf_version"], r"\A\d+\.\d+")
        self.assertGreaterEqual(value["state_schema"], 1)
        self.assertEqual(flag.stdout, f"weir {value['version']}\n")
        self.assertTrue(text.stdout.startswith(flag.stdout))
        self.assertIn(value["libbpf_version"], text.stdout)

if __name__ == "__main__":
    unittest.main()
