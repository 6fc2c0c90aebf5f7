"""The replay: what people do to an incident, and what they may not."""

import msgspec
import pytest

from tests.chronicle.build import at, finding, series
from tests.chronicle.writing import ATTRIBUTED, LATER, MACHINE, NOON, Writing, found_incident
from voipwatch.chronicle.log import LogError, digest_of
from voipwatch.chronicle.revising import EVIDENCE_GONE, Facts, evidence_of, revise
from voipwatch.chronicle.state import replay
from voipwatch.model.acts import (
    ClaimNote,
    Closing,
    Correction,
    Dispute,
    EntryKind,
    Hold,
    Notice,
    Reply,
    ReplySide,
    Review,
    Withdrawal,
)
from voipwatch.model.incidents import Attribution, IncidentStatus


def test_an_unreviewed_incident_names_nobody_and_a_review_names_after_the_notice() -> None:
    log = Writing()
    incident = log.detect()
    assert log.state.newest[incident.id].named == ()
    with pytest.raises(LogError, match="notice has not run out: AS1"):
        log.review(incident)
    log.told(incident)
    with pytest.raises(LogError, match="notice has not run out: AS1"):
        log.review(incident, when=NOON)
    reviewed = log.review(incident)
    assert reviewed.status is IncidentStatus.REVIEWED
    assert reviewed.named == ("AS1",)
    assert (reviewed.revision, reviewed.reviewed_revision) == (3, 2)
    assert reviewed.notice_until == LATER


def test_what_is_not_attributed_can_be_reviewed_and_names_nobody() -> None:
    log = Writing()
    incident = log.detect(found_incident(attribution=Attribution()))
    reviewed = log.review(incident, when=NOON)
    assert reviewed.status is IncidentStatus.REVIEWED
    assert reviewed.named == ()


def test_a_review_is_of_the_newest_revision() -> None:
    log = Writing()
    incident = log.detect()
    log.told(incident)
    with pytest.raises(LogError, match=r"body\.revision"):
        log.add(EntryKind.REVIEW, Review(incident.id, 1, "desk"), when=LATER)


def test_an_extension_after_the_review_names_nobody_new() -> None:
    log = Writing()
    incident = log.detect()
    log.told(incident)
    log.review(incident)
    findings = [
        finding("onset", series("AS1"), at("2016-01-05T09")),
        finding("onset", series("AS2"), at("2016-02-05T09")),
    ]
    (change,) = revise(log.state.newest, findings, country="MA", as_of="2016-02-06T00:00:00Z")
    log.add(change.kind, change.incident, signer=MACHINE)
    newest = log.state.newest[incident.id]
    assert newest.status is IncidentStatus.REVIEWED
    assert newest.named == ("AS1",)


def test_a_later_review_drops_who_is_no_longer_in_it() -> None:
    log = Writing()
    findings = [finding("onset", series(name), at("2016-01-05T09")) for name in ("AS1", "AS2")]

    def turn() -> None:
        for change in revise(
            log.state.newest,
            findings,
            country="MA",
            as_of="2016-01-06T00:00:00Z",
            withdrawn=frozenset(log.state.withdrawn),
            facts_of=lambda _: Facts(attribution=ATTRIBUTED),
        ):
            log.add(change.kind, change.incident, signer=MACHINE)

    turn()
    (incident,) = log.state.newest.values()
    log.told(incident)
    assert log.review(incident).named == ("AS1", "AS2")
    gone = Withdrawal("a simulator", changepoints=(findings[0].changepoint,))
    log.add(EntryKind.WITHDRAWAL, gone, when=LATER)
    turn()
    assert log.state.newest[incident.id].named == ("AS1", "AS2"), "a finding does not change that"
    assert log.review(incident).named == ("AS2",)


def test_the_machine_may_not_do_what_people_do() -> None:
    log = Writing()
    incident = log.detect()
    for changed in (
        {"named": ("AS1",)},
        {"status": IncidentStatus.REVIEWED},
        {"reviewed_revision": 1},
        {"notice_until": NOON},
        {"revision": 5},
    ):
        forged = msgspec.structs.replace(incident, **({"revision": 2} | changed))
        with pytest.raises(LogError, match=f"body.{next(iter(changed))}"):
            log.add(EntryKind.INCIDENT, forged, signer=MACHINE)
    born_named = msgspec.structs.replace(incident, id="MA-2016-01-b", named=("AS1",))
    with pytest.raises(LogError, match=r"body\.named"):
        log.add(EntryKind.INCIDENT, born_named, signer=MACHINE)


