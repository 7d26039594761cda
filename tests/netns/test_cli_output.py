# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the output goes and who asks: pipes, terminals and colour, weir features, and running without root."""

import json
import os
import pty
import shutil
import subprocess
import tempfile
import unittest

import lab
from cli import TIMEOUT, WEIR, CliTest, needs_root, run

NOBODY = 65534


class Pipes(CliTest):
    def closed_pipe(self, *arguments):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return subprocess.run([WEIR, *arguments], stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
                                  text=True, timeout=TIMEOUT, check=False)
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
                                  text=True, timeout=TIMEOUT, check=False)
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
                                   capture_output=True, timeout=TIMEOUT, check=False)
            self.assertEqual(features[kind]["available"], tried.returncode == 0, features[kind])
        for kind, options in (("htb", []), ("tbf", ["rate", "1gbit", "burst", "100k", "latency", "1ms"])):
            tried = subprocess.run(["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", kind, *options],
                                   capture_output=True, timeout=TIMEOUT, check=False)
            self.assertEqual(features[kind]["available"], tried.returncode == 0, features[kind])

    def test_table_names_every_feature(self):
        table = run("features").stdout
        for feature in json.loads(run("features", "-j").stdout)["features"]:
            self.assertRegex(table, rf"(?m)^{feature['name']} +(yes|no|MISSING)\b")

    def test_nothing_of_the_machine_is_touched(self):
        def picture():
            words = [subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout
                     for command in (["ip", "-o", "link"], ["tc", "qdisc"], ["ip", "netns"])]
            # Other tests have theirs.
            return [line for text in words for line in text.splitlines() if not line.startswith(lab.PREFIX)]
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
        benchmark = os.path.join(os.path.dirname(shutil.which(WEIR)), "weir-bench")
        os.chmod(shutil.copy(benchmark, cls.folder), 0o755)
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
                          ["apply", self.document], ["bench", "--quick"],
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


if __name__ == "__main__":
    unittest.main()
