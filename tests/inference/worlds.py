"""Guilty and innocent worlds over the virtual line of `build`, with the verdict each must get.

A guilty world is judged on the clean line and with 5 % bursty loss; an innocent one must never be called
blocked or throttled, whatever the seed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.inference.build import (
    SIP,
    WEBRTC,
    Check,
    Packet,
    Shape,
    World,
    both,
    bursts,
    clean,
    drops,
    jitters,
    loses,
    paths,
)
from voipwatch.model.vocabulary import Arm, Family, Stage

WHATSAPP = Shape()


@dataclass(frozen=True)
class Guilty:
    make: Callable[[], World]
    """A fresh world: some keep a state."""
    expected: tuple[str, str | None, str | None, str | None]
    """Verdict, stage, mechanism, direction."""
    shape: Shape = WHATSAPP
    rejects: World = clean
    held: bool = False


def _setup(packet: Packet) -> bool:
    return packet.stage is Stage.SETUP


def policed() -> World:
    """A token bucket per treatment flow and direction: 2000 byte/s, 1500 bytes deep; headers count."""
    buckets: dict[tuple[int, bool], tuple[float, float]] = {}

    def world(packet: Packet) -> float | None:
        if not (packet.treatment and packet.media):
            return 0.0
        size = packet.size + 28
        level, then = buckets.get((packet.flow, packet.up), (1500.0, packet.at_s))
        level = min(1500.0, level + 2000.0 * (packet.at_s - then))
        passes = level >= size
        buckets[packet.flow, packet.up] = (level - size if passes else level, packet.at_s)
        return 0.0 if passes else None

    return world


GUILTY = {
    "port-drop": Guilty(lambda: drops(lambda p: p.app_port), ("blocked", "setup", "port.drop", "up")),
    "port-reject": Guilty(
        lambda: clean, ("blocked", "setup", "port.reject", "up"), rejects=drops(lambda p: p.app_port and p.up)
    ),
    "stun": Guilty(
        lambda: drops(lambda p: (p.treatment or p.arm is Arm.D) and _setup(p)),
        ("blocked", "setup", "stun.drop", "up"),
    ),
    "turn": Guilty(
        lambda: drops(lambda p: (p.treatment or p.mutant == "turn-allocate") and _setup(p)),
        ("blocked", "setup", "turn.drop", "up"),
    ),
    "app-types": Guilty(
        lambda: drops(lambda p: p.treatment and _setup(p)), ("blocked", "setup", "app.drop", "up")
    ),
    "app-port-only": Guilty(
        lambda: drops(lambda p: p.arm is Arm.A and _setup(p)), ("blocked", "setup", "app.drop", "up")
    ),
    "app-replies": Guilty(
        lambda: drops(lambda p: p.treatment and _setup(p) and not p.up),
        ("blocked", "setup", "app.drop", "down"),
    ),
    "kill-uplink": Guilty(
        lambda: drops(lambda p: p.treatment and p.up and p.nth > 0), ("blocked", "setup", None, "up")
    ),
    "second-round": Guilty(
        lambda: drops(lambda p: p.treatment and 64 <= p.seq < 128), ("blocked", "setup", "app.drop", "up")
    ),
    "dtls": Guilty(
        lambda: drops(lambda p: p.treatment and p.stage is Stage.HANDSHAKE),
        ("blocked", "handshake", "dtls.drop", "up"),
        shape=WEBRTC,
    ),
    "srtp": Guilty(
        lambda: drops(lambda p: p.treatment and p.media), ("blocked", "voice", "rtp.drop", "both")
    ),
    "one-way-up": Guilty(
        lambda: drops(lambda p: p.treatment and p.media and p.up), ("blocked", "voice", "rtp.oneway", "up")
    ),
    "one-way-down": Guilty(
        lambda: drops(lambda p: p.treatment and p.media and not p.up),
        ("blocked", "voice", "rtp.oneway", "down"),
    ),
    "cut": Guilty(
        lambda: drops(lambda p: p.treatment and p.nth > 150),
        ("blocked", "voice", "flow.cut", "both"),
        held=True,
    ),
    "kill": Guilty(
        lambda: drops(lambda p: p.treatment and p.nth > 0), ("blocked", "setup", "flow.kill", None)
    ),
    "loss-80": Guilty(
        lambda: loses(0.8, 1, lambda p: p.treatment and p.media), ("throttled", "voice", "rtp.loss", "both")
    ),
    "police": Guilty(policed, ("throttled", "voice", "flow.police", "both")),
    "delay": Guilty(
        lambda: lambda p: 120.0 if p.treatment and p.media else 0.0,
        ("throttled", "voice", "rtp.delay", "both"),
    ),
    "jitter": Guilty(
        lambda: lambda p: 90.0 * (p.seq % 2) if p.treatment and p.media and not p.up else 0.0,
        ("throttled", "voice", "rtp.delay", "down"),
    ),
    "port-throttle": Guilty(
        lambda: loses(0.6, 5, lambda p: p.app_port and p.media),
        ("throttled", "voice", "port.throttle", "both"),
    ),
    "sip-text": Guilty(
        lambda: drops(lambda p: p.treatment and not p.media),
        ("blocked", "setup", "sip.drop", "up"),
        shape=SIP,
    ),
}


def radio(until_s: float) -> World:
    """A sleeping radio: nothing passes until it is promoted."""
    return drops(lambda p: p.at_s < until_s)


def bloated(seed: int) -> World:
    """A queue that fills and drains: delay of all packets walks between 0 and 350 ms."""
    wave = bursts(0.4, seed, mean_s=1.0)
    return lambda p: 350.0 if wave(p) is None else 5.0


def rebound(at_s: float) -> World:
    """A NAT that forgets: the downlink of flows begun before is lost for half a second."""
    return drops(lambda p: not p.up and at_s <= p.at_s < at_s + 0.5 and p.flow_started_s < at_s)


def shaken(seed: int) -> World:
    """Reordering: delays vary by more than the spacing."""
    return jitters(25.0, seed)


def innocent(name: str, seed: int) -> Check:
    """A check on an innocent line."""
    check = Check(
        shapes=(WHATSAPP, WEBRTC, SIP) if seed % 2 else (WHATSAPP,), jitter_seed=seed, held=seed % 4 == 0
    )
    worlds: dict[str, Callable[[], World]] = {
        "clean": lambda: jitters(4.0, seed),
        "bursts-10": lambda: both(bursts(0.10, seed), jitters(4.0, seed)),
        "bursts-30": lambda: both(bursts(0.30, seed), jitters(4.0, seed)),
        "long-bursts-30": lambda: bursts(0.30, seed, mean_s=0.6),
        "bufferbloat": lambda: bloated(seed),
        "radio": lambda: radio(2.0),
        "late-radio": lambda: radio(3.0),
        "cafe": lambda: drops(lambda _: True),
        "portal": lambda: drops(lambda _: True),
        "dead-path": lambda: paths(seed),
        "lossy-path": lambda: paths(seed, ratio=0.6),
        "rebind": lambda: rebound(4.0 + seed % 7),
        "dies": lambda: clean,
        "unknown-udp": lambda: drops(lambda p: p.family is Family.U),
        "unknown-udp-strict": lambda: drops(lambda p: p.family is Family.U or p.treatment),
        "reordering": lambda: shaken(seed),
    }
    check.world = worlds[name]()
    check.logged = seed % 3 != 0
    if name == "dies":
        check.dead_from_s = 2.5 + (seed * 0.7) % 14
    if name == "portal":
        check.tcp, check.logged = {"tls-443": "intercepted", "tcp-5222": "intercepted"}, False
    return check


INNOCENT = (
    "clean", "bursts-10", "bursts-30", "long-bursts-30", "bufferbloat", "radio", "late-radio", "cafe",
    "portal", "dead-path", "lossy-path", "rebind", "dies", "unknown-udp", "unknown-udp-strict", "reordering",
)  # fmt: skip


SHOWN_S = {True: 2.55, False: 2.75}
"""Treatment flows started before are lost, on the app's port and on the neutral one: controls come first."""


