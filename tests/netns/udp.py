#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams at a steady rate, and a receiver that says what came from whom and when.

    udp.py send ADDRESS PORT RATE_BPS PAYLOAD_BYTES SECONDS       says "ready", sends; a rate is of layer 2 bytes
    udp.py receive ADDRESS PORT                                   says "ready"; at SIGTERM prints one JSON object:
        {source address: [[CLOCK_MONOTONIC ns of a millisecond's begin, layer 2 bytes of it], ...]}
"""
import json
import signal
import socket
import sys
import time

HEADERS = 14 + 20 + 8
SO_RCVBUFFORCE = 33  # asm-generic/socket.h


def send(address, port, rate_bps, payload, seconds):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect((address, port))
    data = bytes(payload)
    gap = (payload + HEADERS) * 8 / rate_bps
    print("ready", flush=True)
    next_at = begin = time.monotonic()
    sent = 0
    while next_at < begin + seconds:
        now = time.monotonic()
        if now < next_at:
            time.sleep(next_at - now)
            continue
        try:
            out.send(data)
            sent += 1
        except OSError:  # no buffer: the device's queue is full
            pass
        next_at += gap
    print(json.dumps({"packets": sent, "bytes": sent * (payload + HEADERS)}), flush=True)


class Ended(Exception):
    pass


def receive(address, port):
    inward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inward.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    inward.bind((address, port))
    seen = {}

    def ended(*_):
        raise Ended

    signal.signal(signal.SIGTERM, ended)
    print("ready", flush=True)
    try:
        while True:
            size, _, _, peer = inward.recvmsg_into([bytearray(2048)])
            at = time.monotonic_ns() // 1_000_000 * 1_000_000
            bins = seen.setdefault(peer[0], {})
            bins[at] = bins.get(at, 0) + size + HEADERS
    except Ended:
        pass
    print(json.dumps({source: sorted(bins.items()) for source, bins in seen.items()}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]))
    else:
        receive(sys.argv[2], int(sys.argv[3]))
