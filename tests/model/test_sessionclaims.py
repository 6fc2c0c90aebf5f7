"""Whose a session is: worked cases, and what holds whatever comes in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.model.sessionclaims import Claim, RegisterAwayError, Row, Verdict, Word, settle


def claim(report: str, *sessions: str, body: str = "b1", owner: bytes = b"o", at_s: float = 5.0) -> Claim:
    return Claim(report, sessions, owner, body, at_s)


def test_a_session_is_the_first_reports() -> None:
    settled = settle([claim("r1", "s1", "s2"), claim("r2", "s2", "s3"), claim("r3", "s3")], {}, {})
    assert [verdict.word for verdict in settled.verdicts] == [Word.WRITE, Word.TAKEN, Word.WRITE]
    assert [each.report_id for each in settled.added] == ["r1", "r3"]


def test_of_an_earlier_report_it_stays_that_ones() -> None:
    settled = settle([claim("r2", "s1")], {"s1": "r1"}, {})
    assert (settled.verdicts, settled.added) == ([Verdict(Word.TAKEN)], [])


def test_a_report_that_was_claimed_and_maybe_never_written_is_taken_again_as_it_was() -> None:
    settled = settle([claim("r1", "s1", at_s=9.0)], {"s1": "r1"}, {"r1": Row(b"o", "b1", 5.0)})
    assert settled.verdicts == [Verdict(Word.WRITE, "b1", 5.0)]
    assert settled.added == settled.replaced == []


def test_with_other_bytes_what_is_written_now_counts() -> None:
    other = claim("r1", "s1", body="b2", at_s=9.0)
    settled = settle([other, claim("r1", "s1", body="b3")], {"s1": "r1"}, {"r1": Row(b"o", "b1", 5.0)})
    assert settled.verdicts == [Verdict(Word.WRITE, "b2", 9.0)] * 2
    assert settled.replaced == [other]


def test_what_is_written_is_not_written_again() -> None:
    rows = {"r1": Row(b"o", "b1", 5.0, written=True)}
    for body in ("b1", "b2"):
        settled = settle([claim("r1", "s1", body=body, at_s=9.0)], {"s1": "r1"}, rows)
        assert settled.verdicts == [Verdict(Word.WRITTEN, "b1", 5.0)]


def test_another_sender_gets_no_receipt_for_it() -> None:
    for written in (False, True):
        rows = {"r1": Row(b"o", "b1", 5.0, written=written)}
        assert settle([claim("r1", "s1", owner=b"x")], {"s1": "r1"}, rows).verdicts == [Verdict(Word.TAKEN)]


def test_what_was_deleted_stays_deleted() -> None:
    rows = {"r1": Row(b"o", "b1", 5.0, written=True, deleted=True)}
    assert settle([claim("r1", "s1")], {"s1": "r1"}, rows).verdicts == [Verdict(Word.DELETED)]


REPORTS = st.sets(st.sampled_from("abcd"), min_size=1).map(
    lambda found: claim("".join(found), *sorted(found))
)


@given(st.lists(REPORTS, max_size=12))
def test_no_session_is_in_two_written_reports(claims: list[Claim]) -> None:
    settled = settle(claims, {}, {})
    written = {each.report_id: each for each, verdict in zip(claims, settled.verdicts, strict=True)
               if verdict.word is Word.WRITE}  # fmt: skip
    sessions = [session for each in written.values() for session in each.sessions]
    assert len(sessions) == len(set(sessions))
    assert [each.report_id for each in settled.added] == list(written)
    again = settle(claims, {s: r for r, each in written.items() for s in each.sessions},
                   {r: Row(b"o", "b1", 5.0) for r in written})  # fmt: skip
    assert [verdict.word for verdict in again.verdicts] == [verdict.word for verdict in settled.verdicts]


def test_an_absence_says_why() -> None:
    assert str(RegisterAwayError("unreachable", "OperationalError")) == "unreachable: OperationalError"
    assert RegisterAwayError("day").reason == str(RegisterAwayError("day")) == "day"
