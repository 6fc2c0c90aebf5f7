"""Paced calls against the reflector's server, each process on a core of its own.

The far end is `farend`, the callers are `echo.c`, which plays what is made here. What comes back is read with
each call's keys, so that a packet is known by its own number, and how late it is by the script's clock.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from scripts.benchmarks.farend import GAP_US, CallGiven, Config, Counted, Given, LongScripts
from scripts.benchmarks.figures import Distribution, distribution
from voipwatch import apps
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.wire.derive import flow_secret, packet_entropy
from voipwatch.wire.token import NO_NONCE, TokenKeys, encode_up, open_down_untrusted

BIND: Final = "127.66.21.1"
FAR_CORE: Final = 0
NEAR_CORE: Final = 1
END_S: Final = 30.0
_CAME: Final = struct.Struct("=IIq52s")
_CALL: Final = struct.Struct("=4sI")
_HEAD: Final = struct.Struct("=IIII")


class Calls(NamedTuple):
    """One run of paced calls."""

    calls: int
    seconds: float
    sent: int
    """Datagrams of the callers."""
    logged: int
    """Of those, in the reflector's log: its datagrams in less garbage and refused."""
    answered: int
    """Datagrams of the reflector that reached a caller and verified."""
    wanted: int
    """Of those that its scripts have: as many as the callers'."""
    late_ms: Distribution | None
    """Between when a packet came and when it was due by the earliest of its call."""
    far_cpu_s: float
    noise: int
    """Datagrams of garbage sent besides."""
    noise_taken: int
    """Of those, how many the kernel kept until the reflector looked at them."""
    caller_late_ms: float
    """The latest that a caller sent: above the reflector's own figure, the callers were the limit."""

    @property
    def lost_up(self) -> float:
        """Share."""
        return 1 - self.logged / max(1, self.sent)

    @property
    def lost_down(self) -> float:
        """Share."""
        return 1 - self.answered / max(1, self.wanted)

    @property
    def each_way(self) -> float:
        """Datagrams a second, the lesser of both ways."""
        return min(self.logged, self.answered) / self.seconds


@cache
def program() -> Path:
    """`echo.c`, compiled on the spot. Raises FileNotFoundError without a compiler."""
    folder = Path(tempfile.mkdtemp(prefix="voipwatch-bench-"))
    built = folder / "echo"
    source = Path(__file__).with_name("echo.c")
    subprocess.run(["cc", "-O2", "-o", str(built), str(source)], check=True)
    return built


def pinned(core: int, *command: str) -> list[str]:
    """The command on one core, where there are two and a program to say so."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core % len(cores)]), *command]


@contextmanager
def far_end(config: Config) -> Iterator[tuple[Given, list[Counted]]]:
    """The far end while the block lasts; what it counted is in the list afterwards."""
    command = pinned(
        FAR_CORE,
        sys.executable,
        "-m",
        "scripts.benchmarks.farend",
        msgspec.json.encode(config).decode(),
    )
    counted: list[Counted] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        try:
            yield msgspec.json.decode(process.stdout.readline(), type=Given), counted
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=END_S)
        counted.append(msgspec.json.decode(said, type=Counted))


def uplink(call: CallGiven, salt: bytes, scripts: LongScripts) -> Iterator[bytes]:
    """A call's datagrams; from the second on they show that their sender gets mail."""
    keys = TokenKeys(call.number, call.key, salt)
    secret = flow_secret(call.key, call.flow)
    for index, packet in enumerate(scripts.compile(call.flow, call.key).up):
        seq = MEDIA_SEQ + index
        nonce = call.nonce if index else NO_NONCE
        yield apps.build(
            packet.message,
            apps.BuildContext(
                flow_secret=secret,
                entropy=packet_entropy(call.key, "u", call.flow, seq),
                token=encode_up(keys, call.flow, seq, nonce=nonce),
                size=packet.size,
                index=packet.index,
            ),
        )


def write_calls(given: Given, scripts: LongScripts, packets: int, path: Path) -> None:
    """What `echo calls` plays."""
    said = [list(uplink(call, given.salt, scripts)) for call in given.calls]
    with path.open("wb") as file:
        file.write(_HEAD.pack(len(said), packets, len(said[0][0]), GAP_US))
        for call in given.calls:
            file.write(_CALL.pack(bytes(map(int, call.source.split("."))), call.port))
        for turn in zip(*said, strict=True):
            file.write(b"".join(turn))


def lateness_ms(given: Given, came: Sequence[tuple[int, int, bytes]]) -> list[float]:
    """Of (call, ns, last bytes): ms after when its place in the call's 20 ms was, by the call's earliest."""
    keys = [TokenKeys(call.number, call.key, given.salt) for call in given.calls]
    offsets: list[list[float]] = [[] for _ in keys]
    for call, at_ns, tail in came:
        token = open_down_untrusted(keys[call], given.calls[call].flow, tail)
        if token is not None:
            offsets[call].append(at_ns / 1e6 - (token.seq - MEDIA_SEQ) * GAP_US / 1e3)
    return [at - min(each) for each in offsets if each for at in each]


def measure(
    calls: int, *, seconds: float, batches: bool = True, garbage: int = 0, compiled: bool = False
) -> Calls:
    """One run; `garbage` datagrams a second besides, to the same port, from an address without a ticket."""
    packets = round(seconds * 1e6 / GAP_US)
    config = Config(BIND, calls - calls % 4, packets, batches, compiled)
    with tempfile.TemporaryDirectory() as folder:
        played, came_back = Path(folder) / "calls", Path(folder) / "came"
        with far_end(config) as (given, counted):
            write_calls(given, LongScripts(packets), packets, played)
            words = ("calls", BIND, str(played), str(came_back), str(garbage))
            command = pinned(NEAR_CORE, str(program()), *words)
            told = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=END_S + seconds
            )
        came = [(call, ns, tail) for call, _, ns, tail in _CAME.iter_unpack(came_back.read_bytes())]
    [far] = counted
    late = lateness_ms(given, came)
    sent, noise, latest = told.stdout.split()
    return Calls(
        calls=len(given.calls),
        seconds=seconds,
        sent=int(sent),
        logged=far.datagrams_in - far.garbage - far.refused,
        answered=len(late),
        wanted=len(given.calls) * packets,
        late_ms=distribution(late),
        far_cpu_s=far.cpu_s,
        noise=int(noise),
        noise_taken=far.garbage,
        caller_late_ms=float(latest),
    )


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(measure(**asked))
