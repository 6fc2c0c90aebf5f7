"""The very page that `voipwatch serve --site --line-test ADDR --turn` serves, with real calls, in Chromium.

All on loopback: the far end's aiortc, coturn over UDP, TCP and TLS, the service worker, what is handed in.
What a line does to calls is in test_line_test_kernel.py.
"""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.request import urlopen

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnTransport, create_turn_endpoint
from playwright.sync_api import Browser, Page, sync_playwright

from tests.site.linetest.driving import launch, press
from tests.site.linetest.line_net import NAME, certificate
from tests.site.linetest.served import Served, free_port
from tests.support.environment import require
from voipwatch.site.headers import PAGE_POLICY
from voipwatch.site.linetest.far_end import CALLER_TESTS_MAX
from voipwatch.site.linetest.inbox import read_rows
from voipwatch.site.linetest.page import texts
from voipwatch.site.linetest.turn import TEST_ALLOCATIONS, is_installed

HERE = "127.0.0.1"
RELAYS = {
    "turn-udp": "UDP",
    "turn-tcp": "TCP",
    "turn-tls": "TLS",
    "turn-tls-again": "TLS",
    "turn-tls-ip": "TLS",
}
VIOLATIONS = """addEventListener("securitypolicyviolation",
  (event) => { (window.violated ??= []).push(`${event.violatedDirective}: ${event.blockedURI}`); });"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Browser]]:
    require(is_installed(), "no coturn: apt-get install coturn")
    folder = tmp_path_factory.mktemp("served")
    chain, key, pin = certificate(folder, HERE)
    served = Served(
        folder, turn=True, turn_port=free_port(), turn_tls_port=free_port(), turn_name=NAME,
        certificate=str(chain), certificate_key=str(key), processes=2,
    )  # fmt: skip
    try:
        assert served.said == []
        arguments = [
            f"--ignore-certificate-errors-spki-list={pin}",
            f"--host-resolver-rules=MAP {NAME} {HERE}, MAP * ~NOTFOUND, EXCLUDE {HERE}",
            "--allow-loopback-in-peer-connection",
        ]
        with sync_playwright() as playwright:
            browser = launch(playwright, arguments)
            yield served, browser
            browser.close()
    finally:
        served.stop()


class Watched:
    """A page, and all that it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.said: list[str] = []
        page.add_init_script(VIOLATIONS)
        page.context.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.violated ?? []")
        return found


def test_a_visitor_tests_his_line_and_hands_the_result_in(place: tuple[Served, Browser]) -> None:
    served, browser = place
    context = browser.new_context()
    watched = Watched(context.new_page())
    page = watched.page
    answer = page.goto(f"{served.root}/en/line-test/")
    assert answer is not None
    assert answer.headers["content-security-policy"] == PAGE_POLICY.decode()
    page.wait_for_selector("#line-test[data-offline=ready]")
    said = press(page)
    assert (said["class"], said["reason"]) == ("ok", ""), page.inner_text(".line-test-result")
    page.click(".line-test-result summary")
    tried = arms(page)
    for name, way in RELAYS.items():
        assert f"({way})" in tried[texts("en")[f"arms.{name}"]]
    assert "arrived" in tried[texts("en")["arms.direct"]]
    page.check("#line-test-consent")
    page.click("#line-test-form button")
    page.wait_for_function("t => document.getElementById('line-test-sent').textContent === t",
                           arg=texts("en")["consent.sent"])  # fmt: skip
    (row,) = read_rows(served.inbox)
    assert (row.country, row.operator, row.report.line_class) == ("MA", "AS64500", "ok")
    assert {arm.arm: arm.relay_protocol for arm in row.report.arms} == {
        "direct": "", "direct-again": "", **{name: way.lower() for name, way in RELAYS.items()},
    }  # fmt: skip
    assert watched.violations() == []
    assert watched.said == []
    assert [url for url in watched.asked if not url.startswith(served.root)] == []
    assert any(url.endswith("/linetest/calls") for url in watched.asked)
    context.close()


