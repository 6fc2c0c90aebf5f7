"""Profiles: what is known of one app's calls, as its declarative file says it.

A profile has messages (how datagrams look), legs (which flows a call opens, in which order what is said on
them), media (sizes and rhythm), paths besides UDP, and for every group of facts where it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voipwatch.apps.codecs.use import MessageSpec
from voipwatch.model.vocabulary import Direction, Media, Stage

PROVENANCES = ("seen", "reported", "synthetic")
"""seen: in a published capture; reported: somebody's statement; synthetic: ours, by a standard or a guess."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a group of facts comes from."""

    facts: str
    """What they are about."""
    status: str
    """One of PROVENANCES."""
    source: str
    """A capture's name, a document, who reported it; for synthetic ones the reason."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way that versions of the app spoke."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RoundSpec:
    """One exchange: a request of the near end, the far end's replies."""

    stage: Stage
    """SETUP or HANDSHAKE."""
    request: str
    """Name of a message."""
    replies: tuple[str, ...]
    copies: int
    """How many the app sends back to back; each is a try of its own."""
    copy_gap_ms: int
    retry_ms: tuple[int, ...]
    """When to send again if unanswered, from the round's start."""
    reply_delay_ms: int
    pause_ms: int
    """Between the last round's answer and this round."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One way a stream runs: an encoder's frame length, a resolution."""

    spacing_ms: tuple[float, ...]
    """Gaps after the packets of a cycle; under 1 ms it is pacing inside a frame."""
    sizes: tuple[int, ...]
    """UDP payload bytes to choose from."""
    in_order: bool
    """Whether sizes follow the cycle one by one instead of being drawn."""
    frame_ms: float = 0.0
    """Media time of a frame, by which RTP's timestamp advances, where the sender's timer is not the
    encoder's. 0: as the gaps say."""
    sizes_down: tuple[int, ...] = ()
    """Of the downlink, where the far end says more or less than the near end; empty: `sizes`."""

    def sizes_of(self, direction: Direction) -> tuple[int, ...]:
        """Those of a direction."""
        return self.sizes_down if self.sizes_down and direction is Direction.DOWN else self.sizes


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """Packets of one kind in one or both directions."""

    name: str
    message: str
    directions: tuple[Direction, ...]
    clock_hz: int
    start_ms: float
    rhythms: tuple[Rhythm, ...]
    """A flow picks one; a rhythm written twice is picked twice as often."""


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """What a leg carries after its set-up."""

    media: Media
    """VOICE or VIDEO."""
    short_s: float
    """Seconds of a short flow."""
    streams: tuple[StreamSpec, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """One kind of flow that a call opens."""

    id: str
    name: str
    role: str
    """relay, peer, signalling, media or turn."""
    transport: str
    """udp: all that is replayed."""
    port: int
    """The app's own UDP port at the far end."""
    dialects: tuple[str, ...]
    run: bool
    """False for a leg that is declared and not replayed."""
    after: str
    """Id of the leg whose exchange comes first, from the same local port; empty: none. A DPI that knew that
    leg knows this one by its address and port."""
    call_names: tuple[str, ...]
    """What nDPI calls the leg."""
    neutral_names: tuple[str, ...]
    """What it calls the leg on a neutral port; nothing for a leg that it knows by its port."""
    rounds: tuple[RoundSpec, ...]
    media: tuple[MediaSpec, ...]


@dataclass(frozen=True, slots=True)
class MutantSpec:
    """A one-feature mutant of the set-up (arm D), towards the same port."""

    id: str
    leg: str
    round: RoundSpec


@dataclass(frozen=True, slots=True)
class TcpPath:
    """A path besides UDP: `tcp-5222`, `tls-443`."""

    name: str
    transport: str
    """tcp or tls."""
    port: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One app's profile. Equal content has an equal digest."""

    id: str
    name: str
    version: str
    digest: str
    """SHA-256 over the canonical content, hexadecimal."""
    dialects: tuple[Dialect, ...]
    default_dialect: str
    call_names: tuple[str, ...]
    """Names by which nDPI knows the app's calls; the judge must say one of them for each leg."""
    legs: tuple[Leg, ...]
    mutants: tuple[MutantSpec, ...]
    messaging: tuple[TcpPath, ...]
    """Arm G: where the app's messages go."""
    fallbacks: tuple[TcpPath, ...]
    """Arm F: where a call goes when UDP is dead."""
    provenance: tuple[Provenance, ...]
    not_testable: tuple[str, ...]
    """What a replay towards a reflector cannot show."""
    synthetic: bool
    """True: no capture of the app's calls is at hand, so its shape is put together from descriptions."""
    messages: Mapping[str, MessageSpec] = field(repr=False, compare=False)

    def leg(self, leg_id: str) -> Leg:
        """The leg of this id.

        Raises:
            KeyError: there is none.
        """
        for leg in self.legs:
            if leg.id == leg_id:
                return leg
        raise KeyError(leg_id)

    def is_direct(self, leg: Leg) -> bool:
        """Whether the leg goes from telephone to telephone beside another that carries the call as well."""
        return bool(leg.after) and bool(self.leg(leg.after).media)

    def message(self, name: str) -> MessageSpec:
        """The message of this name.

        Raises:
            KeyError: there is none.
        """
        return self.messages[name]
