"""The element in a real Chromium: what it shows, to whom, when it asks again, what it does when all fails."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.browser import Chromium, Given, violations
from tests.support.counter_pages import (
    DATED,
    ID,
    JSON,
    LOOKING_IN,
    MIDNIGHT,
    NOON,
    OVER,
    SAID,
    Counter,
    changed,
    embedding,
    shown,
)
from tests.support.counters import every_state
from voipwatch.site.counter.document import counter_document
from voipwatch.site.words import LANGUAGES


@pytest.fixture
def counter() -> Iterator[Counter]:
    with embedding() as found:
        yield found


def test_what_is_shown(chromium: Chromium, counter: Counter) -> None:
    def work(context: Any) -> None:
        page = counter.open(context)
        assert shown(page)["headline"] == SAID
        assert page.evaluate("modes") == ["closed"]
        assert page.evaluate("document.querySelector('voipwatch-counter').shadowRoot") is None
        texts = page.evaluate("[...root.querySelectorAll('.quiet')].map((each) => each.textContent)")
        assert texts == [
            "From 2 to 3 January 2016 on, as of 1 March 2016",
            "Counted on 1 March 2016 (Africa/Casablanca)",
            "Source: measurements from people’s lines by voipwatch, reviewed by nobody yet",
            "",  # English is no translation
            "Evidence and details",
        ]
        link = page.evaluate(
            "(() => { const a = root.querySelector('a.quiet'); return [a.href, a.rel, a.referrerPolicy]})()"
        )
        assert link == [f"{counter.server.origin}/en/incidents/{ID}/", "noopener noreferrer", "no-referrer"]

    chromium.run(work)


BAD = [
    Given(404, JSON, changed()),
    Given(500, JSON, b"<h1>no</h1>"),
    Given(200, JSON, b""),
    Given(200, JSON, b"null"),
    Given(200, JSON, b"[1]"),
    Given(200, JSON, changed(schema="voipwatch.counter/2")),
    Given(200, JSON, changed(texts={})),
    Given(200, JSON, changed(texts={"en": {"headline": "x"}})),
    Given(200, JSON, changed(texts={"en": {"dated": ["x"]}})),
    Given(200, JSON, changed(page={"en": "http://[", "fr": ""})),
    Given(200, (("content-type", "application/json"),), changed()),
    Given(302, (("location", "/counter/XX.json"), ("access-control-allow-origin", "*")), b""),
]


def test_whatever_fails_the_text_inside_stays(chromium: Chromium, counter: Counter) -> None:
    counter.bad = {f"/bad/{number}.json": given for number, given in enumerate(BAD)}
    script = counter.snippets().element.partition("<voipwatch-counter")[0]
    places = [*(counter.server.origin + path for path in counter.bad), "", "http://[", "javascript:alert(1)"]
    counter.embed(
        script + "".join(f'<voipwatch-counter src="{place}">inside</voipwatch-counter>' for place in places)
    )

    def work(context: Any) -> None:
        failures: list[Any] = []
        context.on("weberror", lambda error: failures.append(error.error))
        page = counter.open(context, wait="idle")
        assert page.evaluate("modes") == []
        assert page.inner_text("body").count("inside") == len(places)
        assert failures == []

    chromium.run(work)
    assert set(counter.bad) <= {each.path for each in counter.server.asked}


def test_without_scripts_the_text_inside_stays(chromium: Chromium, counter: Counter) -> None:
    def work(context: Any) -> None:
        page = context.new_page()
        page.goto(f"{counter.host.origin}/page")
        assert page.inner_text("voipwatch-counter") == DATED

    chromium.run(work, java_script_enabled=False)


# --- people -------------------------------------------------------------------------------------------


def test_by_keyboard_and_by_ear(chromium: Chromium, counter: Counter) -> None:
    def work(context: Any) -> None:
        page = counter.open(context, peek=False, wait="idle")
        session = context.new_cdp_session(page)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        named = {
            (n["role"]["value"], n.get("name", {}).get("value", "")): n for n in nodes if not n["ignored"]
        }
        for role, name in (
            ("group", "Counter: Morocco"),
            ("link", "Evidence and details"),
            ("button", "Close"),
        ):
            assert (role, name) in named
        assert ("StaticText", SAID) in named
        group = {p["name"]: p["value"].get("value") for p in named["group", "Counter: Morocco"]["properties"]}
        assert group.get("live", "off") == "off"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") == "voipwatch-counter"
        page.keyboard.press("Enter")
        assert page.locator("voipwatch-counter").count() == 0
        assert page.locator("h1").inner_text() == "x"

    chromium.run(work)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Chromium, counter: Counter, scheme: str) -> None:
    """axe-core cannot look into a closed root: for it alone the roots are open."""
    counter.embed("".join(counter.snippets(lang).element for lang in LANGUAGES))
    opened = LOOKING_IN.replace("real.call(this, options)", "real.call(this, { mode: 'open' })")

    def work(context: Any) -> None:
        context.add_init_script(opened)
        page = counter.open(context, peek=False, wait="idle")
        assert page.evaluate("modes.length") == 3
        assert violations(page) == []
        sizes = page.evaluate(
            """() => [...document.querySelectorAll('voipwatch-counter')].map(({ shadowRoot }) => {
              const box = shadowRoot.querySelector('.box');
              const button = shadowRoot.querySelector('button').getBoundingClientRect();
              return [Math.min(button.width, button.height) >= 24, box.scrollWidth <= box.clientWidth];
            })"""
        )
        assert sizes == [[True, True]] * 3
        for lang in LANGUAGES:
            page.goto(f"{counter.server.origin}/counter/{lang}/{ID}/")
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    chromium.run(work, color_scheme=scheme, viewport={"width": 320, "height": 640})


def test_right_to_left_and_the_language_of_the_page(chromium: Chromium, counter: Counter) -> None:
    element = re.sub(r' lang="en"', "", counter.snippets().element)
    counter.embed(f'<div lang="ar-MA">{element}</div>')

    def work(context: Any) -> None:
        page = counter.open(context)
        assert shown(page)["headline"].startswith("المغرب: المكالمات عبر ")
        box = page.evaluate(
            """() => {
              const box = root.querySelector('.box'), style = getComputedStyle(box);
              const close = root.querySelector('button'), all = box.getBoundingClientRect();
              const own = close.getBoundingClientRect();
              return [box.lang, style.direction, style.borderRightWidth,
                own.left - all.left < all.right - own.right, style.letterSpacing,
                parseFloat(style.lineHeight) / parseFloat(style.fontSize) >= 1.6,
                close.getAttribute('aria-label')];
            }"""
        )
        assert box == ["ar", "rtl", "6px", True, "normal", True, "إغلاق"]
        page.evaluate("document.querySelector('voipwatch-counter').lang = 'fr'")
        page.wait_for_function("root.querySelector('.headline').textContent.startsWith('Maroc')")
        quiet = page.evaluate("[...root.querySelectorAll('p.quiet')].map((each) => each.textContent)")
        assert quiet[-1] == "Aucune personne parlant couramment français n’a relu cette traduction"
        page.evaluate(
            "document.querySelector('voipwatch-counter').lang = 'tlh'"
        )  # then that of the page about it
        page.wait_for_function("root.querySelector('.headline').textContent.startsWith('المغرب')")

    chromium.run(work)


@pytest.mark.parametrize(("motion", "moving"), [("reduce", 0), ("no-preference", 1)])
def test_motion_that_is_not_wanted_is_not_made(
    chromium: Chromium, counter: Counter, motion: str, moving: int
) -> None:
    def work(context: Any) -> None:
        page = counter.open(context)
        look = "getComputedStyle(root.querySelector('.box')).animationName"
        assert page.evaluate(look) == ("appear" if moving else "none")

    chromium.run(work, reduced_motion=motion)


# --- time ---------------------------------------------------------------------------------------------


def test_it_asks_again_after_midnight_and_not_before(chromium: Chromium, counter: Counter) -> None:
    def work(context: Any) -> None:
        context.add_init_script("Math.random = () => 0.5")
        page = counter.open(context)
        assert counter.asked_for_json() == 1
        counter.stop_clock(page, MIDNIGHT - 60)
        assert counter.asked_for_json() == 1
        counter.now_s = MIDNIGHT + 300
        page.clock.run_for((60 + 299) * 1000)
        assert counter.asked_for_json() == 1
        assert shown(page)["headline"] == SAID
        with page.expect_response("**/*.json"):
            page.clock.run_for(60_000)
        page.wait_for_function("root.querySelector('.headline').textContent.includes('59 to 60')")
        assert counter.asked_for_json() == 2

    chromium.run(work)


def test_past_its_time_it_says_the_dated_text(chromium: Chromium, counter: Counter) -> None:
    """The server is gone: no day is made up, and the last document is not shown as today's."""

    def work(context: Any) -> None:
        context.add_init_script("Math.random = () => 0")
        page = counter.open(context)
        counter.given = Given(503, JSON, b"{}")
        counter.now_s = MIDNIGHT
        counter.stop_clock(page, MIDNIGHT + 1)
        page.wait_for_load_state("networkidle")
        page.wait_for_function("(text) => root.querySelector('.headline').textContent === text", arg=DATED)
        assert "counted" not in shown(page)
        before = counter.asked_for_json()
        page.clock.run_for(3_590_000)
        assert counter.asked_for_json() == before
        counter.given = None
        with page.expect_response("**/*.json"):
            page.clock.run_for(20_000)
        page.wait_for_function("root.querySelector('.headline').textContent.includes('59 to 60')")

    chromium.run(work)


