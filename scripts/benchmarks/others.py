"""What a user would pick instead, on the same cores in the same minutes: a C echo, irtt, coturn."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from scripts.benchmarks.callers import FAR_CORE, NEAR_CORE, pinned, program

HOST: Final = "127.66.22.1"
ECHO_PORT, IRTT_PORT, WAY_PORT, TURN_PORT, PEER_PORT, SILENT_PORT = 9901, 9902, 9903, 9904, 9906, 9908
START_S: Final = 10.0
WAIT_S: Final = 60.0
VOICE_BYTES: Final = 172
"""UDP payload of 20 ms of G.711."""
RELAYED_CALLS: Final = 50
RELAYED_PACKETS: Final = 200
_RECEIVED: Final = re.compile(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)")


class Ceiling(NamedTuple):
    """A server on one core."""

    per_s: float
    """Datagrams that it answered (or relayed, in `relayed`, by what one costs) a second."""
    cpu_us: float
    """CPU of the server, a datagram."""


def echo_ceiling(seconds: float) -> Ceiling:
    """The C echo's, under more than it can take."""
    words = ("echo", HOST, str(ECHO_PORT), str(seconds + 1))
    with subprocess.Popen(pinned(FAR_CORE, str(program()), *words), stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        answered = _flood(ECHO_PORT, bytes(VOICE_BYTES), seconds, -1)
        cpu_s = end(server)
    return Ceiling(answered / seconds, 1e6 * cpu_s / max(1, answered))


def irtt_ceiling(seconds: float) -> Ceiling:
    """The server of irtt, under more than it can take.

    A client's first packet is sent again and again, from the address with which it was opened.
    """
    served = ("irtt", "server", "-b", f"{HOST}:{IRTT_PORT}", "-i", "0")
    asking = ("irtt", "client", "-Q", "-i", "20ms", "-d", "30s", "-l", str(VOICE_BYTES), f"{HOST}:{WAY_PORT}")
    with (
        subprocess.Popen(pinned(FAR_CORE, *served), stdout=subprocess.DEVNULL) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way,
    ):
        try:
            way.bind((HOST, WAY_PORT))
            way.settimeout(START_S)
            with subprocess.Popen(pinned(NEAR_CORE, *asking), stdout=subprocess.DEVNULL) as client:
                packet = _pass_opening(way)
                client.kill()
            answered = _flood(IRTT_PORT, packet, seconds, way.fileno())
        finally:
            cpu_s = end(server)
    return Ceiling(answered / seconds, 1e6 * cpu_s / max(1, answered))


def _pass_opening(way: socket.socket) -> bytes:
    """Hands the client's opening on, and the server's answer back; returns the first packet after it."""
    server, near = (HOST, IRTT_PORT), None
    opened = False
    while True:
        data, source = way.recvfrom(2048)
        if source == server:
            opened = True
            if near is not None:
                way.sendto(data, near)
        elif opened:
            return data
        else:
            near = source
            way.sendto(data, server)


def irtt_silence_s() -> float:
    """How long irtt's client takes to say that a port that is bound, and silent, does not answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, SILENT_PORT))
        started = time.monotonic()
        said = subprocess.run(
            ["irtt", "client", "-Q", "-d", "1s", f"{HOST}:{SILENT_PORT}"],
            capture_output=True,
            check=False,
            timeout=WAIT_S,
        )
        if not said.returncode:
            raise RuntimeError("irtt was answered by a silent port")
        return time.monotonic() - started


def relayed() -> Ceiling:
    """The cost to coturn of one datagram between a client and a peer that echoes, and what a core so has."""
    log = Path(tempfile.mkdtemp(prefix="voipwatch-bench-")) / "turn.log"
    serve = ("turnserver", "-n", "--no-auth", "--no-tls", "--no-dtls", "--no-cli", "--allow-loopback-peers")
    where = (
        "-L",
        HOST,
        "-E",
        HOST,
        "-p",
        str(TURN_PORT),
        "-m",
        "1",
        "--no-stdout-log",
        "--log-file",
        str(log),
    )
    ranges = ("--min-port", "20000", "--max-port", "40000", "--pidfile", str(log.with_suffix(".pid")))
    peer = ("turnutils_peer", "-L", HOST, "-p", str(PEER_PORT))
    ask = ("turnutils_uclient", "-c", "-n", str(RELAYED_PACKETS), "-m", str(RELAYED_CALLS), "-z", "20")
    to = ("-l", str(VOICE_BYTES), "-e", HOST, "-r", str(PEER_PORT), "-p", str(TURN_PORT), "-L", HOST, HOST)
    quiet = subprocess.DEVNULL
    with (
        subprocess.Popen(pinned(FAR_CORE, *serve, *where, *ranges), stdout=quiet, stderr=quiet) as server,
        subprocess.Popen(pinned(NEAR_CORE, *peer), stdout=quiet, stderr=quiet) as echo,
    ):
        try:
            time.sleep(1.0)  # neither says when it is ready
            told = subprocess.run(
                pinned(NEAR_CORE, *ask, *to), capture_output=True, text=True, check=True, timeout=WAIT_S
            )
        finally:
            end(echo)
            cpu_s = end(server)
    counts = _RECEIVED.findall(told.stdout)
    relayed_count = sum(map(int, counts[-1])) if counts else 0
    cpu_us = 1e6 * cpu_s / max(1, relayed_count)
    return Ceiling(1e6 / cpu_us, cpu_us)


def end(process: "subprocess.Popen[bytes]") -> float:
    """Ends a server by its id; returns the CPU seconds that it used."""
    process.send_signal(signal.SIGKILL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def _flood(port: int, payload: bytes, seconds: float, sender: int) -> int:
    """All that the other core can send; returns how many answers came back."""
    words = ("flood", HOST, str(port), str(seconds), str(sender))
    told = subprocess.run(
        pinned(NEAR_CORE, str(program()), *words),
        input=payload,
        capture_output=True,
        check=True,
        timeout=WAIT_S,
        pass_fds=() if sender < 0 else (sender,),
    )
    return int(told.stdout.split()[1])
