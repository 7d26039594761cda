# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that are gone while something is attached to them. What is left of a namespace's last one is what any
other namespace's `detach --all` clears up, so this runs beside no other."""
import os
import unittest

from test_attach import WAYS, AttachCase


class TestGone(AttachCase):
    def test_deleted_and_recreated(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.host.weir("attach", "vnic0", "--bpf-hooks", way)
                self.check_counts()
                self.host.ip("link", "del", "vnic0")
                self.assertEqual(list(self.host.status()), ["vnic0"])
                self.assertTrue(self.host.status()["vnic0"]["notes"], "status does not say that the interface is gone")
                self.lab.veth(self.host, "vnic0", self.guest, "eth0")
                self.host.weir("attach", "vnic0", "--bpf-hooks", way)
                self.assertEqual(list(self.host.status()), ["vnic0"])
                self.assertEqual(self.complaints("vnic0"), [])
                self.check_counts()
                self.host.weir("detach", "vnic0")
                self.assertFalse(os.path.exists(self.host.state_dir))

    def test_deleted_then_detached(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.host.weir("attach", "vnic0", "--bpf-hooks", way)
                self.host.ip("link", "del", "vnic0")
                self.host.weir("detach", "vnic0")
                self.assertFalse(os.path.exists(self.host.state_dir))
                self.lab.veth(self.host, "vnic0", self.guest, "eth0")


if __name__ == "__main__":
    unittest.main()
