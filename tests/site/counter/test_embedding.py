"""Counters on other people's pages, in a real Chromium: under every policy, beside hostile words."""

import io
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha384
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest

from tests.support.browser import Asked, Chromium, Given, serving
from tests.support.counter_pages import DATED, ID, LOOKING_IN, NOON, SAID, Counter, embedding, shown
from tests.support.counters import BASE, at, every_state, hostile
from voipwatch.site.counter.answers import CounterAnswers
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.frame import HEIGHT_PX, WIDTH_PX, frame
from voipwatch.site.counter.module import current_module
from voipwatch.site.counter.svg import badge
from voipwatch.site.words import LANGUAGES


@pytest.fixture
def counter() -> Iterator[Counter]:
    with embedding() as found:
        yield found


# --- policies of host pages (the table of the facts: script, styles, document, picture) ----------------

ORIGIN, DIGEST = "ORIGIN", "DIGEST"
ALLOWED = ("script", "connect", "img", "frame")


@pytest.mark.parametrize(
    ("policy", "element", "styled", "picture", "framed"),
    [
        ("", True, True, True, True),
        (
            "default-src 'none'; " + "; ".join(f"{each}-src {ORIGIN}" for each in ALLOWED),
            True, True, True, True,
        ),
        (f"default-src 'none'; script-src '{DIGEST}'; connect-src {ORIGIN}", True, True, False, False),
        ("require-trusted-types-for 'script'; trusted-types 'none'", True, True, True, True),
        ("default-src 'self'", False, False, False, False),
    ],
    ids=["none", "allowed", "digest-only", "trusted-types", "self"],
)  # fmt: skip
def test_policies(
    chromium: Chromium,
    counter: Counter,
    policy: str,
    element: bool,
    styled: bool,
    picture: bool,
    framed: bool,
) -> None:
    counter.policy = policy.replace(ORIGIN, counter.server.origin).replace(DIGEST, current_module().integrity)
    code = counter.snippets()
    counter.embed(code.element + code.picture.replace("<img", '<img id="picture"') + code.frame)

    def work(context: Any) -> None:
        page = counter.open(context, wait="shown" if element else "idle")
        assert shown(page).get("headline") == (SAID if element else None)
        if element:
            edge = page.evaluate("getComputedStyle(root.querySelector('.box')).borderInlineStartWidth")
            assert edge == ("6px" if styled else "0px")
        else:
            assert page.inner_text("voipwatch-counter") == DATED
        page.evaluate("document.querySelector('#picture').scrollIntoView()")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.querySelector('#picture').naturalWidth") == (360 if picture else 0)
        texts = [each.locator("body").inner_text() for each in page.frames[1:] if each.url.startswith("http")]
        assert any(SAID in text for text in texts) is framed
        allowed = {"script-src-elem", "img-src", "frame-src", "connect-src"}
        assert set(page.evaluate("broken")) <= allowed
        if element and picture and framed:
            assert page.evaluate("broken") == []

    chromium.run(work)


def test_a_wrong_digest_is_refused_and_the_text_stays(chromium: Chromium, counter: Counter) -> None:
    wrong = "sha384-" + b64encode(sha384(b"else").digest()).decode()
    counter.embed(counter.snippets().element.replace(current_module().integrity, wrong))
    said: list[str] = []

    def work(context: Any) -> None:
        context.on("console", lambda message: said.append(message.text))
        page = counter.open(context, wait="idle")
        assert shown(page) == {}
        assert page.inner_text("voipwatch-counter") == DATED

    chromium.run(work)
    assert any("integrity" in line for line in said)


