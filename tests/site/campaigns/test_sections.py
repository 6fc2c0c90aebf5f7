"""A section is asked below its own name, and with a form only where a petition would be too."""

import msgspec
import pytest

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import NOW
from voipwatch.civic.petitions import PetitionError
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.links import SECTIONS
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.sections import Answer, SectionAsk, html


class Echo:
    """A section that says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[SectionAsk] = []

    async def answer(self, ask: SectionAsk) -> Answer | None:
        self.asked.append(ask)
        return html(200, b"here") if ask.path == ("",) else None


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def app(desk: Desk, echo: Echo) -> CampaignsApp:
    return CampaignsApp(desk, lambda: float(NOW), {"pledge": echo})


def test_a_section_answers_below_its_name_in_the_language_of_the_path(app: CampaignsApp, echo: Echo) -> None:
    assert call(app, "GET", "/campaigns/ar/pledge/").text == "here"
    assert call(app, "GET", "/campaigns/ar/pledge/x/y").status == 404
    assert call(app, "POST", "/campaigns/fr/pledge/", {"a": "é"}).status == 200
    assert [(ask.t.lang, ask.path, ask.form, ask.now_s) for ask in echo.asked] == [
        ("ar", ("",), None, NOW), ("ar", ("x", "y"), None, NOW), ("fr", ("",), {"a": "é"}, NOW),
    ]  # fmt: skip


class Told(Echo):
    """The same, with documents for programs."""

    async def api(self, path: tuple[str, ...], now_s: float) -> Answer | None:
        return html(200, f"{path} {now_s}".encode()) if path != ("none",) else None


def test_what_programs_read_lies_below_api(desk: Desk, app: CampaignsApp) -> None:
    telling = CampaignsApp(desk, lambda: float(NOW), {"pledge": Told()})
    assert call(telling, "GET", "/campaigns/api/pledge/x/y").text == f"('x', 'y') {float(NOW)}"
    assert call(telling, "GET", "/campaigns/api/pledge/none").status == 404
    assert call(telling, "POST", "/campaigns/api/pledge/x", {}).status == 405
    assert call(telling, "GET", "/campaigns/api/calls/counts.json").status == 200
    assert call(app, "GET", "/campaigns/api/pledge/x").status == 404, "a section without documents"


def test_a_form_of_another_site_never_reaches_a_section(app: CampaignsApp, echo: Echo) -> None:
    found = call(app, "POST", "/campaigns/en/pledge/", {}, origin="https://elsewhere.example")
    assert (found.status, echo.asked) == (403, [])


def test_no_petition_is_called_as_a_section(desk: Desk) -> None:
    petition = desk.petition("calls")
    assert petition is not None
    for name in SECTIONS:
        with pytest.raises(PetitionError):
            Office(desk, "test").create(msgspec.structs.replace(petition, id=name), now_s=NOW)


class Guarded(Echo):
    """A section that is there for whoever sends the word."""

    async def form_bytes(self, ask: SectionAsk) -> int | None:
        assert ask.form is None
        return 8 if ask.headers.get(b"x-word") == b"friend" else None


def test_a_guarded_section_is_asked_before_any_of_a_form_matters(desk: Desk) -> None:
    few = msgspec.structs.replace(desk.campaigns.settings, posts_a_minute=1)
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=few)
    guarded = Guarded()
    app = CampaignsApp(desk, lambda: float(NOW), {"admin": guarded})
    path = "/campaigns/en/admin/"
    nothing = call(app, "GET", "/campaigns/en/nothing/")
    for sent in ({"form": {"a": "b"}}, {"body": b"x" * 99}, {"form": {}, "sec_fetch_site": "cross-site"}):
        told = call(app, "POST", path, **sent)
        assert (told.status, told.headers, told.body) == (404, nothing.headers, nothing.body)
    assert guarded.asked == []
    word = {"x_word": "friend"}
    assert [call(app, "POST", path, {"a": "b"}, **word).status for _ in range(3)] == [200] * 3
    assert call(app, "POST", path, {"a": "longer than eight"}, **word).status == 400
    assert call(app, "POST", path, {"a": "b"}, sec_fetch_site="cross-site", **word).status == 403
