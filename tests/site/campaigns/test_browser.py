"""Petitions in a real Chromium without scripts: accessible, right to left, and signed by clicks."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import (
    CLOSES,
    DAY_S,
    NOW,
    ask,
    confirm_token,
    folder_of,
    opened,
    sign,
    signed,
)
from tests.support.browser import Chromium, violations
from voipwatch.civic.keyed import TokenUse, address_hash, token
from voipwatch.civic.petitions import Answer, Delivery, PaperTally
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.office import Office
from voipwatch.site.words import LANGUAGES


class Server:
    """The application over a socket, forms too; the clock stands at `now_s`."""

    def __init__(self, app: CampaignsApp) -> None:
        self.app, self.refused = app, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers: dict[str, Any] = {
                    name.lower().replace("-", "_"): value for name, value in self.headers.items()
                }
                path, _, query = self.path.partition("?")
                client = self.client_address[0]
                told = call(
                    outer.app, self.command, path, body=body, query=query, client=client, **headers
                )  # fmt: skip
                outer.refused += told.status == 403
                self.send_response_only(told.status)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told.body)

            do_GET = do_POST = _answer  # noqa: N815 -- names of http.server

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    desk = opened(folder_of(tmp_path / "campaigns"))
    made = Server(CampaignsApp(desk, lambda: float(NOW)))
    settings = msgspec.structs.replace(desk.campaigns.settings, url=made.origin)
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=settings)
    yield made
    made.close()
    desk.close()


def test_a_person_signs_by_clicks_alone(chromium: Chromium, server: Server) -> None:
    desk = server.app.desk

    def look(context: Any) -> None:
        page = context.new_page()
        page.goto(f"{server.origin}/campaigns/fr/calls/")
        page.fill("#email", "amina@example.org")
        page.check("input[name=consent]")
        page.click("form button")
        page.wait_for_selector("h1")
        assert "boîte aux lettres" in page.inner_text("h1")
        page.goto(f"{server.origin}/campaigns/fr/calls/confirm/{confirm_token(desk, 'amina@example.org')}")
        assert signed(desk) == 0
        page.click("form button")
        page.wait_for_selector("text=Signé")
        assert signed(desk) == 1
        pepper = desk.peppers.of("calls")
        assert pepper is not None
        back = token(pepper, "calls", TokenUse.REVOKE, address_hash(pepper, "calls", "amina@example.org"))
        page.goto(f"{server.origin}/campaigns/fr/calls/revoke/{back}")
        page.click("form button")
        page.wait_for_selector("h1:has-text('Retirée')")
        assert context.cookies() == []

    chromium.run(look, java_script_enabled=False)
    assert (signed(desk), server.refused) == (0, 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_has_a_violation(chromium: Chromium, server: Server, lang: str) -> None:
    desk = server.app.desk
    office = Office(desk, "tests")
    for number in range(12):
        sign(desk, f"a{number}@example.org")
    office.turn(NOW)
    office.paper("calls", PaperTally(NOW, 3, 61, "two members"), now_s=NOW)
    ask(desk, "x@example.org")
    link = confirm_token(desk, "x@example.org")
    pages: tuple[str, ...] = (
        "",
        "calls/",
        f"calls/confirm/{link}",
        "calls/revoke",
        "calls/revoke/x",
        "calls/nothing",
    )
    found: list[str] = []

    def look(context: Any) -> None:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        for kind in pages:
            page.goto(f"{server.origin}/campaigns/{lang}/{kind}")
            found.extend(f"{kind}: {each}" for each in violations(page))
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if width > 0:
                found.append(f"{kind}: {width} px wider than the screen")
            sheet = page.evaluate("getComputedStyle(document.querySelector('main')).paddingTop")
            assert sheet != "0px", "the sheet is taken"
        assert problems == []

    for scheme, width in (("light", 1280), ("dark", 360)):
        chromium.run(look, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    office.deliver("calls", Delivery(CLOSES, "the authority", 10, 61), now_s=CLOSES)
    office.answer(
        "calls", Answer(CLOSES + 1, "the authority", "No.\n\nWe regret.", "https://a.example/"), now_s=1
    )
    server.app.clock = lambda: float(CLOSES + DAY_S)
    pages = ("calls/",)
    chromium.run(look, viewport={"width": 800, "height": 800}, bypass_csp=True)
    assert found == []