@pytest.mark.parametrize("where", ["element", "frame", "picture"])
def test_hostile_text_is_shown_and_never_run(chromium: Chromium, counter: Counter, where: str) -> None:
    counter.answers = CounterAnswers([hostile()], base=counter.server.origin)
    counter.document = msgspec.structs.replace(
        counter_document(hostile(), NOON), page=dict.fromkeys(LANGUAGES, "javascript:alert(1)")
    )
    code = counter.snippets()
    path = {"element": "", "frame": f"/counter/en/{ID}/", "picture": f"/counter/en/{ID}.svg"}[where]
    counter.embed(code.element + code.picture + code.frame)

    def work(context: Any) -> None:
        ran: list[str] = []

        def alerted(dialog: Any) -> None:
            ran.append(dialog.message)
            dialog.dismiss()

        context.on("dialog", alerted)
        page = counter.open(context)
        if where == "element":
            assert "<script>alert(1)</script>" in shown(page)["headline"]
            assert "quiet" in shown(page)
            assert page.evaluate("root.querySelector('a').hidden")
            assert page.evaluate("root.querySelectorAll('script').length") == 0
        else:
            page.goto(counter.server.origin + path)
            assert page.evaluate("document.querySelectorAll('script').length") == 0
            assert "<script>alert(1)</script>" in page.evaluate("document.documentElement.textContent")
        assert ran == []

    chromium.run(work)


def test_a_hostile_page_cannot_give_it_other_words(chromium: Chromium, counter: Counter) -> None:
    """By style, by attribute, by what it puts inside; nor reach into the frame."""
    element = counter.snippets().element.replace(
        "<voipwatch-counter ",
        '<voipwatch-counter role="img" aria-label="All is well" title="All is well" aria-hidden="true"'
        ' style="opacity:0.01;color:red;font-size:1px;display:none" ',
    )
    style = """<style>
      voipwatch-counter { display: none !important; font-size: 0 !important; opacity: 0 !important;
        filter: blur(9px) }
      voipwatch-counter::before, voipwatch-counter::after { content: "All is well" !important;
        display: block !important }
      voipwatch-counter *, p, .headline, .box { display: none !important; visibility: hidden !important }
      * { --ground: red; --ink: red }
    </style>"""
    counter.embed(element + counter.snippets().frame, head=style)

    def work(context: Any) -> None:
        page = counter.open(context)
        assert shown(page)["headline"] == SAID
        look = page.evaluate(
            """() => { const host = document.querySelector('voipwatch-counter');
            const style = getComputedStyle(host), box = getComputedStyle(root.querySelector('.box'));
            const head = getComputedStyle(root.querySelector('.headline'));
            return [style.display, style.opacity, style.filter, style.fontSize, head.display, head.visibility,
              head.color, box.backgroundColor, getComputedStyle(host, '::before').content,
              getComputedStyle(host, '::after').content, host.getAttributeNames().sort().join()]; }"""
        )
        assert look == [
            "block", "1", "none", "16px", "block", "visible", "rgb(22, 32, 44)", "rgb(255, 255, 255)",
            "none", "none", "lang,src,style",
        ]  # fmt: skip
        page.evaluate("document.querySelector('voipwatch-counter').setAttribute('aria-label', 'All is well')")
        page.evaluate("document.querySelector('voipwatch-counter').textContent = 'All is well'")
        tree = page.evaluate(
            "document.querySelector('voipwatch-counter').getAttributeNames().includes('aria-label')"
        )
        assert tree is False
        assert page.locator("voipwatch-counter").bounding_box()["height"] > 100
        page.evaluate("document.querySelector('iframe').scrollIntoView()")
        page.wait_for_load_state("networkidle")
        reach = "() => { try { return String(frames[0].document) } catch (error) { return error.name } }"
        assert page.evaluate(reach) == "SecurityError"
        text = page.frames[1].locator("body").inner_text()
        for part in (SAID, "2 to 3 January 2016", "Source: measurements"):
            assert part in text

    chromium.run(work)


def test_nothing_is_stored_sent_along_or_asked_elsewhere(chromium: Chromium, counter: Counter) -> None:
    code = counter.snippets()
    counter.embed(code.element + code.picture + code.frame)

    def work(context: Any) -> None:
        seen: list[str] = []
        context.on("request", lambda request: seen.append(request.url))
        context.add_cookies([{"name": "a", "value": "b", "url": counter.server.origin}])
        page = counter.open(context)
        page.evaluate("document.querySelector('iframe').scrollIntoView()")
        page.wait_for_load_state("networkidle")
        assert shown(page)["headline"] == SAID
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, "a=b"]
        assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
        assert len(context.cookies()) == 1
        ours = (counter.server.origin, counter.host.origin)
        assert [url for url in seen if not url.startswith(ours)] == []

    chromium.run(work)
    paths = {each.path for each in counter.server.asked}
    assert paths == {
        f"/{current_module().name}",
        f"/counter/{ID}.json",
        f"/counter/en/{ID}.svg",
        f"/counter/en/{ID}/",
    }
    for each in counter.server.asked:
        assert "referer" not in each.headers
    assert not any(
        "cookie" in each.headers for each in counter.server.asked if each.path.endswith((".json", ".js"))
    )


