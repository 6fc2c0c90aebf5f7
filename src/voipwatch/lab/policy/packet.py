"""What a censor sees and what it may do: packets, actions, and the shape of a rule."""

from enum import Enum
from typing import Final, Protocol

import msgspec

from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction, Failure

UDP: Final = "udp"
TCP: Final = "tcp"


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One datagram or segment on the operator's wire."""

    proto: str
    """`udp` or `tcp`."""
    src: str
    sport: int
    dst: str
    dport: int
    payload: bytes
    """What comes after the UDP or TCP header."""
    size: int
    """Bytes of the whole IP packet, which is what a policer counts."""


class Plain(Enum):
    """The two actions that carry nothing."""

    PASS = "pass"  # noqa: S105 -- an action, not a password
    DROP = "drop"


PASS: Final = Plain.PASS
DROP: Final = Plain.DROP


class Delay(msgspec.Struct, frozen=True):
    """Let it pass later."""

    s: float


class Reject(msgspec.Struct, frozen=True):
    """Drop it and tell the sender so: an ICMP error for UDP, a reset for TCP."""

    failure: Failure = Failure.PORT_UNREACHABLE


class Inject(msgspec.Struct, frozen=True):
    """Send these; the packet itself passes too only if `original` says so. A rewrite is a dropped
    original with one injected packet of the same direction.
    """

    packets: tuple[tuple[Direction, Packet], ...]
    original: bool = False


Action = Plain | Delay | Reject | Inject


class Policy(Protocol):
    """A censor. Calling it twice with equal state, packets and times gives equal actions."""

    def start(self, seed: bytes) -> State:
        """An empty memory for one box that runs this policy."""
        ...

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """What the box does with one packet. Cannot fail, whatever the payload.

        Args:
            direction: UP from the line, DOWN towards it.
            packet: as the operator sees it.
            state: this box's memory, changed in place.
            now: seconds since the world began; never goes back.
        """
        ...


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every rule whose memory is one plain `State`."""

    def start(self, seed: bytes) -> State:
        """An empty memory."""
        return State(seed)