def residual(
    check: Check,
    *,
    struck: tuple[bool, ...] = (True, False),
    after_s: float = 0.0,
    controls_s: float = 60.0,
    silent: bool = False,
    spared: str = "",
) -> Check:
    """The line of `check` where on each port the first call that gets through takes with it all that follows.

    Args:
        check: its world is replaced.
        struck: which ports die so: the app's (True), the neutral one (False).
        after_s: how long after the first packet of the call the port dies.
        controls_s: how long controls are dead; calls are to the end.
        silent: all dies together, with the first call.
        spared: a leg that lives; as if on a port of its own.
    """
    first: dict[bool, float] = {}

    def shown(p: Packet) -> bool:
        return p.treatment and p.leg != spared and p.flow_started_s >= SHOWN_S[p.app_port]

    def look(p: Packet) -> float | None:
        if shown(p) and p.up:
            first[p.app_port] = min(p.at_s, first.get(p.app_port, p.at_s))
        return 0.0

    def dead(p: Packet) -> bool:
        if p.leg == spared:
            return False
        if p.treatment and not shown(p):
            return True
        at_s = min(first.values()) if silent else first[p.app_port]
        held = p.treatment or p.at_s <= at_s + controls_s
        return p.app_port in struck and p.at_s > at_s + after_s and held

    check.world = look
    check.run()
    check.world = drops(dead)
    return check
