"""Screenshots for docs/site/: pages of a site, the line test, and petitions, in three languages.

    python scripts/site_pictures.py SITE [--out docs/site] [--only line-test] [--width 360]
    python scripts/site_pictures.py --campaigns made [--out docs/site]
    python scripts/site_pictures.py --campaigns http://127.0.0.1:8482 --petition calls [--confirm TOKEN]

The site is served on loopback as `voipwatch serve --site --line-test --turn` does it, and the line test is
run: its picture shows the result of a clean line. Takes the newest incident of the site's bundle. The page of
followers is taken as wide as a phone, light, and as wide as a desk, dark. `--campaigns made` serves a made
instance with a petition that 8,123 have signed; an address takes the pages of a running one, the page that
confirms where a token that waits is given. Pictures are 8-bit PNG with a palette, to stay small.
"""

import io
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.site.campaigns.made import made_campaigns
from tests.site.linetest.driving import launch, press
from tests.site.linetest.line_net import NAME, certificate
from tests.site.linetest.served import Served, free_port

LANGUAGES = ("en", "fr", "ar")
LOOPBACK = "127.0.0.1"
WIDTH, HEIGHT = 1000, 1250
PHONE = 390
COLOURS = 64
MADE = "made"


class Shot(NamedTuple):
    """One picture a language."""

    name: str
    path: str
    """Below `/LANG/`."""
    width: int = 0
    """0: as asked for."""
    scheme: str = "light"
    anchor: str = ""
    """What is brought to the top; empty: the page's own."""


@contextmanager
def shown(site: Path) -> Iterator[tuple[str, Browser]]:
    """The site with its line test on loopback, and a browser that trusts its relay."""
    with TemporaryDirectory(prefix="voipwatch-pictures-") as name, sync_playwright() as playwright:
        chain, key, pin = certificate(Path(name), LOOPBACK)
        served = Served(
            Path(name), site=site, turn=True, turn_port=free_port(), turn_tls_port=free_port(),
            turn_name=NAME, certificate=str(chain), certificate_key=str(key),
        )  # fmt: skip
        try:
            rules = f"--host-resolver-rules=MAP {NAME} {LOOPBACK}, MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"
            browser = launch(playwright, [f"--ignore-certificate-errors-spki-list={pin}", rules])
            yield served.root, browser
            browser.close()
        finally:
            served.stop()


@contextmanager
def campaigns(arguments: Namespace) -> Iterator[tuple[str, str, str, Browser]]:
    """Origin, petition, token that waits (or nothing), and a browser."""
    with TemporaryDirectory(prefix="voipwatch-pictures-") as name, sync_playwright() as playwright:
        browser = launch(playwright, [f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"])
        if arguments.campaigns == MADE:
            with made_campaigns(Path(name) / "campaigns") as (origin, petition, token):
                yield origin, petition, token, browser
        else:
            yield arguments.campaigns.rstrip("/"), arguments.petition, arguments.confirm, browser
        browser.close()


def test_line(page: Page) -> None:
    """Presses the button, and brings the whole result into sight."""
    page.wait_for_selector("#line-test[data-state=ready]")
    said = press(page)
    if said["class"] != "ok":
        print(f"the line test says {said['class']} {said['reason']}", file=sys.stderr)
    page.click(".line-test-result summary")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.getElementById('line-test').scrollIntoView()")


def take(browser: Browser, origin: str, shots: list[Shot], arguments: Namespace, root: str = "") -> None:
    """Each picture in each language; `root`: path before the language."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        if arguments.only and shot.name not in arguments.only:
            continue
        size = {"width": shot.width or arguments.width, "height": HEIGHT}
        context = browser.new_context(viewport=size, color_scheme=shot.scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # a TypedDict and a Literal
        page = context.new_page()
        for lang in LANGUAGES:
            answer = page.goto(f"{origin}/{root}{lang}/{shot.path}")
            if answer is None or answer.status != 200:
                print(f"{lang}/{shot.path}: not there", file=sys.stderr)
                continue
            if shot.name == "line-test":
                test_line(page)
            if shot.anchor:
                page.evaluate("id => document.getElementById(id)?.scrollIntoView()", shot.anchor)
            picture = Image.open(io.BytesIO(page.screenshot()))
            place = arguments.out / f"{shot.name}-{lang}.png"
            palette = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS)
            palette.save(place, optimize=True)
            print(f"{place}: {place.stat().st_size} bytes")
        context.close()


def main() -> int:
    """Exit status."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("site", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=Path("docs/site"))
    parser.add_argument("--only", action="append", help="name of a picture, without its language")
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--campaigns", help=f"{MADE}, or the address of a running site")
    parser.add_argument("--petition", default="calls")
    parser.add_argument("--confirm", default="", help="token of a signature that waits")
    arguments = parser.parse_args()
    if arguments.site is None and arguments.campaigns is None:
        parser.error("SITE or --campaigns")
    if arguments.site is not None:
        folder = arguments.site.absolute()
        incidents = json.loads((folder / "bundle/incidents/index.json").read_bytes())["incidents"]
        shots = [
            Shot("home", ""),
            Shot("timeline", "timeline/"),
            Shot("line-test", "line-test/"),
            Shot("reputation", "reputation/", PHONE, anchor="shipped"),
            Shot("reputation-dark", "reputation/", WIDTH, "dark", anchor="shipped-2"),
        ]
        if incidents:
            shots.append(Shot("incident", f"incidents/{incidents[-1]['id']}/"))
        with shown(folder) as (origin, browser):
            take(browser, origin, shots, arguments)
    if arguments.campaigns is not None:
        with campaigns(arguments) as (origin, petition, token, browser):
            shots = [Shot("petitions", ""), Shot("petition", f"{petition}/")]
            if token:
                shots.append(Shot("petition-confirm", f"{petition}/confirm/{token}", PHONE))
            take(browser, origin, shots, arguments, "campaigns/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
