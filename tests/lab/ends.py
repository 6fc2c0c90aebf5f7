"""Both ends of a kernel network for tests, as a command: plain sockets, JSON on standard input and output.

`far`: {"ports": [...], "answers": {hex of a question: hex of its answer}}; echoes what is no question; says
"ready"; at the end of its input prints {port: [hex, ...]}.
`near`: {"address": ..., "sends": [[flow, port, hex, pause_ms], ...], "wait_s": ..., "paced": ...}; one
connected socket a flow and port; prints {"received": [[index of the last send of that socket, hex]...],
"errors": [index, ...]}.
"""

import json
import select
import selectors
import socket
import sys
import time
from typing import Any


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def far(order: dict) -> None:  # type: ignore[type-arg]  # what the caller made of it
    answers = {bytes.fromhex(q): bytes.fromhex(a) for q, a in order["answers"].items()}
    got: dict[int, list[str]] = {port: [] for port in order["ports"]}
    sockets = {}
    for port in order["ports"]:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind(("::", port))
        sockets[sock] = port
        sock.setblocking(False)
    say("ready")
    waiting = selectors.DefaultSelector()
    for each in (sys.stdin, *sockets):
        waiting.register(each, selectors.EVENT_READ)
    ended = False
    while not ended:
        # What arrived before the end of the input is read even so: a starved process sees both at once.
        ended = sys.stdin in {key.fileobj for key, _ in waiting.select()}
        for sock, port in sockets.items():
            while (datagram := receive(sock)) is not None:
                data, source = datagram
                got[port].append(data.hex())
                sock.sendto(answers.get(data, data), source)
    say(json.dumps(got))


def receive(sock: socket.socket) -> tuple[bytes, Any] | None:
    """The next datagram and where it came from; none if none waits."""
    try:
        return sock.recvfrom(65_535)
    except BlockingIOError:
        return None


def send(sock: socket.socket, data: bytes) -> None:
    """One datagram, once there is room: a line that is read slowly leaves none."""
    while True:
        try:
            sock.send(data)
        except BlockingIOError:
            select.select([], [sock], [], 1.0)
        else:
            return


def near(order: dict) -> None:  # type: ignore[type-arg]  # what the caller made of it
    sockets: dict[tuple[int, int], socket.socket] = {}
    last: dict[socket.socket, int] = {}
    received, errors = [], []
    waiting = selectors.DefaultSelector()

    def collect(until: float, *, lockstep: bool) -> None:
        while (left := until - time.monotonic()) > 0:
            for key, _ in waiting.select(left):
                sock = key.data
                try:
                    received.append([last[sock], sock.recv(65_535).hex()])
                except ConnectionRefusedError:
                    errors.append(last[sock])
                except BlockingIOError:
                    continue  # select(2), BUGS: what was there was thrown away when it was read
                if lockstep:
                    return

    for index, (flow, port, payload, pause_ms) in enumerate(order["sends"]):
        sock = sockets.get((flow, port))
        if sock is None:
            family = socket.AF_INET6 if ":" in order["address"] else socket.AF_INET
            sock = sockets[flow, port] = socket.socket(family, socket.SOCK_DGRAM)
            sock.connect((order["address"], port))
            sock.setblocking(False)
            waiting.register(sock, selectors.EVENT_READ, sock)
        last[sock] = index
        try:
            send(sock, bytes.fromhex(payload))
        except ConnectionRefusedError:
            errors.append(index)
        collect(time.monotonic() + pause_ms / 1e3, lockstep=not order["paced"])
    collect(time.monotonic() + order["wait_s"], lockstep=False)
    names = [sock.getsockname()[1] for sock in last]
    say(json.dumps({"received": received, "errors": errors, "ports": names}))


if __name__ == "__main__":
    {"far": far, "near": near}[sys.argv[1]](json.loads(sys.stdin.readline()))
