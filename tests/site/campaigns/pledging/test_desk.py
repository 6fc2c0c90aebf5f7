"""Who pledges, reports and takes back, with both databases."""

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
