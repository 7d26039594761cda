# SPDX-License-Identifier: GPL-2.0-or-later
"""Where doctor's faults are made: three network namespaces, the packets, and doctor watching them."""

import json
import sys

import lab
from craft import SEND_FRAGMENTS_AND_WAIT, SEND_FRAMES, SEND_UDP, SEND_UDP_AND_WAIT

COUNT = 150
# The machine that runs the tests may be short of CPU time: true, and not what was injected.
OF_THE_MACHINE = {"cpu_steal", "time_squeeze", "softnet_backlog_full"}

LISTEN = """
import socket, sys, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("10.0.0.1", 7010))
server.listen(int(sys.argv[1]))
print("ready", flush=True)
kept = []
if sys.argv[2] == "accept":
    while True:
        kept.append(server.accept())
sys.stdin.read()
"""

CONNECT = """
import socket, sys
kept = [socket.create_connection(("10.0.0.1", 7010)) for _ in range(int(sys.argv[1]))]
print("ready", flush=True)
sys.stdin.read()
"""


class Rig:
    """host with vnic0, whose other end is eth0 in guest, and with far0 to a third namespace."""

    def __init__(self, the_lab):
        self.lab = the_lab
        self.sent = self.arrived = 0  # by who injects
        self.found = None  # the first finding, once there is one
        self.host, self.guest = the_lab.pair()
        self.far = the_lab.namespace("far")
        the_lab.veth(self.host, "far0", self.far, "eth0", up=False)
        lab.address(self.host, "far0", 1, network=1)
        lab.address(self.far, "eth0", 2, network=1)
        self.host.ip("link", "set", "far0", "up")
        self.far.ip("link", "set", "eth0", "up")
        self.host.sysctl(net__ipv4__ip_forward=1, net__ipv4__conf__all__rp_filter=0,
                         net__ipv4__conf__vnic0__rp_filter=0)
        links = {"host": self.host.links(), "guest": self.guest.links()}
        self.host_mac, self.guest_mac = links["host"]["vnic0"]["address"], links["guest"]["eth0"]["address"]
        self.guest.ip("neigh", "replace", "10.0.0.1", "lladdr", self.host_mac, "dev", "eth0", "nud", "permanent")
        self.host.ip("neigh", "replace", "10.0.0.2", "lladdr", self.guest_mac, "dev", "vnic0", "nud", "permanent")
        self.host.ip("neigh", "replace", "10.0.1.2", "lladdr", self.far.links()["eth0"]["address"], "dev", "far0",
                     "nud", "permanent")

    def remove(self):
        for namespace in (self.host, self.guest, self.far):
            namespace.remove()

    def frames(self, *packets, ethertype=0x0800, target=None, wait_for_timeout=False):
        """Sends IP packets as the guest, as they are. `wait_for_timeout`: each is a fragment, and the host gives it up
        before this returns."""
        head = bytes.fromhex((target or self.host_mac).replace(":", "") + self.guest_mac.replace(":", ""))
        text = json.dumps([(head + ethertype.to_bytes(2, "big") + packet).hex() for packet in packets])
        code = SEND_FRAGMENTS_AND_WAIT if wait_for_timeout else SEND_FRAMES
        self.guest.run(sys.executable, "-S", "-E", "-c", code, "eth0", len(packets), stdin=text)

    def send(self, address, port=9, count=COUNT, wait_for_neighbour=False):
        """Datagrams from the host's own socket. `wait_for_neighbour`: whether it answers is known when this returns."""
        code = SEND_UDP_AND_WAIT if wait_for_neighbour else SEND_UDP
        self.host.run(sys.executable, "-S", "-E", "-c", code, address, port, count)

    def hold(self, code, *words, namespace=None):
        holder = (namespace or self.host).start(sys.executable, "-S", "-E", "-c", code, *words)
        holder.wait_line("ready")
        return holder

    def nstat(self, name, namespace=None):
        return (namespace or self.host).nstat(name)[name]

    def doctor(self, while_watching, interface="vnic0", looked_for=None):
        """What doctor finds in a window that holds this, and only as long as it takes. What is the machine's and not
        `looked_for` is left out."""
        watch = self.host.watch("doctor", interface, "-j")
        while_watching(self)
        done = watch.finish(ok=(0, 3))
        report = done.json
        above = [found for found in report["findings"] if found["severity"] != "info"]
        if done.code != (3 if above else 0):
            raise lab.CommandError(f"exit code {done.code}, with {len(above)} findings above info")
        report["findings"] = [found for found in report["findings"]
                              if found["id"] == looked_for or found["id"] not in OF_THE_MACHINE]
        return report
