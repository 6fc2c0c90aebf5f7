"""Leg tables: defaults, and limits that the whole-file tests do not reach."""

from typing import Any

import pytest

from voipwatch.apps.leg_tables import read_leg, read_mutant
from voipwatch.apps.profile import Leg
from voipwatch.apps.schema import Findings, Problem, Table
from voipwatch.model.vocabulary import Direction, Media, Stage

MESSAGES = frozenset({"ask", "tell", "sound"})
STREAM: dict[str, Any] = {
    "name": "audio",
    "message": "sound",
    "rhythms": [{"spacing_ms": [20], "sizes": [60]}],
}
ROUND: dict[str, Any] = {"request": "ask", "replies": ["tell"]}
LEG: dict[str, Any] = {"id": "leg", "name": "a leg", "role": "relay", "port": 3478, "rounds": [ROUND]}


def read(**changes: Any) -> tuple[Leg, list[Problem]]:
    findings = Findings("test", {})
    leg = read_leg(Table({**LEG, **changes}, "leg", findings), ("d1", "d2"), MESSAGES, ("Call",))
    return leg, findings.problems


def test_what_is_not_said_has_these_defaults() -> None:
    leg, problems = read()
    assert not problems
    assert (leg.run, leg.transport, leg.dialects, leg.call_names) == (True, "udp", ("d1", "d2"), ("Call",))
    assert leg.media == ()
    (spec,) = leg.rounds
    assert (spec.stage, spec.copies, spec.copy_gap_ms, spec.retry_ms) == (Stage.SETUP, 1, 0, (500, 1500))
    assert (spec.reply_delay_ms, spec.pause_ms) == (0, 0)


def test_media_is_read_with_its_directions() -> None:
    leg, problems = read(
        voice={"short_s": 1.5, "streams": [STREAM, {**STREAM, "name": "other", "direction": "down"}]},
        video={"short_s": 0.5, "streams": [{**STREAM, "direction": "up"}]},
    )
    assert not problems
    assert [(item.media, item.short_s) for item in leg.media] == [(Media.VOICE, 1.5), (Media.VIDEO, 0.5)]
    streams = [stream for item in leg.media for stream in item.streams]
    assert [stream.directions for stream in streams] == [
        (Direction.UP, Direction.DOWN),
        (Direction.DOWN,),
        (Direction.UP,),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"rounds": []}, "leg", "rounds, media or both"),
        ({"role": "boss"}, "leg.role", "not one of relay"),
        ({"voice": {"short_s": 1.0, "streams": []}}, "leg.voice.streams", "1 to 8 streams"),
        (
            {"voice": {"short_s": 1.0, "streams": [STREAM] * 2}},
            "leg.voice.streams",
            "two streams have one name",
        ),
        ({"voice": {"short_s": 11.0, "streams": [STREAM]}}, "leg.voice.short_s", "from 0.2 to 10.0"),
        (
            {"voice": {"short_s": 1.0, "streams": [{**STREAM, "rhythms": []}]}},
            "leg.voice.streams[0].rhythms",
            "empty",
        ),
        (
            {"voice": {"short_s": 1.0, "streams": [{**STREAM, "message": "x"}]}},
            "leg.voice.streams[0].message",
            "'x'",
        ),
        ({"voice": []}, "leg.voice", "must be a table"),
        ({"rounds": [{**ROUND, "replies": ["tell"] * 5}]}, "leg.rounds[0].replies", "1 to 4 replies"),
        ({"rounds": [{**ROUND, "pause_ms": -1}]}, "leg.rounds[0].pause_ms", "from 0 to 5000"),
        ({"rounds": [{**ROUND, "retry_ms": [500, 500]}]}, "leg.rounds[0].retry_ms", "must ascend"),
        ({"rounds": [{**ROUND, "odd": 1}]}, "leg.rounds[0].odd", "unknown key"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_told_at_its_key(changes: dict[str, Any], field: str, message: str) -> None:
    _, problems = read(**changes)
    assert any(item.field == field and message in item.message for item in problems), problems


def test_a_mutant_is_a_round_on_a_leg_that_is_run() -> None:
    findings = Findings("test", {})
    found = read_mutant(Table({"id": "m", "leg": "leg", **ROUND}, "m", findings), ("leg",), MESSAGES)
    assert not findings.problems
    assert (found.id, found.leg, found.round.request) == ("m", "leg", "ask")
    read_mutant(Table({"id": "m", "leg": "other", **ROUND, "odd": 1}, "m", findings), ("leg",), MESSAGES)
    assert [problem.field for problem in findings.problems] == ["m.leg", "m.odd"]


def test_a_rhythm_may_have_frames_and_a_downlink_of_their_own() -> None:
    rhythm = {"spacing_ms": [40, 10], "sizes": [60], "frame_ms": 25, "sizes_down": [80, 90]}
    leg, problems = read(voice={"short_s": 1.0, "streams": [{**STREAM, "rhythms": [rhythm]}]})
    assert not problems
    (found,) = leg.media[0].streams[0].rhythms
    assert found.frame_ms == 25
    assert found.sizes_of(Direction.UP) == (60,)
    assert found.sizes_of(Direction.DOWN) == (80, 90)
    leg, problems = read(voice={"short_s": 1.0, "streams": [STREAM]})
    (found,) = leg.media[0].streams[0].rhythms
    assert (found.frame_ms, found.sizes_of(Direction.DOWN)) == (0.0, (60,))


@pytest.mark.parametrize(("key", "value"), [("frame_ms", 1), ("sizes_down", []), ("sizes_down", [16])])
def test_wrong_frames_and_downlinks_are_problems(key: str, value: object) -> None:
    rhythm = {"spacing_ms": [20], "sizes": [60], key: value}
    _, problems = read(voice={"short_s": 1.0, "streams": [{**STREAM, "rhythms": [rhythm]}]})
    assert [problem.field.split("[")[0] for problem in problems] == ["leg.voice.streams"]
    assert key in problems[0].field