def test_a_document_that_is_too_old_is_not_todays(chromium: Chromium, counter: Counter) -> None:
    """A cache kept it too long, or the clock of the reader is right and the server's is not."""
    counter.document = counter_document(every_state()["active"], NOON)

    def work(context: Any) -> None:
        context.add_init_script(LOOKING_IN)
        page = context.new_page()
        page.clock.install(time=datetime.fromtimestamp(OVER + 1, tz=UTC))
        page.goto(f"{counter.host.origin}/page")
        page.wait_for_load_state("networkidle")
        assert shown(page)["headline"] == DATED

    chromium.run(work)


def test_a_clock_that_is_behind_does_not_keep_a_day_alive(chromium: Chromium, counter: Counter) -> None:
    counter.document = counter_document(every_state()["active"], NOON)
    counter.now_s = OVER + 1  # the server's date header

    def work(context: Any) -> None:
        context.add_init_script(LOOKING_IN)
        page = context.new_page()
        page.clock.install(time=datetime.fromtimestamp(NOON, tz=UTC))
        page.goto(f"{counter.host.origin}/page")
        page.wait_for_load_state("networkidle")
        assert shown(page)["headline"] == DATED

    chromium.run(work)


def test_ten_thousand_do_not_ask_in_the_same_second(chromium: Chromium, counter: Counter) -> None:
    """Ten thousand elements in one page, a document from memory, and every timer that they set."""
    body = changed().decode()
    counter.embed(re.sub(r"<voipwatch-counter.*", "", counter.snippets().element, flags=re.DOTALL))

    def work(context: Any) -> Any:
        page = counter.open(context, peek=False, wait="idle")
        return page.evaluate(
            """async ([body, count, now]) => {
              const waits = [], document_ = JSON.parse(body);
              Date.now = () => now;
              performance.now = () => 0;
              window.setTimeout = (_, ms) => waits.push(ms);
              window.fetch = async () => ({ ok: true, headers: new Headers(), json: async () => document_ });
              const all = document.createElement('div');
              all.hidden = true;
              for (let i = 0; i < count; i += 1) {
                const one = document.createElement('voipwatch-counter');
                one.setAttribute('src', '/x.json');
                all.append(one);
              }
              document.body.append(all);
              const channel = new MessageChannel();
              for (let turn = 0; turn < 1000 && waits.length < 2 * count; turn += 1)
                await new Promise((done) => {
                  channel.port1.onmessage = done;
                  channel.port2.postMessage(0);
                });
              return waits;
            }""",
            [body, 10_000, NOON * 1000],
        )

    waits = chromium.run(work)
    assert len(waits) == 20_000
    over = (OVER - NOON) * 1000
    assert waits.count(over) == 10_000  # each also knows when its document is no longer of today
    again = [wait - (MIDNIGHT - NOON) * 1000 for wait in waits if wait != over]
    assert min(again) >= 0
    assert max(again) < 600_000
    seconds = [0] * 600
    for wait in again:
        seconds[int(wait // 1000)] += 1
    # A mean of 16.7 a second; of 600 draws from Poisson(16.7) the largest is over 45 once in 10^7 runs.
    assert max(seconds) < 45
    assert sum(each > 0 for each in seconds) > 590
