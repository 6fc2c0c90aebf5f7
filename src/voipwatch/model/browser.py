"""What a line test in a browser hands in, with consent: a report of its own kind (`RunKind.BROWSER`).

No address, no name, no text of a person's, no time finer than the hour, of the browser only its family:
what is not here is not sent. It bears no reflector's signature, so nobody can prove that it happened; it is
counted in a series of its own and never summed with a probe's.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

BROWSER_REPORT_SCHEMA: Final = "voipwatch.browser-report/1"

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=60_000)]
Hour = Annotated[str, msgspec.Meta(pattern=r"\A20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:00:00Z\Z")]


class LineClass(StrEnum):
    """What a line test came to. It says where a call's packets stop, never who stops them."""

    OK = "ok"
    UDP_OR_STUN = "udp-or-stun"
    """Neither the direct call nor the relay by UDP; the relay by TCP carries the same call."""
    TLS_ONLY = "tls-only"
    """Nothing but the relay by TLS on 443."""
    DTLS = "dtls"
    """The two ends see each other and cannot agree on keys, directly; through a relay they can."""
    RTP = "rtp"
    """Keys and messages pass, no voice either way; through a relay it passes."""
    ONE_WAY = "one-way"
    POOR = "poor"
    """Voice passes badly. Never said to be throttling: a browser has no control flow to compare with."""
    LATE_CUT = "late-cut"
    """Voice passed and then stopped for good while the line lived."""
    SNI_OR_NAME = "sni-or-name"
    """The relay by TLS fails by its name twice (look-up included) and works by address."""
    INSUFFICIENT = "insufficient"
    UNSUPPORTED = "unsupported"
    """A browser without WebRTC, or with it turned off."""


class BrowserArm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way of the call."""

    arm: Literal[
        "direct", "direct-again", "turn-udp", "turn-tcp", "turn-tls", "turn-tls-again", "turn-tls-ip"
    ]
    ice: bool
    dtls: bool
    up_sent: Count
    up_received: Count
    down_sent: Count
    down_received: Count
    relay_protocol: Literal["", "udp", "tcp", "tls"] = ""


class BrowserDirection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The direct call's voice in one direction."""

    expected: Count
    """Packets, by their sequence numbers; what every ratio here is of."""
    lost: Count
    jitter_ms: Milliseconds | None = None
    delay_ms: Milliseconds | None = None
    """Half of the round trip."""
    mos: Annotated[float, msgspec.Meta(ge=1, le=4.5)] | None = None


class BrowserReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST …/reports of the line test."""

    hour: Hour
    """UTC, in which it was measured: ISO 8601, cut."""
    line_class: LineClass
    arms: Annotated[list[BrowserArm], msgspec.Meta(max_length=7)]
    up: BrowserDirection | None
    down: BrowserDirection | None
    agent: Literal["chromium", "firefox", "safari", "other"]
    via: Literal["line", "vpn"] = "line"
    """`vpn`: the person said that this was the second measurement, through a VPN."""
    kind: Literal["browser"] = "browser"
    schema: Literal["voipwatch.browser-report/1"] = BROWSER_REPORT_SCHEMA
