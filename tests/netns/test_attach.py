# SPDX-License-Identifier: GPL-2.0-or-later
"""Attaching to interfaces in every state, and beside whatever others have put there: the right exit code, one clear
line, and nothing of anybody else's is touched."""
import os
import re
import shutil
import tempfile
import unittest

import footprint
import lab

WAYS = ("tcx", "clsact")


class AttachCase(lab.Case):
    def setUp(self):
        self.host, self.guest = self.lab.pair()

    def refused(self, code, *words, says, namespace=None, **options):
        """The command fails with this exit code, one line on stderr that matches, nothing on stdout."""
        done = (namespace or self.host).weir(*words, ok=None, **options)
        self.assertEqual(done.code, code, str(done))
        self.assertEqual(done.out, "", str(done))
        self.assertRegex(done.err, r"\A[^\n]+\n\Z", f"not one line: {done}")
        self.assertRegex(done.err, re.compile(says, re.IGNORECASE), str(done))
        return done

    def count(self, frames=50):
        """Sends frames through and returns what Weir counted of them as the tenant's tx."""
        before = self.host.stats()["vnic0"]["tx"]["classes"].get("ipv4_udp", {"packets": 0})["packets"]
        self.lab.sender(self.guest, "eth0", "--count", frames).finish()
        return self.host.stats()["vnic0"]["tx"]["classes"]["ipv4_udp"]["packets"] - before

    def check_counts(self):
        self.assertEqual(self.count(), 50)

    def complaints(self, interface):
        """The notes of `weir status`, less the one that explains the choice of hook."""
        return [note for note in self.host.status()[interface]["notes"] if not note.startswith("ingress hook auto")]


