# SPDX-License-Identifier: GPL-2.0-or-later
"""IP packets made by hand, good and spoiled, and the small programs that send them or hold a socket or a tap open."""
import struct

SEND_FRAMES = """
import json, socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((sys.argv[1], 0))
for frame in json.load(sys.stdin):
    sock.send(bytes.fromhex(frame))
"""

HOLD_SOCKET = """
import ctypes, socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[2] == "filter":
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # ret 0: keep nothing
    sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(code)))  # SO_ATTACH_FILTER
elif sys.argv[2] == "small":
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.bind(("10.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
sys.stdin.read()
"""

HOLD_TAP = """
import fcntl, os, struct, sys
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", sys.argv[1].encode(), 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
print("ready", flush=True)
sys.stdin.read()
"""

SEND_UDP = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[3])):
    try:
        sock.sendto(b"x" * 100, (sys.argv[1], int(sys.argv[2])))
    except OSError:
        pass
"""

# Takes a CPU for itself and keeps it until something has happened. A timer that was set from here then drops its
# packets in the middle of this program. A kernel may hide some other programs, and what is dropped in the middle of
# them, from tracing (docs/drops.md).
KEEP_CPU = """
import os, sys, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

def keep_cpu_until(happened):
    end = time.monotonic() + 2
    while not happened():
        if time.monotonic() > end:
            sys.exit("the kernel sent no ICMP message")
"""

# The first ICMP error comes when all packets that wait for a neighbour have been sent, or given up.
SEND_UDP_AND_WAIT = KEEP_CPU + """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
left = int(sys.argv[3])
while left:
    try:
        sock.sendto(b"x" * 100, (sys.argv[1], int(sys.argv[2])))
        left -= 1
    except OSError:
        pass  # what an earlier one came to: this one was not sent

def is_answered():
    try:
        return sock.recvmsg(0, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False

keep_cpu_until(is_answered)
"""

# For each fragment whose others have not come for a second the kernel sends an ICMP message: time exceeded.
SEND_FRAGMENTS_AND_WAIT = KEEP_CPU + """
import socket
icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
""" + SEND_FRAMES + """
left = int(sys.argv[2])

def are_given_up():
    global left
    try:
        left -= icmp.recv(512, socket.MSG_DONTWAIT)[20] == 11
    except BlockingIOError:
        pass
    return left == 0

time.sleep(0.8)
keep_cpu_until(are_given_up)
"""


def checksum(data):
    total = (sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2])) +
             (data[-1] << 8 if len(data) % 2 else 0))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, payload, ttl=64, flags=0, spoil=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, flags, ttl, protocol, 0,
                       bytes(map(int, source.split("."))), bytes(map(int, target.split("."))))
    return head[:10] + struct.pack("!H", checksum(head) ^ spoil) + head[12:] + payload


def udp(source, target, port, size=20, spoil=0, **options):
    data = struct.pack("!HHHH", 5555, port, 8 + size, 0) + b"d" * size
    pseudo = bytes(map(int, source.split(".") + target.split("."))) + struct.pack("!BBH", 0, 17, len(data))
    data = data[:6] + struct.pack("!H", (checksum(pseudo + data) ^ spoil) or 0xFFFF) + data[8:]
    return ipv4(source, target, 17, data, **options)


def tcp_syn(source, target, port, spoil=0):
    data = struct.pack("!HHIIBBHHH", 5555, port, 1, 0, 0x50, 2, 1000, 0, 0)
    pseudo = bytes(map(int, source.split(".") + target.split("."))) + struct.pack("!BBH", 0, 6, len(data))
    return ipv4(source, target, 6, data[:16] + struct.pack("!H", checksum(pseudo + data) ^ spoil) + data[18:])
