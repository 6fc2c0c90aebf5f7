"""Boycotts over HTTP."""

import re
from collections.abc import Iterator

import icalendar
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.site.campaigns.calling import Answered, call
from tests.site.campaigns.instance import NOW, folder_of
from tests.site.campaigns.pledging.campaign import BEGINS, ENDS, REPORTS_END, keep, link, pledge, pledges
from tests.support.clock import Clock
from voipwatch.civic.publiccounts import CountLine, first_break
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.pledging.section import PledgeSection
from voipwatch.site.words import LANGUAGES, words

BASE = "/campaigns/en/pledge/silence/"
DECLARE, MINE = f"{BASE}declare", f"{BASE}mine/"


@pytest.fixture
def app(pledge_desk: PledgeDesk, clock: Clock) -> CampaignsApp:
    return CampaignsApp(pledge_desk.desk, clock, {"pledge": PledgeSection(pledge_desk)})


def form_of(page: Answered) -> dict[str, str]:
    """What the page's own form would send, ticked."""
    token = re.search(r'name="token" type="hidden" value="([^"]+)"', page.text)
    assert token
    return {"token": token[1], "consent": "yes", "website": ""}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_person_pledges_reports_and_takes_it_back_without_a_script(
    app: CampaignsApp, pledge_desk: PledgeDesk, clock: Clock, lang: str
) -> None:
    page = call(app, "GET", f"/campaigns/{lang}/pledge/silence/")
    (action,) = re.findall(r'<a class="act" href="([^"]+)"', page.text)
    form = call(app, "GET", action)
    assert (form.status, form.headers["cache-control"], pledges(pledge_desk)) == (200, "no-store", [])
    done = call(app, "POST", action, form_of(form))
    assert (done.status, done.headers["cache-control"]) == (200, "no-store")
    assert len(pledges(pledge_desk)) == 1
    (own,) = re.findall(
        rf"https://watch\.example(/campaigns/{lang}/pledge/silence/mine/[\w-]{{22}})<", done.text
    )
    assert call(app, "GET", own).status == 200
    assert call(app, "POST", own, {"kept": "yes"}).status == 409, "not before the end"
    clock.now_s = ENDS
    shown = call(app, "GET", own)
    assert re.findall(r'name="kept" value="(\w+)"', shown.text) == ["yes", "no"]
    assert call(app, "POST", own, {"kept": "yes"}).status == 200
    assert call(app, "POST", own, {"kept": "no"}).status == 200
    assert pledges(pledge_desk) == [("2026-11-06", "broken")]
    clock.now_s = REPORTS_END
    assert call(app, "POST", own, {"kept": "yes"}).status == 409
    assert call(app, "POST", f"{own}/revoke", {}).status == 200
    assert pledges(pledge_desk) == []
    assert call(app, "GET", own).status == 404
    assert call(app, "POST", f"{own}/revoke", {}).status == 404


def test_the_same_form_twice_is_one_pledge_and_two_forms_are_two(
    app: CampaignsApp, pledge_desk: PledgeDesk
) -> None:
    first, second = call(app, "GET", DECLARE), call(app, "GET", DECLARE)
    assert form_of(first) != form_of(second)
    answers = [call(app, "POST", DECLARE, form_of(first)).body for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(pledges(pledge_desk)) == 1
    call(app, "POST", DECLARE, form_of(second))
    assert len(pledges(pledge_desk)) == 2, "one person may pledge twice, as the page says"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_sent_again_after_taking_back_is_refused_and_says_so(
    app: CampaignsApp, pledge_desk: PledgeDesk, lang: str
) -> None:
    action = f"/campaigns/{lang}/pledge/silence/declare"
    form = form_of(call(app, "GET", action))
    assert call(app, "POST", action, form).status == 200
    assert call(app, "POST", f"{BASE}mine/{form['token']}/revoke", {}).status == 200
    again = call(app, "POST", action, form)
    assert again.status == 409
    assert words(lang).plain("pledge.spent.heading") in again.text
    assert form["token"] not in again.text
    assert [state for _, state in pledges(pledge_desk)] == ["spent"]
    assert call(app, "GET", f"{BASE}mine/{form['token']}").status == 404


def test_a_get_changes_nothing(app: CampaignsApp, pledge_desk: PledgeDesk, clock: Clock) -> None:
    pledge(pledge_desk, range(1))
    clock.now_s = ENDS
    for path in ("", "declare", f"mine/{link(0)}", f"mine/{link(0)}/revoke"):
        for method in ("HEAD", "GET"):
            call(app, method, BASE + path)
    assert pledges(pledge_desk) == [("2026-11-06", "declared")]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"consent": ""}, 422), ({"token": ""}, 400), ({"token": "A" * 21}, 400), ({"token": "A" * 23}, 400),
        ({"token": "é" * 22}, 400), ({"website": "https://x.example"}, 400),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_taken(
    app: CampaignsApp, pledge_desk: PledgeDesk, change: dict[str, str], status: int
) -> None:
    form = form_of(call(app, "GET", DECLARE)) | change
    assert call(app, "POST", DECLARE, form).status == status
    assert pledges(pledge_desk) == []


