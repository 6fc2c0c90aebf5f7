"""What the page and the far end say to each other over HTTP. Nouns only.

POST …/calls   CallsRequest -> lines of JSON: one Answers, a Progress every quarter of a second, one End
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

ARMS_MAX: Final = 8
SDP_CHARACTERS_MAX: Final = 16_384
"""Chromium's offer of one audio and one data section has 6 kB."""


class Arm(StrEnum):
    """One way of one call: straight to the far end, or through our relay (coturn), which speaks to the same
    far end.
    """

    DIRECT = "direct"
    DIRECT_AGAIN = "direct-again"
    """A second flow with ports of its own, hence a path of its own: one flow alone accuses nobody."""
    TURN_UDP = "turn-udp"
    TURN_TCP = "turn-tcp"
    TURN_TLS = "turn-tls"
    """TURN over TLS on 443, by name: the name stands in the ClientHello for everybody to read."""
    TURN_TLS_AGAIN = "turn-tls-again"
    """A second flow by name: one alone accuses nobody."""
    TURN_TLS_IP = "turn-tls-ip"
    """The same without a name."""


RELAYED: Final = frozenset({Arm.TURN_UDP, Arm.TURN_TCP, Arm.TURN_TLS, Arm.TURN_TLS_AGAIN, Arm.TURN_TLS_IP})
"""Those that lead through our relay."""


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser offers for one arm."""

    arm: Arm
    sdp: Annotated[str, msgspec.Meta(min_length=1, max_length=SDP_CHARACTERS_MAX)]


class CallsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All arms of one test: they run at once."""

    arms: Annotated[list[Offer], msgspec.Meta(min_length=1, max_length=ARMS_MAX)]


class Answers(msgspec.Struct, frozen=True, tag="answers", tag_field="kind"):
    """The far end's answers."""

    sdp: dict[str, str]
    """By arm; an offer that could not be understood has none."""


class FarSight(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the far end saw of one arm so far."""

    ice: bool = False
    """Connectivity checks have succeeded."""
    dtls: bool = False
    """Keys have been agreed on."""
    received: int = 0
    """RTP packets from the browser."""
    lost: int = 0
    """Gaps in their sequence numbers: RFC 3550 section 6.4.1."""
    jitter_ms: float | None = None
    """Interarrival jitter, RFC 3550 section 6.4.1."""
    sent: int = 0
    """RTP packets to the browser."""
    echoes: int = 0
    """Messages of the data channel that were sent back."""


class Progress(msgspec.Struct, frozen=True, tag="progress", tag_field="kind", omit_defaults=True):
    """Said every quarter of a second. That it arrives is the control: TCP to this host, alive or not."""

    at_ms: int
    """Since the answers."""
    arms: dict[str, FarSight]
    relay_stopped: bool = False
    """The relay ended since the offers were made: its arms say nothing of the line."""


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The far end has hung up."""

    at_ms: int
