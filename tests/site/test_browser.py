"""Every kind of page in a real Chromium: accessible, whole without scripts, asking nobody, safe."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.site.bundles import HOSTILE, Page, claim, published, some, with_claims
from tests.site.hostile import CROWD, FLAG, NOBODY, OPERATORS, SHOWN, SIGNED, hostile_bundle
from tests.support.browser import Asked, Chromium, Given, serving, thin, violations
from voipwatch.site.bundle import read_bundle
from voipwatch.site.headers import headers_of
from voipwatch.site.parts import PARTS
from voipwatch.site.render import render

KINDS = (
    "", "countries/MA/", "countries/MA/operators/AS36925/", "countries/MA/apps/whatsapp/",
    "countries/MA/series/AS36925/4g/whatsapp/", f"incidents/{SIGNED}/", f"incidents/{SIGNED}/r1/",
    "timeline/", "claims/", "claims/test/one/", "corrections/", "cost/", "reputation/", "method/", "data/",
    "api/", "embed/", "line-test/", "404.html",
)  # fmt: skip
NO_LANGUAGE = ("", "404.html", "zgh/")


def answering(files: dict[str, bytes]) -> Callable[[Asked], Given]:
    """As `serve` answers: with the headers of the site, its policy among them."""

    def answer(asked: Asked) -> Given:
        path = asked.path.partition("?")[0]
        path = f"{path}index.html" if path.endswith("/") else path
        if path[1:] not in files:
            return Given(404)
        headers = tuple((name.decode(), value.decode()) for name, value in headers_of(path))
        if path.endswith("-worker.js"):
            headers += (("service-worker-allowed", "/"),)  # as the line test's own application says
        return Given(headers=headers, body=files[path[1:]])

    return answer


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """An emulated site with all of its parts, and a hostile claim beside a plain one."""
    folder = tmp_path_factory.mktemp("browser")
    bundle = published(folder, instance="drill", lines=None)
    entries = (claim(), claim("test/two", text=HOSTILE, state="contradicted", contradicts=["test/one"]))
    read = read_bundle(with_claims(bundle.resolve(), folder / "claims", *entries))
    return dict(render(read, base="https://example.org", parts=PARTS))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A site of `hostile`'s bundle with all of its parts."""
    bundle = read_bundle(hostile_bundle(tmp_path_factory.mktemp("hostile")))
    return dict(render(bundle, base="https://example.org", parts=PARTS))


