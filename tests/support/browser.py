"""A real Chromium for tests, servers on loopback for it, and axe-core.

One browser a session, in a thread of its own: Playwright's plain interface keeps an event loop running in
the thread that started it, where no other test could start one. A test hands `Chromium.run` a function, which
gets a fresh context (no cookie, no storage) and may assert.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import pytest

from tests.support.environment import require

EXECUTABLE: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WCAG_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
T = TypeVar("T")


class Chromium:
    """The session's browser."""

    def __init__(self, flags: tuple[str, ...] = ()) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._playwright: Any = None
        self._browser: Any = None
        self._thread.submit(self._start, flags).result()

    def run(self, work: Callable[[Any], T], **options: Any) -> T:
        """What `work` returns for a fresh `BrowserContext`; `options` are those of `new_context`."""
        return self._thread.submit(self._run, work, options).result()

    def close(self) -> None:
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _start(self, flags: tuple[str, ...]) -> None:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only who asks for a browser needs it

        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=str(EXECUTABLE), headless=True, args=[*FLAGS, *flags]
        )

    def _run(self, work: Callable[[Any], T], options: dict[str, Any]) -> T:
        context = self._browser.new_context(**options)
        context.set_default_timeout(15_000)
        try:
            return work(context)
        finally:
            context.close()

    def _stop(self) -> None:
        self._browser.close()
        self._playwright.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The session's browser; the test is skipped where there is none, and fails where CI=true."""
    require(EXECUTABLE.is_file(), f"no browser at {EXECUTABLE}")
    found = Chromium()
    try:
        yield found
    finally:
        found.close()


class Asked(NamedTuple):
    """A request as a server saw it; names of headers in lower case."""

    path: str
    headers: dict[str, str]


class Given(NamedTuple):
    """What a server answers."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/html; charset=utf-8"),)
    body: bytes = b""


class Loopback:
    """A web server on 127.0.0.1 that answers what a function says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Asked], Given], now: Callable[[], float] | None = None) -> None:
        """Begin to answer.

        Args:
            answer: called in a thread of the server's.
            now: its clock, for the date header; without it there is no such header.
        """
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
                outer.asked.append(asked)
                given = answer(asked)
                self.send_response_only(given.status)
                for name, value in given.headers:
                    self.send_header(name, value)
                if now is not None:
                    self.send_header("date", formatdate(now(), usegmt=True))
                self.send_header("content-length", str(len(given.body)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(given.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(answer: Callable[[Asked], Given], now: Callable[[], float] | None = None) -> Iterator[Loopback]:
    """A `Loopback` for the length of a block."""
    server = Loopback(answer, now)
    try:
        yield server
    finally:
        server.close()


THIN_FIRST: Final = 3
"""Rows of a run that stay, besides its last: the one in the middle has two neighbours of its own shape."""
THIN_PERIOD: Final = 6
"""Rows are taken out by as many: what a style counts by twos or threes (`:nth-child`) stays as it was."""
TARGET_PX: Final = 24
"""WCAG 2.2, 2.5.8: a target that is smaller needs room around it."""
THIN: Final = """([first, period, target]) => {
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  const side = (px) => px < target ? Math.round(px) : "enough";
  const size = (each) => {
    if (!each.matches("a, button, input, select, textarea, summary, [tabindex], [role]")) return "";
    const {width, height} = each.getBoundingClientRect();
    return `${side(width)}x${side(height)}`;
  };
  const seen = (node) => node.nodeType === Node.TEXT_NODE && /[^\\s\\p{Z}\\p{C}]/u.test(node.data);
  const shape = (row) => Math.round(row.getBoundingClientRect().height)
    + [row, ...row.querySelectorAll("*")].map((each) => each.localName + size(each)
      + [...each.attributes].map(({name, value}) => ["id", "href"].includes(name) ? name : `${name}=${value}`)
      + [...each.childNodes].some(seen)).join();
  for (const body of document.querySelectorAll("tbody")) {
    const rows = [...body.rows].map((row) => [row, shape(row)]);
    for (let from = 0, to; from < rows.length; from = to) {
      for (to = from; to < rows.length && rows[to][1] === rows[from][1];) to++;
      const spare = Math.max(0, to - from - first - 1);
      for (const [row] of rows.slice(from + first, from + first + spare - spare % period)) row.remove();
    }
  }
  return ids.filter((id, place) => !id || ids.indexOf(id) !== place);
}"""


def thin(page: Any) -> list[str]:
    """Take from each table the inner rows of long runs of one shape: axe-core takes 20 s for a year's rows.

    A run is of rows one after the other with the very elements, classes and attributes (but for ids and where
    links lead), with text in the same elements, of one height, and with targets that are large enough or of
    one size. Its first three and its last row stay, and up to five more, so that each row that stays has its
    place among its neighbours by twos and by threes. What is not looked at then: words of rows that are gone,
    styles that count rows otherwise, and what the widths of columns would be with those rows.

    Returns:
        Ids that the whole page has twice, or empty ones.
    """
    return [str(each) for each in page.evaluate(THIN, [THIN_FIRST, THIN_PERIOD, TARGET_PX])]


def violations(page: Any, within: str | None = None) -> list[str]:
    """What axe-core finds on a page against WCAG 2.2 A and AA: `rule: element`, one a line.

    Args:
        page: a Playwright page or frame.
        within: a CSS selector; None: the whole page.
    """
    from axe_playwright_python.base import AXE_SCRIPT  # noqa: PLC0415 -- as above

    page.evaluate(AXE_SCRIPT)
    options = json.dumps(
        {"runOnly": {"type": "tag", "values": list(WCAG_TAGS)}, "resultTypes": ["violations"]}
    )
    where = "document" if within is None else json.dumps(within)
    found = page.evaluate(f"axe.run({where}, {options})")
    assert found["passes"], "axe-core looked at nothing"
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]
