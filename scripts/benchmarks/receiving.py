"""What a datagram costs the reflector's core: a real check's uplink again, and noise.

The uplink of a simulated check is kept with its times and given to a second core with the same keys, alone on
the clock. Noise is random bytes behind first bytes that are parsed: it must cost little and leave no answer.
"""

from collections.abc import Sequence
from hashlib import shake_128
from time import process_time
from typing import Final
from unittest.mock import patch

import msgspec

from voipwatch.lab.drive import Simulation
from voipwatch.lab.worlds import load_worlds
from voipwatch.reflector.core import ReflectorCore

APPS: Final = ("whatsapp", "sip", "webrtc")
SEED: Final = 7
NOISE: Final = 20_000
NOISE_SIZES: Final = (20, 60, 126, 172, 1200)
FIRST_BYTES: Final = (b"\x00\x03", b"\x16\xfe\xfd", b"\x80\x6f", b"INVITE sip:", b"\x05")
"""STUN, DTLS, RTP, SIP, control family U: every door into the core."""

Address = tuple[str, int]
Uplink = tuple[float, Address, int, bytes]


class Received(msgspec.Struct, frozen=True):
    """Microseconds of CPU."""

    valid_us: float
    """A datagram with a valid token, its share of replies, media and receipts included."""
    valid_count: int
    sent_per_valid: float
    """Datagrams sent for each received."""
    noise_us: float
    noise_count: int
    noise_answers: int
    """Datagrams sent in answer to noise: must be 0."""


def _uplink_of_a_check() -> list[Uplink]:
    uplink: list[Uplink] = []
    take = ReflectorCore.receive_datagrams

    def listening(core: ReflectorCore, batch: Sequence[tuple[Address, int, bytes]], now: float) -> None:
        uplink.extend((now, source, port, data) for source, port, data in batch)
        take(core, batch, now)

    with patch.object(ReflectorCore, "receive_datagrams", listening):
        _simulation().run()
    return uplink


def _simulation() -> Simulation:
    return Simulation(load_worlds().get("clean"), apps=APPS, seed=SEED)


def measure(*, noise_count: int = NOISE) -> Received:
    """Both kinds, each against a core of its own."""
    uplink = _uplink_of_a_check()
    core = _simulation().fars[0]
    started = process_time()
    sent = sum(_give(core, each) for each in uplink)
    valid_s = process_time() - started
    noise = [_noise(number) for number in range(noise_count)]
    quiet = _simulation().fars[0]
    started = process_time()
    answers = sum(_give(quiet, each) for each in noise)
    noise_s = process_time() - started
    return Received(
        valid_us=1e6 * valid_s / len(uplink),
        valid_count=len(uplink),
        sent_per_valid=sent / len(uplink),
        noise_us=1e6 * noise_s / noise_count,
        noise_count=noise_count,
        noise_answers=answers,
    )


def _give(core: ReflectorCore, uplink: Uplink) -> int:
    """Lets the core do all that is due until this datagram, then hands it in; returns the datagrams sent."""
    now, source, port, data = uplink
    sent = 0
    while (timer := core.get_timer()) is not None and timer <= now:
        core.handle_timer(timer)
        sent += len(core.datagrams_to_send(timer))
    core.receive_datagrams([(source, port, data)], now)
    return sent + len(core.datagrams_to_send(now))


def _noise(number: int) -> Uplink:
    head = FIRST_BYTES[number % len(FIRST_BYTES)]
    size = NOISE_SIZES[number // len(FIRST_BYTES) % len(NOISE_SIZES)]
    body = shake_128(number.to_bytes(4, "big")).digest(size)
    source = (f"198.51.100.{number % 250 + 1}", 1024 + number % 60_000)
    return (number / 1e4, source, 3478, (head + body)[:size])
