"""The protected page in a real Chromium without scripts: entered and left by clicks, accessible, in three
languages.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.campaigns.admin_visits import Visit, admin_app, enrolled
from tests.site.campaigns.instance import DAY_S, NOW, folder_of, opened, sign, signed
from tests.site.campaigns.pledging.campaign import FILE, FOUND_NONE, keep
from tests.site.campaigns.test_browser import Server
from tests.support.browser import Chromium, violations
from tests.support.clock import Clock
from voipwatch.civic.boycotts import read_boycott
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.site.words import LANGUAGES

PAGES = (
    *("", "petition/calls", "petition/calls/names", "audit", "person", "petition/calls?said=paper"),
    *("boycott/silence", "boycott/past", "wall", "wall?said=wall-remove"),
)


class Entered:
    """A served instance with an account."""

    def __init__(self, place: Path) -> None:
        self.clock = Clock(NOW)
        desk = opened(folder_of(place / "campaigns"))
        self.app = admin_app(desk, self.clock)
        self.server = Server(self.app)
        settings = msgspec.structs.replace(desk.campaigns.settings, url=self.server.origin)
        desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=settings)
        self.visit = Visit(self.app, self.clock, enrolled(desk, self.clock))

    def at(self, lang: str, below: str = "") -> str:
        return f"{self.server.origin}/campaigns/{lang}/admin/{below}"

    def sign_in(self, page: Any, lang: str) -> None:
        page.goto(self.at(lang))
        page.fill("#name", self.visit.made.name)
        page.fill("#passphrase", self.visit.made.passphrase)
        page.fill("#code", self.visit.next_code())
        page.click("main form button")
        page.wait_for_selector("nav.ways")

    def close(self) -> None:
        self.server.close()
        self.app.desk.close()


@pytest.fixture
def entered(tmp_path: Path) -> Iterator[Entered]:
    made = Entered(tmp_path)
    yield made
    made.close()


def test_a_keeper_enters_hides_a_name_and_leaves_by_clicks_alone(
    chromium: Chromium, entered: Entered
) -> None:
    desk = entered.app.desk
    sign(desk, "a@example.org", name="A hostile name")

    def look(context: Any) -> None:
        page = context.new_page()
        entered.sign_in(page, "fr")
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
        page.goto(entered.at("fr", "petition/calls/names"))
        page.click("ul.names button")
        page.wait_for_selector("ul.names span:has-text('masqué')")
        page.goto(entered.at("fr", "petition/calls"))
        page.fill("#code-close", entered.visit.next_code())
        page.click("section[aria-labelledby=act-close] button")
        page.wait_for_selector("text=La pétition est close")
        page.click("nav.ways form button")
        page.wait_for_selector("#passphrase")
        assert context.cookies() == []

    chromium.run(look, java_script_enabled=False)
    assert Office(desk, "tests").export("calls", now_s=NOW)["names"] == ()
    assert (signed(desk), entered.server.refused) == (1, 0)


def boycotts_and_wall(desk: Desk) -> None:
    """One boycott that takes pledges, one whose reports are taken, and sites that wait and stand."""
    pledges = PledgeDesk(desk)
    keep(pledges)
    past = read_boycott(FILE.replace('"silence"', '"past"').replace("2026-11-14", "2026-11-01"))
    PledgeOffice(pledges, "tests").create(past, now_s=NOW - 30 * DAY_S)
    PledgeOffice(pledges, "tests").observe("past", FOUND_NONE, now_s=NOW)
    wall = Wall(desk)
    for url in ("https://one.example/", f"https://one.example/{'long-' * 60}", "https://two.example/"):
        made = wall.enrol(url, now_s=NOW)
        if "two" in url:
            wall.note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=NOW)


def test_a_keeper_calls_a_boycott_off_and_takes_a_site_off_the_wall_by_clicks_alone(
    chromium: Chromium, entered: Entered
) -> None:
    desk = entered.app.desk
    boycotts_and_wall(desk)

    def look(context: Any) -> None:
        page = context.new_page()
        entered.sign_in(page, "ar")
        page.click("a[href$='/admin/boycott/past']")
        page.fill("#what", "مكالمات")
        page.select_option("#found", "none")
        page.fill("#low", "0")
        page.fill("#high", "2,5")
        page.fill("#source", "https://a.example/panel")
        page.click("section[aria-labelledby=act-observe] button")
        page.wait_for_selector("text=سُجّلت الملاحظة")
        page.goto(entered.at("fr", "boycott/silence"))
        page.fill("#code-close-boycott", entered.visit.next_code())
        page.click("section[aria-labelledby=act-close-boycott] button")
        page.wait_for_selector("text=Le boycott est clos")
        page.click("a[href$='/admin/wall']")
        page.click("ul.names > li:has-text('one.example') button")
        page.wait_for_selector("text=plus sur le mur")
        assert "one.example" not in page.content()

    chromium.run(look, java_script_enabled=False)
    silence = PledgeDesk(desk).boycott("silence")
    assert silence is not None
    assert silence.is_called_off
    assert [each.site for each in Wall(desk).enrolments()] == ["two.example"]
    assert entered.server.refused == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_has_a_violation(chromium: Chromium, entered: Entered, lang: str) -> None:
    desk = entered.app.desk
    for number, name in enumerate(("Amina", "A hostile name", "أمينة")):
        sign(desk, f"a{number}@example.org", name=name)
    office = Office(desk, "tests")
    office.turn(NOW)
    office.hide_name("calls", "A hostile name", now_s=NOW)
    boycotts_and_wall(desk)
    found: list[str] = []

    def check(page: Any, name: str) -> None:
        found.extend(f"{name}: {each}" for each in violations(page))
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if width > 0:
            found.append(f"{name}: {width} px wider than the screen")

    def look(context: Any) -> None:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(entered.at(lang))
        check(page, "entrance")
        entered.sign_in(page, lang)
        for below in pages:
            assert page.goto(entered.at(lang, below)).status == 200, below
            check(page, below)
        page.goto(entered.at(lang, "person"))
        page.fill("#email", "a0@example.org")
        page.fill("#code", entered.visit.next_code())
        page.click("button[value=show]")
        page.wait_for_selector(".admin-said")
        check(page, "a person")
        page.fill("#email", "a0@example.org")
        page.fill("#code", "000000")
        page.click("button[value=erase]")
        page.wait_for_selector("[role=alert]")
        check(page, "refused")
        assert problems == []

    pages: tuple[str, ...] = PAGES
    for scheme, width in (("dark", 360), ("light", 1280)):
        chromium.run(look, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
        pages = ("petition/calls", "audit", "boycott/past", "wall")
    assert found == []