def test_replies_disputes_and_corrections_stand_beside_the_finding() -> None:
    log = Writing()
    incident = log.detect()
    log.told(incident)
    log.review(incident)
    text = "  Nous démentons.\n\n« Tout » fonctionne.  "
    reply = Reply(incident.id, ReplySide.OPERATOR, "AS1", "2016-01-14", text, "fr")
    log.add(EntryKind.REPLY, reply, when=LATER)
    log.add(EntryKind.DISPUTE, Dispute(incident.id, "AS1", "says that maintenance explains it"), when=LATER)
    story = log.state.stories[incident.id]
    assert story.of(Reply)[0].what.text == text
    assert story.newest.status is IncidentStatus.DISPUTED
    assert story.newest.named == ("AS1",), "what was published is not unsaid by being contested"
    log.add(EntryKind.CORRECTION, Correction(incident.id, 3, "the hour was wrong", "late data"), when=LATER)
    assert log.state.newest[incident.id].status is IncidentStatus.CORRECTED
    assert [each.what.what for each in log.state.corrections] == ["the hour was wrong"]
    with pytest.raises(LogError, match="no such revision"):
        log.add(EntryKind.CORRECTION, Correction(incident.id, 99, "x"), when=LATER)


def test_a_withdrawn_incident_is_a_grave_and_its_evidence_counts_no_more() -> None:
    log = Writing()
    incident = log.detect()
    log.add(EntryKind.WITHDRAWAL, Withdrawal("a release with a bug", incident=incident.id))
    state = log.state
    grave = state.newest[incident.id]
    assert (grave.status, grave.reason) == (IncidentStatus.WITHDRAWN, "a release with a bug")
    assert state.withdrawn == evidence_of(incident)
    with pytest.raises(LogError, match="review of an incident that is withdrawn"):
        log.review(incident)
    log.add(EntryKind.REPLY, Reply(incident.id, ReplySide.OPERATOR, "AS1", "2016-02", "merci"))
    onset = finding("onset", series(), at("2016-01-05T09"))
    assert revise(state.newest, [onset], country="MA", as_of=NOON, withdrawn=frozenset(state.withdrawn)) == []


def test_evidence_alone_may_be_withdrawn() -> None:
    log = Writing()
    log.add(EntryKind.WITHDRAWAL, Withdrawal("a bug", changepoints=("abc",)))
    assert log.state.withdrawn == {"abc"}
    with pytest.raises(LogError, match="neither"):
        log.add(EntryKind.WITHDRAWAL, Withdrawal("nothing"))


def test_what_nobody_signed_loses_evidence_without_a_correction_of_its_status() -> None:
    """It is told beside it all the same, and what is left is the machine's: here a tombstone."""
    log = Writing()
    incident = log.detect()
    gone = evidence_of(incident)
    log.add(EntryKind.WITHDRAWAL, Withdrawal("a probe was a simulator", changepoints=tuple(gone)))
    state = log.state
    assert state.newest[incident.id] == incident
    assert [each.what.reason for each in state.corrections] == ["a probe was a simulator"]
    (change,) = revise(state.newest, [], country="MA", as_of=NOON, withdrawn=frozenset(state.withdrawn))
    log.add(change.kind, change.incident, signer=MACHINE)
    grave = log.state.newest[incident.id]
    assert (grave.status, grave.reason) == (IncidentStatus.WITHDRAWN, EVIDENCE_GONE)
    assert evidence_of(grave) == gone, "what it said stays readable"


def test_what_was_signed_is_corrected_by_the_loss_of_its_evidence() -> None:
    onsets = [finding("onset", series(operator), at("2016-01-05T09")) for operator in ("AS1", "AS2")]
    (change,) = revise({}, onsets, country="MA", as_of=NOON, facts_of=lambda _: Facts(attribution=ATTRIBUTED))
    log = Writing()
    log.add(change.kind, change.incident, signer=MACHINE)
    log.told(change.incident)
    log.review(change.incident)
    name = change.incident.id
    reason = "its reports were deleted"
    log.add(EntryKind.WITHDRAWAL, Withdrawal(reason, changepoints=(onsets[1].changepoint,)), when=LATER)
    state = log.state
    assert state.newest[name].status is IncidentStatus.CORRECTED
    assert [(each.what.reason, each.line) for each in state.corrections] == [(reason, state.last.n)]  # type: ignore[union-attr]  # there are lines
    (after,) = revise(
        state.newest, onsets, country="MA", as_of=LATER, withdrawn=frozenset(state.withdrawn),
        facts_of=lambda _: Facts(attribution=ATTRIBUTED),
    )  # fmt: skip
    log.add(after.kind, after.incident, signer=MACHINE, when=LATER)
    left = log.state.newest[name]
    assert left.status is IncidentStatus.CORRECTED
    assert [row.series.operator for row in left.spread] == ["AS1"]


