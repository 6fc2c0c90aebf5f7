"""Planted roles are found, whatever stands around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.imported.support import noise
from voipwatch.apps.imported import roles
from voipwatch.apps.imported.roles import Exchange, Field, infer, merged

SEEDS = st.integers(0, 10_000)


def planted(
    seed: int, count: int, make: "list[tuple[str, int]]", *, step: int = 1, little: bool = False
) -> list[Exchange]:
    """Messages of parts in order: constant, random, counter, length, echo (of the request from 4 on)."""
    found = []
    first = int.from_bytes(noise(f"first {seed}", 2), "big") % 1000
    for number in range(count):
        request = noise(f"request {seed} {number}", 24)
        tail = noise(f"tail {seed} {number}", 20 + (noise(f"size {seed} {number}", 1)[0] % 40) + number)
        data = b""
        for kind, size in make:
            if kind == "constant":
                data += noise(f"constant {seed}", size)
            elif kind == "random":
                data += noise(f"random {seed} {number}", size)
            elif kind == "counter":
                data += (first + step * number).to_bytes(size, "little" if little else "big")
            elif kind == "echo":
                data += request[4 : 4 + size]
            else:
                data += (len(tail)).to_bytes(size, "big")
        found.append(Exchange(data + tail, request if ("echo", 4) in make or ("echo", 8) in make else b""))
    return found


def at(fields: list[Field], offset: int) -> Field:
    """The field that holds the byte at an offset."""
    end = 0
    for field in fields:
        end += field.size
        if offset < end:
            return field
    raise AssertionError(f"nothing at {offset}")


@given(SEEDS, st.integers(4, 12))
def test_a_constant_is_found_with_its_bytes(seed: int, size: int) -> None:
    fields = infer(planted(seed, 20, [("constant", size), ("random", 4)]), head_bytes=size + 4)
    assert fields[0] == Field("constant", size, noise(f"constant {seed}", size))
    assert at(fields, size).kind != "constant"


@given(SEEDS, st.sampled_from([2, 4]), st.integers(1, 40), st.booleans())
def test_a_counter_is_found_with_its_step(seed: int, size: int, step: int, little: bool) -> None:
    messages = planted(seed, 40, [("random", 3), ("counter", size), ("random", 4)], step=step, little=little)
    low = 3 if little else 3 + size - 1  # the lowest byte counts whichever way the wider field was read
    found = at(infer(messages, head_bytes=7 + size), low)
    assert found.kind == "counter"
    assert found.step == step


@given(SEEDS, st.sampled_from([2, 4]), st.integers(1, 9))
def test_a_counter_with_missing_packets_is_found(seed: int, size: int, gap: int) -> None:
    messages = planted(seed, 40, [("counter", size), ("random", 6)])
    del messages[10 : 10 + gap]
    assert at(infer(messages, head_bytes=size + 6), size - 1).kind == "counter"


@given(SEEDS)
def test_a_length_is_found(seed: int) -> None:
    fields = infer(planted(seed, 12, [("random", 3), ("length", 2)]), head_bytes=5)
    found = at(fields, 4)
    assert (found.kind, found.of, found.plus) == ("length", "rest", 0)


@given(SEEDS, st.sampled_from([4, 8]))
def test_an_echo_is_found_with_its_place_in_the_request(seed: int, size: int) -> None:
    messages = planted(seed, 6, [("constant", 2), ("echo", size), ("random", 4)])
    found = at(infer(messages, head_bytes=6 + size), 2)
    assert (found.kind, found.start, found.size) == ("echo", 4, size)


@given(SEEDS)
def test_an_echo_is_found_in_one_message(seed: int) -> None:
    assert (
        at(infer(planted(seed, 1, [("constant", 2), ("echo", 8), ("random", 4)]), head_bytes=14), 3).kind
        == "echo"
    )


@given(SEEDS, st.integers(6, 30))
def test_random_bytes_are_random(seed: int, count: int) -> None:
    messages = [Exchange(noise(f"all {seed} {number}", 60)) for number in range(count)]
    kinds = [field.kind for field in infer(messages, head_bytes=40) for _ in range(field.size)]
    assert kinds.count("random") >= 36
    assert "echo" not in kinds


def test_neighbours_are_merged() -> None:
    fields = [Field("constant", 1, b"a"), Field("constant", 1, b"b"), Field("random", 1), Field("random", 2)]
    fields += [Field("echo", 2, start=4), Field("echo", 1, start=6), Field("echo", 1, start=9)]
    assert merged(fields) == [
        Field("constant", 2, b"ab"),
        Field("random", 3),
        Field("echo", 3, start=4),
        Field("echo", 1, start=9),
    ]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_fields_cover_the_shortest_message_and_no_more(size: int) -> None:
    messages = [Exchange(bytes(size)), Exchange(bytes(30))]
    assert sum(field.size for field in infer(messages)) == size


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.binary(max_size=20)), min_size=1, max_size=8)
)
def test_any_messages_get_fields_that_cover_them(found: list[tuple[bytes, bytes]]) -> None:
    messages = [Exchange(data, request) for data, request in found]
    fields = infer(messages)
    assert sum(field.size for field in fields) == min(64, *(len(data) for data, _ in found), 64)


@pytest.mark.parametrize("request_", [noise("a request", 300), bytes(300)], ids=["noise", "zeros"])
@pytest.mark.parametrize("data", [noise("an answer", 300), bytes(300)], ids=["noise", "zeros"])
def test_large_messages_cost_few_comparisons(
    monkeypatch: pytest.MonkeyPatch, data: bytes, request_: bytes
) -> None:
    """A hostile capture must not hold the program: it may bring messages of 1,400 bytes, and many."""
    compared: list[int] = []
    same = vars(roles)["_same"]

    def counting(message: Exchange, at: int, start: int) -> bool:
        compared.append(at)
        return bool(same(message, at, start))

    monkeypatch.setattr(roles, "_same", counting)
    infer([Exchange(data, request_)], head_bytes=300)
    assert len(compared) < 300 * 300
