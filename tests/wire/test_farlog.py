"""The signed far log: round trips, forged and damaged logs, hostile payloads."""

import contextlib
import zlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import (
    SIZE_MAX,
    FarColumns,
    FarFlow,
    FarLog,
    decode_farlog,
    decode_farlog_head,
    encode_farlog,
    sign_farlog,
    verify_farlog,
)

PRIVATE = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw().hex()


def columns(*rows: tuple[int, int, int, int]) -> FarColumns:
    seq, t_us, size_bytes, crc = ([row[i] for row in rows] for i in range(4))
    return FarColumns(seq=seq, t_us=t_us, size_bytes=size_bytes, crc=crc)


LOG = FarLog(
    reflector=PUBLIC,
    version="0.1.0",
    ticket=7,
    ticket_id="00" * 16,
    started_at="2016-01-07T12:00:00.000Z",
    flows=[
        FarFlow(
            flow=64,
            port=3478,
            up=columns((0, 10, 126, 0xDEADBEEF), (1025, 5_000_000, 70, 0), (1024, 5_000_100, 71, 0)),
            down=columns((0, 900, 60, 1)),
            sources=2,
            duplicates=3,
            unproved=1,
        ),
        FarFlow(flow=65, port=5060, up=FarColumns(), down=FarColumns()),
    ],
    garbage=4,
    strangers=[(3478, 2), (5060, 9)],
    refused=3,
    refused_us=77,
)
PAYLOAD = encode_farlog(LOG)


def test_a_log_reads_back() -> None:
    assert decode_farlog(PAYLOAD) == LOG


def test_a_log_from_before_strangers_and_refusals_were_counted_reads() -> None:
    plain = msgspec.msgpack.decode(zlib.decompress(PAYLOAD))
    for name in ("strangers", "refused", "refused_us"):
        del plain[name]
    log = decode_farlog(zlib.compress(msgspec.msgpack.encode(plain)))
    assert (log.strangers, log.refused, log.refused_us) == (None, 0, None)


def test_encoding_leaves_the_log_alone() -> None:
    before = msgspec.msgpack.encode(LOG)
    encode_farlog(LOG)
    assert msgspec.msgpack.encode(LOG) == before


def test_a_packet_costs_about_four_bytes() -> None:
    rows = [(1024 + n, 20_000 * n + (n * 7919) % 900, 160 + n % 3, 0) for n in range(2000)]
    log = msgspec.structs.replace(LOG, flows=[FarFlow(flow=1, port=1, up=columns(*rows), down=FarColumns())])
    assert len(encode_farlog(log)) < 5 * len(rows)


def test_the_signature_is_ed25519_over_the_domain_and_the_payload() -> None:
    signature = sign_farlog(PAYLOAD, PRIVATE)
    # second method: RFC 8032 through the library directly, raises when wrong
    key = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key()
    key.verify(signature, b"voipwatch.farlog/1\0" + PAYLOAD)
    assert verify_farlog(PAYLOAD, signature, PUBLIC)


def test_a_forged_log_is_not_verified() -> None:
    signature = sign_farlog(PAYLOAD, PRIVATE)
    other = sign_farlog(PAYLOAD, bytes(32))
    for position in (0, len(PAYLOAD) // 2, len(PAYLOAD) - 1):
        damaged = bytearray(PAYLOAD)
        damaged[position] ^= 1
        assert not verify_farlog(bytes(damaged), signature, PUBLIC)
    for bit in range(0, 512, 37):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << (bit % 8)
        assert not verify_farlog(PAYLOAD, bytes(flipped), PUBLIC)
    assert not verify_farlog(PAYLOAD, other, PUBLIC)
    assert not verify_farlog(PAYLOAD, signature[:-1], PUBLIC)


@pytest.mark.parametrize("key", ["", "zz", "00", PUBLIC[:-2], PUBLIC + "00", "é" * 64])
def test_a_key_that_is_none_verifies_nothing(key: str) -> None:
    assert not verify_farlog(PAYLOAD, sign_farlog(PAYLOAD, PRIVATE), key)


def test_truncated_at_every_byte() -> None:
    for cut in range(len(PAYLOAD)):
        with pytest.raises(WireError):
            decode_farlog(PAYLOAD[:cut])


def packed(value: object) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(value))


def test_columns_of_unequal_length_are_refused() -> None:
    raw = msgspec.msgpack.decode(zlib.decompress(PAYLOAD))
    raw["flows"][0]["up"]["seq"].append(1)
    with pytest.raises(WireError, match="columns"):
        decode_farlog(packed(raw))


def test_another_schema_is_refused() -> None:
    with pytest.raises(WireError, match="schema"):
        decode_farlog(
            packed({**msgspec.msgpack.decode(zlib.decompress(PAYLOAD)), "schema": "voipwatch.farlog/2"})
        )


def test_unknown_fields_are_let_through() -> None:
    raw = msgspec.msgpack.decode(zlib.decompress(PAYLOAD))
    assert decode_farlog(packed({**raw, "news": 1})) == LOG


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = zlib.compress(bytes(SIZE_MAX + 1), 9)
    with pytest.raises(WireError, match="size"):
        decode_farlog(bomb)


def test_trailing_bytes_after_the_log_are_refused() -> None:
    with pytest.raises(WireError):
        decode_farlog(PAYLOAD + b"x")


@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_with_the_one_error(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_farlog(data)


JSONLIKE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    value=JSONLIKE, field=st.sampled_from(["flows", "ticket", "garbage", "started_at", "reflector", "schema"])
)
def test_any_well_formed_wrong_value_is_refused_or_read(value: object, field: str) -> None:
    raw = msgspec.msgpack.decode(zlib.decompress(PAYLOAD))
    raw[field] = value
    with contextlib.suppress(WireError):
        assert isinstance(decode_farlog(packed(raw)), FarLog)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**32 - 1), st.integers(0, 2**48), st.integers(0, 65535), st.integers(0, 2**32 - 1)
    ),
    max_size=20,
)


@given(up=ROWS, down=ROWS)
def test_every_log_reads_back(
    up: list[tuple[int, int, int, int]], down: list[tuple[int, int, int, int]]
) -> None:
    flow = FarFlow(flow=1, port=2, up=columns(*up), down=columns(*down))
    log = msgspec.structs.replace(LOG, flows=[flow])
    assert decode_farlog(encode_farlog(log)) == log


def test_the_head_is_what_the_whole_log_says() -> None:
    log = FarLog("ab" * 32, "1", 7, "0f", "2026-11-22T00:00:00Z", [])
    payload = encode_farlog(log)
    head, plain = decode_farlog_head(payload)
    assert (head.reflector, head.ticket, head.ticket_id) == (log.reflector, 7, "0f")
    assert (head.started_at, head.schema) == (log.started_at, log.schema)
    assert plain == zlib.decompress(payload)


@given(st.binary(max_size=200), st.booleans())
def test_the_head_of_any_bytes_is_a_head_or_a_wire_error(data: bytes, inflated: bool) -> None:
    with contextlib.suppress(WireError):
        decode_farlog_head(zlib.compress(data) if inflated else data)
    with pytest.raises(WireError):
        decode_farlog_head(zlib.compress(b"\x91" * 20_000))  # nested without end