class TestInterfaces(AttachCase):
    """What the interface itself can be like."""

    def test_missing(self):
        self.refused(1, "attach", "nowhere0", says="nowhere0")
        self.assertFalse(os.path.exists(self.host.state_dir), "a failed attach leaves state behind")

    def test_all_or_none(self):
        self.refused(1, "attach", "vnic0", "nowhere0", says="nowhere0")
        self.assertEqual(footprint.ours(footprint.attached(self.host)), set())
        self.assertFalse(os.path.exists(self.host.state_dir))

    def test_where_bpffs_is_not_to_be_seen(self):
        """As under `ip netns exec`: a fresh /sys without it. With process 1 hidden too, an
        ancestor shows the machine's."""
        for hidden in ("true", "mount -t tmpfs none /proc/1"):
            with self.subTest(hidden=hidden):
                script = f'mount -t sysfs none /sys && {hidden} && exec "$@"'
                self.host.run("unshare", "--mount", "sh", "-c", script, "sh", lab.tool("weir"), "attach", "vnic0")
                self.assertEqual(list(self.host.status()), ["vnic0"])
                self.host.weir("detach", "--all")

    def test_usage(self):
        for words in (("attach",), ("attach", "vnic0", "--role", "host"), ("attach", "vnic0", "--flows", "7"),
                      ("attach", "vnic0", "--bpf-hooks", "xdp"), ("attach", "vnic0", "--capacity", "1gbit")):
            self.refused(2, *words, says=".")

    def test_dry_run(self):
        before = footprint.snapshot(self.host, "vnic0")
        for way in WAYS:
            done = self.host.weir("attach", "vnic0", "--dry-run", "--bpf-hooks", way)
            self.assertIn("vnic0", done.out + done.err)
            self.assertEqual(footprint.snapshot(self.host, "vnic0"), before)
            self.assertFalse(os.path.exists(self.host.state_dir))

    def test_twice(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.host.weir("attach", "vnic0", "--bpf-hooks", way)
                self.check_counts()
                before = footprint.snapshot(self.host, "vnic0"), self.host.pins(), self.host.stats()
                self.host.weir("attach", "vnic0", "--bpf-hooks", way)
                self.assertEqual((footprint.snapshot(self.host, "vnic0"), self.host.pins(), self.host.stats()), before)
                self.host.weir("detach", "vnic0")

    def test_settings_change(self):
        self.host.weir("attach", "vnic0", "--tenant", "web")
        self.check_counts()
        before = self.host.stats()["vnic0"]["tx"]["packets"]
        self.host.weir("attach", "vnic0", "--tenant", "db")
        stats = self.host.stats()["vnic0"]
        self.assertEqual((stats["tenant"], stats["tx"]["packets"]), ("db", before))

    def test_not_attached(self):
        self.refused(1, "detach", "vnic0", says="not attached")
        self.host.weir("attach", "vnic0")
        self.refused(1, "detach", "vnic0", "nowhere0", says="nowhere0")
        self.check_counts()

    def rename(self, old, new):
        self.host.ip("link", "set", old, "down")
        self.host.ip("link", "set", old, "name", new)
        self.host.ip("link", "set", new, "up")

    def test_renamed(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.host.weir("attach", "vnic0", "--tenant", "web", "--bpf-hooks", way)
                self.rename("vnic0", "other0")
                self.assertEqual(list(self.host.stats()), ["other0"])
                self.lab.sender(self.guest, "eth0", "--count", 50).finish()
                counted = self.host.stats()["other0"]["tx"]
                self.assertEqual(counted["classes"]["ipv4_udp"]["packets"], 50)
                # Attached under its new name it is still the same interface: nothing changes, nothing is lost.
                self.host.weir("attach", "other0", "--tenant", "web", "--bpf-hooks", way)
                again = self.host.stats()["other0"]["tx"]
                self.assertGreaterEqual(again["packets"], counted["packets"])
                self.assertEqual(again["classes"]["ipv4_udp"]["packets"], 50)
                self.host.weir("detach", "other0")
                self.assertFalse(os.path.exists(self.host.state_dir))
                self.rename("other0", "vnic0")

    def test_detached_by_its_old_name(self):
        self.host.weir("attach", "vnic0")
        self.rename("vnic0", "other0")
        self.host.weir("detach", "vnic0")
        self.assertEqual(footprint.ours(footprint.attached(self.host)), set())

    def test_no_ethernet(self):
        self.host.ip("tuntap", "add", "tun0", "mode", "tun")
        self.refused(5, "attach", "tun0", says="tun0")

    def test_no_native_xdp(self):
        self.lab.bridge(self.host, "br0")
        self.host.weir("attach", "br0", "--ingress-hook", "xdp")
        self.assertEqual(self.host.status()["br0"]["hooks"]["ingress"], "xdp-generic")
        self.assertTrue(any("generic" in note for note in self.host.status()["br0"]["notes"]))
        self.host.weir("detach", "br0")
        self.assertEqual(footprint.ours(footprint.attached(self.host)), set())
        self.assertFalse(os.path.exists(self.host.state_dir))

    def test_not_root(self):
        before = footprint.snapshot(self.host, "vnic0")
        # A copy that everybody can reach and run, wherever the build is.
        folder = tempfile.mkdtemp(prefix="weirtest-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        binary = shutil.copy(lab.tool("weir"), folder)
        for words in (("attach", "vnic0"), ("detach", "--all"), ("status",), ("stats",), ("flows",)):
            done = self.host.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, *words, ok=(4,))
            self.assertEqual(done.out, "")
            self.assertRegex(done.err, r"\A[^\n]*root[^\n]*\n\Z")
        self.assertEqual(footprint.snapshot(self.host, "vnic0"), before)


class TestNeighbours(AttachCase):
    """Other owners' programs, filters and qdiscs."""

    def pinned(self):
        path = f"/sys/fs/bpf/foreign-{self.host.name}"
        self.lab.foreign(self.host, "pin", path)
        self.addCleanup(os.unlink, path)
        return path

    def beside(self, way, *words, hooks=None):
        """Attach, count, detach --all: theirs is the same all along, and after it there is nothing else."""
        before = footprint.snapshot(self.host, "vnic0")
        self.host.weir("attach", "vnic0", "--bpf-hooks", way, *words)
        self.assertEqual(self.host.status()["vnic0"]["hooks"], hooks or {"ingress": way, "egress": way})
        self.assertEqual(footprint.theirs(footprint.snapshot(self.host, "vnic0")), footprint.theirs(before))
        self.assertEqual(len(footprint.ours(footprint.attached(self.host))), 2)
        self.check_counts()
        self.host.weir("attach", "vnic0", "--bpf-hooks", way, *words, "--reload")
        self.assertEqual(footprint.theirs(footprint.snapshot(self.host, "vnic0")), footprint.theirs(before))
        self.check_counts()
        objects = footprint.owned(self.host)
        self.assertEqual(len([one for one in objects if one[0] == "link"]), sum(hook != "clsact" for hook in (
            hooks or {"ingress": way, "egress": way}).values()))
        self.host.weir("detach", "--all")
        self.assertEqual(footprint.snapshot(self.host, "vnic0"), before)
        self.assertFalse(os.path.exists(self.host.state_dir))
        footprint.wait_gone(objects)

    def test_nobody(self):
        for way in WAYS:
            self.beside(way)
        self.beside("tcx", "--ingress-hook", "xdp", hooks={"ingress": "xdp", "egress": "tcx"})
        self.beside("clsact", "--ingress-hook", "xdp", hooks={"ingress": "xdp", "egress": "clsact"})

    def test_xdp(self):
        for mode in ("xdp-native", "xdp-generic"):
            foreign = self.lab.foreign(self.host, mode, "vnic0")
            with self.subTest(mode=mode):
                for way in WAYS:
                    self.beside(way)
                before = footprint.snapshot(self.host, "vnic0")
                done = self.refused(6, "attach", "vnic0", "--ingress-hook", "xdp", says="another owner")
                self.assertIn(str(foreign.ids["prog_id"]), done.err)
                self.assertEqual(footprint.snapshot(self.host, "vnic0"), before)
                self.assertFalse(os.path.exists(self.host.state_dir))
            foreign.stop()

    def test_tcx_links(self):
        for hook in ("tcx-ingress", "tcx-egress"):
            self.lab.foreign(self.host, hook, "vnic0")
        for way in WAYS:
            with self.subTest(way=way):
                self.beside(way)

    def test_tcx_program(self):
        """Attached as bpftool does it, without a link."""
        path = self.pinned()
        for hook in ("tcx_ingress", "tcx_egress"):
            self.host.run("bpftool", "net", "attach", hook, "pinned", path, "dev", "vnic0")
        for way in WAYS:
            with self.subTest(way=way):
                self.beside(way)

    def test_clsact_filters(self):
        path = self.pinned()
        self.host.tc("qdisc", "add", "dev", "vnic0", "clsact")
        for hook in ("ingress", "egress"):
            # Without direct-action: it only classifies, and the next filter is asked.
            self.host.tc("filter", "add", "dev", "vnic0", hook, "pref", "1", "u32", "match", "u32", "1", "0xffffffff",
                         "at", "0", "flowid", "1:1")
            self.host.tc("filter", "add", "dev", "vnic0", hook, "pref", "7", "bpf", "da", "object-pinned", path)
        for way in WAYS:
            with self.subTest(way=way):
                self.beside(way)

    def test_empty_clsact(self):
        self.host.tc("qdisc", "add", "dev", "vnic0", "clsact")
        for way in WAYS:
            with self.subTest(way=way):
                self.beside(way)

    def test_bare_ingress(self):
        self.host.tc("qdisc", "add", "dev", "vnic0", "ingress")
        self.beside("tcx")
        before = footprint.snapshot(self.host, "vnic0")
        self.refused(6, "attach", "vnic0", "--bpf-hooks", "clsact", says="ingress qdisc")
        self.assertEqual(footprint.snapshot(self.host, "vnic0"), before)
        self.assertFalse(os.path.exists(self.host.state_dir))

    def test_root_qdisc(self):
        self.host.tc("qdisc", "add", "dev", "vnic0", "root", "handle", "1:", "htb", "default", "10")
        self.host.tc("class", "add", "dev", "vnic0", "parent", "1:", "classid", "1:10", "htb", "rate", "1gbit")
        for way in WAYS:
            with self.subTest(way=way):
                self.beside(way)

    def test_filter_in_our_clsact(self):
        """Somebody uses the clsact qdisc that Weir made: it stays when Weir goes."""
        path = self.pinned()
        self.host.weir("attach", "vnic0", "--bpf-hooks", "clsact")
        self.host.tc("filter", "add", "dev", "vnic0", "ingress", "pref", "7", "bpf", "da", "object-pinned", path)
        before = footprint.theirs(footprint.snapshot(self.host, "vnic0"))
        self.host.weir("detach", "vnic0")
        after = footprint.snapshot(self.host, "vnic0")
        self.assertEqual(footprint.theirs(after), before)
        self.assertIn("foreign", after["filters"]["vnic0"]["ingress"])
        self.assertEqual(footprint.ours(footprint.attached(self.host)), set())

    def test_filters_flushed_by_another(self):
        """Somebody deletes the clsact qdisc with Weir's filters in it: status says so, attach puts them back."""
        self.host.weir("attach", "vnic0", "--bpf-hooks", "clsact")
        self.check_counts()
        self.host.tc("qdisc", "del", "dev", "vnic0", "clsact")
        self.assertTrue(self.host.status()["vnic0"]["notes"], "status says nothing of the missing hooks")
        self.host.weir("attach", "vnic0", "--bpf-hooks", "clsact")
        self.assertEqual(self.complaints("vnic0"), [])
        self.check_counts()
        self.host.weir("detach", "--all")
        self.assertEqual(footprint.ours(footprint.attached(self.host)), set())


if __name__ == "__main__":
    unittest.main()
