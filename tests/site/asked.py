"""Asks an ASGI application in this process, and folders that it can serve."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from voipwatch.site.memory import MARKER


class Answered(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


async def asked(
    app: Any, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, query: str = ""
) -> Answered:
    """Of one request; every header of an answer is there once, and its length is right."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "headers": lines,
        "query_string": query.encode(),
        "client": ("192.0.2.77", 4711),
    }
    await app(scope, receive, send)
    start, *rest = sent
    found = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    assert len(found) == len(start["headers"]), start["headers"]
    body = b"".join(each["body"] for each in rest)
    assert not rest[-1].get("more_body")
    if "content-length" in found and method != "HEAD":
        assert int(found["content-length"]) == len(body)
    return Answered(start["status"], found, body)


def write_site(folder: Path, files: Mapping[str, bytes], marker: bytes = b"{}") -> Path:
    """A whole site: its marker is written last."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_bytes(marker)
    return folder
