"""Petitions over HTTP."""

import html
import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import (
    CLOSES,
    DAY_S,
    NOW,
    OPENS,
    confirm_token,
    folder_of,
    opened,
    rows,
    sign,
    signed,
)
from tests.support.clock import Clock
from voipwatch.civic.keyed import TokenUse, address_hash, token
from voipwatch.civic.publiccounts import CountLine, first_break
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.words import LANGUAGES, Name, words

SIGN, REVOKE = "/campaigns/en/calls/sign", "/campaigns/en/calls/revoke"


@pytest.fixture
def app(desk: Desk, clock: Clock) -> CampaignsApp:
    return CampaignsApp(desk, clock)


def ask(app: CampaignsApp, address: str, **more: str) -> tuple[int, bytes]:
    found = call(app, "POST", SIGN, {"email": address, "consent": "yes"} | more)
    return found.status, found.body


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_was_erased_before_it_opened_has_no_form_and_takes_nothing(
    app: CampaignsApp, desk: Desk, lang: str
) -> None:
    Office(desk, "tests").erase("calls", now_s=OPENS - 5)
    page = call(app, "GET", f"/campaigns/{lang}/calls/")
    assert (page.status, re.findall(r"<form", page.text)) == (200, [])
    assert html.escape(words(lang).plain("petition.count.erased"), quote=False) in page.text
    assert f"/campaigns/{lang}/calls/revoke" not in page.text
    assert ask(app, "a@example.org")[0] == 409
    assert (rows(desk, "pending"), rows(desk, "outbox")) == (0, 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_person_signs_and_takes_it_back_without_a_script(app: CampaignsApp, desk: Desk, lang: str) -> None:
    page = call(app, "GET", f"/campaigns/{lang}/calls/")
    assert page.status == 200
    action = re.findall(r'action="([^"]+)"', page.text)
    assert action == [f"/campaigns/{lang}/calls/sign"]
    assert call(app, "POST", action[0], {"email": "a@example.org", "consent": "yes"}).status == 200
    link = f"/campaigns/{lang}/calls/confirm/{confirm_token(desk, 'a@example.org')}"
    shown = call(app, "GET", link)
    assert (shown.status, signed(desk)) == (200, 0)
    assert re.findall(r'action="([^"]+)"', shown.text) == [link]
    assert call(app, "POST", link, {"name": "Amina", "public": "yes"}).status == 200
    assert signed(desk) == 1
    assert call(app, "GET", link).status == 410
    assert call(app, "POST", link, {}).status == 410
    pepper = desk.peppers.of("calls")
    assert pepper is not None
    back = token(pepper, "calls", TokenUse.REVOKE, address_hash(pepper, "calls", "a@example.org"))
    link = f"/campaigns/{lang}/calls/revoke/{back}"
    assert call(app, "GET", link).status == 200
    assert signed(desk) == 1
    assert call(app, "POST", link, {}).status == 200
    assert signed(desk) == 0
    told = desk.told("calls", names=True)
    assert told is not None
    assert told.names == ()


def test_a_mail_scanner_that_opens_every_link_signs_nothing(app: CampaignsApp, desk: Desk) -> None:
    ask(app, "a@example.org")
    link = f"/campaigns/en/calls/confirm/{confirm_token(desk, 'a@example.org')}"
    for method in ("HEAD", "GET", "GET"):
        assert call(app, method, link).status == 200
    assert (signed(desk), rows(desk, "pending")) == (0, 1)


def test_a_name_is_published_only_where_the_box_is_ticked(app: CampaignsApp, desk: Desk) -> None:
    ask(app, "a@example.org")
    link = f"/campaigns/en/calls/confirm/{confirm_token(desk, 'a@example.org')}"
    assert call(app, "POST", link, {"name": "x" * 81, "public": "yes"}).status == 422
    call(app, "POST", link, {"name": "Amina"})
    told = desk.told("calls", names=True)
    assert told is not None
    assert (signed(desk), told.names) == (1, ())


def test_the_answer_is_the_same_whoever_asks(app: CampaignsApp, desk: Desk) -> None:
    sign(desk, "signed@example.org")
    people = (
        "signed@example.org",
        "new@example.org",
        "new@example.org",
        "new@example.org",
        "new@example.org",
    )
    assert len({ask(app, each) for each in people}) == 1
    assert ask(app, "robot@example.org", website="x") == ask(app, "other@example.org")
    answers = {
        (found.status, found.body, tuple(found.headers.items()))
        for each in ("signed@example.org", "never@example.org")
        for found in [call(app, "POST", REVOKE, {"email": each})]
    }
    assert len(answers) == 1
    # Two mails to `new`; one each to the other one, to who signed (his second of the day) and to who never
    # did.
    assert rows(desk, "outbox") == 5


def test_a_robot_that_fills_what_nobody_sees_gets_no_mail(app: CampaignsApp, desk: Desk) -> None:
    assert ask(app, "a@example.org", website="https://x.example")[0] == 200
    assert rows(desk, "outbox") == 0


def test_no_consent_no_mail(app: CampaignsApp, desk: Desk) -> None:
    found = call(app, "POST", SIGN, {"email": "a@example.org"})
    assert found.status == 422
    assert "consent" in found.text
    assert rows(desk, "outbox") == 0


@pytest.mark.parametrize(
    "typed", ["", "a", "a@gmаil.com", "a@mailinator.com", "a@b.org\r\nBcc: c@d.org", "<b>@x.org"]
)
def test_what_is_no_address_is_said_and_shown_nowhere(app: CampaignsApp, desk: Desk, typed: str) -> None:
    found = call(app, "POST", SIGN, {"email": typed, "consent": "yes"})
    assert found.status == 422
    assert rows(desk, "outbox") == 0
    assert len(typed) < 2 or typed not in found.text


def test_only_while_it_is_open(app: CampaignsApp, desk: Desk, clock: Clock) -> None:
    ask(app, "a@example.org")
    link = f"/campaigns/en/calls/confirm/{confirm_token(desk, 'a@example.org')}"
    clock.now_s = CLOSES
    assert ask(app, "b@example.org")[0] == 409
    assert call(app, "POST", link, {}).status == 409
    assert call(app, "POST", REVOKE, {"email": "a@example.org"}).status == 200
    clock.now_s = CLOSES + 30 * DAY_S
    assert call(app, "POST", REVOKE, {"email": "a@example.org"}).status == 409


@pytest.mark.parametrize(
    "headers",
    [{"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}, {"sec_fetch_site": "same-site"}],
)
def test_a_form_on_another_site_is_refused(app: CampaignsApp, desk: Desk, headers: dict[str, str]) -> None:
    found = call(app, "POST", SIGN, {"email": "a@example.org", "consent": "yes"}, **headers)
    assert (found.status, rows(desk, "outbox")) == (403, 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_why_a_form_is_refused_is_said(app: CampaignsApp, lang: str) -> None:
    path, form = f"/campaigns/{lang}/calls/sign", {"email": "a@example.org", "consent": "yes"}
    foreign = call(app, "POST", path, form, origin="http://127.0.0.1:8480")
    unread = call(app, "POST", path, body=b"{}", content_type="application/json")
    t = words(lang)
    told = t.plain("petition.foreign.text", url=Name("https://watch.example"))
    assert told in re.sub(r"</?bdi>", "", html.unescape(foreign.text))
    assert (unread.status, t.plain("petition.unread.text") in html.unescape(unread.text)) == (400, True)


def test_another_address_than_the_settings_name_is_noted_once(desk: Desk) -> None:
    said: list[str] = []
    app = CampaignsApp(desk, Clock(NOW), say=said.append)
    for origin in ("http://a\nb", "http://127.0.0.1:8480", "http://x.example"):
        assert call(app, "POST", SIGN, {"email": "a@example.org"}, origin=origin).status == 403
    assert len(said) == 1
    assert "http://127.0.0.1:8480, but url in campaigns.toml is https://watch.example" in said[0]


def test_too_many_forms_of_one_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = opened(folder_of(tmp_path_factory.mktemp("few") / "c", posts=3))
    app = CampaignsApp(desk, Clock(NOW))
    form = {"email": "a@example.org", "consent": "yes"}
    found = [call(app, "POST", SIGN, form, client=f"192.0.2.{n}").status for n in range(5)]
    assert found == [200, 200, 200, 429, 429]
    assert call(app, "POST", SIGN, form, client="198.51.100.1").status == 200
    desk.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/campaigns/", 302),
        ("GET", "/campaigns/en/", 200),
        ("GET", "/campaigns/de/", 404),
        ("GET", "/campaigns/en", 404),
        ("GET", "/campaigns/en/nothing/", 404),
        ("GET", "/campaigns/en/calls", 404),
        ("GET", "/campaigns/en/calls/x", 404),
        ("GET", SIGN, 404),
        ("POST", "/campaigns/en/", 404),
        ("POST", "/campaigns/en/calls/", 404),
        ("GET", "/campaigns/en/calls/confirm/x", 404),
        ("POST", "/campaigns/en/calls/revoke/x", 404),
        ("GET", "/campaigns/en/calls/confirm/x/y", 404),
        ("GET", "/campaigns/assets/x.css", 404),
        ("GET", "/campaigns/api/calls/counts.json", 200),
        ("GET", "/campaigns/api/x/counts.json", 404),
        ("GET", "/campaigns/api/calls", 404),
        ("POST", "/campaigns/api/calls/counts.json", 405),
        ("PUT", "/campaigns/en/calls/", 405),
    ],
)
def test_paths(app: CampaignsApp, method: str, path: str, status: int) -> None:
    found = call(app, method, path, {} if method == "POST" else None)
    assert found.status == status
    assert found.headers["referrer-policy"] == "no-referrer"
    assert "script" not in found.headers["content-security-policy"]
    assert "set-cookie" not in found.headers


def test_the_readers_language(app: CampaignsApp) -> None:
    for said, lang in (("fr-MA,fr;q=0.9", "fr"), ("de, ar", "ar"), ("", "en"), ("x" * 999, "en")):
        found = call(app, "GET", "/campaigns/", accept_language=said)
        assert found.headers["location"] == f"/campaigns/{lang}/"


def test_a_page_with_a_token_is_kept_by_nobody(app: CampaignsApp, desk: Desk) -> None:
    ask(app, "a@example.org")
    link = f"/campaigns/en/calls/confirm/{confirm_token(desk, 'a@example.org')}"
    assert call(app, "GET", link).headers["cache-control"] == "no-store"
    assert "max-age=60" in call(app, "GET", "/campaigns/en/calls/").headers["cache-control"]
    page = call(app, "GET", "/campaigns/en/calls/")
    for path in re.findall(r'href="(/campaigns/assets/[^"]+)"', page.text):
        assert "immutable" in call(app, "GET", path).headers["cache-control"]


def test_the_log_is_public_and_holds(app: CampaignsApp, desk: Desk) -> None:
    office = Office(desk, "tests")
    for number in range(12):
        sign(desk, f"a{number}@example.org")
    office.turn(NOW)
    office.turn(NOW + DAY_S)
    found = msgspec.json.decode(call(app, "GET", "/campaigns/api/calls/counts.json").body)
    assert (found["count"], found["step"]) == (10, 10)
    assert first_break(msgspec.convert(found["log"], list[CountLine])) is None
    assert found["log"][-1]["count"] == 10


def test_a_database_that_is_gone_is_said_and_nothing_else(app: CampaignsApp, desk: Desk) -> None:
    desk.engine.dispose()
    (desk.campaigns.folder / "db" / "civic.sqlite").write_bytes(b"no database" * 400)
    found = call(app, "GET", "/campaigns/fr/calls/")
    assert (found.status, found.headers["retry-after"]) == (503, "60")
    assert "sqlite" not in found.text.lower()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CampaignsApp]:
    desk = opened(folder_of(tmp_path_factory.mktemp("made") / "c"))
    yield CampaignsApp(desk, Clock(NOW))
    desk.close()


@given(st.sampled_from(["GET", "POST", "HEAD", "OPTIONS"]), st.text(max_size=60), st.binary(max_size=80))
def test_whatever_is_asked_is_answered(made: CampaignsApp, method: str, path: str, body: bytes) -> None:
    for prefix in ("/campaigns/", "/campaigns/en/calls/", "/campaigns/ar/calls/confirm/"):
        assert call(made, method, prefix + path, body=body).status < 500
    assert signed(made.desk) == 0


@pytest.mark.parametrize(
    "path", ["/campaigns/en/\0/", "/campaigns/en/calls/confirm/\0", "/campaigns/api/\0/counts.json"]
)
def test_a_nul_in_a_path_is_no_page(app: CampaignsApp, path: str) -> None:
    assert call(app, "GET", path).status == 404


def test_a_nul_in_a_form_is_no_form(app: CampaignsApp) -> None:
    assert ask(app, "a\0@example.org")[0] == 400


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_international_address_is_refused_in_words(app: CampaignsApp, lang: str) -> None:
    """SMTPUTF8 (RFC 6531) is not spoken: docs/petition.md."""
    form = {"email": "أمينة@example.org", "consent": "yes"}
    found = call(app, "POST", f"/campaigns/{lang}/calls/sign", form)
    assert found.status == 422
    assert words(lang).plain("petition.fault.letters") in html.unescape(found.text)
    assert "SMTPUTF8" in found.text
