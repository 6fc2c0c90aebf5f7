"""Chromium with the line test's page, on the line or on loopback."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from playwright.sync_api import Browser, Page, Playwright, Route

from tests.support.environment import require
from voipwatch.site.linetest.page import files

CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NOWHERE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
MODULES: Final = "http://127.0.0.1:9/linetest/"
"""Where `module_page` finds the modules; nothing listens there."""


def launch(playwright: Playwright, arguments: Sequence[str] = (NOWHERE,), program: str = CHROMIUM) -> Browser:
    """A headless Chromium that asks no name server anything."""
    require(Path(CHROMIUM).exists(), "no Chromium: apt-get install chromium")
    return playwright.chromium.launch(
        executable_path=program, headless=True, args=[*ARGUMENTS, *arguments], timeout=60_000
    )


def module_page(browser: Browser) -> Page:
    """A page that can import the line test's modules, which are handed to it without a network."""
    page = browser.new_page()
    served = files()

    def answer(route: Route) -> None:
        file = served.get(route.request.url.removeprefix(MODULES))
        if file is None:
            route.fulfill(status=200, content_type="text/html", body="<!doctype html><title>modules</title>")
        else:
            route.fulfill(status=200, content_type=file.media_type, body=file.content)

    page.route("**/*", answer)
    page.goto(MODULES)
    return page


def press(page: Page, button: str = "#line-test-start", results: int = 1) -> dict[str, Any]:
    """Presses a button and waits for the result: class, reason, and how long it took in seconds."""
    page.click(button)
    article = page.locator(".line-test-result").nth(results - 1)
    article.wait_for(timeout=60_000)
    return cast("dict[str, Any]", article.evaluate("element => ({...element.dataset})"))
