"""What keepers of boycotts do, and what falls due."""

import msgspec
import pytest
from sqlalchemy import text

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import DAY_S, NOW
from tests.site.campaigns.pledging.campaign import (
    BEGINS,
    ENDS,
    ERASED,
    FOUND_NONE,
    boycott,
    link,
    pledge,
    pledge_at_once,
    pledges,
    report,
)
from voipwatch.civic.campaignfile import CampaignError
from voipwatch.civic.publiccounts import first_break
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice, PledgeTurn
from voipwatch.site.campaigns.pledging.section import PledgeSection
from voipwatch.store.civic import boycott_rows
from voipwatch.store.civic.audit_log import audit_rows
from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.civic.petition_rows import LogRow
from voipwatch.store.civic.pledging import PledgeState


@pytest.fixture
def office(pledge_desk: PledgeDesk) -> PledgeOffice:
    return PledgeOffice(pledge_desk, "keeper")


def test_an_id_is_given_once_and_only_to_what_is_ahead(office: PledgeOffice) -> None:
    with pytest.raises(CampaignError, match="there is a boycott of that id"):
        office.create(boycott(), now_s=NOW)
    with pytest.raises(CampaignError, match="begun already"):
        office.create(boycott(id="late"), now_s=BEGINS)


def test_counts_fall_due_and_are_chained(both_pledges: PledgeDesk) -> None:
    desk, office = both_pledges, PledgeOffice(both_pledges, "keeper")
    pledge(desk, range(23))
    assert [office.turn(NOW + each).told for each in (0, 3600, DAY_S)] == [1, 0, 1]
    assert desk.log("silence", PledgeState.KEPT) == [], "nothing of reports before there can be any"
    report(desk, range(12), kept=True)
    assert office.turn(ENDS + 7200).told == 3
    logs = {series: desk.log("silence", series) for series in PledgeState}
    assert {series: [line.count for line in log] for series, log in logs.items()} == {
        PledgeState.DECLARED: [20, 20, 20], PledgeState.KEPT: [10], PledgeState.BROKEN: [0],
    }  # fmt: skip
    assert all(first_break(log) is None for log in logs.values())


def test_from_five_hundred_on_a_count_is_told_by_the_hour(
    pledge_desk: PledgeDesk, office: PledgeOffice
) -> None:  # fmt: skip
    pledge_at_once(pledge_desk, range(503))
    assert [office.turn(NOW + each).told for each in (0, 1800, 3600, 7200)] == [1, 0, 1, 1]


def test_thirty_days_after_reporting_no_digest_is_left(both_pledges: PledgeDesk) -> None:
    desk, office = both_pledges, PledgeOffice(both_pledges, "daemon")
    pledge(desk, range(12))
    assert office.turn(ERASED - 1).erased == ()
    assert len(pledges(desk)) == 12
    assert office.turn(ERASED).erased == ("silence",)
    assert office.turn(ERASED + 1) == PledgeTurn()
    assert pledges(desk) == []
    assert desk.log("silence", PledgeState.DECLARED)[-1].count == 10, "the log stays"


def test_called_off_is_erased_thirty_days_later(pledge_desk: PledgeDesk, office: PledgeOffice) -> None:
    pledge(pledge_desk, range(3))
    assert office.close("silence", now_s=NOW + 1).is_called_off
    assert office.turn(ENDS + 1).told == 1, "of reports nothing is told"
    assert office.turn(NOW + 1 + 30 * DAY_S).erased == ("silence",)


