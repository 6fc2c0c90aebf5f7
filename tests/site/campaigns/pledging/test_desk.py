"""Who pledges, reports and takes back, with both databases."""

import msgspec
import pytest

from tests.site.campaigns.instance import NOW
from tests.site.campaigns.pledging.campaign import (
    BEGINS,
    ENDS,
    ERASED,
    REPORTS_END,
    boycott,
    pledge,
    pledges,
    report,
    token,
)
from voipwatch.civic.boycotts import with_closing
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.pledging.desk import Outcome, PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.store.civic.pledging import PledgeRow, PledgeState


def test_a_pledge_from_its_form_to_its_end(both_pledges: PledgeDesk) -> None:
    desk, own = both_pledges, token(1)
    assert desk.pledge(boycott(), own) is None
    assert desk.declare(boycott(), own, now_s=NOW) is Outcome.DECLARED
    assert desk.declare(boycott(), own, now_s=NOW + 86_400) is Outcome.DECLARED, "the form sent twice"
    assert pledges(desk) == [("2026-11-06", "declared")]
    assert desk.report(boycott(), own, kept=True, now_s=ENDS) is Outcome.REPORTED
    assert desk.report(boycott(), own, kept=False, now_s=REPORTS_END - 1) is Outcome.REPORTED, "mended"
    assert desk.pledge(boycott(), own) == PledgeRow("2026-11-06", PledgeState.BROKEN)
    assert desk.take_back(boycott(), own, now_s=ERASED - 1) is Outcome.TAKEN_BACK
    assert desk.take_back(boycott(), own, now_s=ERASED - 1) is Outcome.NO_PLEDGE
    assert pledges(desk) == []


def test_what_is_kept_is_no_token(pledge_desk: PledgeDesk) -> None:
    own = bytes(range(200, 216))
    pledge_desk.declare(boycott(), own, now_s=NOW)
    held = b"".join(each.read_bytes() for each in (pledge_desk.desk.campaigns.folder / "db").iterdir())
    assert own not in held
    assert own.hex().encode() not in held


@pytest.mark.parametrize("now_s", [BEGINS, ENDS - 1, ENDS, REPORTS_END, ERASED])
def test_nobody_pledges_once_it_began(pledge_desk: PledgeDesk, now_s: int) -> None:
    assert pledge_desk.declare(boycott(), token(1), now_s=now_s) is Outcome.TOO_LATE
    assert pledges(pledge_desk) == []


@pytest.mark.parametrize("now_s", [NOW, BEGINS, ENDS - 1, REPORTS_END])
def test_nobody_reports_before_the_end_or_after_the_reporting(pledge_desk: PledgeDesk, now_s: int) -> None:
    pledge(pledge_desk, range(1))
    assert pledge_desk.report(boycott(), token(0), kept=True, now_s=now_s) is Outcome.NOT_NOW
    assert pledges(pledge_desk) == [("2026-11-06", "declared")]


def test_nobody_reports_who_never_pledged(pledge_desk: PledgeDesk) -> None:
    assert pledge_desk.report(boycott(), token(7), kept=True, now_s=ENDS) is Outcome.NO_PLEDGE
    assert pledge_desk.take_back(boycott(), token(7), now_s=ENDS) is Outcome.NO_PLEDGE
    assert pledges(pledge_desk) == []


def test_called_off_takes_no_pledge_and_no_report(pledge_desk: PledgeDesk) -> None:
    pledge(pledge_desk, range(1))
    off = with_closing(boycott(), NOW + 1)
    assert pledge_desk.declare(off, token(1), now_s=NOW + 2) is Outcome.TOO_LATE
    assert pledge_desk.report(off, token(0), kept=True, now_s=ENDS) is Outcome.NOT_NOW
    assert pledge_desk.take_back(off, token(0), now_s=ENDS) is Outcome.TAKEN_BACK


def test_turnout_is_told_after_the_window_and_of_told_counts_alone(pledge_desk: PledgeDesk) -> None:
    office = PledgeOffice(pledge_desk, "tests")
    pledge(pledge_desk, range(64))
    office.turn(NOW)
    before = pledge_desk.told("silence")
    assert before is not None
    assert [before.count(series) for series in PledgeState] == [60, 0, 0]
    assert [before.turnout(each) for each in (NOW, BEGINS, ENDS - 1)] == [None, None, None]
    assert before.turnout(ENDS) is None, "no report was told yet"
    office.turn(BEGINS)
    report(pledge_desk, range(23), kept=True)
    report(pledge_desk, range(23, 34), kept=False)
    office.turn(ENDS + 7200)
    told = pledge_desk.told("silence")
    assert told is not None
    assert [told.count(series) for series in PledgeState] == [60, 20, 10]
    found = told.turnout(ENDS + 7200)
    assert found is not None
    assert (found.bounds.low, found.bounds.high) == pytest.approx((20 / 69, 59 / 69))
    assert told.turnout(ENDS - 1) is None


