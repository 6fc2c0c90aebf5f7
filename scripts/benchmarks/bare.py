"""The least that a web framework answers: what the site's speed is set against."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Starlette's request and response, without routes."""
    request = Request(scope, receive)
    await PlainTextResponse(f"{request.url.path}\n")(scope, receive, send)
