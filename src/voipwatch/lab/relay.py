"""The line between two devices of a namespace: reads frames from one, writes them to the other at their time.

A process of its own, started by `netns`: a `CableOrder` as one line of JSON on standard input, then nothing;
it says "ready" and ends when its standard input does.
"""

import math
import os
import selectors
import socket
import sys
from contextlib import suppress
from time import monotonic
from typing import Final

import msgspec

from voipwatch.lab.cable import Cable, CableOrder
from voipwatch.model.vocabulary import Direction
from voipwatch.probe.clock import PreciseSelector

ETH_P_ALL: Final = 3
SOL_PACKET: Final = 263
PACKET_IGNORE_OUTGOING: Final = 23
"""linux/if_packet.h, since Linux 4.20: do not hear one's own frames."""
FRAME_BYTES_MAX: Final = 65_600
BUFFER_BYTES: Final = 4 << 20
ORDERS: Final = "standard input"
BATCH: Final = 64
"""Frames read from one device before the other is looked at."""


def open_device(name: str) -> socket.socket:
    """A packet socket on one device, non-blocking."""
    device = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    device.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    device.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    device.bind((name, 0))
    device.setblocking(False)
    return device


def read_frames(device: socket.socket) -> list[bytes]:
    """What has come in, at most a batch."""
    frames: list[bytes] = []
    while len(frames) < BATCH:
        try:
            frames.append(device.recv(FRAME_BYTES_MAX))
        except (BlockingIOError, InterruptedError):
            break
    return frames


def hurry() -> None:
    """Before other processes, if we may: a line that waits for a processor has a jitter nobody planted."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def run(order: CableOrder, near: str, far: str) -> None:
    """Moves frames until standard input ends."""
    cable = Cable(order)
    devices = {Direction.UP: open_device(near), Direction.DOWN: open_device(far)}
    out = {Direction.UP: devices[Direction.DOWN], Direction.DOWN: devices[Direction.UP]}
    print("ready", flush=True)  # noqa: T201 -- the parent waits for it
    waiting = PreciseSelector(monotonic)
    waiting.register(sys.stdin.fileno(), selectors.EVENT_READ, ORDERS)
    for direction, device in devices.items():
        waiting.register(device, selectors.EVENT_READ, direction)
    while True:
        at = cable.next_time()
        ready = waiting.wait(math.inf if at is None else at)
        if ORDERS in ready and not sys.stdin.read(1):
            return
        now = monotonic()
        for direction, device in devices.items():
            for frame in read_frames(device) if direction in ready else ():
                cable.take(direction, frame, now)
        for direction, frame in cable.due(monotonic()):
            try:
                out[direction].send(frame)
            except OSError:
                # A full device queue or an oversized frame is a loss, as on any line.
                continue


def main() -> None:
    """`python -m voipwatch.lab.relay NEAR FAR`."""
    order = msgspec.json.decode(sys.stdin.readline(), type=CableOrder)
    hurry()
    run(order, sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    main()
