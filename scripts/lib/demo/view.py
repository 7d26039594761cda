# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the terminal while the traffic runs, drawn again and again in place. Elsewhere, nothing."""
import json
import os
import subprocess

from stage import TENANTS, Program
from table import COLUMNS, IS_TERMINAL, bar, painted, scaled, table

REFRESH = 0.5


class LiveView:
    def __init__(self):
        self.lines = 0
        self.top = None
        self.rest = ""

    def draw(self, text):
        if IS_TERMINAL:
            print(f"\x1b[{self.lines}A\x1b[J" * (self.lines > 0) + text, end="", flush=True)
            self.lines = text.count("\n")

    def refresh(self, binary, elapsed, seconds):
        """The newest that weir top has to say."""
        if not IS_TERMINAL:
            return
        if not self.top:
            self.top = Program(binary, "top", "-j", "--interval", REFRESH, stdout=subprocess.PIPE)
            os.set_blocking(self.top.popen.stdout.fileno(), False)
        self.top.ended()
        *whole, self.rest = (self.rest + (self.top.popen.stdout.read() or b"").decode()).split("\n")
        if whole:
            title = f"Weir demo: real traffic in namespaces of its own, {elapsed} of {seconds} s (Ctrl-C ends it)"
            self.draw(f"{title[:COLUMNS]}\n\n{painted(tenants_now(json.loads(whole[-1])))}")

    def end(self):
        if self.top:
            self.top.end()
        self.draw("")


def tenants_now(top):
    loads = {load["tenant"]: load for load in top["tenants"]}
    rates = {name: sum(loads[name][way]["rate_bps"] for way in ("tx", "rx")) for name, *_ in TENANTS}
    rows = []
    for name, rate in rates.items():
        load, share = loads[name], rate / max(sum(rates.values()), 1)
        rows.append([(name, "strong"), *(scaled(load[way]["rate_bps"], "bit/s") for way in ("tx", "rx")),
                     scaled(load["tx"]["rate_pps"] + load["rx"]["rate_pps"], "pps"), f"{load['flows'] or 0:,}",
                     f"{bar(share, 24)} {100 * share:.0f} %"])
    return table([("TENANT", "<"), ("TX", ">"), ("RX", ">"), ("PACKETS", ">"), ("FLOWS, 10 S", ">2"),
                  ("SHARE OF THE UPLINK", "<1")], rows)
