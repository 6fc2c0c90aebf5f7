"""Lists of reflectors: who may sign one, which come back, and bytes that are none."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.wire import fleet as module
from voipwatch.wire.fleet import (
    FleetError,
    FleetProblem,
    Known,
    ReflectorState,
    accept,
    decode_fleet,
    sign_fleet,
    unix_s,
)

FIRST, SECOND, THIRD = (bytes([n]) * 32 for n in (1, 2, 3))
NOW_S = unix_s("2026-11-23T12:00:00Z")


def public(private: bytes) -> str:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()


PINNED = Known(frozenset({public(FIRST)}))


def draft(**changes: Any) -> bytes:
    document: dict[str, Any] = {
        "serial": 1,
        "issued": "2026-11-20T00:00:00Z",
        "expires": "2026-12-20T00:00:00Z",
        "reflectors": [
            {"name": "one", "host": "r1.example.org", "key": "11" * 32, "calls": 400, "country": "DE"},
            {"name": "two", "host": "2001:db8::2", "key": "22" * 32, "calls": 40, "state": "draining"},
        ],
    }
    return json.dumps(document | changes).encode()


def reflector(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "one", "host": "r1.example.org", "key": "11" * 32, "calls": 400} | changes]


def refused(content: bytes, known: Known = PINNED, now_s: float = NOW_S) -> FleetProblem:
    with pytest.raises(FleetError) as caught:
        accept(content, known, now_s)
    return caught.value.problem


def test_a_signed_list_is_believed_and_remembered() -> None:
    fleet, known = accept(sign_fleet(draft(next_keys=[public(SECOND)]), FIRST), PINNED, NOW_S)
    assert [(each.name, each.state) for each in fleet.reflectors] == [
        ("one", ReflectorState.SERVING),
        ("two", ReflectorState.DRAINING),
    ]
    assert (known.serial, known.keys) == (1, frozenset({public(FIRST), public(SECOND)}))
    assert accept(sign_fleet(draft(next_keys=[public(SECOND)]), FIRST), known, NOW_S)[1] == known


def test_layout_does_not_count_and_every_value_does() -> None:
    document = json.loads(sign_fleet(draft(), FIRST))
    decode_fleet(json.dumps(document, indent=7).encode())
    document["reflectors"][0]["calls"] = 401
    assert refused(json.dumps(document).encode()) is FleetProblem.SIGNATURE


def test_unknown_fields_are_signed_too() -> None:
    document = json.loads(sign_fleet(draft(note="a"), FIRST))
    decode_fleet(json.dumps(document).encode())
    document["note"] = "b"
    assert refused(json.dumps(document).encode()) is FleetProblem.SIGNATURE


def test_the_key_turns_by_what_an_earlier_list_names() -> None:
    _, known = accept(sign_fleet(draft(next_keys=[public(SECOND)]), FIRST), PINNED, NOW_S)
    by_second = sign_fleet(draft(serial=2, next_keys=[public(THIRD)]), SECOND)
    assert refused(by_second) is FleetProblem.STRANGER, "nobody told this reader of it"
    _, known = accept(by_second, known, NOW_S)
    assert known.keys == {public(SECOND), public(THIRD)}
    assert refused(sign_fleet(draft(serial=3), FIRST), known) is FleetProblem.STRANGER, "it was left out"
    assert accept(sign_fleet(draft(serial=3), THIRD), known, NOW_S)[1].keys == {public(THIRD)}


def test_an_older_list_and_another_of_one_serial_are_refused() -> None:
    _, known = accept(sign_fleet(draft(serial=5), FIRST), PINNED, NOW_S)
    assert refused(sign_fleet(draft(serial=4), FIRST), known) is FleetProblem.ROLLBACK
    other = sign_fleet(draft(serial=5, reflectors=reflector()), FIRST)
    assert refused(other, known) is FleetProblem.TWO_FACED


def test_a_list_holds_from_its_issue_until_it_expires() -> None:
    content = sign_fleet(draft(), FIRST)
    expires_s, issued_s = unix_s("2026-12-20T00:00:00Z"), unix_s("2026-11-20T00:00:00Z")
    accept(content, PINNED, expires_s - 1)
    assert refused(content, now_s=expires_s) is FleetProblem.EXPIRED
    accept(content, PINNED, issued_s - module.AHEAD_S)
    assert refused(content, now_s=issued_s - module.AHEAD_S - 1) is FleetProblem.FUTURE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema": "voipwatch.fleet/2"}, "schema"),
        ({"serial": 0}, "serial"),
        ({"serial": 1 << 54}, "serial"),
        ({"issued": "2026-11-20"}, "issued, expires"),
        ({"issued": "2026-13-40T00:00:00Z"}, "issued, expires"),
        ({"expires": "2026-11-20T00:00:00Z"}, "expires"),
        ({"expires": "2028-11-20T00:00:00Z"}, "expires"),
        ({"next_keys": ["ab"]}, "next_keys"),
        ({"next_keys": [f"{n:064x}" for n in range(5)]}, "next_keys"),
        ({"reflectors": []}, "reflectors"),
        ({"reflectors": reflector() * 2}, "reflectors: name twice"),
        ({"reflectors": [*reflector(), *reflector(name="two")]}, "reflectors: key twice"),
        ({"reflectors": reflector(name="A B")}, "reflectors[0].name [a-z0-9][a-z0-9.-]{0,62}"),
        ({"reflectors": reflector(host="a/b")}, "reflectors[0].host"),
        ({"reflectors": reflector(key="11")}, "reflectors[0].key [0-9a-f]{64}"),
        ({"reflectors": reflector(calls=0)}, "reflectors[0].calls 1-1000000"),
        ({"reflectors": reflector(port=65_536)}, "reflectors[0].port 1-65535"),
        ({"reflectors": reflector(pin="x")}, "reflectors[0].pin [0-9a-f]{64}"),
        ({"reflectors": reflector(country="de")}, "reflectors[0].country [A-Z]{2}"),
        ({"reflectors": reflector(network="a\x1b[2J")}, "reflectors[0].network"),
    ],
)
def test_a_field_out_of_range_is_named_before_anything_is_signed(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FleetError) as caught:
        sign_fleet(draft(**changes), FIRST)
    assert (caught.value.problem, caught.value.detail) == (FleetProblem.FIELD, field)


def test_a_state_that_is_none_is_a_field() -> None:
    with pytest.raises(FleetError) as caught:
        sign_fleet(draft(reflectors=reflector(state="asleep")), FIRST)
    assert caught.value.problem is FleetProblem.FIELD


def test_no_depth_of_an_unknown_field_raises_anything_else() -> None:
    document = json.loads(sign_fleet(draft(), FIRST))
    head = json.dumps(document).rstrip("}").encode()
    for depth in range(10, 2_000, 7):
        refused(head + b', "more": ' + b"[" * depth + b"]" * depth + b"}")


def test_every_truncation_is_unreadable() -> None:
    whole = sign_fleet(draft(), FIRST).rstrip()
    for end in range(len(whole)):
        assert refused(whole[:end]) is FleetProblem.UNREADABLE


def test_more_than_a_list_can_have_is_not_read() -> None:
    assert refused(b" " * (module.FLEET_BYTES_MAX + 1)) is FleetProblem.UNREADABLE


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b'{"a":' * 50_000)
@example(b"\xff{}")
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    with pytest.raises(FleetError):
        accept(content, PINNED, NOW_S)


@given(st.sampled_from(["serial", "issued", "key", "signature", "reflectors", "next_keys"]), JSON_VALUES)
def test_no_value_of_a_field_raises_anything_else(field: str, value: Any) -> None:
    document = json.loads(sign_fleet(draft(), FIRST))
    before = document.get(field)
    document[field] = value
    if value == before or (field == "next_keys" and value == []):
        return
    with pytest.raises(FleetError):
        accept(json.dumps(document).encode(), PINNED, NOW_S)
