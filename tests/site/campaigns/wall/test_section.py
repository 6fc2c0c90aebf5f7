"""The wall over HTTP: the warning before the form, consent, the same answer to every code, for no engine."""

import re
from html import unescape

import pytest

from tests.site.campaigns.calling import Answered, call
from tests.site.campaigns.instance import NOW, rows
from voipwatch.civic import wallplaces
from voipwatch.civic.wall import parse_page
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.mounting import sections_of
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.site.campaigns.wall.section import NETWORK_MAX
from voipwatch.site.words import LANGUAGES, words

FORM = {"page": "https://one.example/", "consent": "yes", "website": ""}


@pytest.fixture
def app(walled: Desk) -> CampaignsApp:
    return CampaignsApp(walled, lambda: float(NOW), sections_of(walled))


def enrol(app: CampaignsApp, **changes: str) -> Answered:
    return call(app, "POST", "/campaigns/en/wall/enrol", FORM | changes)


def told(found: Answered) -> list[str]:
    """What stands to be copied: the element, the mark, the code."""
    return [unescape(each) for each in re.findall(r"<code>(.*?)</code>", found.text)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", ["", "enrol", "leave"])
def test_no_page_is_for_search_engines_or_asks_for_script_or_cookie(
    app: CampaignsApp, lang: str, path: str
) -> None:
    found = call(app, "GET", f"/campaigns/{lang}/wall/{path}")
    assert found.status == 200
    assert found.headers["x-robots-tag"] == "noindex, noarchive"
    assert '<meta name="robots" content="noindex">' in found.text
    assert "<script" not in found.text
    assert "set-cookie" not in found.headers
    assert f'href="/campaigns/fr/wall/{path}"' in found.text


def test_the_warning_stands_before_the_form_and_the_box_is_empty(app: CampaignsApp) -> None:
    page = call(app, "GET", "/campaigns/fr/wall/enrol").text
    form = page.index("<form")
    for key in ("public", "opinion", "traffic", "copies", "own", "doubt"):
        text = words("fr").plain(f"wall.warning.{key}").replace("'", "&#39;")
        assert page.index(text) < form
    assert "checked" not in page


def test_a_look_at_the_form_enrols_nobody_and_consent_must_be_given(app: CampaignsApp, walled: Desk) -> None:
    call(app, "GET", "/campaigns/en/wall/enrol")
    for changes in ({"consent": ""}, {"consent": "on"}, {"website": "x"}):
        found = enrol(app, **changes)
        assert found.status == 422
        assert words("en").plain("wall.fault.consent") in found.text
        assert found.headers["x-robots-tag"] == "noindex, noarchive"
    assert rows(walled, "wall_sites") == 0
    assert enrol(app).status == 200
    assert rows(walled, "wall_sites") == 1


def test_from_enrolment_to_leaving(app: CampaignsApp, walled: Desk) -> None:
    found = enrol(app)
    element, mark, code = told(found)
    assert element == f'<meta name="voipwatch-supporter" content="{mark}">'
    assert found.headers["cache-control"] == "no-store"
    wall = Wall(walled)
    assert "one.example" not in call(app, "GET", "/campaigns/en/wall/").text
    page = wall.take_due(NOW)
    assert page is not None
    wall.note(page, Looked(None, PageSays(True, frozenset({mark}))), now_s=NOW)
    shown = call(app, "GET", "/campaigns/en/wall/")
    assert '<a href="https://one.example/" rel="nofollow noopener noreferrer ugc" dir="auto">' in shown.text
    assert mark not in shown.text
    call(app, "GET", "/campaigns/en/wall/leave")
    call(app, "POST", "/campaigns/en/wall/leave", {"code": mark})
    assert rows(walled, "wall_sites") == 1
    call(app, "POST", "/campaigns/en/wall/leave", {"code": code})
    assert rows(walled, "wall_sites") == 0
    assert "one.example" not in call(app, "GET", "/campaigns/en/wall/").text


def test_every_code_gets_the_same_answer(app: CampaignsApp) -> None:
    code = told(enrol(app))[2]
    answers = [
        call(app, "POST", "/campaigns/ar/wall/leave", {"code": each}) for each in (code, code, "", "x", "é\1")
    ]
    answers.append(call(app, "POST", "/campaigns/ar/wall/leave", {}))
    assert {(each.status, each.body, tuple(sorted(each.headers.items()))) for each in answers} == {
        (200, answers[0].body, tuple(sorted(answers[0].headers.items())))
    }
    assert words("ar").plain("wall.left.text") in answers[0].text


@pytest.mark.parametrize("page", ["", "http://127.0.0.1/", "https://one.example:8443/", "x" * 600,
                                  'https://"><script>alert(1)</script>/', "https://gmаil.com/"])  # fmt: skip
def test_what_is_no_page_gets_the_form_back_with_what_was_wrong(
    app: CampaignsApp, walled: Desk, page: str
) -> None:
    found = enrol(app, page=page)
    assert found.status == 422
    assert 'role="alert"' in found.text
    assert "<script>" not in found.text
    assert rows(walled, "wall_sites") == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_network_that_enrols_more_than_ten_pages_is_told_what_to_do(
    app: CampaignsApp, walled: Desk, lang: str
) -> None:
    def ask(number: int, client: str) -> Answered:
        form = FORM | {"page": f"https://h{number}.example/"}
        return call(app, "POST", f"/campaigns/{lang}/wall/enrol", form, client=client)

    assert {ask(number, f"192.0.2.{number}").status for number in range(NETWORK_MAX)} == {200}
    found = ask(99, "192.0.2.200")
    assert found.status == 429
    assert words(lang).plain("wall.fault.network") in unescape(found.text)
    assert rows(walled, "wall_sites") == NETWORK_MAX
    assert ask(100, "198.51.100.1").status == 200
    # What one household, or one who rents a tunnel, has of IPv6 is one network.
    assert {ask(200 + n, f"2001:db8:1:{n:x}::1").status for n in range(NETWORK_MAX)} == {200}
    assert ask(300, "2001:db8:1:ffff::1").status == 429


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_finds_no_place_is_told_what_to_do(
    app: CampaignsApp, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wallplaces, "WAITING_MAX", 1)
    assert enrol(app).status == 200
    found = call(app, "POST", f"/campaigns/{lang}/wall/enrol", FORM | {"page": "https://two.example/"})
    assert found.status == 503
    assert words(lang).plain("wall.fault.full") in unescape(found.text)
    assert "https://site/" in found.text


def test_what_nobody_looked_at_for_a_day_is_off_the_page_whatever_its_row_says(walled: Desk) -> None:
    now = [float(NOW)]
    app = CampaignsApp(walled, lambda: now[0], sections_of(walled))
    mark = told(enrol(app))[1]
    wall = Wall(walled)
    wall.note(parse_page("https://one.example/"), Looked(None, PageSays(True, frozenset({mark}))), now_s=NOW)
    counts = []
    for hours in (0, 12, 23):
        now[0] = NOW + hours * 3600
        page = call(app, "GET", "/campaigns/en/wall/").text
        counts.append(("one.example" in page, words("en").plain("wall.number", n=1) in page))
    assert counts == [(True, True), (True, True), (False, False)]
    assert rows(walled, "wall_sites") == 1


def test_what_is_no_page_of_it(app: CampaignsApp) -> None:
    for method, path in (("POST", ""), ("GET", "x"), ("GET", "enrol/x"), ("GET", "leave/"), ("POST", "x")):
        form: dict[str, str] | None = {} if method == "POST" else None
        assert call(app, method, f"/campaigns/en/wall/{path}", form).status == 404


def test_a_form_of_another_site_enrols_nobody(app: CampaignsApp, walled: Desk) -> None:
    found = call(app, "POST", "/campaigns/en/wall/enrol", FORM, origin="https://evil.example")
    assert (found.status, rows(walled, "wall_sites")) == (403, 0)
