"""The wall over HTTP: the warning before the form, consent, the same answer to every code, for no engine."""

import re
from html import unescape

import pytest

from tests.site.campaigns.calling import Answered, call
from tests.site.campaigns.instance import NOW, rows
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.mounting import sections_of
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
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
    assert '<a href="https://one.example/" rel="nofollow noreferrer ugc" dir="auto">' in shown.text
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


def test_what_is_no_page_of_it(app: CampaignsApp) -> None:
    for method, path in (("POST", ""), ("GET", "x"), ("GET", "enrol/x"), ("GET", "leave/"), ("POST", "x")):
        form: dict[str, str] | None = {} if method == "POST" else None
        assert call(app, method, f"/campaigns/en/wall/{path}", form).status == 404


def test_a_form_of_another_site_enrols_nobody(app: CampaignsApp, walled: Desk) -> None:
    found = call(app, "POST", "/campaigns/en/wall/enrol", FORM, origin="https://evil.example")
    assert (found.status, rows(walled, "wall_sites")) == (403, 0)
