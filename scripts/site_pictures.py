"""Screenshots for docs/site/: pages of a site, the line test, and campaigns, in three languages.

    python scripts/site_pictures.py SITE [--out docs/site] [--only line-test] [--width 360]
    python scripts/site_pictures.py --campaigns made [--out docs/site]
    python scripts/site_pictures.py --campaigns http://127.0.0.1:8482 --petition calls [--confirm TOKEN]
        [--pledge silence]

The site is served on loopback as `voipwatch serve --site --line-test --turn` does it, and the line test is
run: its picture shows the result of a clean line. Takes the newest incident of the site's bundle. The page of
followers is taken as wide as a phone, light, and as wide as a desk, dark. `--campaigns made` serves a made
instance with a petition that 8,123 have signed, a boycott that takes pledges and one that is closed, a wall
and the protected page; an address takes the pages of a running one: its petitions, the page that confirms
where a token that waits is given, a boycott where one is named, and never its wall, which names people's
sites, nor its protected page. Pictures are 8-bit PNG with a palette, to stay small.
"""

import io
import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scripts.benchmarks.arguments import Parser, at_least, present
from tests.site.campaigns.made import Made, made_campaigns
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
    cookie: tuple[str, str] = ("", "")
    """Name and value; empty: nobody is signed in."""


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
def campaigns(arguments: Namespace) -> Iterator[tuple[Made, Browser]]:
    """An instance, made or running (of which nothing is known but what was named), and a browser."""
    with TemporaryDirectory(prefix="voipwatch-pictures-") as name, sync_playwright() as playwright:
        browser = launch(playwright, [f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"])
        if arguments.campaigns == MADE:
            with made_campaigns(Path(name) / "campaigns") as made:
                yield made, browser
        else:
            origin = arguments.campaigns.rstrip("/")
            yield (
                Made(origin, arguments.petition, arguments.confirm, arguments.pledge, "", ("", "")),
                browser,
            )
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
        if shot.cookie[0]:
            context.add_cookies([{"name": shot.cookie[0], "value": shot.cookie[1], "url": origin}])
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
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("site", type=present, nargs="?")
    parser.add_argument("--out", type=Path, default=Path("docs/site"))
    parser.add_argument("--only", action="append", help="name of a picture, without its language")
    parser.add_argument("--width", type=at_least(1), default=WIDTH)
    parser.add_argument("--campaigns", help=f"{MADE}, or the address of a running site")
    parser.add_argument("--petition", default="calls")
    parser.add_argument("--pledge", default="", help="a boycott of a running site")
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
        with campaigns(arguments) as (made, browser):
            take(browser, made.origin, campaign_shots(made), arguments, "campaigns/")
    return 0


def campaign_shots(made: Made) -> list[Shot]:
    """Pages of campaigns: those that are known of the instance."""
    shots = [Shot("petitions", ""), Shot("petition", f"{made.petition}/")]
    if made.confirm:
        shots.append(Shot("petition-confirm", f"{made.petition}/confirm/{made.confirm}", PHONE))
    if made.boycott:
        shots.append(Shot("pledge", f"pledge/{made.boycott}/"))
    if made.closed:
        shots.append(Shot("pledge-turnout", f"pledge/{made.closed}/", anchor="ladders"))
    if made.cookie[0]:
        shots += [Shot("wall", "wall/"), Shot("keepers", "admin/", cookie=made.cookie)]
    return shots


if __name__ == "__main__":
    sys.exit(main())