def watched(context: Any, server: Any) -> tuple[Any, list[str]]:
    """A page, and what it does that no page may: ask others, complain, open a dialog, break its policy."""
    wrong: list[str] = []
    page = context.new_page()

    def heard(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def asked(request: Any) -> None:
        if not request.url.startswith(server.origin):
            wrong.append(f"asked {request.url}")

    context.on("request", asked)
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", heard)
    return page, wrong


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_no_page_has_a_violation(chromium: Chromium, files: dict[str, bytes], lang: str) -> None:
    found: list[str] = []

    def look(context: Any) -> None:
        page, wrong = watched(context, server)
        for path in (*(f"{lang}/{kind}" for kind in KINDS), *(NO_LANGUAGE if lang == "en" else ())):
            page.goto(f"{server.origin}/{path}")
            found.extend(f"{path}: {each}" for each in violations(page))
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if width > 0:
                found.append(f"{path}: {width} px wider than the screen")
        assert wrong == []

    with serving(answering(files)) as server:
        for scheme, width in (("light", 1280), ("dark", 360)):
            chromium.run(look, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert found == []


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_every_kind_of_page_says_the_same_without_scripts(
    chromium: Chromium, files: dict[str, bytes], lang: str
) -> None:
    paths = (*(f"{lang}/{kind}" for kind in KINDS if kind != "line-test/"), *NO_LANGUAGE)

    def said(context: Any) -> list[str]:
        page, wrong = watched(context, server)
        found = []
        for path in paths:
            page.goto(f"{server.origin}/{path}")
            found.append(page.inner_text("body"))
        assert wrong == []
        return found

    with serving(answering(files)) as server:
        without = chromium.run(said, java_script_enabled=False)
        assert all(text.strip() for text in without)
        assert without == chromium.run(said)


def test_the_line_test_without_scripts_says_why_there_is_none(
    chromium: Chromium, files: dict[str, bytes]
) -> None:
    def look(context: Any) -> str:
        page, wrong = watched(context, server)
        page.goto(f"{server.origin}/en/line-test/")
        assert wrong == []
        assert not page.locator("button:visible").count()
        return str(page.inner_text("noscript"))

    with serving(answering(files)) as server:
        assert len(chromium.run(look, java_script_enabled=False)) > 20


@pytest.mark.parametrize(("lang", "below"), [("en", ""), ("ar", "incidents/"), ("ar", "claims/")])
def test_what_strangers_wrote_runs_nowhere(
    chromium: Chromium, attacked: dict[str, bytes], lang: str, below: str
) -> None:
    """On every page: no script, no request, no broken policy; and JSON-LD is still one document of JSON."""
    paths = [path for path in attacked if path.startswith(f"{lang}/{below}") and path.endswith(".html")]
    literal: set[str] = set()

    def look(context: Any) -> None:
        page, wrong = watched(context, server)
        for path in paths:
            page.goto(f"{server.origin}/{path}")
            assert page.evaluate("window.broken") is None, path
            assert page.locator("main img:not([src*='counter/']), main svg[onload]").count() == 0, path
            assert page.locator("script:not([type='application/ld+json']):not([src])").count() == 0, path
            assert page.locator("[onerror], [onload], a[href^='javascript' i]").count() == 0, path
            for document in page.locator("script[type='application/ld+json']").all_text_contents():
                json.loads(document)
            if SHOWN in page.text_content("body"):
                literal.add(path)
            assert wrong == [], path

    with serving(answering(attacked)) as server:
        chromium.run(look)
    plain = (
        "404.html",
        "api/",
        "method/",
        "line-test/",
        "embed/",
        "AS36925/",
        "apps/whatsapp/",
        "reputation/",
        CROWD,
    )
    expected = {path for path in paths if not any(each in path for each in plain)}
    assert literal >= expected, expected - literal


def test_counters_and_pictures_of_hostile_names_run_nothing(
    chromium: Chromium, attacked: dict[str, bytes]
) -> None:
    paths = [path for path in attacked if path.startswith("counter/en/") and path.endswith((".svg", ".html"))]
    assert {path.rpartition(".")[2] for path in paths} == {"svg", "html"}

    def look(context: Any) -> None:
        page, wrong = watched(context, server)
        for path in paths:
            page.goto(f"{server.origin}/{path}")
            assert page.evaluate("window.broken") is None, path
        assert wrong == []

    with serving(answering(attacked)) as server:
        chromium.run(look)


@pytest.mark.parametrize("name", [SIGNED, CROWD, NOBODY])
def test_incidents_of_awkward_shapes_can_be_read(
    chromium: Chromium, attacked: dict[str, bytes], name: str
) -> None:
    """Without an end, of a hundred operators, of nobody: accessible, and no wider than a phone."""

    def look(context: Any) -> None:
        page, wrong = watched(context, server)
        for lang in ("en", "ar"):
            page.goto(f"{server.origin}/{lang}/incidents/{name}/")
            assert sum(each in page.title() for each in OPERATORS) == 0
            assert len(page.inner_text("h1")) < 600
            assert len(page.inner_text("main dl")) < 1500
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert violations(page) == []
        if name == CROWD:
            assert OPERATORS[99] in page.text_content("main dl")
        assert wrong == []

    with serving(answering(attacked)) as server:
        chromium.run(look, viewport={"width": 360, "height": 800})


def test_flag_is_what_an_attack_would_set(chromium: Chromium) -> None:
    """The attack works where nothing stands against it."""
    page_of = f"<!doctype html><p>{HOSTILE}</p><img src=x onerror={FLAG}>".encode()

    def look(context: Any) -> None:
        page, wrong = watched(context, server)
        page.goto(server.origin)
        page.wait_for_function("window.broken === 1")
        assert wrong

    with serving(lambda asked: Given(body=page_of) if asked.path == "/" else Given(404)) as server:
        chromium.run(look)


ROW = '<tr id="{}"><th scope="row"><span class="{}">word</span></th><td>1</td></tr>'
LINK = '<tr><td><a href="#{}">{}</a></td></tr>'
PLAIN = "".join(ROW.format(f"r{number}", "plain") for number in range(22))
LINKS = "".join(LINK.format(number, "a word that is long") for number in range(22))
TINY = "td { padding: 0; line-height: 1 } a { font-size: 12px }"
ROOM = "td { padding: 1em }"
CASES = {
    # Name -> style, rows, rules that they break.
    "clean": ("", PLAIN, set()),
    "faint": (".faint { color: #ddd }", PLAIN + ROW.format("r22", "faint"), {"color-contrast"}),
    "twice": ("", PLAIN + ROW.format("r7", "plain"), set()),
    "tiny": (TINY, LINKS, {"target-size"}),
    "zebra": (f"{ROOM} tr:nth-child(even) a {{ color: #ddd }}", LINKS, {"color-contrast"}),
    "third": (f"{ROOM} tr:nth-child(3n) a {{ color: #ddd }}", LINKS, {"color-contrast"}),
    "last": (f"{ROOM} tr:last-child a {{ color: #ddd }}", LINKS, {"color-contrast"}),
    "blank": (TINY, LINKS.replace('"#11">a word that is long', '"#11"> '), {"target-size", "link-name"}),
    # A link that nobody hits among those that are large enough: the same elements with another word.
    "short": (
        "td { padding: 0 } a { display: block; width: max-content; line-height: 30px }",
        "".join(
            f'<tr><td><a href="#a{at}">{"i" if at in (10, 11) else "a word that is long"}</a>'
            f'<a href="#b{at}">{"i" if at in (10, 11) else "another word"}</a></td></tr>'
            for at in range(22)
        ).replace("</a><a", '</a><a style="margin-top:-22px"'),
        {"target-size"},
    ),
    # Dense links after roomy ones, and roomy ones after: a run that is broken begins anew.
    "anew": (
        f"{ROOM} .dense td {{ padding: 0; line-height: 1 }} .dense a {{ font-size: 12px }}",
        LINKS + (LINKS.replace("<tr>", '<tr class="dense">') + LINKS) * 2,
        {"target-size"},
    ),
}


def test_a_table_that_is_thinned_hides_no_violation(chromium: Chromium) -> None:
    page_of = (
        '<!doctype html><html lang="en"><head><title>T</title><style>{}</style></head>'
        "<body><main><h1>T</h1><table><thead><tr><th scope=col>a<th scope=col>b</thead><tbody>"
        "{}</tbody></table></main></body></html>"
    )

    def rules(page: Any) -> set[str]:
        return {each.partition(":")[0] for each in violations(page)}

    def look(context: Any) -> dict[str, tuple[set[str], list[str], set[str], int]]:
        page = context.new_page()
        found = {}
        for name in CASES:
            page.goto(f"{server.origin}/{name}")
            whole = rules(page)
            twice = thin(page)
            found[name] = (whole, twice, rules(page), page.locator("tbody tr").count())
        return found

    def answer(asked: Asked) -> Given:
        style, rows, _ = CASES[asked.path[1:]]
        return Given(body=page_of.format(style, rows).encode())

    with serving(answer) as server:
        found = chromium.run(look)
    for name, (_, _, broken) in CASES.items():
        whole, twice, thinned, _ = found[name]
        assert (name, whole, thinned) == (name, broken, broken)
        assert twice == (["r7"] if name == "twice" else [])
    assert [found[name][3] for name in ("clean", "twice", "faint", "tiny", "anew")] == [4, 5, 5, 4, 20]


def test_no_cookie_and_nothing_kept(chromium: Chromium, files: dict[str, bytes]) -> None:
    def look(context: Any) -> None:
        page = context.new_page()
        page.goto(f"{server.origin}/fr/")
        assert context.cookies() == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    with serving(answering(files)) as server:
        chromium.run(look)


def test_a_mirror_on_a_disk_has_its_style(chromium: Chromium, made: Path, tmp_path: Path) -> None:
    pages = some(read_bundle(made), "en/index.html", "assets/")
    for path, content in pages.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def look(context: Any) -> None:
        page = context.new_page()
        page.goto((tmp_path / "en/index.html").as_uri())
        line = page.evaluate("getComputedStyle(document.querySelector('h2')).fontSize")
        assert float(line.removesuffix("px")) > 24  # a headline, as the sheet has it

    assert Page(pages["en/index.html"]).title
    chromium.run(look)
