"""Every page of a site in a real Chromium: accessible by axe-core, the same without scripts, asking nobody.

    python scripts/site_check.py SITE [--every N] [--whole N] [--dark N]

Each page is looked at with all rules of WCAG 2.2 A and AA, light and 1280 px wide. Of the rows of a table the
inner ones of a long run of one shape are taken out before (`thin` in `tests/support/browser.py` says what is
not looked at then; axe-core takes 20 s for a year's rows), but for each Nth page, which is taken as it
stands. Each Nth page of another count is looked at again in a dark scheme, as wide as a phone. Then each
page is loaded without scripts and must say the same, but for the line test. Prints a line a problem, how many
pages were looked at and how, of which commit, and the time; ends with 1 where there is a problem.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scripts.benchmarks.arguments import Parser, at_least, present
from tests.support.browser import EXECUTABLE, FLAGS, thin, violations

WHOLE_EVERY = 100
"""Nine of a year's pages: about a minute."""
DARK_EVERY = 10
WIDE: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 360, "height": 740}


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it is asked; a worker may control the pages, as `serve` says."""

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def end_headers(self) -> None:
        """With the header that the line test's worker asks for."""
        self.send_header("service-worker-allowed", "/")
        super().end_headers()


def main() -> int:
    """Exit status."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("site", type=present)
    parser.add_argument("--every", type=at_least(1), default=1, help="only each Nth page of all")
    parser.add_argument("--whole", type=at_least(1), default=WHOLE_EVERY, help="each Nth with all rows")
    parser.add_argument("--dark", type=at_least(1), default=DARK_EVERY, help="each Nth dark, on a phone, too")
    arguments = parser.parse_args()
    folder = arguments.site.resolve()
    pages = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    total = len(pages)
    pages = pages[:: arguments.every]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    problems: list[str] = []
    began = time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(EXECUTABLE), args=list(FLAGS))
        said = _with_scripts(browser, origin, pages, problems, whole_every=arguments.whole)
        dark = pages[:: arguments.dark]
        _dark(browser, origin, dark, problems)
        _without_scripts(browser, origin, pages, problems, said=said)
        browser.close()
    server.shutdown()
    print("\n".join(problems))
    whole = len(pages) // arguments.whole
    print(f"commit {_commit()}; of {total} pages each {arguments.every}.: {len(pages)}")
    print(f"axe-core, light, {WIDE['width']} px: {whole} whole, {len(pages) - whole} with thinned tables")
    print(f"axe-core, dark, {PHONE['width']} px: {len(dark)} with thinned tables")
    print(f"without scripts, light, {WIDE['width']} px: {len(pages)} whole, words alone")
    print(f"{len(problems)} problems, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


def _with_scripts(
    browser: Browser, origin: str, pages: Sequence[str], problems: list[str], *, whole_every: int
) -> list[str]:
    """Digest of what each page says."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    page = _watched(context.new_page(), origin, problems)
    said = []
    for number, path in enumerate(pages, 1):
        page.goto(f"{origin}/{path}")
        said.append(_said(page))
        if number % whole_every:
            problems += [f"{path}: id {each!r} twice" for each in thin(page)]
        problems += [f"{path}: {each}" for each in violations(page)]
        _tell(number, len(pages), "")
    context.close()
    return said


def _dark(browser: Browser, origin: str, pages: Sequence[str], problems: list[str]) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    page = _watched(context.new_page(), origin, problems)
    for number, path in enumerate(pages, 1):
        page.goto(f"{origin}/{path}")
        thin(page)
        problems += [f"{path} (dark, {PHONE['width']} px): {each}" for each in violations(page)]
        _tell(number, len(pages), " in the dark")
    context.close()


def _without_scripts(
    browser: Browser, origin: str, pages: Sequence[str], problems: list[str], *, said: Sequence[str]
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=WIDE, color_scheme="light")
    page = _watched(context.new_page(), origin, problems)
    for number, (path, before) in enumerate(zip(pages, said, strict=True), 1):
        page.goto(f"{origin}/{path}")
        if not path.endswith("line-test/index.html") and _said(page) != before:
            problems.append(f"{path}: says something else without scripts")
        _tell(number, len(pages), " without scripts")
    context.close()


def _commit() -> str:
    """Of the tree that this script is of, marked where it is changed; the site may be older."""
    root = Path(__file__).resolve().parents[1]
    asked = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _watched(page: Page, origin: str, problems: list[str]) -> Page:
    page.on("request", partial(_asked, problems, origin))
    page.on("console", partial(_complained, problems, page))
    return page


def _said(page: Page) -> str:
    text = page.inner_text("body").strip()
    return sha256(text.encode()).hexdigest() if text else "nothing"


def _tell(number: int, total: int, how: str) -> None:
    if number % 50 == 0:
        print(f"{number} of {total}{how}", file=sys.stderr)


def _asked(problems: list[str], origin: str, request: Request) -> None:
    if not request.url.startswith(origin):
        problems.append(f"asked {request.url}")


def _complained(problems: list[str], page: Page, message: ConsoleMessage) -> None:
    problems.append(f"{page.url}: console: {message.text}")


if __name__ == "__main__":
    sys.exit(main())
