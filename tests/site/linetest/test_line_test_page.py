"""The served page in Chromium on loopback: keyboard, axe, languages, consent, the worker offline.

The far end is left out, as where aiortc is not installed: calls are in test_served_page.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from tests.site.linetest.driving import press
from tests.site.linetest.served import Served
from voipwatch.site.linetest.inbox import read_rows
from voipwatch.site.linetest.page import LANGUAGES, texts

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("linetest"), far_end=False)
    yield server
    server.stop()


def test_whoever_serves_is_told_what_is_missing(served: Served) -> None:
    assert "aiortc" in served.said[0]


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    assert [text for text in said if "ERR_CONNECTION_REFUSED" not in text] == []
    assert [url for url in asked if not url.startswith((served.root, "data:"))] == []


def ready(page: Page, served: Served, lang: str = "en") -> None:
    page.goto(f"{served.root}/{lang}/line-test/")
    page.wait_for_selector("#line-test[data-state=ready]")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_before_and_after_a_test(page: Page, served: Served, lang: str) -> None:
    ready(page, served, lang)
    axe, options = Axe(), {"runOnly": {"type": "tag", "values": TAGS}}
    assert axe.run(page, options=options).response["violations"] == []
    press(page)
    page.click("summary >> nth=0")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe.run(page, options=options).response["violations"] == []
    assert page.text_content(".line-test-sentence") == texts(lang)["class.insufficient"]
    assert texts(lang)["reason.far-end"] in (page.text_content(".line-test-result") or "")


def test_arabic_runs_from_right_to_left_and_numbers_are_isolated(page: Page, served: Served) -> None:
    ready(page, served, "ar")
    button = page.locator("#line-test-start").bounding_box()
    assert button is not None
    assert button["x"] + button["width"] > 900
    press(page)
    assert page.locator(".line-test-result td bdi").count() == 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_on_a_narrow_phone_nothing_has_to_be_scrolled_sideways(page: Page, served: Served, lang: str) -> None:
    """320 CSS pixels: WCAG 2.2, 1.4.10."""
    page.set_viewport_size({"width": 320, "height": 640})
    ready(page, served, lang)
    press(page)
    page.click("summary >> nth=0")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_it_works_by_keyboard_and_tells_a_screen_reader(page: Page, served: Served) -> None:
    ready(page, served)
    for _ in range(page.locator("a, button, summary, select").count()):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "line-test-start":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#line-test[data-state=done]")
    status = page.locator("#line-test-status")
    assert status.get_attribute("aria-live") == "polite"
    assert texts("en")["class.insufficient"] in (status.text_content() or "")


def test_no_microphone_is_asked_for(page: Page, served: Served) -> None:
    ready(page, served)
    page.evaluate(
        """() => { window.asked = 0;
        navigator.mediaDevices.getUserMedia = () => {
        window.asked += 1; return Promise.reject(new Error()); }; }"""
    )
    press(page)
    assert page.evaluate("window.asked") == 0


def test_a_browser_without_webrtc_is_told_so_and_nothing_is_tested(page: Page, served: Served) -> None:
    page.add_init_script("delete window.RTCPeerConnection")
    ready(page, served)
    assert page.text_content("#line-test-status") == texts("en")["class.unsupported"]
    assert press(page)["class"] == "unsupported"
    assert page.locator("#line-test-after").is_hidden()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_vpn_is_a_second_measurement_beside_the_first(page: Page, served: Served, lang: str) -> None:
    ready(page, served, lang)
    assert press(page)["via"] == "line"
    assert press(page, "#line-test-vpn", results=2)["via"] == "vpn"
    assert page.text_content(".line-test-pair") == texts(lang)["pair.nothing"]
    first, second = (page.locator(".line-test-result").nth(n).bounding_box() for n in (0, 1))
    assert first is not None
    assert second is not None
    assert first["y"] == second["y"]
    assert press(page)["via"] == "line"
    assert page.locator(".line-test-result").count() == 1


def rows(served: Served) -> list[Any]:
    return list(read_rows(served.inbox)) if served.inbox.exists() else []


def test_nothing_is_handed_in_without_consent_and_each_result_once(page: Page, served: Served) -> None:
    before = len(rows(served))
    ready(page, served)
    press(page)
    assert not page.is_checked("#line-test-consent")
    page.click("#line-test-form button")
    assert page.text_content("#line-test-sent") == texts("en")["consent.needed"]
    assert len(rows(served)) == before
    for _ in range(2):
        page.check("#line-test-consent")
        page.click("#line-test-form button")
        page.wait_for_function("t => document.getElementById('line-test-sent').textContent === t",
                               arg=texts("en")["consent.sent"])  # fmt: skip
    new = rows(served)[before:]
    assert [(row.report.line_class, row.report.agent, row.report.via) for row in new] == [
        ("insufficient", "chromium", "line")
    ]


def test_where_no_reports_are_taken_none_is_asked_for(page: Page, served: Served) -> None:
    def without(route: Route) -> None:
        config = route.fetch().json()
        route.fulfill(json={**config, "takes_reports": False})

    page.route("**/config.json", without)
    ready(page, served)
    press(page)
    assert page.locator("#line-test-form").is_hidden()


def test_without_javascript_it_says_what_it_needs(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.root}/fr/line-test/")
    assert texts("fr")["noscript"] in page.inner_text("main")
    assert page.locator("#line-test-start").is_hidden()
    context.close()


def test_the_worker_keeps_the_page_and_the_report_while_the_server_is_away(
    page: Page, served: Served
) -> None:
    ready(page, served)
    page.wait_for_selector("#line-test[data-offline=ready]")
    before = len(rows(served))
    served.stop()
    try:
        page.reload()
        page.wait_for_selector("#line-test[data-state=ready]")
        said = press(page)
        assert (said["class"], said["reason"]) == ("insufficient", "page")
        page.wait_for_selector("#line-test[data-offline=ready]")
        page.check("#line-test-consent")
        page.click("#line-test-form button")
        page.wait_for_function("t => document.getElementById('line-test-sent').textContent === t",
                               arg=texts("en")["consent.queued"])  # fmt: skip
        assert len(rows(served)) == before
    finally:
        served.start()
    page.reload()
    page.wait_for_selector("#line-test[data-offline=ready]")
    assert [row.report.line_class for row in rows(served)[before:]] == ["insufficient"]