def test_a_form_of_another_site_is_refused(app: CampaignsApp, pledge_desk: PledgeDesk) -> None:
    form = form_of(call(app, "GET", DECLARE))
    assert call(app, "POST", DECLARE, form, origin="https://evil.example").status == 403
    assert pledges(pledge_desk) == []


def test_nobody_pledges_once_it_began(app: CampaignsApp, pledge_desk: PledgeDesk, clock: Clock) -> None:
    form = form_of(call(app, "GET", DECLARE))
    clock.now_s = BEGINS
    assert call(app, "GET", DECLARE).status == 409
    assert call(app, "POST", DECLARE, form).status == 409
    assert pledges(pledge_desk) == []


def test_guessed_links_report_nothing(app: CampaignsApp, pledge_desk: PledgeDesk, clock: Clock) -> None:
    pledge(pledge_desk, range(1))
    clock.now_s = ENDS
    for guess in (link(1), "x", "B" * 22, "%00"):
        assert call(app, "GET", MINE + guess).status == 404
        assert call(app, "POST", MINE + guess, {"kept": "yes"}).status == 404
        assert call(app, "POST", f"{MINE}{guess}/revoke", {}).status == 404
    assert call(app, "POST", MINE + link(0), {"kept": "perhaps"}).status == 400
    assert pledges(pledge_desk) == [("2026-11-06", "declared")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/campaigns/en/pledge/", 200),
        ("POST", "/campaigns/en/pledge/", 404),
        ("GET", "/campaigns/en/pledge/none/", 404),
        ("GET", "/campaigns/en/pledge/silence", 404),
        ("GET", BASE, 200),
        ("POST", BASE, 404),
        ("GET", f"{BASE}nothing", 404),
        ("GET", f"{BASE}mine", 404),
        ("GET", f"{BASE}mine/x/revoke", 404),
        ("GET", f"{BASE}reminder.ics", 200),
        ("POST", f"{BASE}reminder.ics", 404),
        ("GET", "/campaigns/api/pledge/silence.json", 200),
        ("POST", "/campaigns/api/pledge/silence.json", 405),
        ("GET", "/campaigns/api/pledge/silence", 404),
        ("GET", "/campaigns/api/pledge/none.json", 404),
        ("GET", "/campaigns/api/pledge/", 404),
    ],
)
def test_paths(app: CampaignsApp, method: str, path: str, status: int) -> None:
    found = call(app, method, path, {} if method == "POST" else None)
    assert found.status == status
    assert found.headers["referrer-policy"] == "no-referrer"
    assert "script" not in found.headers["content-security-policy"]
    assert "set-cookie" not in found.headers


def test_the_reminder_is_the_same_for_everybody(app: CampaignsApp) -> None:
    found = call(app, "GET", f"{BASE}reminder.ics")
    assert found.headers["content-type"] == "text/calendar; charset=utf-8"
    assert found.headers["content-disposition"] == 'attachment; filename="silence.ics"'
    assert found.body == call(app, "GET", f"{BASE}reminder.ics").body
    (event,) = icalendar.Calendar.from_ical(found.body).walk("VEVENT")
    assert event.decoded("DTSTART").timestamp() == BEGINS
    assert event.decoded("DTEND").timestamp() == ENDS


def test_figures_are_public_and_their_logs_hold(app: CampaignsApp, pledge_desk: PledgeDesk) -> None:
    pledge(pledge_desk, range(12))
    PledgeOffice(pledge_desk, "tests").turn(NOW)
    found = call(app, "GET", "/campaigns/api/pledge/silence.json")
    assert found.headers["access-control-allow-origin"] == "*"
    document = msgspec.json.decode(found.body)
    assert (document["declared"]["count"], document["turnout"]) == (10, None)
    for series in ("declared", "kept", "broken"):
        assert first_break(msgspec.convert(document["logs"][series], list[CountLine])) is None
    assert len(document["logs"]["declared"]) == 1


def test_a_database_that_is_gone_is_said(app: CampaignsApp, desk: Desk) -> None:
    desk.engine.dispose()
    (desk.campaigns.folder / "db" / "civic.sqlite").write_bytes(b"no database" * 400)
    assert call(app, "GET", BASE).status == 503


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PledgeDesk]:
    desk = PledgeDesk(Desk(folder_of(tmp_path_factory.mktemp("made") / "c"), upgrade=True))
    keep(desk)
    yield desk
    desk.desk.close()


@given(st.sampled_from(["GET", "POST", "HEAD"]), st.text(max_size=60), st.binary(max_size=80))
def test_whatever_is_asked_is_answered(made: PledgeDesk, method: str, path: str, body: bytes) -> None:
    app = CampaignsApp(made.desk, Clock(NOW), {"pledge": PledgeSection(made)})
    for prefix in ("/campaigns/en/pledge/", BASE, MINE, "/campaigns/api/pledge/", DECLARE):
        assert call(app, method, prefix + path, body=body).status < 500
    assert pledges(made) == []
