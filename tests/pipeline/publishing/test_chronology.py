"""Incidents in the bundle, an embargo, and a log that does not hold."""

import json

import msgspec
import pytest

from tests.chronicle.build import finding, series
from tests.chronicle.writing import ATTRIBUTED, MACHINE, NOON, Writing, found_incident
from tests.pipeline.publishing.support import KEY, MONDAY, PUBLIC
from voipwatch.chronicle.log import LogError, append, digest_of, read_line
from voipwatch.chronicle.revising import Facts, evidence_of, revise
from voipwatch.chronicle.titles import LANGUAGES, card_of, told
from voipwatch.model.acts import Closing, EntryKind, Hold, KeyEntry, KeyRole, Withdrawal
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind, SeriesName
from voipwatch.pipeline.publishing.chronology import LOG_FILE, read, read_public_log
from voipwatch.pipeline.publishing.tables import incidents_columns
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


def test_who_has_nothing_left_is_in_no_list_before_the_next_review() -> None:
    writing = Writing()
    both = [finding("onset", series(operator), MONDAY + 86_400) for operator in ("AS1", "AS2")]

    def turn() -> None:
        for change in revise(
            writing.state.newest,
            both,
            country="MA",
            as_of=NOON,
            withdrawn=frozenset(writing.state.withdrawn),
            facts_of=lambda _: Facts(attribution=ATTRIBUTED),
        ):
            writing.add(change.kind, change.incident, signer=MACHINE)

    turn()
    (found,) = writing.state.newest.values()
    writing.told(found)
    writing.review(found)
    writing.add(EntryKind.WITHDRAWAL, Withdrawal("a simulator", changepoints=(both[0].changepoint,)))
    turn()
    told = read(writing.lines, World("", MONDAY + 30 * 86_400))
    (entry,) = json.loads(text_of(told.files["incidents/index.json"]))["incidents"]
    assert entry["named"] == ["AS2"]
    assert incidents_columns(told.incidents, World("", MONDAY))["named"] == ["AS2"]


@pytest.mark.parametrize("instance", ["", "lab"])
def test_every_correction_says_of_which_world_it_is(instance: str) -> None:
    writing = Writing()
    found = writing.detect(found_incident(instance=instance))
    writing.add(EntryKind.WITHDRAWAL, Withdrawal("a bug", incident=found.id))
    files = read(writing.lines, World(instance, MONDAY)).files
    (entry,) = json.loads(text_of(files["corrections.json"]))["corrections"]
    assert (entry["synthetic"], entry["instance"]) == (bool(instance), instance)


def test_a_closed_log() -> None:
    told = read(log((EntryKind.FINAL, Closing("no money"))), World("", MONDAY))
    assert told.final is not None
    assert told.final.reason == "no money"
    assert read([], World("", MONDAY)).final is None


def operators_in(told: object, way: str = "") -> set[str]:
    """Where in a document an operator is named, lists as `[]`."""
    if isinstance(told, dict):
        rest = {key: value for key, value in told.items() if key != "changepoints"}  # ids that a test reads
        return {each for key, value in rest.items() for each in operators_in(value, f"{way}.{key}")}
    if isinstance(told, list):
        return {each for value in told for each in operators_in(value, f"{way}[]")}
    return {way} if isinstance(told, str) and "AS1" in told else set()


def test_an_unreviewed_incident_names_an_operator_as_evidence_alone() -> None:
    """Its series are what was measured; no title, list, count, notice or correction has the name."""
    writing = Writing()
    found = writing.detect(found_incident())
    writing.told(found)
    before = read(writing.lines, World("", MONDAY + 30 * 86_400))
    named = {
        path: operators_in(json.loads(text_of(text)))
        for path, text in before.files.items()
        if path.endswith(".json")
    }
    evidence = {".incident.phases[].series[].operator", ".incident.spread[].series.operator"}
    pages = {f"incidents/{found.id}.json", f"incidents/{found.id}/r1.json", f"incidents/{found.id}/r2.json"}
    assert {path: ways for path, ways in named.items() if ways} == dict.fromkeys(pages, evidence)
    assert "AS1" not in json.dumps(incidents_columns(before.incidents, World("", MONDAY)), default=str)
    page = json.loads(text_of(before.files[f"incidents/{found.id}.json"]))
    assert [(each["operators_count"], each["body"]["operators"]) for each in page["notices"]] == [(1, [])]
    for lang in LANGUAGES:
        card = card_of(before.incidents[0])
        assert "AS1" not in " ".join(told(each, lang) for each in (card.title, *card.marks, *card.lines))
    writing.review(found)
    after = read(writing.lines, World("", MONDAY + 30 * 86_400))
    index = json.loads(text_of(after.files["incidents/index.json"]))
    assert index["incidents"][0]["named"] == ["AS1"]
    page = json.loads(text_of(after.files[f"incidents/{found.id}.json"]))
    assert page["notices"][0]["body"]["operators"] == ["AS1"]


def test_incidents_that_are_one_and_one_that_is_two_point_both_ways_in_the_bundle() -> None:
    """From findings through the log to the published pages: ids, graves and addresses stay."""
    day = 86_400
    one, between, other = (
        finding("onset", series(operator, app=app), MONDAY + (1 + 2 * number) * day)
        for number, (operator, app) in enumerate([("AS1", "whatsapp"), ("AS3", "skype"), ("AS2", "viber")])
    )
    writing = Writing()
    for findings, gone in (
        ([one, other], ""),
        ([one, between, other], ""),
        ([one, between, other], "between"),
    ):
        withdrawn = frozenset({between.changepoint} if gone else set())
        for change in revise(writing.state.newest, findings, country="MA", as_of=NOON, withdrawn=withdrawn):
            writing.add(change.kind, change.incident, signer=MACHINE)
    files = read(writing.lines, World("", MONDAY + 300 * day)).files
    pages = {
        name: json.loads(text_of(files[f"incidents/MA-2016-01-{name}.json"]))["incident"] for name in "abc"
    }
    assert (pages["b"]["status"], pages["b"]["merged_into"]) == ("withdrawn", "MA-2016-01-a")
    assert pages["a"]["merged_from"] == ["MA-2016-01-b"]
    assert pages["c"]["split_from"] == ["MA-2016-01-a"], "what comes apart again gets a new id"
    assert pages["a"]["split_into"] == ["MA-2016-01-c"]
    assert [path for path in files if path.startswith("incidents/MA-2016-01-b/")] == [
        "incidents/MA-2016-01-b/r1.json", "incidents/MA-2016-01-b/r2.json",
    ]  # fmt: skip


def test_evidence_of_what_is_held_is_withdrawn_without_a_word_of_it() -> None:
    writing = Writing()
    found = writing.detect(found_incident())
    writing.add(EntryKind.HOLD, Hold(found.id, 1, "2016-02-01T00:00:00Z", digest_of(found)), signer=MACHINE)
    (name,) = evidence_of(found)
    writing.add(EntryKind.WITHDRAWAL, Withdrawal("a simulator", changepoints=(name,)))
    during = read(writing.lines, World("", MONDAY))
    assert not [path for path, text in during.files.items() if b"a simulator" in text_of(text)]
    assert read_public_log(text_of(during.files[LOG_FILE]).splitlines()).withheld == 3
    after = read(writing.lines, World("", MONDAY + 60 * 86_400))
    assert b"a simulator" in text_of(after.files["corrections.json"])
