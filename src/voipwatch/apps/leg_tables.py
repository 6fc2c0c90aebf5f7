"""Leg tables: `[[legs]]` with their rounds and media, and `[[mutants]]`."""

from typing import Final

from voipwatch.apps.messages import UDP_PAYLOAD_MAX
from voipwatch.apps.profile import Leg, MediaSpec, MutantSpec, Rhythm, RoundSpec, StreamSpec
from voipwatch.apps.schema import NAME, Table
from voipwatch.model.flows import REPLIES_MAX, ROUNDS_MAX, TRIES_MAX
from voipwatch.model.vocabulary import Direction, Media, Stage

ROLES: Final = ("relay", "peer", "signalling", "media", "turn")
_DIRECTIONS: Final = {
    "both": (Direction.UP, Direction.DOWN),
    "up": (Direction.UP,),
    "down": (Direction.DOWN,),
}
MEDIA_SIZE_MIN: Final = 17
STREAMS_MAX: Final = 8
CYCLE_MS_MIN: Final = 5.0
"""A cycle that repeats faster than every 5 ms is no call."""
PACKETS_PER_S_MAX: Final = 400.0
"""Of one stream; HD video in 1,200-byte packets stays below it."""


def read_leg(
    table: Table, dialects: tuple[str, ...], messages: frozenset[str], call_names: tuple[str, ...]
) -> Leg:
    """One leg; problems go to the table's findings."""
    leg_id = table.text("id", pattern=NAME)
    spoken = table.texts("dialects", options=dialects) if dialects else ()
    rounds = tuple(_read_round(item, messages) for item in table.tables("rounds"))
    if len(rounds) > ROUNDS_MAX - 1:
        table.wrong("rounds", f"{len(rounds)} rounds, at most {ROUNDS_MAX - 1} are numbered")
    media = tuple(
        read
        for kind in (Media.VOICE, Media.VIDEO)
        if (read := _read_media(table, kind, messages)) is not None
    )
    if not rounds and not media:
        table.findings.add(table.path, "a leg has rounds, media or both")
    names = table.texts("call_names", options=call_names) if "call_names" in table else call_names
    neutral = table.texts("neutral_names", options=call_names) if "neutral_names" in table else names
    leg = Leg(
        id=leg_id,
        name=table.text("name"),
        role=table.choice("role", ROLES),
        transport=table.choice("transport", ("udp",), "udp"),
        port=table.integer("port", 1, 65535),
        dialects=spoken or dialects,
        run=table.boolean("run", default=True),
        after=table.text("after", default="", pattern=NAME) if "after" in table else "",
        call_names=names,
        neutral_names=neutral,
        rounds=rounds,
        media=media,
    )
    table.close()
    return leg


def read_mutant(table: Table, legs: tuple[str, ...], messages: frozenset[str]) -> MutantSpec:
    """One mutant: a round of its own on a leg's port."""
    mutant_id = table.text("id", pattern=NAME)
    leg = table.choice("leg", legs) if legs else table.text("leg", pattern=NAME)
    spec = _read_round(table, messages, closes=False)
    table.close()
    return MutantSpec(mutant_id, leg, spec)


def _message(table: Table, key: str, messages: frozenset[str]) -> str:
    name = table.text(key, pattern=NAME)
    if name and name not in messages:
        table.wrong(key, f"no message is called {name!r}")
    return name


def _read_round(table: Table, messages: frozenset[str], *, closes: bool = True) -> RoundSpec:
    replies = table.texts("replies", required=True, pattern=NAME)
    for index, name in enumerate(replies):
        if name not in messages:
            table.wrong(f"replies[{index}]", f"no message is called {name!r}")
    if "replies" in table and not 0 < len(replies) <= REPLIES_MAX:
        table.wrong("replies", f"a round has 1 to {REPLIES_MAX} replies")
    copies = table.integer("copies", 1, 4, 1)
    retries = table.integers("retry_ms", 50, 30_000, (500, 1500))
    if list(retries) != sorted(set(retries)):
        table.wrong("retry_ms", "must ascend")
    if copies * (1 + len(retries)) > TRIES_MAX:
        table.wrong("retry_ms", f"{copies * (1 + len(retries))} tries, at most {TRIES_MAX} are numbered")
    spec = RoundSpec(
        stage=Stage(table.choice("stage", ("setup", "handshake"), "setup")),
        request=_message(table, "request", messages),
        replies=replies,
        copies=copies,
        copy_gap_ms=table.integer("copy_gap_ms", 0, 1000, 0),
        retry_ms=retries,
        reply_delay_ms=table.integer("reply_delay_ms", 0, 2000, 0),
        pause_ms=table.integer("pause_ms", 0, 5000, 0),
    )
    if closes:
        table.close()
    return spec


def _read_media(leg: Table, kind: Media, messages: frozenset[str]) -> MediaSpec | None:
    table = leg.table(str(kind))
    if table is None:
        return None
    streams = tuple(_read_stream(item, messages) for item in table.tables("streams", required=True))
    if not 0 < len(streams) <= STREAMS_MAX:
        table.wrong("streams", f"media has 1 to {STREAMS_MAX} streams")
    names = [stream.name for stream in streams]
    if len(set(names)) < len(names):
        table.wrong("streams", "two streams have one name")
    spec = MediaSpec(kind, table.number("short_s", 0.2, 10.0), streams)
    table.close()
    return spec


def _read_stream(table: Table, messages: frozenset[str]) -> StreamSpec:
    rhythms = tuple(_read_rhythm(item) for item in table.tables("rhythms", required=True))
    if "rhythms" in table and not rhythms:
        table.wrong("rhythms", "must not be empty")
    spec = StreamSpec(
        name=table.text("name", pattern=NAME),
        message=_message(table, "message", messages),
        directions=_DIRECTIONS[table.choice("direction", tuple(_DIRECTIONS), "both")],
        clock_hz=table.integer("clock_hz", 1000, 192_000, 8000),
        start_ms=table.number("start_ms", 0.0, 5000.0, 0.0),
        rhythms=rhythms,
    )
    table.close()
    return spec


def _read_rhythm(table: Table) -> Rhythm:
    spacing = table.numbers("spacing_ms", 0.0, 60_000.0)
    sizes = table.integers("sizes", MEDIA_SIZE_MIN, UDP_PAYLOAD_MAX)
    in_order = table.boolean("in_order", default=False)
    total = sum(spacing)
    if total < CYCLE_MS_MIN or spacing[-1] < 1.0:
        table.wrong("spacing_ms", "a cycle lasts 5 ms or more, and its last gap 1 ms or more")
    elif 1000 * len(spacing) / total > PACKETS_PER_S_MAX:
        table.wrong(
            "spacing_ms", f"{1000 * len(spacing) / total:.0f} packets a second; at most 400 are a call"
        )
    frame_ms = table.number("frame_ms", CYCLE_MS_MIN, 1000.0) if "frame_ms" in table else 0.0
    down = table.integers("sizes_down", MEDIA_SIZE_MIN, UDP_PAYLOAD_MAX) if "sizes_down" in table else ()
    table.close()
    return Rhythm(spacing, sizes, in_order, frame_ms, down)
