"""TTL-limited sweeps: which hop answered which arm, of a check that was asked where a block sits.

Observations only. Addresses are there to be compared with each other: before a record leaves the machine the
redactor puts equality tokens in their place. What kind an address is, is told before that.
"""

from typing import Final

import msgspec

from voipwatch.model.vocabulary import Arm

HOPS_MAX: Final = 30
"""No packet is given a longer life: of 30 hops, traceroute's own limit, hardly a path has more."""

HOP: Final = "hop"
REFLECTOR: Final = "reflector"
REFUSED: Final = "refused"
SILENT: Final = ""


class HopAnswer(msgspec.Struct, frozen=True):
    """An ICMP error that came back for one datagram, as the shell read it."""

    expired: bool
    """True: time exceeded; False: somebody refused the datagram (port, host or network unreachable)."""
    address: str = ""
    """Of who says so; empty where the system does not tell."""
    kind: str = ""
    """Of that address: private, shared (RFC 6598), public, other; empty: unknown."""
    network: str = ""
    """Name of the longest of the user's networks that it is in; empty: none."""


class HopProbe(msgspec.Struct, frozen=True):
    """One five-tuple: mostly a request with its whole life, then the same request with `ttl` hops to live."""

    arm: Arm
    """`Sweep.dead` or `Sweep.control`."""
    ttl: int
    round: int
    """Of the sweep, from 0; in each round an arm asks a hop at most once."""
    answer: str
    """Who answered the limited request: hop, reflector, refused; empty: nobody in time."""
    first: bool
    """Whether the reflector answered the request with its whole life."""
    started_us: int
    """Microseconds since the check began."""
    ms: float | None = None
    """From the limited request to its answer."""
    address: str = ""
    """Of the hop that answered, or of who refused; a token after redaction."""
    kind: str = ""
    """As `HopAnswer.kind`."""
    network: str = ""
    flow: int = 0
    """Its number in the reflector's log."""
    seq: int = 0
    """Of the limited request; the whole one's is `REPLIES_MAX` lower."""
    whole: bool = True
    """Whether a request with its whole life went before: not any more where somebody refuses those."""


class Sweep(msgspec.Struct):
    """One sweep: a dead set-up against its living control, hop by hop."""

    app: str
    reflector: int
    """Index into the measurement's reflectors."""
    leg: str
    dead: Arm
    """A; C where the app's port is dead whatever is sent to it."""
    control: Arm
    """C for A, C' for C."""
    state: str
    """done; budget, time, control (the control was answered by nobody), interrupted: ended early."""
    started_us: int
    seconds: float
    probes: list[HopProbe] = []
