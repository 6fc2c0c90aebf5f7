"""The application over ASGI, without a server."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.site.linetest.test_far_end import Callee
from tests.site.linetest.test_inbox import NOW_S, body
from tests.site.linetest.test_sdp import OFFER
from voipwatch.site.linetest import far_end as far_end_module
from voipwatch.site.linetest.counts import DayCounts
from voipwatch.site.linetest.far_end import CALLER_TESTS_MAX, FarEnd
from voipwatch.site.linetest.handler import CALLS_BYTES_MAX, LineTest
from voipwatch.site.linetest.inbox import A_DAY, Inbox
from voipwatch.site.linetest.messages import Arm, FarSight
from voipwatch.site.linetest.proofs import Proofs

JSON = {"content-type": "application/json"}
KEY = bytes(range(16))
OTHER = "203.0.113.9"
"""Of another part of all networks than any address here, with this key."""
CALLS = json.dumps({"arms": [{"arm": "direct", "sdp": OFFER}]}).encode()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_end_module, "EVERY_S", 0.0)


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"] if messages else 0
        self.headers = dict(messages[0]["headers"]) if messages else {}
        self.body = b"".join(message["body"] for message in messages[1:])


def ask(
    app: LineTest,
    method: str,
    name: str,
    content: bytes = b"",
    headers: Mapping[str, str] = JSON,
    *,
    parts: Iterable[bytes] | None = None,
) -> Answer:
    """One request; after its body the visitor stays on the line."""
    sent: list[dict[str, Any]] = []

    async def visit() -> None:
        waiting = list([content] if parts is None else parts)

        async def receive() -> dict[str, Any]:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(key.encode(), value.encode()) for key, value in headers.items()]
        scope = {"type": "http", "method": method, "path": f"/linetest/{name}", "headers": raw}
        async with asyncio.timeout(10):
            await app({**scope, "client": ("192.0.2.77", 5000)}, receive, send)

    asyncio.run(visit())
    return Answer(sent)


def far_end(**options: Any) -> FarEnd:
    sight = FarSight(ice=True, dtls=True, received=30, sent=30, echoes=2)
    return FarEnd(callee=lambda: Callee(sight), call_s=0.05, **options)


def test_a_test_is_lines_of_json_and_leaves_a_proof(tmp_path: Path) -> None:
    app = LineTest(far_end(proofs=Proofs(tmp_path, "192.0.2.7", lambda: NOW_S, KEY)))
    said = ask(app, "POST", "calls", CALLS)
    lines = [json.loads(line) for line in said.body.splitlines()]
    assert said.status == 200
    assert said.headers[b"content-type"].startswith(b"application/x-ndjson")
    assert said.headers[b"cache-control"] == b"no-store, no-transform"
    assert [lines[0]["kind"], lines[1]["kind"], lines[-1]["kind"]] == ["answers", "progress", "end"]
    assert lines[1]["arms"]["direct"]["received"] == 30
    assert list(app.config(OTHER).reached) == ["direct"]
    assert json.loads(ask(app, "GET", "config.json").body)["reached"] == {}, "his own proves nothing to him"


def test_each_line_is_readable_at_once_when_packed() -> None:
    said = ask(LineTest(far_end()), "POST", "calls", CALLS, {**JSON, "accept-encoding": "br, gzip"})
    assert said.headers[b"content-encoding"] == b"gzip"
    assert json.loads(zlib.decompressobj(wbits=31).decompress(said.body).splitlines()[-1])["kind"] == "end"


def test_offers_may_be_packed_and_a_bomb_is_not_unpacked() -> None:
    packed = {**JSON, "content-encoding": "gzip"}
    assert ask(LineTest(far_end()), "POST", "calls", gzip.compress(CALLS), packed).status == 200
    bomb = gzip.compress(b" " * 50 * CALLS_BYTES_MAX)
    assert ask(LineTest(far_end()), "POST", "calls", bomb, packed).status == 413
    assert ask(LineTest(far_end()), "POST", "calls", b"no gzip", packed).status == 413


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (b"{}", 400),
        (b'{"arms": []}', 400),
        (json.dumps({"arms": [{"arm": "elsewhere", "sdp": OFFER}]}).encode(), 400),
        (json.dumps({"arms": [{"arm": "direct", "sdp": OFFER}] * 9}).encode(), 400),
        (json.dumps({"arms": [{"arm": "direct", "sdp": "x" * 20_000}]}).encode(), 400),
        (b" " * (CALLS_BYTES_MAX + 1), 413),
    ],
)
def test_bad_offers_are_refused_with_a_reason(content: bytes, status: int) -> None:
    said = ask(LineTest(far_end()), "POST", "calls", content)
    assert said.status == status
    assert json.loads(said.body)["reason"]


def test_a_body_in_pieces_is_bounded_too() -> None:
    said = ask(LineTest(far_end()), "POST", "calls", parts=[b" " * 50_000] * 3)
    assert said.status == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("name", ["calls", "reports"])
def test_another_site_s_form_starts_nothing(name: str, kind: str) -> None:
    assert ask(LineTest(far_end()), "POST", name, CALLS, {"content-type": kind}).status == 415


def test_busy_and_absent_far_ends_are_said() -> None:
    full = far_end(tests_max=0)
    said = ask(LineTest(full), "POST", "calls", CALLS)
    assert (said.status, json.loads(said.body)["code"]) == (503, "busy")
    assert said.headers[b"retry-after"]
    assert json.loads(ask(LineTest(full), "GET", "config.json").body)["far_end"] is False
    assert ask(LineTest(None), "POST", "calls", CALLS).status == 503
    config = json.loads(ask(LineTest(None), "GET", "config.json").body)
    assert config == {
        "far_end": False,
        "turn": None,
        "relay_stopped": False,
        "reached": {},
        "takes_reports": False,
        "schema": "voipwatch.line-test/1",
    }


def test_the_relay_is_told_with_a_credential_and_not_when_it_has_ended() -> None:
    offers = ({Arm.TURN_UDP: "turn:192.0.2.7:3478?transport=udp"}, "user", "word")
    config = json.loads(ask(LineTest(None, lambda _caller: offers), "GET", "config.json").body)
    assert config["turn"] == {
        "username": "user", "credential": "word", "uris": {"turn-udp": "turn:192.0.2.7:3478?transport=udp"},
    }  # fmt: skip
    gone = json.loads(ask(LineTest(None, lambda _caller: ({}, "user", "word")), "GET", "config.json").body)
    assert (gone["turn"], gone["relay_stopped"]) == (None, True)
    assert config["relay_stopped"] is False


def test_a_visitor_who_goes_ends_the_calls() -> None:
    callee = Callee()
    app = LineTest(FarEnd(callee=lambda: callee, call_s=60.0))

    async def visit() -> None:
        waiting = [CALLS]

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await asyncio.sleep(0)

        headers = [(b"content-type", b"application/json")]
        async with asyncio.timeout(5):
            scope = {"type": "http", "method": "POST", "path": "/linetest/calls", "headers": headers}
            await app(scope, receive, send)

    asyncio.run(visit())
    assert callee.closed == 1


def test_a_server_that_cannot_send_ends_the_calls() -> None:
    callee = Callee()
    app = LineTest(FarEnd(callee=lambda: callee, call_s=60.0))

    async def visit() -> None:
        parts: AsyncIterator[dict[str, Any]] = _body_then_nothing()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise BrokenPipeError

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/linetest/calls", "headers": headers}
        async with asyncio.timeout(5):
            await app(scope, parts.__anext__, send)

    asyncio.run(visit())
    assert callee.closed == 1


async def _body_then_nothing() -> AsyncIterator[dict[str, Any]]:
    yield {"type": "http.request", "body": CALLS, "more_body": False}
    await asyncio.Event().wait()


def test_files_have_their_types_and_are_asked_for_again() -> None:
    app = LineTest(None)
    said = ask(app, "GET", "linetest.js")
    assert said.headers[b"content-type"] == b"text/javascript; charset=utf-8"
    assert said.headers[b"x-content-type-options"] == b"nosniff"
    assert b"access-control-allow-origin" not in said.headers
    again = ask(app, "GET", "linetest.js", headers={"if-none-match": said.headers[b"etag"].decode()})
    assert (again.status, again.body) == (304, b"")
    assert ask(app, "HEAD", "linetest.css").body == b""
    assert ask(app, "GET", "linetest-worker.js").headers[b"service-worker-allowed"] == b"/"
    assert b"service-worker-allowed" not in said.headers


@pytest.mark.parametrize(
    ("method", "name", "status"),
    [
        ("GET", "ping", 204),
        ("GET", "calls", 405),
        ("DELETE", "ping", 405),
        ("GET", "../handler.py", 404),
        ("GET", "", 404),
        ("POST", "reports", 404),
    ],
)
def test_the_other_routes(method: str, name: str, status: int) -> None:
    assert ask(LineTest(None), method, name).status == status


def test_reports_go_to_the_inbox_or_are_refused(tmp_path: Path) -> None:
    inbox = Inbox(
        tmp_path / "reports",
        locate=lambda _: ("MA", 64500),
        clock=lambda: NOW_S,
        key=KEY,
        counts=DayCounts(tmp_path / "counts"),
    )
    app = LineTest(None, None, inbox)
    assert ask(app, "POST", "reports", body()).status == 204
    assert ask(app, "POST", "reports", b"{}").status == 422
    assert ask(app, "POST", "reports", b" " * 9_000).status == 413
    (path,) = (tmp_path / "reports").iterdir()
    assert len(path.read_bytes().splitlines()) == 1
    path.unlink()
    path.mkdir()
    assert ask(app, "POST", "reports", body()).status == 507


@pytest.mark.parametrize("proxied", [True, False])
def test_behind_a_declared_proxy_each_visitor_has_an_address_of_his_own(
    tmp_path: Path, *, proxied: bool
) -> None:
    located: list[str] = []

    def locate(address: str) -> tuple[str, int]:
        located.append(address)
        return "MA", 64500

    inbox = Inbox(
        tmp_path / "reports",
        locate=locate,
        clock=lambda: NOW_S,
        key=KEY,
        counts=DayCounts(tmp_path / "counts"),
    )
    proxies = (ip_network("192.0.2.77/32"),) if proxied else ()
    app = LineTest(None, None, inbox, proxies)
    said = [
        ask(app, "POST", "reports", body(), {**JSON, "x-forwarded-for": f"10.9.9.9, 198.51.{last}.7"}).status
        for last in range(A_DAY + 1)
    ]
    assert said == [204] * A_DAY + [204 if proxied else 429]
    assert located[0] == ("198.51.0.7" if proxied else "192.0.2.77")
    unknown = ask(app, "POST", "reports", body(), {**JSON, "x-forwarded-for": "unknown"})
    assert unknown.status == (400 if proxied else 429)


def test_a_proof_is_of_who_is_behind_the_proxy(tmp_path: Path) -> None:
    for sender, proved in (("198.51.100.9", ["direct"]), ("127.0.0.1", []), ("unknown", [])):
        folder = tmp_path / sender
        folder.mkdir()
        far = far_end(proofs=Proofs(folder, "192.0.2.7", lambda: NOW_S, KEY))
        app = LineTest(far, None, None, (ip_network("192.0.2.0/24"),))
        assert ask(app, "POST", "calls", CALLS, {**JSON, "x-forwarded-for": sender}).status == 200
        assert list(app.config(OTHER).reached) == proved


def test_a_relay_s_credential_is_asked_for_in_the_name_of_who_is_behind_the_proxy() -> None:
    asked: list[str] = []

    def offers(caller: str) -> tuple[dict[Arm, str], str, str]:
        asked.append(caller)
        return {}, "user", "word"

    app = LineTest(None, offers, None, (ip_network("192.0.2.0/24"),))
    for sender in ("198.51.100.9", "unknown"):
        ask(app, "GET", "config.json", headers={"x-forwarded-for": sender})
    assert asked == ["198.51.100.9", ""]


def test_who_tests_as_often_as_one_may_is_told_so_and_nobody_else_is() -> None:
    far = far_end()
    far._callers["192.0.2"] = CALLER_TESTS_MAX
    assert ask(LineTest(far), "POST", "calls", CALLS).status == 503
    assert json.loads(ask(LineTest(far), "GET", "config.json").body)["far_end"] is False
    assert LineTest(far).config(OTHER).far_end is True