def test_turnout_is_of_the_count_that_was_told_when_the_window_had_begun(both_pledges: PledgeDesk) -> None:
    """By hand: 64 pledged, and 60 is told at the opening: 60..69. 23 kept and 11 did not: 20..29 and 10..19.
    So at least 20 of 69 and at most 59 of 69 were kept. Then 30 of those who are silent take theirs back:
    34 are left, and 20 of 39 would be 51 % where 28.9 % was told before. It stays 20 of 69.
    """
    desk, office = both_pledges, PledgeOffice(both_pledges, "tests")
    pledge(desk, range(25))
    office.turn(NOW)
    pledge(desk, range(25, 64))
    for now_s in (BEGINS, BEGINS + 86_400):
        office.turn(now_s)
    report(desk, range(23), kept=True)
    report(desk, range(23, 34), kept=False)
    office.turn(ENDS + 7200)
    for number in range(34, 64):
        assert desk.take_back(boycott(), token(number), now_s=ENDS + 7200) is Outcome.TAKEN_BACK
    office.turn(ENDS + 2 * 86_400)
    told = desk.told("silence")
    assert told is not None
    assert told.opening is not None
    assert (told.opening.n, told.opening.count, told.count(PledgeState.DECLARED)) == (2, 60, 30)
    found = told.turnout(ENDS + 2 * 86_400)
    assert found is not None
    assert (found.bounds.low, found.bounds.high) == pytest.approx((20 / 69, 59 / 69))
    assert found.if_alike is not None
    # Clopper and Pearson of 20 among 39, and of 29 among 39: [35.0 %, 67.6 %] and [58.0 %, 87.0 %]; 30 silent
    # of 69.
    assert found.if_alike.low == pytest.approx((20 + 0.3478 * 30) / 69, abs=1e-3)
    assert found.if_alike.high == pytest.approx((29 + 0.8696 * 30) / 69, abs=1e-3)


def test_a_count_from_before_the_opening_is_no_base_of_turnout(pledge_desk: PledgeDesk) -> None:
    """Told at the opening, though its day had a count already; until then nothing is said."""
    office = PledgeOffice(pledge_desk, "tests")
    pledge(pledge_desk, range(64))
    assert office.turn(BEGINS - 1).told == 1
    before = pledge_desk.told("silence")
    assert before is not None
    assert before.opening is None
    assert [office.turn(BEGINS + each).told for each in (0, 1)] == [1, 0]
    report(pledge_desk, range(23), kept=True)
    office.turn(ENDS - 1)
    told = pledge_desk.told("silence")
    assert told is not None
    assert told.opening is not None
    assert (told.opening.at, told.opening.count) == (iso(BEGINS), 60)


def test_who_had_a_whole_window_to_take_back_makes_no_turnout(pledge_desk: PledgeDesk) -> None:
    """Where nothing ran while the window lasted: of how many they are, nobody saw in time."""
    office = PledgeOffice(pledge_desk, "tests")
    pledge(pledge_desk, range(64))
    office.turn(BEGINS - 1)
    report(pledge_desk, range(23), kept=True)
    office.turn(ENDS)
    late = pledge_desk.told("silence")
    assert late is not None
    assert (late.opening is not None, late.turnout(ENDS)) == (True, None)


def test_without_an_opening_there_is_no_turnout(pledge_desk: PledgeDesk) -> None:
    office = PledgeOffice(pledge_desk, "tests")
    pledge(pledge_desk, range(64))
    office.turn(BEGINS)
    report(pledge_desk, range(23), kept=True)
    office.turn(ENDS + 7200)
    told = pledge_desk.told("silence")
    assert told is not None
    assert told.turnout(ENDS + 7200) is not None
    assert msgspec.structs.replace(told, opening=None).turnout(ENDS + 7200) is None


def test_a_form_sent_again_after_its_pledge_was_taken_back_makes_none(both_pledges: PledgeDesk) -> None:
    desk, own = both_pledges, token(1)
    pledge(desk, range(3))
    assert desk.take_back(boycott(), own, now_s=NOW) is Outcome.TAKEN_BACK
    assert desk.declare(boycott(), own, now_s=NOW) is Outcome.SPENT
    assert desk.pledge(boycott(), own) is None
    assert desk.take_back(boycott(), own, now_s=NOW) is Outcome.NO_PLEDGE
    assert sorted(pledges(desk)) == [("", "spent"), ("2026-11-06", "declared"), ("2026-11-06", "declared")]
    office = PledgeOffice(desk, "tests")
    office.turn(BEGINS - 1)
    assert len(pledges(desk)) == 3
    office.turn(BEGINS)
    assert pledges(desk) == [("2026-11-06", "declared")] * 2, "no form makes any: nothing spent is kept"
    assert desk.take_back(boycott(), token(0), now_s=BEGINS) is Outcome.TAKEN_BACK
    assert pledges(desk) == [("2026-11-06", "declared")], "nor is it from then on"


def test_of_what_was_called_off_no_turnout_is_told(pledge_desk: PledgeDesk) -> None:
    office = PledgeOffice(pledge_desk, "tests")
    pledge(pledge_desk, range(64))
    office.close("silence", now_s=BEGINS + 1)
    office.turn(ENDS)
    told = pledge_desk.told("silence")
    assert told is not None
    assert told.count(PledgeState.DECLARED) == 60
    assert told.turnout(ENDS + 1) is None
    assert pledge_desk.told("none") is None
