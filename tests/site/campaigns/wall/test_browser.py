"""The wall in a real Chromium without scripts: accessible, right to left, enrolled and left by clicks."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.campaigns.instance import DAY_S, NOW, folder_of, opened, rows
from tests.site.campaigns.test_browser import Server
from tests.support.browser import Chromium, violations
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import day_of
from voipwatch.site.campaigns.mounting import sections_of
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.site.words import LANGUAGES
from voipwatch.store.civic import wall_rows
from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.wall_rows import CurveRow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    desk = opened(folder_of(tmp_path / "campaigns", wall=True))
    made = Server(CampaignsApp(desk, lambda: float(NOW), sections_of(desk)))
    settings = msgspec.structs.replace(desk.campaigns.settings, url=made.origin)
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=settings)
    yield made
    made.close()
    desk.close()


def put_on(wall: Wall, url: str, *, now_s: int) -> None:
    made = wall.enrol(url, now_s=now_s)
    wall.note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=now_s)


def test_a_person_enrols_and_leaves_by_clicks_alone(chromium: Chromium, server: Server) -> None:
    desk = server.app.desk

    def look(context: Any) -> None:
        page = context.new_page()
        page.goto(f"{server.origin}/campaigns/fr/wall/")
        page.click("text=Mettre un site sur le mur")
        assert not page.is_checked("input[name=consent]")
        page.fill("#page", "https://موقع.المغرب/")
        page.check("input[name=consent]")
        page.click("form button")
        page.wait_for_selector("pre")
        code = page.locator("pre code").nth(2).inner_text()
        assert rows(desk, "wall_sites") == 1
        page.click("text=Retirer un site du mur")
        page.fill("#code", code)
        page.click("form button")
        page.wait_for_selector("h1:has-text('C’est fait')")
        assert context.cookies() == []

    chromium.run(look, java_script_enabled=False)
    assert (rows(desk, "wall_sites"), server.refused) == (0, 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_has_a_violation(chromium: Chromium, server: Server, lang: str) -> None:
    wall = Wall(server.app.desk)
    for number in range(14):
        put_on(wall, f"https://{'a-very-long-name-' * 3}{number}.example/", now_s=NOW)
    put_on(wall, "https://موقع.المغرب/", now_s=NOW)
    with writing(server.app.desk.engine) as connection:
        for number in range(14):
            told = 0 if number < 8 else number + 2
            wall_rows.add_point(connection, CurveRow(day_of(NOW - DAY_S * (20 - number)), told))
    wall.take_point(NOW)
    found: list[str] = []

    def look(kinds: tuple[str, ...], context: Any) -> None:
        page = context.new_page()
        for kind in kinds:
            page.goto(
                f"{server.origin}/campaigns/{lang}/wall/{kind if kind in {'', 'enrol', 'leave'} else 'enrol'}"
            )
            if kind == "":
                page.evaluate("document.querySelector('details').open = true")
            elif kind in {"fault", "enrolled"}:
                page.fill("#page", "https://one.example/" if kind == "enrolled" else "https://127.0.0.1/")
                page.check("input[name=consent]")
                page.click("form button")
                page.wait_for_selector("pre" if kind == "enrolled" else ".fault")
            elif kind == "left":
                page.goto(f"{server.origin}/campaigns/{lang}/wall/leave")
                page.fill("#code", "x")
                page.click("form button")
                page.wait_for_selector("#code", state="detached")
            found.extend(f"{kind}: {each}" for each in violations(page))
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if width > 0:
                found.append(f"{kind}: {width} px wider than the screen")

    every = ("", "enrol", "leave", "fault", "enrolled", "left")
    for scheme, width, kinds in (("light", 1280, every), ("dark", 360, ("", "fault", "enrolled"))):
        chromium.run(
            partial(look, kinds),
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            bypass_csp=True,
        )
    assert found == []
