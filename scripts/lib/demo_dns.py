# SPDX-License-Identifier: GPL-2.0-or-later
"""DNS-like load: small queries over UDP, each from a new socket and so from a random port, and who answers them.

    demo_dns.py answer ADDRESS PORT           until SIGTERM
    demo_dns.py ask ADDRESS PORT SECONDS

Each says at its end how many messages it sent.
"""
import contextlib
import random
import signal
import socket
import sys
import time

TICK = 0.005
QUERIES_PER_TICK = 10  # 2,000 a second
IN_FLIGHT_MAX = 400  # sockets; well below the usual limit of 1,024 descriptors
DEADLINE = 1.0
PAYLOAD = (22, 158)  # 64 to 200 bytes on the wire
MESSAGE = bytes(PAYLOAD[1])


def answer(address):
    sizes = random.Random(1)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as responder:
        responder.bind(address)
        responder.settimeout(0.1)
        while not stopping:
            with contextlib.suppress(TimeoutError):
                _, peer = responder.recvfrom(512)
                sent += responder.sendto(MESSAGE[:sizes.randint(*PAYLOAD)], peer) > 0
    return sent


def send_query(address, size):
    query = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        query.connect(address)
        query.send(MESSAGE[:size])
    except OSError:
        query.close()
        return None
    return query


def still_waiting(queries):
    """Takes the answers that are there; those that nobody answered in time are given up."""
    left = []
    for query, sent_at in queries:
        try:
            query.recv(512)
        except BlockingIOError:
            if time.monotonic() - sent_at < DEADLINE:
                left.append((query, sent_at))
                continue
        except OSError:
            pass
        query.close()
    return left


def ask(address, seconds):
    sizes = random.Random(2)
    sent = 0
    waiting = []
    tick = time.monotonic()
    end = tick + seconds
    while tick < end:
        time.sleep(max(0.0, tick - time.monotonic()))
        waiting = still_waiting(waiting)
        for _ in range(min(QUERIES_PER_TICK, IN_FLIGHT_MAX - len(waiting))):
            if query := send_query(address, sizes.randint(*PAYLOAD)):
                sent += 1
                waiting.append((query, time.monotonic()))
        tick += TICK
    while waiting:  # for the answers that are on their way, so that none meets a closed port
        time.sleep(TICK)
        waiting = still_waiting(waiting)
    return sent


if __name__ == "__main__":
    role, where, port, *length = sys.argv[1:]
    print(answer((where, int(port))) if role == "answer" else ask((where, int(port)), int(length[0])))
