"""Scripts: everything one flow says, compiled from a profile; both ends compile the same one.

A control's script is made from the treatment's: the same rounds, sizes and times, with control bytes in them.
So the arms of one replicate differ in content and port, and in nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import msgspec

from voipwatch.apps.codecs.control import control_message
from voipwatch.apps.codecs.rtcp import RtcpSpec
from voipwatch.apps.codecs.use import MessageSpec, Timing, Use
from voipwatch.apps.messages import Message
from voipwatch.apps.mutants import changed, plays, round_of
from voipwatch.apps.ports import neutral_before
from voipwatch.apps.profile import MediaSpec, Profile, Rhythm, RoundSpec, StreamSpec
from voipwatch.model.flows import HELD_REPLICATES, LONG_REPLICATES, REPLIES_MAX, TRIES_MAX, FlowKind
from voipwatch.model.ruleset import HELD_S, LONG_S
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Direction, Family, Media, Stage

IP_UDP_BYTES: Final = 28
"""IPv4 and UDP headers; a plan counts these whatever the line's IP version."""


class MediaPacket(msgspec.Struct, frozen=True):
    """One packet of a direction's schedule."""

    offset_us: int
    """After the media's start in this direction."""
    message: Message
    size: int
    """UDP payload bytes."""
    index: int
    """In its own stream, for RTP's sequence number and timestamp."""
    aside: bool = False
    """Beside the media, not of it: a control report, which a box that drops media lets pass."""


@dataclass(frozen=True, slots=True)
class Round:
    """One exchange of the set-up, ready to be built."""

    stage: Stage
    request: Message
    copies: int
    copy_gap_ms: int
    replies: tuple[Message, ...]
    reply_delay_ms: int
    retry_ms: tuple[int, ...]
    pause_ms: int


@dataclass(frozen=True, slots=True)
class Script:
    """What one flow says: rounds, then media in both directions."""

    kind: FlowKind
    family: Family
    port: int | None
    """The app's port; None: a neutral port of the session's choice."""
    rounds: tuple[Round, ...]
    up: tuple[MediaPacket, ...]
    """All media uplink, ascending; media sequence number n is the n-th of it."""
    down: tuple[MediaPacket, ...]
    media_stage: Stage | None
    media_s: float
    bytes_up: int
    """Planned IP bytes of a whole flow: first tries of its rounds, its media, 28 bytes of headers each."""
    bytes_down: int
    early_rounds: int = 0
    """The first so many rounds are those of the leg before, from the same socket to another port."""
    early_port: int | None = None
    """The app's port of those; None: the neutral port before the flow's own."""
    direct: bool = False
    """Whether the leg before carries the call too, and this is the direct one beside it."""

    @property
    def relay_rounds(self) -> int:
        """Rounds of the relay leg that come before those of a direct one; 0 for any other leg."""
        return self.early_rounds if self.direct else 0

    def port_at(self, seq: int, port: int) -> int:
        """The reflector's port for the packet `seq` of a flow whose own port is `port`."""
        if seq >= self.early_rounds * TRIES_MAX * REPLIES_MAX:
            return port
        return neutral_before(port) if self.early_port is None else self.early_port


class Draw:
    """Whole numbers drawn from a seed, the same at both ends."""

    __slots__ = ("_block", "_count", "_numbers", "_seed")

    def __init__(self, seed: bytes, label: str) -> None:
        self._seed = blake2b(label.encode(), key=seed[:64], digest_size=32).digest()
        self._block = 0
        self._numbers: list[int] = []
        self._count = 0

    def below(self, limit: int) -> int:
        """A number from 0 to limit - 1; limits are small, so that 32 bits leave no bias worth a name."""
        if not self._numbers:
            drawn = blake2b(self._block.to_bytes(8, "big"), key=self._seed).digest()
            self._block += 1
            self._numbers = [int.from_bytes(drawn[at : at + 4], "big") for at in range(0, 64, 4)]
        return self._numbers.pop() % limit


def family_of(kind: FlowKind, replicate: int) -> Family:
    """The control family of a replicate: U for even, Q for odd; NONE for arms that are no control."""
    if kind.arm not in CONTROL_ARMS:
        return Family.NONE
    return Family.Q if replicate % 2 else Family.U


def media_seconds(spec: MediaSpec, replicate: int) -> float:
    """How long a replicate's media lasts."""
    if replicate in HELD_REPLICATES:
        return HELD_S
    return LONG_S if replicate in LONG_REPLICATES else spec.short_s


def compile_app_script(profile: Profile, kind: FlowKind, replicate: int, shape_seed: bytes) -> Script:
    """The script of one flow of a profile; see `compile_script`."""
    lookup = profile.messages.__getitem__
    stages = frozenset(Stage)
    if kind.arm is Arm.D:
        mutant = round_of(profile, kind)
        if mutant is not None:
            port = profile.leg(mutant.leg).port
            return _script(kind, Family.NONE, port, (compile_round(mutant.round, lookup),), (), (), None)
        lookup = changed(profile, kind.mutant)
        stages = frozenset(stage for stage in Stage if plays(kind, stage))
    leg = profile.leg(kind.leg)
    before = profile.leg(leg.after) if leg.after else None
    specs = (*before.rounds, *leg.rounds) if before is not None else leg.rounds
    rounds = tuple(compile_round(spec, lookup) for spec in specs if spec.stage in stages)
    media = next((spec for spec in leg.media if spec.media is kind.media), None)
    up: tuple[MediaPacket, ...] = ()
    down: tuple[MediaPacket, ...] = ()
    if media is not None:
        draw = Draw(shape_seed, f"{profile.id}/{kind.dialect}/{leg.id}/{media.media}/{replicate}")
        seconds = media_seconds(media, replicate)
        up, down = _compile_media(media, seconds, draw, lookup)
    family = family_of(kind, replicate)
    if family is not Family.NONE:
        rounds = tuple(_control_round(item, family) for item in rounds)
        up = _control_media(up, family, Direction.UP)
        down = _control_media(down, family, Direction.DOWN)
    neutral = kind.arm in {Arm.A_NEUTRAL, Arm.C_NEUTRAL}
    script = _script(kind, family, None if neutral else leg.port, rounds, up, down, media)
    if before is not None:
        early_port = None if neutral else before.port
        script = replace(
            script, early_rounds=len(before.rounds), early_port=early_port, direct=profile.is_direct(leg)
        )
    return script if media is None else replace(script, media_s=media_seconds(media, replicate))


