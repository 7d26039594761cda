# SPDX-License-Identifier: GPL-2.0-or-later
"""Three guests at a bridge, weights 1, 2 and 4, and an uplink: for the tests of a fair share."""
import lab


class Uplink(lab.Case):
    programs = ("ping",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host, cls.net = cls.lab.namespace("host"), cls.lab.namespace("net")
        cls.guests = [cls.lab.namespace(f"guest{i}") for i in range(3)]
        for i, guest in enumerate(cls.guests):
            cls.lab.veth(cls.host, f"vnic{i}", guest, "eth0")
            guest.ip("addr", "add", f"10.0.0.{10 + i}/24", "dev", "eth0")
        cls.lab.veth(cls.host, "up0", cls.net, "eth0")
        cls.net.ip("addr", "add", "10.0.0.1/24", "dev", "eth0")
        cls.lab.bridge(cls.host, "br0", "vnic0", "vnic1", "vnic2", "up0")
        for guest in cls.guests:  # so that the bridge knows who is where
            guest.run("ping", "-c1", "-W5", "10.0.0.1")

    def share(self, capacity, mode):
        self.host.weir("attach", "up0", "--role", "uplink", "--capacity", capacity)
        self.host.weir("attach", "vnic0", "vnic1", "vnic2")
        for i, weight in enumerate((1, 2, 4)):
            self.host.weir("limit", "set", f"vnic{i}", "--weight", weight, "--mode", mode)

    def tearDown(self):
        self.host.weir("detach", "--all")
        self.assertEqual(self.host.pins(), [])