# --- its sisters --------------------------------------------------------------------------------------


def test_the_archive_works_where_nothing_else_may(chromium: Chromium, counter: Counter) -> None:
    answer = counter.answers.answer(f"/counter/fr/{ID}.zip", NOON)
    assert answer is not None
    with ZipFile(io.BytesIO(answer.body)) as folder:
        files = {name.rpartition("/")[2]: folder.read(name) for name in folder.namelist()}
    policy = "default-src 'none'; script-src 'self'; connect-src 'self'"
    kinds = {"html": "text/html; charset=utf-8", "js": "text/javascript", "json": "application/json"}

    def given(asked: Asked) -> Given:
        name = asked.path.lstrip("/")
        if name not in files:
            return Given(404)
        kind = kinds[name.rpartition(".")[2]]
        return Given(200, (("content-type", kind), ("content-security-policy", policy)), files[name])

    with serving(given) as own:

        def work(context: Any) -> None:
            context.add_init_script(LOOKING_IN)
            page = context.new_page()
            page.goto(f"{own.origin}/example.html")
            page.wait_for_load_state("networkidle")
            assert (
                shown(page)["headline"] == counter_document(every_state()["active"], None).texts["fr"].dated
            )
            assert page.evaluate("broken") == []

        chromium.run(work)
    assert {each.path for each in own.asked} - {"/favicon.ico"} == {
        "/example.html", f"/{current_module().name}", "/counter.json",
    }  # fmt: skip


def test_every_line_of_a_picture_fits(chromium: Chromium, counter: Counter) -> None:
    """Widths were guessed: the browser says whether well enough."""
    pictures = [
        badge(counter_document(case, at("2016-12-28T12:00" if "ended" in name else "2016-03-01T12:00")), lang)
        for name, case in {**every_state(), "hostile": hostile()}.items()
        for lang in LANGUAGES
    ]
    counter.embed("".join(each.decode() for each in pictures))

    def work(context: Any) -> None:
        page = counter.open(context, wait="idle")
        found = page.evaluate(
            """() => [...document.querySelectorAll('svg')].map((svg) => {
              const all = svg.getBoundingClientRect();
              return [...svg.querySelectorAll('text')].map((text) => {
                const own = text.getBoundingClientRect();
                return Math.min(own.left - all.left, all.right - own.right,
                  own.top - all.top, all.bottom - own.bottom);
              });
            })"""
        )
        assert len(found) == len(pictures)
        assert min(min(lines) for lines in found) >= 0
        rtl = page.evaluate(
            """() => [...document.querySelectorAll('svg[lang=ar] text')].every((text) => {
              const all = text.ownerSVGElement.getBoundingClientRect(), own = text.getBoundingClientRect();
              return all.right - own.right < 24; })"""
        )
        assert rtl

    chromium.run(work)


def test_a_frame_shows_all_of_its_text_in_the_room_that_it_asks_for(chromium: Chromium) -> None:
    """Country, start and source are what nobody can re-caption: none of them lies below the edge."""
    tall: list[tuple[str, str, int]] = []

    def work(context: Any) -> None:
        page = context.new_page()
        for name, case in every_state().items():
            document = counter_document(case, at("2016-03-01T12:00"), base=BASE)
            for lang in LANGUAGES:
                page.set_content(frame(document, lang).decode())
                height = page.evaluate("document.documentElement.scrollHeight")
                if height > HEIGHT_PX:
                    tall.append((name, lang, height))

    chromium.run(work, viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
    assert tall == []