def compile_round(spec: RoundSpec, lookup: Callable[[str], MessageSpec]) -> Round:
    """A round with its messages compiled.

    Raises:
        UnfitError: a message cannot be used so.
    """
    return Round(
        stage=spec.stage,
        request=lookup(spec.request).compile(Use(Direction.UP), lookup),
        copies=spec.copies,
        copy_gap_ms=spec.copy_gap_ms,
        replies=tuple(lookup(name).compile(Use(Direction.DOWN, reply=True), lookup) for name in spec.replies),
        reply_delay_ms=spec.reply_delay_ms,
        retry_ms=spec.retry_ms,
        pause_ms=spec.pause_ms,
    )


def _compile_media(
    media: MediaSpec, seconds: float, draw: Draw, lookup: Callable[[str], MessageSpec]
) -> tuple[tuple[MediaPacket, ...], tuple[MediaPacket, ...]]:
    merged: dict[Direction, list[MediaPacket]] = {Direction.UP: [], Direction.DOWN: []}
    for stream in media.streams:
        # Both ends of a call use one encoder setting: the rhythm is the stream's, the sizes each direction's.
        rhythm = stream.rhythms[draw.below(len(stream.rhythms))]
        for direction in stream.directions:
            merged[direction] += _stream_packets(stream, rhythm, direction, seconds, draw, lookup)
    for packets in merged.values():
        packets.sort(key=lambda packet: packet.offset_us)  # stable: streams keep the profile's order
    return tuple(merged[Direction.UP]), tuple(merged[Direction.DOWN])


def stream_message(
    stream: StreamSpec, rhythm: Rhythm, direction: Direction, lookup: Callable[[str], MessageSpec]
) -> Message:
    """The message that a stream repeats.

    Raises:
        UnfitError: it is none for media.
    """
    gaps_us = tuple(round(gap * 1000) for gap in rhythm.spacing_ms)
    timing = Timing(gaps_us, stream.clock_hz, round(rhythm.frame_ms * 1000))
    use = Use(direction, timing=timing, stream=stream.name)
    return lookup(stream.message).compile(use, lookup)


def _stream_packets(
    stream: StreamSpec,
    rhythm: Rhythm,
    direction: Direction,
    seconds: float,
    draw: Draw,
    lookup: Callable[[str], MessageSpec],
) -> list[MediaPacket]:
    message = stream_message(stream, rhythm, direction, lookup)
    aside = isinstance(lookup(stream.message), RtcpSpec)
    gaps_us = tuple(round(gap * 1000) for gap in rhythm.spacing_ms)
    sizes = rhythm.sizes_of(direction)
    end_us = round(seconds * 1_000_000)
    at_us = round(stream.start_ms * 1000)
    packets: list[MediaPacket] = []
    while at_us < end_us:
        index = len(packets)
        size = sizes[index % len(sizes) if rhythm.in_order else draw.below(len(sizes))]
        packets.append(MediaPacket(at_us, message, size, index, aside))
        at_us += gaps_us[index % len(gaps_us)]
    return packets


def _control_round(item: Round, family: Family) -> Round:
    return replace(
        item,
        request=control_message(item.request.name, family, Direction.UP, item.request.size),
        replies=tuple(
            control_message(reply.name, family, Direction.DOWN, reply.size) for reply in item.replies
        ),
    )


def _control_media(
    packets: tuple[MediaPacket, ...], family: Family, direction: Direction
) -> tuple[MediaPacket, ...]:
    message = control_message("media", family, direction)
    return tuple(msgspec.structs.replace(packet, message=message) for packet in packets)


def _script(
    kind: FlowKind,
    family: Family,
    port: int | None,
    rounds: tuple[Round, ...],
    up: tuple[MediaPacket, ...],
    down: tuple[MediaPacket, ...],
    media: MediaSpec | None,
) -> Script:
    stages = {Media.VOICE: Stage.VOICE, Media.VIDEO: Stage.VIDEO}
    requests = sum(item.copies * (item.request.size + IP_UDP_BYTES) for item in rounds)
    replies = sum(item.copies * (reply.size + IP_UDP_BYTES) for item in rounds for reply in item.replies)
    return Script(
        kind=kind,
        family=family,
        port=port,
        rounds=rounds,
        up=up,
        down=down,
        media_stage=stages[media.media] if media else None,
        media_s=0.0,
        bytes_up=requests + sum(packet.size + IP_UDP_BYTES for packet in up),
        bytes_down=replies + sum(packet.size + IP_UDP_BYTES for packet in down),
    )
