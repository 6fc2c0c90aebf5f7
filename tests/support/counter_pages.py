"""A page of somebody else's with counters of ours, for tests in a browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.support.browser import Asked, Given, Loopback, serving
from tests.support.counters import at, every_state
from voipwatch.site.counter.answers import CounterAnswers
from voipwatch.site.counter.document import CounterDocument, counter_document, encoded
from voipwatch.site.counter.embed import Snippets, snippets
from voipwatch.site.counter.module import current_module

NOON = at("2016-03-01T12:00")
MIDNIGHT = at("2016-03-02T00:00")
OVER = at("2016-03-03T06:00")
ID = "MA-2016-01-a"
SAID = "Morocco: calls by WhatsApp and imo have been stopped for 58 to 59 days"
DATED = "Morocco: calls by WhatsApp and imo stopped since 2 to 3 January 2016, as of 1 March 2016"

LOOKING_IN = """
(() => {
  const real = Element.prototype.attachShadow;
  window.modes = [];
  Element.prototype.attachShadow = function (options) {
    window.modes.push(options.mode);
    return (window.root = real.call(this, options));
  };
  window.broken = [];
  addEventListener('securitypolicyviolation', (event) => window.broken.push(event.violatedDirective));
})();
"""
"""For tests alone: what is closed to the page is opened to them, and what a policy stopped is noted."""

SHOWN = "() => window.root?.querySelector('.headline')?.textContent"
JSON = (("content-type", "application/json"), ("access-control-allow-origin", "*"))


def changed(**fields: object) -> bytes:
    """The true document with other fields."""
    raw = msgspec.json.decode(encoded(counter_document(every_state()["active"], NOON)))
    return json.dumps(raw | fields).encode()


class Counter:
    """The counter's server, and a page of somebody else's that embeds it."""

    def __init__(self) -> None:
        self.now_s = NOON
        self.document: CounterDocument | None = None
        """Instead of the true one."""
        self.given: Given | None = None
        """Instead of any answer."""
        self.bad: dict[str, Given] = {}
        """Path -> what stands there."""
        self.policy = ""
        self.page = b""
        self.server: Loopback
        self.host: Loopback
        self.answers: CounterAnswers

    def start(self, server: Loopback, host: Loopback) -> None:
        self.server, self.host = server, host
        cases = every_state()
        self.answers = CounterAnswers([cases["active"], cases["none"]], base=server.origin)

    def asked_for_json(self) -> int:
        return sum(each.path.endswith(".json") for each in self.server.asked)

    def answer(self, asked: Asked) -> Given:
        if asked.path in self.bad:
            return self.bad[asked.path]
        if self.given is not None and asked.path.endswith(".json"):
            return self.given
        answer = self.answers.answer(asked.path, self.now_s)
        assert answer is not None, asked.path
        body = answer.body
        if self.document is not None and asked.path.endswith(".json"):
            body = encoded(self.document)
        return Given(answer.status, answer.headers, body)

    def host_answer(self, asked: Asked) -> Given:
        if asked.path != "/page":
            return Given(404)
        policy = (("content-security-policy", self.policy),) if self.policy else ()
        return Given(200, (("content-type", "text/html; charset=utf-8"), *policy), self.page)

    def snippets(self, lang: str = "en") -> Snippets:
        document = self.answers.document(ID, None)
        return snippets(document, lang, base=self.server.origin, module=current_module())

    def embed(self, body: str | None = None, *, lang: str = "en", head: str = "") -> None:
        inside = self.snippets(lang).element if body is None else body
        self.page = (
            f'<!doctype html><html lang="{lang}"><title>host</title>{head}<h1>x</h1>{inside}</html>'.encode()
        )

    @staticmethod
    def stop_clock(page: Any, at_s: float) -> None:
        """From this second on, a page's clock goes on only as the test says.

        An installed clock also runs with the machine's, and a slow machine would be a second late.
        """
        page.clock.pause_at(datetime.fromtimestamp(at_s, tz=UTC))

    def open(self, context: Any, *, peek: bool = True, wait: str = "shown") -> Any:
        """The host's page, with a clock that shows the server's time.

        Args:
            context: a Playwright context.
            peek: whether closed roots are opened to the test.
            wait: until the element is `shown`, or until nothing is asked any more.
        """
        if peek:
            context.add_init_script(LOOKING_IN)
        page = context.new_page()
        page.clock.install(time=datetime.fromtimestamp(self.now_s, tz=UTC))
        page.goto(f"{self.host.origin}/page")
        if wait == "shown":
            page.wait_for_function(SHOWN)
        else:  # nothing will come: half a second without any request
            page.wait_for_load_state("networkidle")
        return page


@contextmanager
def embedding() -> Iterator[Counter]:
    """Both servers, and a page with one element."""
    found = Counter()
    with serving(found.answer, lambda: found.now_s) as server, serving(found.host_answer) as host:
        found.start(server, host)
        found.embed()
        yield found


def shown(page: Any) -> dict[str, str]:
    """Class -> text of what the element shows; nothing where it shows its own inside."""
    return dict(
        page.evaluate(
            """() => Object.fromEntries(
              [...(window.root?.querySelectorAll('p:not(:empty), a:not([hidden])') ?? [])]
              .map((each) => [each.className, each.textContent]))"""
        )
    )
