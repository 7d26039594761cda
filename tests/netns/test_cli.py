# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line as its users meet it: usage errors, exit codes, help, JSON, pipes, colour, and running without root.

WEIR is the binary. What changes anything runs in network namespaces that are gone afterwards.
"""

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import lab

WEIR = lab.tool("weir")
SOURCE = os.environ["WEIR_SOURCE"]
TIMEOUT = 60
NOBODY = 65534

CHANGES = ["attach", "detach", "limit", "apply", "export"]
READS_OF_ATTACHED = ["status", "stats", "flows", "latency"]
READS = READS_OF_ATTACHED + ["drops", "doctor", "noisy", "record", "top"]
MACHINE = ["features", "bench", "demo", "version"]
COMMANDS = CHANGES + READS + MACHINE
LIMIT_COMMANDS = ["limit set", "limit show", "limit clear", "limit confirm"]
# Those that do something; weir limit is only their heading.
WORKING = [command for command in COMMANDS if command != "limit"] + LIMIT_COMMANDS


def run(*arguments, prefix=(), binary=WEIR, **options):
    options.setdefault("timeout", TIMEOUT)
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    return subprocess.run([*prefix, binary, *arguments], capture_output=True, text=True, **options)


def needs_root(test):
    return unittest.skipUnless(os.geteuid() == 0, "needs root")(test)


class CliTest(unittest.TestCase):
    def assert_one_line(self, done, code):
        """It failed with this code, in one line of words and no data."""
        context = f"{done.args}: stdout {done.stdout!r}, stderr {done.stderr!r}"
        self.assertEqual(done.returncode, code, context)
        self.assertEqual(done.stdout, "", context)
        self.assertRegex(done.stderr, r"\Aweir: [^\n]+\n\Z", context)

    def assert_fine(self, done):
        self.assertEqual(done.returncode, 0, f"{done.args}: stdout {done.stdout!r}, stderr {done.stderr!r}")

    def json_of(self, done):
        """The one JSON object that a command printed, whose first key is the schema's version."""
        try:
            value = json.loads(done.stdout)
        except json.JSONDecodeError as error:
            self.fail(f"{done.args}: {error}: {done.stdout!r}, stderr {done.stderr!r}")
        self.assertEqual(value["schema_version"], 1, done.args)
        return value


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
        (["limit", "set", "web", "--tx-max", "1mbit", "--confirm-timeout", "0"], "--confirm-timeout: expected a number from 1"),
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
        (["demo", "--seconds", "0"], "--seconds: expected a number"),
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
        for arguments in (["stats", "--duration", "never", "-j"], ["stats", "--frobnicate", "-j"], ["frobnicate", "-p"]):
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
                script = (f"source {shlex.quote(SOURCE)}/scripts/completions/weir.bash; COMP_CWORD={len(command.split()) + 1}; "
                          f"COMP_WORDS=(weir {command} --); _weir; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
                done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=TIMEOUT)
                self.assertEqual(set(done.stdout.split()), options, done.stderr)
                self.assertEqual({option for option in options if option not in manual}, set(), "not in weir(8)")

    def test_the_options_that_all_readers_share(self):
        for command in [command for command in WORKING if command != "demo"]:
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


