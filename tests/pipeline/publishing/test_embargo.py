"""An embargo lasts through whatever the machine makes of the incident: nothing but hashes tells of it."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from tests.chronicle.build import finding, series
from tests.chronicle.writing import MACHINE, NOON, Writing, found_incident
from tests.pipeline.publishing.support import MONDAY
from voipwatch.chronicle.log import digest_of, read_log
from voipwatch.chronicle.revising import evidence_of, revise
from voipwatch.model.acts import EntryKind, Hold, Withdrawal
from voipwatch.model.incidents import Finding, Incident
from voipwatch.pipeline.publishing.chronology import LOG_FILE, Chronology, read, read_public_log
from voipwatch.pipeline.publishing.embargo import Embargo, embargo_at
from voipwatch.pipeline.publishing.world import World

DAY_S = 86_400
UNTIL = "2017-01-01T00:00:00Z"
OVER_S = MONDAY + 400 * DAY_S
ONE, BETWEEN, OTHER, APART = (
    finding("onset", series(operator, app=app), MONDAY + day * DAY_S)
    for operator, app, day in (
        ("AS1", "whatsapp", 1),
        ("AS3", "skype", 3),
        ("AS2", "viber", 5),
        ("AS4", "imo", 60),
    )
)


def turn(writing: Writing, findings: list[Finding], *gone: Finding) -> None:
    """The machine's."""
    withdrawn = frozenset(each.changepoint for each in gone)
    for change in revise(writing.state.newest, findings, country="MA", as_of=NOON, withdrawn=withdrawn):
        writing.add(change.kind, change.incident, signer=MACHINE)


def hold(writing: Writing, name: str) -> None:
    incident = writing.state.newest[name]
    writing.add(EntryKind.HOLD, Hold(name, incident.revision, UNTIL, digest_of(incident)), signer=MACHINE)


def id_of(writing: Writing, one: Finding) -> str:
    """Of the incident that rests on it, the newest of them."""
    return [name for name, each in writing.state.newest.items() if one.changepoint in evidence_of(each)][-1]


def embargo(writing: Writing) -> Embargo:
    return embargo_at(writing.state, read_log(writing.lines), NOON)


def assert_nothing_tells(writing: Writing, *secret: str) -> Chronology:
    """No file has the words; the log that is left holds, and its incidents are those that are told."""
    told = read(writing.lines, World("", MONDAY))
    for path, content in told.files.items():
        assert isinstance(content, bytes)
        assert not [word for word in secret if word in path or word.encode() in content], path
    log = told.files[LOG_FILE]
    assert isinstance(log, bytes)
    public = read_public_log(log.splitlines()).state
    assert list(public.newest.values()) == told.incidents
    over = read(writing.lines, World("", OVER_S))
    assert len(over.incidents) == len(writing.state.stories), "all of it is told afterwards"
    return told


@pytest.mark.parametrize("held", [ONE, OTHER])
@pytest.mark.parametrize("held_first", [True, False])
def test_what_is_split_is_held_on_both_sides(held: Finding, held_first: bool) -> None:
    writing = Writing()
    turn(writing, [ONE, BETWEEN, OTHER, APART])
    if held_first:
        hold(writing, id_of(writing, held))
    turn(writing, [ONE, BETWEEN, OTHER, APART], BETWEEN)
    if not held_first:
        hold(writing, id_of(writing, held))
    assert id_of(writing, ONE) != id_of(writing, OTHER), "it was split"
    secret = (id_of(writing, ONE), id_of(writing, OTHER))
    found = assert_nothing_tells(writing, *secret, ONE.changepoint, BETWEEN.changepoint, OTHER.changepoint)
    assert [each.id for each in found.incidents] == [id_of(writing, APART)]


@pytest.mark.parametrize("held", [ONE, OTHER])
def test_what_is_joined_is_held_whichever_of_the_two_was(held: Finding) -> None:
    writing = Writing()
    turn(writing, [ONE, OTHER, APART])
    secret = (id_of(writing, ONE), id_of(writing, OTHER))
    hold(writing, id_of(writing, held))
    assert len(read(writing.lines, World("", MONDAY)).incidents) == 2, "what is apart from it is told"
    turn(writing, [ONE, BETWEEN, OTHER, APART])
    found = assert_nothing_tells(writing, *secret, ONE.changepoint, OTHER.changepoint)
    assert [each.id for each in found.incidents] == [id_of(writing, APART)]


def incident(letter: str, revision: int, changepoints: str) -> Incident:
    """Evidence of one letter each, nothing that points anywhere."""
    found = found_incident()
    (phase,) = found.phases
    return replace(
        found,
        id=f"MA-2016-01-{letter}",
        revision=revision,
        phases=(replace(phase, changepoints=tuple(f"point-{each}" for each in changepoints)),),
    )


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_evidence_ties_without_a_pointer_and_from_one_to_the_next(order: tuple[str, ...]) -> None:
    """Of a, b and c each shares a point with the next, a in a revision that is old; d has none of theirs."""
    evidence = {"a": "12", "b": "23", "c": "34", "d": "5"}
    writing = Writing()
    for letter in (*order, "d"):
        writing.add(EntryKind.INCIDENT, incident(letter, 1, evidence[letter]), signer=MACHINE)
    writing.add(EntryKind.INCIDENT, incident("a", 2, "1"), signer=MACHINE)
    hold(writing, "MA-2016-01-a")
    found = embargo(writing)
    assert found.incidents == {"MA-2016-01-a", "MA-2016-01-b", "MA-2016-01-c"}
    assert found.changepoints == {"point-1", "point-2", "point-3", "point-4"}
    told = assert_nothing_tells(writing, *found.incidents, *found.changepoints)
    assert [each.id for each in told.incidents] == ["MA-2016-01-d"]


def test_a_withdrawal_that_names_some_of_its_evidence_is_held_with_all_that_it_touches() -> None:
    writing = Writing()
    for letter, point in zip("abc", "123", strict=True):
        writing.add(EntryKind.INCIDENT, incident(letter, 1, point), signer=MACHINE)
    hold(writing, "MA-2016-01-a")
    assert embargo(writing).incidents == {"MA-2016-01-a"}
    writing.add(EntryKind.WITHDRAWAL, Withdrawal("a simulator", changepoints=("point-1", "point-2")))
    told = assert_nothing_tells(writing, "a simulator", "point-1", "point-2", "MA-2016-01-b")
    assert [each.id for each in told.incidents] == ["MA-2016-01-c"]


def test_nothing_is_held_where_nobody_held_anything() -> None:
    writing = Writing()
    turn(writing, [ONE, BETWEEN, OTHER])
    turn(writing, [ONE, BETWEEN, OTHER], BETWEEN)
    assert embargo(writing) == Embargo()
    hold(writing, id_of(writing, ONE))
    assert embargo_at(writing.state, read_log(writing.lines), UNTIL) == Embargo()
