"""Incidents in the bundle, an embargo, and a log that does not hold."""

import json

import msgspec
import pytest

from tests.pipeline.publishing.support import KEY, MONDAY, PUBLIC
from voipwatch.chronicle.log import LogError, append, digest_of, read_line
from voipwatch.model.acts import Closing, EntryKind, Hold, KeyEntry, KeyRole
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind, SeriesName
from voipwatch.pipeline.publishing.chronology import LOG_FILE, read, read_public_log
from voipwatch.pipeline.publishing.world import MixedWorldsError, World

AT = "2016-01-04T00:00:00Z"
SERIES = SeriesName("AS36925", "4g", "whatsapp")


def incident(letter: str, revision: int = 1, **more: object) -> Incident:
    fields: dict[str, object] = {
        "id": f"MA-2016-01-{letter}",
        "revision": revision,
        "country": "MA",
        "status": IncidentStatus.DETECTED,
        "as_of": AT,
        "phases": (Phase(PhaseKind.ONSET, None, AT, (SERIES,), (f"c{letter}{revision}",)),),
    }
    return Incident(**fields | more)  # type: ignore[arg-type]  # a test's own fields


def log(*items: tuple[EntryKind, msgspec.Struct]) -> list[bytes]:
    lines: list[bytes] = []
    last = None
    for kind, body in [(EntryKind.KEY, KeyEntry(PUBLIC, KeyRole.INSTANCE)), *items]:
        lines.append(append(last, kind, body, at=AT, signer=KEY))
        last = read_line(lines[-1], len(lines))
    return lines


A1, A2, B1 = incident("a"), incident("a", 2), incident("b")
HELD = log(
    (EntryKind.INCIDENT, A1),
    (EntryKind.INCIDENT, B1),
    (EntryKind.HOLD, Hold("MA-2016-01-a", 1, "2016-01-05T00:00:00Z", digest_of(A1))),
    (EntryKind.INCIDENT, A2),
)


def text_of(told: object) -> bytes:
    assert isinstance(told, bytes)
    return told


def test_every_revision_is_a_file() -> None:
    told = read(log((EntryKind.INCIDENT, A1), (EntryKind.INCIDENT, A2)), World("", MONDAY))
    assert sorted(told.files) == [
        "chronicle/log.jsonl", "corrections.json", "incidents/MA-2016-01-a.json",
        "incidents/MA-2016-01-a/r1.json", "incidents/MA-2016-01-a/r2.json", "incidents/index.json",
    ]  # fmt: skip
    assert json.loads(text_of(told.files["incidents/MA-2016-01-a.json"]))["incident"]["revision"] == 2
    assert told.incidents == [A2]
    assert told.keys == (PUBLIC,)


def test_under_embargo_nothing_but_hashes_is_told() -> None:
    told = read(HELD, World("", MONDAY))
    assert [each.id for each in told.incidents] == ["MA-2016-01-b"]
    assert told.hidden == {"ca1", "ca2"}
    lines = text_of(told.files[LOG_FILE]).splitlines()
    assert [set(json.loads(line)) == {"n", "withheld"} for line in lines] == [False, True, False, True, True]
    public = read_public_log(lines)
    assert (public.lines, public.withheld, list(public.state.stories)) == (5, 3, ["MA-2016-01-b"])
    files = {path: text_of(text) for path, text in told.files.items()}
    assert not [path for path, text in files.items() if b"MA-2016-01-a" in text or b"ca1" in text]
    over = read(HELD, World("", MONDAY + 86_400))
    assert [each.revision for each in over.incidents] == [2, 1]
    assert text_of(over.files[LOG_FILE]).splitlines() == HELD
    assert json.loads(text_of(over.files["incidents/MA-2016-01-a.json"]))["holds"][0]["body"]["digest"] == (
        digest_of(A1)
    )


def test_a_published_log_that_does_not_hold_is_named_by_its_line() -> None:
    lines = text_of(read(HELD, World("", MONDAY)).files[LOG_FILE]).splitlines()
    for changed, at in (
        ([lines[0], *lines[2:]], 2),
        ([*lines[:1], lines[1].replace(b'"n":2', b'"n":7'), *lines[2:]], 2),
        ([*lines[:1], lines[1].replace(b"withheld", b"Withheld"), *lines[2:]], 2),
        ([*lines[:2], lines[2].replace(b"MA-2016-01-b", b"MA-2016-01-c"), *lines[3:]], 3),
        (
            [
                lines[0],
                json.dumps({"n": 2, "withheld": "0" * 64}, separators=(",", ":")).encode(),
                *lines[2:],
            ],
            3,
        ),
    ):
        with pytest.raises(LogError) as caught:
            read_public_log(changed)
        assert caught.value.line == at


def test_an_emulated_log_enters_no_real_bundle_nor_the_reverse() -> None:
    emulated = log((EntryKind.INCIDENT, incident("a", id="LAB-MA-2016-01-a", instance="lab")))
    with pytest.raises(MixedWorldsError):
        read(emulated, World("", MONDAY))
    with pytest.raises(MixedWorldsError):
        read(HELD, World("lab", MONDAY))
    assert read(emulated, World("lab", MONDAY)).incidents[0].synthetic


def test_a_closed_log() -> None:
    told = read(log((EntryKind.FINAL, Closing("no money"))), World("", MONDAY))
    assert told.final is not None
    assert told.final.reason == "no money"
    assert read([], World("", MONDAY)).final is None