def test_acts_are_in_the_audit_log_and_nobody_who_pledged_is(
    pledge_desk: PledgeDesk, office: PledgeOffice
) -> None:  # fmt: skip
    pledge(pledge_desk, range(1))
    office.observe("silence", FOUND_NONE, now_s=BEGINS)
    office.close("silence", now_s=ENDS)
    office.turn(ENDS + 30 * DAY_S)
    with reading(pledge_desk.desk.engine) as connection:
        told = [(entry.who, entry.act, entry.detail) for entry in audit_rows(connection)]
    assert told == [
        ("tests", "create", ""), ("tests", "create-boycott", ""),
        ("keeper", "observe", "none: Calls <of> our panel"), ("keeper", "close-boycott", ""),
        ("keeper", "erase-pledges", ""),
    ]  # fmt: skip


def test_what_there_is_none_of(office: PledgeOffice) -> None:
    with pytest.raises(CampaignError, match="no such boycott"):
        office.close("none", now_s=NOW)
    with pytest.raises(CampaignError, match="no such boycott"):
        office.export("none", now_s=NOW)


def test_an_export_has_what_is_public_and_refuses_a_changed_log(
    pledge_desk: PledgeDesk, office: PledgeOffice
) -> None:  # fmt: skip
    pledge(pledge_desk, range(12))
    office.turn(NOW)
    exported = office.export("silence", now_s=NOW)
    assert (exported["schema"], exported["declared"]["count"]) == ("voipwatch.pledge-export/1", 10)
    assert exported["texts"]["en"].without == "the operators' <i>calls</i>"
    text = msgspec.json.encode(exported).decode()
    assert "2026-11-06T" in text
    assert text.count("digest") == 1, "of the log's line, and of no pledge"
    with writing(pledge_desk.desk.engine) as connection:
        line = LogRow(2, "0" * 64, "2026-11-09T00:00:00Z", 900, "0" * 64)
        boycott_rows.add_line(connection, "silence", "declared", line)
    with pytest.raises(CampaignError, match="declared: line 2 does not follow"):
        office.export("silence", now_s=NOW)


DAMAGE = [
    "UPDATE boycotts SET document = '[]' WHERE id = 'silence'",
    (
        "UPDATE boycotts SET document = replace(document, 'Africa/Casablanca', 'Atlantis/Poseidon')"
        " WHERE id = 'silence'"
    ),
    "UPDATE boycotts SET document = replace(document, '2026-11-16T', '2026-11-13T') WHERE id = 'silence'",
    "UPDATE pledge_log SET at = '' WHERE boycott = 'silence'",
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_row_is_said_and_stops_no_other(both_pledges: PledgeDesk, damage: str) -> None:
    desk, office = both_pledges, PledgeOffice(both_pledges, "keeper")
    office.create(boycott(id="other"), now_s=NOW)
    office.turn(NOW)
    with writing(desk.desk.engine) as connection:
        connection.execute(text(damage.replace(":", "\\:")))
    with pytest.raises(DatabaseError, match=r"damaged: .*newer release"):
        desk.told("silence")
    app = CampaignsApp(desk.desk, lambda: float(NOW), {"pledge": PledgeSection(desk)})
    assert call(app, "GET", "/campaigns/en/pledge/silence/").status == 503
    assert call(app, "GET", "/campaigns/api/pledge/silence.json").status == 503
    assert call(app, "GET", "/campaigns/en/pledge/").status == 200
    assert call(app, "GET", "/campaigns/api/pledge/other.json").status == 200
    turn = office.turn(NOW + DAY_S)
    assert (turn.told, len(turn.damaged)) == (1, 1)


def test_a_damaged_pledge_is_said(both_pledges: PledgeDesk) -> None:
    pledge(both_pledges, range(2))
    with writing(both_pledges.desk.engine) as connection:
        connection.execute(text("UPDATE pledges SET state = 'doubled'"))
    app = CampaignsApp(both_pledges.desk, lambda: float(NOW), {"pledge": PledgeSection(both_pledges)})
    assert call(app, "GET", f"/campaigns/en/pledge/silence/mine/{link(1)}").status == 503
    assert PledgeOffice(both_pledges, "keeper").turn(NOW).damaged == (
        "pledges of silence: a state is none that is known",
    )
