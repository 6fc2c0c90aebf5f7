"""Chromium by Playwright: a browser for the session, and what a person does in WordPress's editor."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Page, sync_playwright

from tests.support.environment import require
from tests.wordpress.sites import PASSWORD, Site

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

# The editor's welcome shows a picture of WordPress's own site, whose name does not resolve here.
HARMLESS = re.compile(r"net::ERR_NAME_NOT_RESOLVED|net::ERR_INTERNET_DISCONNECTED")

# The element's inside is closed to the page; to a test it is opened.
LOOKING_IN = """
const real = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (how) { return (window.inside = real.call(this, how)); };
"""


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """A headless Chromium of the system."""
    path = shutil.which("chromium")
    require(path, "chromium is not installed: make system")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page and everything it complained of or asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def watched_page(browser: Browser, **how: Any) -> Iterator[Watched]:
    """A page in a context of its own; the fake observatory's certificate is taken as it is."""
    with browser.new_context(ignore_https_errors=True, **how) as context:
        page = context.new_page()
        watched = Watched(page)
        page.set_default_timeout(60_000)  # what others do on this machine says nothing about the plugin
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("console", lambda line: watched.errors.append(line.text) if line.type == "error" else None)
        page.on("request", lambda request: watched.asked.append(request.url))
        yield watched


def log_in(page: Page, site: Site) -> None:
    """Log in as the administrator."""
    page.goto(f"{site.url}/wp-login.php")
    page.fill("#user_login", "admin")
    page.fill("#user_pass", PASSWORD)
    page.click("#wp-submit")
    page.wait_for_url(re.compile("/wp-admin/"))


def open_editor(page: Page, site: Site) -> Page | FrameLocator:
    """The editor with an empty post; what holds its text (a frame of its own in newer versions).

    A post, because for a page the newer ones open a choice of patterns.
    """
    page.goto(f"{site.url}/wp-admin/post-new.php", wait_until="domcontentloaded")
    page.wait_for_function("window.wp?.data?.select('core/editor')?.getCurrentPostId?.()")
    # The welcome would lie over everything; whether it comes is a preference.
    page.evaluate(
        """() => {
            const preferences = wp.data.dispatch('core/preferences');
            for (const scope of ['core/edit-post', 'core']) preferences.set(scope, 'welcomeGuide', false);
        }"""
    )
    page.wait_for_selector(".editor-post-title, iframe[name=editor-canvas]")
    return (
        page.frame_locator("iframe[name=editor-canvas]")
        if page.query_selector("iframe[name=editor-canvas]")
        else page
    )


def insert_counter(page: Page, canvas: Page | FrameLocator) -> None:
    """Insert the block as a writer does: a title, a new line, a slash, its name."""
    canvas.locator(".editor-post-title").first.click()
    page.keyboard.type("Counter")
    page.keyboard.press("Enter")
    page.keyboard.type("/voipwatch")
    page.locator(".components-autocomplete__result", has_text="VoipWatch").first.click()


def blocks(page: Page) -> list[dict[str, Any]]:
    """The blocks as they would be read again; one that the editor would call broken is none."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => wp.blocks.parse(wp.data.select('core/editor').getEditedPostContent())
            .filter(({ isValid }) => isValid)
            .map(({ name, attributes }) => ({ name, attributes: { ...attributes } }))"""
    )
    return found


def publish(page: Page) -> str:
    """Publish; the page's address."""
    page.evaluate(
        "async () => { wp.data.dispatch('core/editor').editPost({ status: 'publish' });"
        " await wp.data.dispatch('core/editor').savePost(); }"
    )
    return str(page.evaluate("wp.data.select('core/editor').getPermalink()"))
