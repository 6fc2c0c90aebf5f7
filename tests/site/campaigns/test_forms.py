"""Forms as they are read."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.forms import FORM_BYTES_MAX, is_foreign, is_local, read_form

TYPE = {b"content-type": b"application/x-www-form-urlencoded; charset=UTF-8"}


def read(body: bytes, headers: dict[bytes, bytes] | None = None, pieces: int = 3) -> dict[str, str] | None:
    size = max(1, -(-len(body) // pieces))
    cut = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    messages: list[Any] = [
        {"type": "http.request", "body": part, "more_body": number < len(cut) - 1}
        for number, part in enumerate(cut)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    return asyncio.run(read_form(TYPE if headers is None else headers, receive))


def test_fields() -> None:
    assert read(b"email=a%40example.org&consent=yes") == {"email": "a@example.org", "consent": "yes"}
    assert read(b"") == {}
    assert read(b"name=%D8%A3") == {"name": "أ"}


@pytest.mark.parametrize(
    "body",
    [b"x=" + b"a" * FORM_BYTES_MAX, b"&".join(b"a%d=1" % n for n in range(11)), b"x=%ff", b"x=\xff"],
)
def test_what_is_no_form(body: bytes) -> None:
    assert read(body) is None


def test_other_types_and_a_client_that_went_away() -> None:
    assert read(b"{}", {b"content-type": b"application/json"}) is None
    assert read(b"a=1", {}) is None

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    assert asyncio.run(read_form(TYPE, gone)) is None


@given(st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    found = read(body)
    assert found is None or all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize(
    ("client", "headers", "local"),
    [
        ("127.0.0.1", {b"host": b"127.0.0.1:8482"}, True),
        ("::1", {b"host": b"[::1]"}, True),
        ("::ffff:127.0.0.1", {b"host": b"localhost:1"}, True),
        ("127.0.0.1", {b"host": b"watch.example"}, False),
        ("127.0.0.1", {b"host": b"127.0.0.1.watch.example"}, False),
        ("127.0.0.1", {b"host": b"watch.example@127.0.0.1"}, False),
        ("127.0.0.1", {b"host": b"[127"}, False),
        ("127.0.0.1", {b"host": b"\xff"}, False),
        ("127.0.0.1", {}, False),
        ("192.0.2.1", {b"host": b"127.0.0.1"}, False),
        ("::ffff:192.0.2.1", {b"host": b"127.0.0.1"}, False),
        ("unix:", {b"host": b"127.0.0.1"}, False),
        *(
            ("127.0.0.1", {b"host": b"127.0.0.1", name: b"192.0.2.1"}, False)
            for name in (
                b"x-forwarded-for",
                b"x-forwarded-proto",
                b"x-forwarded-host",
                b"x-forwarded-port",
                b"x-forwarded-anything",
                b"forwarded",
                b"via",
                b"x-real-ip",
                b"x-client-ip",
                b"cf-connecting-ip",
                b"true-client-ip",
            )
        ),
        ("127.0.0.1", {b"host": b"127.0.0.1", b"x-requested-with": b"x", b"cookie": b"via=1"}, True),
    ],
)
def test_who_asks_on_this_machine(client: str, headers: dict[bytes, bytes], local: bool) -> None:
    assert is_local(client, headers) is local


@given(st.text(max_size=20), st.binary(max_size=30))
def test_any_host_is_this_machine_or_not(client: str, host: bytes) -> None:
    assert is_local(client, {b"host": host}) in {True, False}


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({b"sec-fetch-site": b"same-origin"}, False),
        ({b"sec-fetch-site": b"none"}, False),
        ({b"sec-fetch-site": b"same-site"}, True),
        ({b"sec-fetch-site": b"cross-site"}, True),
        ({b"origin": b"null"}, False),
        ({b"origin": b"https://watch.example"}, False),
        ({b"origin": b"https://watch.example.org"}, True),
        ({b"origin": b"http://watch.example"}, True),
    ],
)
def test_who_sends_it(headers: dict[bytes, bytes], foreign: bool) -> None:
    assert is_foreign(headers, "https://watch.example") is foreign
