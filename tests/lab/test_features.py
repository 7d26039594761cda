# SPDX-License-Identifier: GPL-2.0-or-later
"""'weir features' on stock kernels."""

import unittest

from experiment import Experiment, Since

EVERYWHERE = ["bpf", "btf", "bpffs", "bpf_links", "bpf_timer", "clsact", "cake", "drop_reasons", "fq", "fq_codel",
              "htb", "jit", "map_in_map", "mmapable_maps", "netns_cookie", "syscall_programs", "tbf", "xdp_frags",
              "xdp_generic", "xdp_native"]


class Features(Experiment):
    experiment = "features"
    has_tcx = Since({"6.1": False, "6.6": True})

    def available(self):
        return {feature["name"]: feature["available"] for feature in self.kept.json("features")["features"]}

    def test_kernel_is_the_one_that_was_booted(self):
        self.assertTrue(self.kept.json("features")["kernel"].startswith(self.kernel + "."))

    def test_nothing_required_is_missing(self):
        self.assertEqual(self.kept.code("features"), 0, self.kept.errors("features"))
        self.assertEqual(self.kept.code("table"), 0)

    def test_tcx(self):
        self.assertEqual(self.available()["tcx"], self.has_tcx)

    def test_what_every_stock_kernel_has(self):
        available = self.available()
        self.assertEqual({name: available.get(name) for name in EVERYWHERE}, dict.fromkeys(EVERYWHERE, True))

if __name__ == "__main__":
    unittest.main()
