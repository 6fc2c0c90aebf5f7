"""The line test's server as a program: an order as one line of JSON in, "ready" out, ends with its input.

The page is a bare one that includes the site's own body fragment.
"""

import asyncio
import json
import sys
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from tests.site.linetest.bare_page import bare_page
from voipwatch.site.linetest.assemble import LineTestOptions, assemble
from voipwatch.site.linetest.handler import LineTest, Receive, Scope, Send
from voipwatch.site.linetest.turn import TurnOptions

CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"font-src 'none'; frame-ancestors 'none'"
)


class WithPages:
    """`/LANG/line-test/` and the application below `/linetest/`."""

    def __init__(self, line_test: LineTest) -> None:
        self.line_test = line_test

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].strip("/").split("/") if scope["type"] == "http" else []
        if len(parts) != 2 or parts[1] != "line-test":
            await self.line_test(scope, receive, send)
            return
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", CSP)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bare_page(parts[0]).encode()})


def wall_clock() -> float:
    return datetime.now(tz=UTC).timestamp()


async def serve(order: dict[str, Any]) -> None:
    with ExitStack() as stack:
        options = None
        if order.get("turn"):
            options = TurnOptions(
                address=order["address"],
                far_end=order["address"],
                name=order.get("name", ""),
                certificate=Path(order["certificate"]) if order.get("certificate") else None,
                key=Path(order["key"]) if order.get("key") else None,
                certificate_has_address=bool(order.get("certificate")),
            )
        reports = Path(order["inbox"]) if order.get("inbox") else None
        made = stack.enter_context(
            assemble(
                LineTestOptions(order["address"], options, reports),
                locate=lambda _: ("MA", 64500),
                clock=wall_clock,
            )
        )
        assert made.problems == ()
        if order.get("no_far_end"):
            made.app.far_end = None
        app = WithPages(made.app)
        server = Server(
            app,
            address=order["address"],
            port=order.get("port", 9000),
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
        )
        running = asyncio.ensure_future(server.serve())
        await asyncio.sleep(0.3)
        print("ready", flush=True)  # noqa: T201 -- what starts it waits for this
        await asyncio.to_thread(sys.stdin.read)
        server.stop()  # type: ignore[no-untyped-call]  # Granian has no types for it
        with suppress(asyncio.CancelledError):
            await running


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.stdin.readline())))
