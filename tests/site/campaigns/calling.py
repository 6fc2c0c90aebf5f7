"""Requests to the application, without a socket."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from voipwatch.site.app import AsgiApp

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answered:
    """What was sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


async def acall(
    app: AsgiApp,
    method: str,
    path: str,
    form: dict[str, str] | None = None,
    *,
    body: bytes | None = None,
    client: str = "192.0.2.1",
    query: str = "",
    **headers: str,
) -> Answered:
    """One request; header names have underscores for hyphens."""
    sent = {"content-type": FORM} if form is not None or body is not None else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    content = urlencode(form or {}).encode() if body is None else body
    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(), "client": (client, 1),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
    }  # fmt: skip
    half = len(content) // 2
    messages = [
        {"type": "http.request", "body": content[:half], "more_body": True},
        {"type": "http.request", "body": content[half:], "more_body": False},
    ]
    told: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    start, *rest = told
    names = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answered(start["status"], names, b"".join(each.get("body", b"") for each in rest))


def call(app: AsgiApp, method: str, path: str, form: dict[str, str] | None = None, **more: Any) -> Answered:
    """The same, at once."""
    return asyncio.run(acall(app, method, path, form, **more))
