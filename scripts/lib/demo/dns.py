# SPDX-License-Identifier: GPL-2.0-or-later
"""DNS-like load: small queries over UDP, each from a new socket and so from a random port, and who answers them.

    dns.py answer ADDRESS PORT           until SIGTERM
    dns.py ask ADDRESS PORT SECONDS

Each says at its end how many messages it has sent; who answers says first that it listens.
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
        print("listening", flush=True)
        while not stopping:
            with contextlib.suppress(TimeoutError):
                _, peer = responder.recvfrom(512)
                sent += responder.sendto(MESSAGE[:sizes.randint(*PAYLOAD)], peer) > 0
    return sent


def is_done(query, sent_at):
    """Whether its answer is there, or did not come in time."""
    with contextlib.suppress(BlockingIOError):
        query.recv(512)
        sent_at = 0.0
    if time.monotonic() - sent_at > DEADLINE:
        query.close()
    return query.fileno() < 0


def ask(address, seconds):
    sizes = random.Random(2)
    sent = 0
    waiting = []  # (socket, when it was sent)
    tick = time.monotonic()
    end = tick + seconds
    while tick < end or waiting:  # also for the answers that are on their way, so that none meets a closed port
        time.sleep(max(0.0, tick - time.monotonic()))
        waiting = [one for one in waiting if not is_done(*one)]
        for _ in range(min(QUERIES_PER_TICK, IN_FLIGHT_MAX - len(waiting)) if tick < end else 0):
            query = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            query.connect(address)
            query.send(MESSAGE[:sizes.randint(*PAYLOAD)])
            sent += 1
            waiting.append((query, time.monotonic()))
        tick += TICK
    return sent


if __name__ == "__main__":
    role, where, port, *length = sys.argv[1:]
    print(answer((where, int(port))) if role == "answer" else ask((where, int(port)), int(length[0])))