def test_an_embargo_fixes_what_it_holds_and_runs_out() -> None:
    log = Writing()
    incident = log.detect()
    hold = Hold(incident.id, 1, LATER, digest_of(incident))
    with pytest.raises(LogError, match=r"body\.digest"):
        log.add(EntryKind.HOLD, msgspec.structs.replace(hold, digest="00"))
    with pytest.raises(LogError, match="no such revision"):
        log.add(EntryKind.HOLD, msgspec.structs.replace(hold, revision=2))
    log.add(EntryKind.HOLD, hold, signer=MACHINE)
    story = log.state.stories[incident.id]
    assert story.held_until(NOON) == LATER
    assert story.held_until(LATER) is None
    assert story.newest == incident, "an embargo changes nothing that is said"
    for until, before in (("2016-01-20T12:00:00Z", "2016-01-19T12:00:00Z"), ("2016-01-11T12:00:00Z", NOON)):
        log.add(EntryKind.HOLD, msgspec.structs.replace(hold, until=until), signer=MACHINE)
        story = log.state.stories[incident.id]
        assert story.held_until(before) == until
    assert story.held_until("2016-01-11T12:00:00Z") is None, "the last said counts: it was ended earlier"


def test_a_notice_is_to_operators_of_the_incident() -> None:
    log = Writing()
    incident = log.detect()
    with pytest.raises(LogError, match="not in the incident: AS7"):
        log.add(EntryKind.NOTICE, Notice(incident.id, 1, ("AS7",), LATER))


def test_nobody_speaks_of_what_is_not_there() -> None:
    log = Writing()
    with pytest.raises(LogError, match=r"line 3: body\.incident: there is no incident MA-1999-01-a"):
        log.add(EntryKind.REPLY, Reply("MA-1999-01-a", ReplySide.REGULATOR, "x", "1999", "x"))


def test_emulated_and_real_incidents_never_share_a_log() -> None:
    log = Writing()
    log.detect()
    emulated = found_incident(instance="morocco-2016")
    with pytest.raises(LogError, match=r"body\.instance"):
        log.add(EntryKind.INCIDENT, emulated, signer=MACHINE)
    for forged in (
        msgspec.structs.replace(emulated, id="MA-2016-01-a"),
        msgspec.structs.replace(found_incident(), id="LAB-MA-2016-01-a"),
    ):
        with pytest.raises(LogError, match=r"body\.id"):
            Writing().add(EntryKind.INCIDENT, forged, signer=MACHINE)


def test_a_closed_observatory_still_owes_replies() -> None:
    log = Writing()
    incident = log.detect()
    log.add(EntryKind.FINAL, Closing("no more money"), signer=MACHINE)
    log.add(EntryKind.REPLY, Reply(incident.id, ReplySide.PROVIDER, "Viber", "2017", "x"))
    log.add(EntryKind.CLAIM_NOTE, ClaimNote("c", "the page is gone", "2017"))
    assert log.state.claim_notes[0].what.claim == "c"
    with pytest.raises(LogError, match="closed in line 4"):
        log.told(incident)


def test_evidence_withdrawn_after_closing_may_be_told_and_nothing_newer() -> None:
    log = Writing()
    incident = log.detect()
    log.add(EntryKind.FINAL, Closing("no more money"), signer=MACHINE)
    log.add(
        EntryKind.WITHDRAWAL, Withdrawal("counted twice", changepoints=(incident.phases[0].changepoints[0],))
    )
    assert log.state.reconsidered
    later = msgspec.structs.replace(incident, revision=2, as_of="2017-01-01T00:00:00Z")
    with pytest.raises(LogError, match="closed in line 4"):
        log.add(EntryKind.INCIDENT, later, signer=MACHINE)
    log.add(EntryKind.INCIDENT, msgspec.structs.replace(incident, revision=2), signer=MACHINE)
    assert log.state.newest[incident.id].revision == 2


def test_each_revision_keeps_its_time_and_stays_what_it_was() -> None:
    log = Writing()
    incident = log.detect()
    log.told(incident)
    log.review(incident)
    story = log.state.stories[incident.id]
    assert [each.revision for each in story.revisions] == [1, 2, 3]
    assert story.revised_at == [NOON, NOON, LATER]
    assert story.revisions[0] == incident
    assert replay([]).newest == {}
