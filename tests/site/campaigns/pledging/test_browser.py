"""Boycotts in a real Chromium without scripts: accessible, right to left, pledged and reported by clicks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.campaigns.instance import NOW, folder_of
from tests.site.campaigns.pledging.campaign import (
    CLOCKS,
    ENDS,
    FOUND_NONE,
    keep,
    link,
    pledge_at_once,
    pledges,
    report,
)
from tests.site.campaigns.test_browser import Server
from tests.support.browser import Chromium, violations
from voipwatch.civic.boycotts import read_boycott
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.pledging.section import PledgeSection
from voipwatch.site.words import LANGUAGES


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[PledgeDesk]:
    desk = Desk(folder_of(tmp_path / "campaigns"), upgrade=True)
    made = PledgeDesk(desk)
    keep(made)
    keep(made, read_boycott(CLOCKS))
    yield made
    desk.close()


@pytest.fixture
def server(kept: PledgeDesk) -> Iterator[Server]:
    app = CampaignsApp(kept.desk, lambda: float(NOW))
    made = Server(app)
    settings = msgspec.structs.replace(kept.desk.campaigns.settings, url=made.origin)
    kept.desk.campaigns = msgspec.structs.replace(kept.desk.campaigns, settings=settings)
    app.sections = {"pledge": PledgeSection(kept)}
    yield made
    made.close()


def test_a_person_pledges_and_reports_by_clicks_alone(
    chromium: Chromium, server: Server, kept: PledgeDesk
) -> None:
    def look(context: Any) -> None:
        page = context.new_page()
        page.goto(f"{server.origin}/campaigns/fr/pledge/")
        page.click("a[href$='/fr/pledge/silence/']")
        page.click("a.act")
        page.click("form[method=post] button")
        assert pledges(kept) == [], "the box was not ticked"
        page.check("input[name=consent]")
        page.click("form[method=post] button")
        own = page.inner_text(".own-link a")
        assert own.startswith(f"{server.origin}/campaigns/fr/pledge/silence/mine/")
        assert pledges(kept) == [("2026-11-06", "declared")]
        page.reload()
        assert len(pledges(kept)) == 1, "the form sent again is the same pledge"
        server.app.clock = lambda: float(ENDS)
        page.goto(own)
        page.click("button[value=yes]")
        page.wait_for_selector("h1:has-text('Merci')")
        assert pledges(kept) == [("2026-11-06", "kept")]
        page.goto(own)
        page.click("button.quiet")
        page.wait_for_selector("h1:has-text('Retirée')")
        assert context.cookies() == []

    chromium.run(look, java_script_enabled=False)
    assert (pledges(kept), server.refused) == ([], 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_has_a_violation(chromium: Chromium, server: Server, kept: PledgeDesk, lang: str) -> None:
    office = PledgeOffice(kept, "tests")
    pledge_at_once(kept, range(64))
    office.turn(NOW)
    pages: tuple[str, ...] = ("", "clocks/", "silence/declare", f"silence/mine/{link(1)}", "none/")
    found: list[str] = []

    def look(context: Any) -> None:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        for kind in pages:
            page.goto(f"{server.origin}/campaigns/{lang}/pledge/{kind}")
            found.extend(f"{kind}: {each}" for each in violations(page))
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if width > 0:
                found.append(f"{kind}: {width} px wider than the screen")
        assert problems == []

    chromium.run(look, color_scheme="dark", viewport={"width": 360, "height": 800}, bypass_csp=True)
    report(kept, range(23), kept=True)
    report(kept, range(23, 34), kept=False)
    office.observe("silence", FOUND_NONE, now_s=ENDS)
    office.turn(ENDS + 7200)
    server.app.clock = lambda: float(ENDS + 7200)
    pages = ("silence/", f"silence/mine/{link(1)}")
    chromium.run(look, viewport={"width": 1280, "height": 800}, bypass_csp=True)
    assert found == []