def arms(page: Page) -> dict[str, str]:
    told: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".line-test-result dt")].map(
        (name) => [name.textContent, name.nextElementSibling.textContent]))"""
    )
    return told


def test_a_relay_that_is_killed_during_a_test_is_said_and_comes_back(place: tuple[Served, Browser]) -> None:
    served, browser = place
    page = browser.new_page()
    page.goto(f"{served.root}/en/line-test/")
    page.wait_for_selector("#line-test[data-state=ready]")
    with page.expect_request("**/linetest/calls"):
        page.click("#line-test-start")
    os.kill(served.relay_pid(), signal.SIGKILL)
    page.locator(".line-test-result").wait_for(timeout=60_000)
    assert page.get_attribute(".line-test-result", "data-class") == "ok"
    page.click(".line-test-result summary")
    tried, stopped = arms(page), texts("en")["arms.relay-stopped"]
    assert {name for name in RELAYS if tried[texts("en")[f"arms.{name}"]] == stopped} == RELAYS.keys()
    assert "by signal 9" in served.line()
    assert "runs again" in served.line()
    press(page)
    page.click(".line-test-result summary")
    again = arms(page)
    assert all(way in again[texts("en")[f"arms.{name}"]] for name, way in RELAYS.items()), again
    page.close()


@contextmanager
def exhausted(served: Served) -> Iterator[int]:
    """The relay has given this machine's network all that it gives one, for the whole block; how much."""
    stop, held = threading.Event(), Queue[int]()
    with urlopen(f"{served.root}/linetest/config.json") as answer:
        turn = json.load(answer)["turn"]

    host, _, port = turn["uris"]["turn-udp"].removeprefix("turn:").partition("?")[0].partition(":")

    async def taken(most: int) -> list[TurnTransport]:
        """As many as are given, up to `most`."""
        given: list[TurnTransport] = []
        with suppress(TransactionFailed):
            while len(given) < most:
                transport, _ = await create_turn_endpoint(
                    asyncio.DatagramProtocol, server_addr=(host, int(port)),
                    username=turn["username"], password=turn["credential"],
                )  # fmt: skip
                given.append(transport)
        return given

    async def given_back(transports: list[TurnTransport]) -> None:
        """All, and the relay has answered."""
        for transport in transports:
            transport.close()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    async def hold() -> None:
        transports = await taken(10 * TEST_ALLOCATIONS * CALLER_TESTS_MAX)
        held.put(len(transports))
        await asyncio.to_thread(stop.wait)
        await given_back(transports)
        # coturn counts what was given back for another second. All of these came back at once: where some can
        # be had again, so can the others.
        for _ in range(100):
            some = await taken(TEST_ALLOCATIONS)
            await given_back(some)
            if len(some) == TEST_ALLOCATIONS:
                return
            await asyncio.sleep(0.1)

    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    try:
        yield held.get(timeout=60)
    finally:
        stop.set()
        thread.join()


def test_a_relay_that_is_full_is_said_to_be_and_is_no_part_of_what_is_handed_in(
    place: tuple[Served, Browser],
) -> None:
    """A real coturn, and what Chromium makes of its answer; a far end of its own processes' number: two."""
    served, browser = place
    before = len(list(read_rows(served.inbox)))
    page = browser.new_page()
    page.goto(f"{served.root}/en/line-test/")
    page.wait_for_selector("#line-test[data-offline=ready]")
    with exhausted(served) as held:
        assert held == 2 * CALLER_TESTS_MAX * TEST_ALLOCATIONS
        said = press(page)
    assert (said["class"], said["reason"]) == ("ok", "")
    page.click(".line-test-result summary")
    tried, refused = arms(page), texts("en")["arms.relay-refused"]
    assert {name for name in RELAYS if tried[texts("en")[f"arms.{name}"]] == refused} == RELAYS.keys(), tried
    page.check("#line-test-consent")
    page.click("#line-test-form button")
    page.wait_for_function("t => document.getElementById('line-test-sent').textContent === t",
                           arg=texts("en")["consent.sent"])  # fmt: skip
    (row,) = list(read_rows(served.inbox))[before:]
    assert [arm.arm for arm in row.report.arms] == ["direct", "direct-again"]
    press(page)
    page.click(".line-test-result summary")
    again = arms(page)
    assert all(way in again[texts("en")[f"arms.{name}"]] for name, way in RELAYS.items()), again
    page.close()


def result_of(browser: Browser, served: Served) -> tuple[str, str, str]:
    """Class, reason and all that the result says, after one test."""
    page = browser.new_page()
    page.goto(f"{served.root}/en/line-test/")
    page.wait_for_selector("#line-test[data-state=ready]")
    said = press(page)
    page.click(".line-test-result summary")
    told = page.inner_text(".line-test-result")
    page.close()
    return said["class"], said["reason"], told


def test_where_coturn_is_not_installed_the_line_is_tested_and_the_relay_said_to_be_none(
    place: tuple[Served, Browser], tmp_path: Path
) -> None:
    served = Served(tmp_path, turn=True, path=str(tmp_path / "no-programs"))
    try:
        assert any("coturn is not installed" in each for each in served.said)
        found, reason, told = result_of(place[1], served)
    finally:
        served.stop()
    assert (found, reason) == ("ok", "")
    assert texts("en")["arms.no-turn"] in told
    assert told.count(texts("en")["arms.not-run"]) == len(RELAYS)


def test_a_mirror_says_that_the_fault_is_ours(place: tuple[Served, Browser], tmp_path: Path) -> None:
    served = Served(tmp_path, mounted=False)
    try:
        found, reason, told = result_of(place[1], served)
    finally:
        served.stop()
    assert (found, reason) == ("insufficient", "far-end")
    assert texts("en")["reason.far-end"] in told


def test_a_violation_would_be_seen(place: tuple[Served, Browser]) -> None:
    """That the watch above can see one at all."""
    served, browser = place
    context = browser.new_context()
    watched: Any = Watched(context.new_page())
    watched.page.goto(f"{served.root}/en/line-test/")
    watched.page.evaluate("fetch('http://127.0.0.1:9/elsewhere').catch(() => 0)")
    watched.page.evaluate("new Promise((done) => setTimeout(done))")
    assert set(watched.violations()) == {"connect-src: http://127.0.0.1:9/elsewhere"}
    assert watched.said
    context.close()