class Pipes(CliTest):
    def closed_pipe(self, *arguments):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return subprocess.run([WEIR, *arguments], stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
                                  text=True, timeout=TIMEOUT)
        finally:
            os.close(writer)

    def test_a_reader_that_has_gone_is_no_error(self):
        for arguments in (["version"], ["version", "-p"], ["--help"], ["flows", "--help"]):
            with self.subTest(arguments=arguments):
                done = self.closed_pipe(*arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_reader_that_has_gone_hides_no_failure(self):
        done = self.closed_pipe("stats", "--duration", "never", "-j")
        self.assertEqual(done.returncode, 2)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([WEIR, "version"], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Aweir: cannot write the output: No space left on device\n\Z")


@needs_root
class Features(CliTest):
    # Whatever runs these tests has them, or Weir could not attach here.
    REQUIRED = {"bpf", "btf", "bpffs", "syscall_programs", "map_in_map", "mmapable_maps", "netns_cookie"}

    def test_json(self):
        done = run("features", "-j")
        self.assertIn(done.returncode, (0, 5), done.stderr)
        value = self.json_of(done)
        self.assertEqual(value["kernel"], os.uname().release)
        self.assertEqual(value["machine"], os.uname().machine)
        self.assertGreaterEqual(value["cpus_possible"], os.cpu_count())
        features = {feature["name"]: feature for feature in value["features"]}
        self.assertEqual(len(features), len(value["features"]), "a name twice")
        for name, feature in features.items():
            self.assertEqual(set(feature), {"name", "available", "required", "detail", "used_for"})
            self.assertTrue(feature["detail"] and feature["used_for"], name)
        required = {name for name, feature in features.items() if feature["required"]}
        self.assertEqual(required, self.REQUIRED | (set() if features["tcx"]["available"] else {"clsact"}))
        lacking = [name for name in required if not features[name]["available"]]
        self.assertEqual(done.returncode, 5 if lacking else 0, lacking)

    def test_qdiscs_are_as_tc_finds_them(self):
        features = {feature["name"]: feature for feature in json.loads(run("features", "-j").stdout)["features"]}
        for kind in ("fq", "fq_codel", "cake"):
            tried = subprocess.run(["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", kind],
                                   capture_output=True, timeout=TIMEOUT)
            self.assertEqual(features[kind]["available"], tried.returncode == 0, features[kind])
        for kind, options in (("htb", []), ("tbf", ["rate", "1gbit", "burst", "100k", "latency", "1ms"])):
            tried = subprocess.run(["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", kind, *options],
                                   capture_output=True, timeout=TIMEOUT)
            self.assertEqual(features[kind]["available"], tried.returncode == 0, features[kind])

    def test_table_names_every_feature(self):
        table = run("features").stdout
        for feature in json.loads(run("features", "-j").stdout)["features"]:
            self.assertRegex(table, rf"(?m)^{feature['name']} +(yes|no|MISSING)\b")

    def test_nothing_of_the_machine_is_touched(self):
        def picture():
            return [subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout
                    for command in (["ip", "-o", "link"], ["tc", "qdisc"], ["ip", "netns"])]
        before = picture()
        run("features")
        self.assertEqual(picture(), before)

    def test_in_a_mount_namespace_without_bpffs(self):
        # As `ip netns exec` does: a fresh /sys, in which nothing is mounted.
        done = run("features", "-j", prefix=["unshare", "--net", "--mount", "sh", "-c",
                                            'mount -t sysfs none /sys && exec "$@"', "sh"])
        features = {feature["name"]: feature for feature in self.json_of(done)["features"]}
        self.assertTrue(features["bpffs"]["available"], features["bpffs"])
        self.assertTrue(features["jit"]["available"] or "bpf_jit_enable" in features["jit"]["detail"])


@needs_root
class Colour(CliTest):
    def on_terminal(self, *arguments, **environment):
        """What the command writes to a terminal 80 columns wide."""
        child, terminal = pty.fork()
        if child == 0:
            os.environ.pop("NO_COLOR", None)
            os.environ.update({"TERM": "xterm", **environment})
            os.execv(shutil.which(WEIR), [WEIR, *arguments])
        subprocess.run(["stty", "cols", "80"], stdin=terminal, check=True)
        chunks = []
        try:
            while chunk := os.read(terminal, 65536):
                chunks.append(chunk)
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(terminal)
        os.waitpid(child, 0)
        return b"".join(chunks).decode()

    def test_on_a_terminal_only(self):
        self.assertIn("\x1b[", self.on_terminal("features"))
        self.assertNotIn("\x1b", run("features").stdout)

    def test_never_with_no_color_nor_on_a_dumb_terminal(self):
        self.assertIn("FEATURE", self.on_terminal("features", NO_COLOR="1"))
        self.assertNotIn("\x1b", self.on_terminal("features", NO_COLOR="1"))
        self.assertNotIn("\x1b", self.on_terminal("features", TERM="dumb"))

    def test_json_is_never_coloured(self):
        self.assertNotIn("\x1b", self.on_terminal("features", "-p"))


@needs_root
class WithoutRoot(CliTest):
    @classmethod
    def setUpClass(cls):
        # Where this user can reach it.
        cls.folder = tempfile.mkdtemp(prefix="weir-cli-")
        os.chmod(cls.folder, 0o755)
        cls.binary = shutil.copy(shutil.which(WEIR), os.path.join(cls.folder, "weir"))
        os.chmod(cls.binary, 0o755)
        cls.document = os.path.join(cls.folder, "empty.json")
        with open(cls.document, "w", encoding="utf-8") as file:
            file.write('{"schema_version": 1, "vnics": []}')
        os.chmod(cls.document, 0o644)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def as_nobody(self, *arguments):
        return run(*arguments, binary=self.binary, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")

    def test_what_needs_root_says_so_in_one_line(self):
        for arguments in (["status"], ["stats"], ["flows"], ["latency"], ["export"], ["features"], ["attach", "lo"],
                          ["attach", "lo", "--dry-run"], ["detach", "lo"], ["detach", "--all"],
                          ["apply", self.document], ["bench", "--quick"], ["demo", "--seconds", "1"],
                          ["stats", "--duration", "1"]):
            with self.subTest(arguments=arguments):
                self.assert_one_line(self.as_nobody(*arguments), 4)

    def test_with_json(self):
        for command in ("status", "features"):
            done = self.as_nobody(command, "-j")
            self.assertEqual(done.returncode, 4)
            self.assertIn("error", self.json_of(done))

    def test_root_of_a_user_namespace_only(self):
        done = run("features", prefix=["unshare", "--user", "--map-root-user"])
        if "unshare failed" in done.stderr:
            self.skipTest("no user namespaces here")
        self.assert_one_line(done, 4)

    def test_what_does_not_need_root_works(self):
        self.assert_fine(self.as_nobody("version"))
        self.assert_fine(self.as_nobody("attach", "--help"))

    def test_mistakes_come_first(self):
        self.assert_one_line(self.as_nobody("attach", "lo", "--role", "host"), 2)
        self.assert_one_line(self.as_nobody("stats", "--duration", "never"), 2)


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
        begin = time.monotonic()
        value = self.json_of(self.weir("stats", "--duration", "0.5", "-j"))
        self.assertGreaterEqual(time.monotonic() - begin, 0.5)
        self.assertGreaterEqual(value["window_ns"], 500_000_000)
        self.assertLess(value["window_ns"], 5_000_000_000)

    def test_a_window_has_only_what_happened_in_it(self):
        self.ping(5)
        value = self.json_of(self.weir("stats", "--duration", "0.2", "-j"))
        totals = self.json_of(self.weir("stats", "-j"))
        self.assertLess(value["vnics"][0]["tx"]["packets"], totals["vnics"][0]["tx"]["packets"])
        self.assertGreaterEqual(totals["vnics"][0]["tx"]["packets"], 5)

    @staticmethod
    def waits_in(pid):
        with open(f"/proc/{pid}/wchan", encoding="utf-8") as file:
            return file.read()

    def interrupted(self, *arguments):
        """Starts a long watch, presses Ctrl-C once it listens, and returns what it printed."""
        watch = self.namespace.start(WEIR, *arguments).popen
        lab.wait_for(lambda: watch.poll() is not None or "sigtimedwait" in self.waits_in(watch.pid), "the watch to begin")
        self.ping(4)
        watch.send_signal(signal.SIGINT)
        out, err = watch.communicate(timeout=20)
        self.assertEqual((watch.returncode, err), (0, ""))
        value = json.loads(out)
        self.assertLess(value["window_ns"], 60_000_000_000)
        return value

    def test_ctrl_c_ends_a_window_early_and_prints_it(self):
        self.assertGreaterEqual(self.interrupted("stats", "--duration", "3600", "-j")["vnics"][0]["tx"]["packets"], 4)
        flows = self.interrupted("flows", "--duration", "3600", "-j", "--protocol", "icmp")["flows"]
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
