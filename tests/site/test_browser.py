"""A sample of every kind of page in a real Chromium: accessible, complete without scripts, asking nobody."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.site.bundles import HOSTILE, NAME, Page, claim, published, some, with_claims
from tests.support.browser import Asked, Chromium, Given, serving, violations
from voipwatch.site.bundle import read_bundle
from voipwatch.site.render import render

KINDS = (
    "", "countries/MA/", "countries/MA/operators/AS36925/", "countries/MA/apps/whatsapp/",
    "countries/MA/series/AS36925/4g/whatsapp/", f"incidents/{NAME}/", f"incidents/{NAME}/r1/", "timeline/",
    "claims/", "claims/test/one/", "corrections/", "method/", "data/", "api/",
)  # fmt: skip
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "svg": "image/svg+xml"}


def answering(files: dict[str, bytes]) -> Callable[[Asked], Given]:
    def answer(asked: Asked) -> Given:
        path = asked.path.lstrip("/")
        path = f"{path}index.html" if not path or path.endswith("/") else path
        if path not in files:
            return Given(404)
        kind = TYPES.get(path.rpartition(".")[2], "application/octet-stream")
        return Given(headers=(("content-type", kind),), body=files[path])

    return answer


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """An emulated site, with a hostile claim beside a plain one."""
    folder = tmp_path_factory.mktemp("browser")
    bundle = published(folder, instance="drill", lines=None)
    entries = (claim(), claim("test/two", text=HOSTILE, state="contradicted", contradicts=["test/one"]))
    made = dict(render(read_bundle(with_claims(bundle.resolve(), folder / "claims", *entries))))
    return {path.replace("LAB-", ""): content for path, content in made.items()}


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_no_page_has_a_violation(chromium: Chromium, files: dict[str, bytes], lang: str) -> None:
    found: list[str] = []

    def look(context: Any) -> None:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        for kind in KINDS:
            page.goto(f"{server.origin}/{lang}/{kind}")
            found.extend(f"{kind}: {each}" for each in violations(page))
            width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if width > 0:
                found.append(f"{kind}: {width} px wider than the screen")
        assert problems == []
        assert [url for url in asked if not url.startswith(server.origin)] == []

    with serving(answering(files)) as server:
        for scheme, width in (("light", 1280), ("dark", 360)):
            chromium.run(look, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert found == []


def test_a_page_without_scripts_says_the_same(chromium: Chromium, files: dict[str, bytes]) -> None:
    def look(context: Any) -> None:
        page = context.new_page()
        page.goto(f"{server.origin}/ar/timeline/")
        shown = page.inner_text("main")
        assert "توقفت أول مرة" in shown or "المكالمات عبر" in shown
        page.goto(f"{server.origin}/")
        assert page.locator("li a").count() == 3

    with serving(answering(files)) as server:
        chromium.run(look, java_script_enabled=False)


def test_what_strangers_wrote_runs_nowhere(chromium: Chromium, files: dict[str, bytes]) -> None:
    def look(context: Any) -> None:
        page = context.new_page()
        dialogs: list[str] = []

        def heard(dialog: Any) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        for path in ("claims/", "claims/test/two/", "timeline/"):
            page.goto(f"{server.origin}/en/{path}")
            assert "onerror=alert(1)" in page.inner_text("main")
            assert page.locator("main script, main img").count() == 0
        assert dialogs == []

    with serving(answering(files)) as server:
        chromium.run(look)


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
