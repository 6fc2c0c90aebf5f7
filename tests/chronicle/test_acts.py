"""The table of what may follow what, by its full product; and who is named when."""

from itertools import product

import msgspec
import pytest

from tests.chronicle.writing import ATTRIBUTED, LATER, NOON, found_incident
from voipwatch.chronicle.acts import SIGNERS, TRANSITIONS, operators_of, still_named, to_be_named, unheard
from voipwatch.model.acts import EntryKind, KeyRole, Notice
from voipwatch.model.incidents import Attribution, IncidentStatus

ABOUT_INCIDENTS = [
    "incident",
    "notice",
    "reply",
    "hold",
    "review",
    "dispute",
    "withdrawal",
    "merge",
    "correction",
]
ALLOWED = {
    "detected": "detected detected detected detected reviewed disputed withdrawn withdrawn -",
    "reviewed": "reviewed reviewed reviewed reviewed reviewed disputed withdrawn withdrawn corrected",
    "disputed": "disputed disputed disputed disputed reviewed disputed withdrawn withdrawn corrected",
    "corrected": "corrected corrected corrected corrected reviewed disputed withdrawn withdrawn corrected",
    "withdrawn": "- - withdrawn - - - - - -",
}


@pytest.mark.parametrize(("status", "kind"), list(product(IncidentStatus, EntryKind)))
def test_every_status_and_entry(status: IncidentStatus, kind: EntryKind) -> None:
    row = dict(zip(ABOUT_INCIDENTS, ALLOWED[status.value].split(), strict=True))
    expected = row.get(kind.value, "-")
    assert TRANSITIONS[status].get(kind) == (None if expected == "-" else IncidentStatus(expected))


def test_findings_are_the_machines_and_judgements_are_peoples() -> None:
    assert set(SIGNERS) == set(EntryKind)
    machine = {kind for kind, roles in SIGNERS.items() if roles == {KeyRole.INSTANCE}}
    assert machine == {EntryKind.INCIDENT, EntryKind.MERGE, EntryKind.SPLIT}
    people = {kind for kind, roles in SIGNERS.items() if roles == {KeyRole.EDITOR}}
    assert people >= {EntryKind.REVIEW, EntryKind.CORRECTION, EntryKind.WITHDRAWAL, EntryKind.REPLY}


def test_nobody_is_named_while_nothing_is_attributed() -> None:
    incident = found_incident(attribution=Attribution())
    assert operators_of(incident) == ("AS1",)
    assert to_be_named(incident) == ()
    assert unheard(incident, [], NOON) == ()
    assert to_be_named(found_incident()) == ("AS1",)


def test_who_is_no_longer_in_it_is_named_no_longer() -> None:
    for attribution in (Attribution(), ATTRIBUTED):
        incident = msgspec.structs.replace(found_incident(attribution=attribution), named=("AS1", "AS2"))
        assert still_named(incident) == to_be_named(incident) == ("AS1",)


def test_an_operator_is_heard_when_its_notice_has_run_out() -> None:
    incident = found_incident()
    notice = Notice(incident.id, 1, ("AS1",), LATER)
    assert unheard(incident, [], LATER) == ("AS1",)
    assert unheard(incident, [notice], NOON) == ("AS1",)
    assert unheard(incident, [notice], LATER) == ()
    later = Notice(incident.id, 2, ("AS1",), "2016-01-20T12:00:00Z")
    for notices in ([notice, later], [later, notice]):
        assert unheard(incident, notices, LATER) == ("AS1",), "it was told again, and may still answer that"
        assert unheard(incident, notices, later.until) == ()
    named = msgspec.structs.replace(incident, named=("AS1",))
    assert unheard(named, [], NOON) == (), "it was heard before it was first named"
