import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from voipwatch.collector.body import GONE, SMALL_BYTES, Body, BodyError, Limits, discard_body, read_body
from voipwatch.collector.limits import Room

LIMITS = Limits(body_bytes=100, held_bytes=150, read_s=0.01)


class Sender:
    """Sends chunks; then says whatever `after` is, or nothing for ever."""

    def __init__(self, *chunks: bytes, after: str = "http.disconnect") -> None:
        self.messages: list[MutableMapping[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        if after == "end":
            self.messages[-1]["more_body"] = False
        elif after:
            self.messages.append({"type": after})

    async def __call__(self) -> MutableMapping[str, Any]:
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)


def read(sender: Sender, headers: dict[bytes, bytes] | None = None, room: Room | None = None) -> bytes:
    async def main() -> bytes:
        async with Body(room or Room(LIMITS.held_bytes), headers or {}, LIMITS) as body:
            return await read_body(body, sender)

    return asyncio.run(main())


def failed(sender: Sender, headers: dict[bytes, bytes] | None = None, room: Room | None = None) -> BodyError:
    with pytest.raises(BodyError) as caught:
        read(sender, headers, room)
    return caught.value


def test_chunks_are_joined() -> None:
    assert read(Sender(b"ab", b"", b"c", after="end")) == b"abc"
    assert read(Sender(b"abc", after="end"), {b"content-length": b"3"}) == b"abc"


def test_too_large_by_its_own_word_or_by_what_comes() -> None:
    assert failed(Sender(b"x", after="end"), {b"content-length": b"101"}).status == 413
    assert failed(Sender(b"x" * 60, b"x" * 41, after="end")).status == 413
    assert failed(Sender(b"x" * 101, after="end"), {b"content-length": b"1"}).status == 413


def test_a_sender_who_goes_or_stalls() -> None:
    assert failed(Sender(b"x")).status == GONE
    assert failed(Sender(b"x", after="")).status == 408


def test_room_is_shared_and_given_back_whatever_happens() -> None:
    room = Room(LIMITS.held_bytes)
    room.take(100)
    assert failed(Sender(b"x" * 60, after="end"), {b"content-length": b"60"}, room).status == 503
    assert failed(Sender(b"x" * 60, after="end"), room=room).status == 503
    assert room.held == 100
    assert read(Sender(b"x" * 40, after="end"), room=room) == b"x" * 40
    failed(Sender(b"x"), room=room)
    assert room.held == 100


def test_a_length_that_is_no_number_is_not_believed() -> None:
    assert read(Sender(b"x", after="end"), {b"content-length": b"-1"}) == b"x"


def test_what_is_discarded_ends() -> None:
    for sender in (Sender(b"x" * 500, after="end"), Sender(b"x"), Sender(b"x", after="")):
        asyncio.run(discard_body(sender, LIMITS))
        assert sender.messages == []


def test_small_requests_have_small_bounds() -> None:
    assert Limits().small().body_bytes == SMALL_BYTES
