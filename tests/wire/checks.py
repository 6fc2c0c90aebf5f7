"""What every decoder is held to: truncation at every byte, and bytes that nobody meant for it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import TypeVar

from hypothesis import strategies as st

from voipwatch.wire.errors import WireError

Message = TypeVar("Message")


def refusal(read: Callable[[], object]) -> WireError | None:
    """The `WireError` that `read` raises, or None; any other exception goes through and fails the test."""
    try:
        read()
    except WireError as error:
        return error
    return None


def refuses_every_truncation(decode: Callable[[bytes], object], valid: bytes) -> None:
    """Cut `valid` at every byte: each piece must raise `WireError`."""
    decode(valid)
    for size in range(len(valid)):
        error = refusal(partial(decode, valid[:size]))
        assert error is not None, f"{size} of {len(valid)} bytes were accepted"
        assert 0 <= error.offset <= size, f"{error} points outside {size} bytes"


def survives_every_truncation(
    decode: Callable[[bytes], Message], encode: Callable[[Message], bytes], valid: bytes, *, protocol: str
) -> int:
    """Cut `valid` at every byte: each piece raises `WireError` or comes back. How many were refused."""
    pieces = (valid[:size] for size in range(len(valid)))
    return sum(comes_back(decode, encode, piece, protocol=protocol) is None for piece in pieces)


def comes_back(
    decode: Callable[[bytes], Message],
    encode: Callable[[Message], bytes],
    data: bytes,
    *,
    protocol: str | tuple[str, ...],
) -> Message | None:
    """What `data` decodes to, which must encode to the same bytes; None where it was refused.

    It may be refused by a `WireError` alone, of that `protocol` (or one of those), that names a field and
    points inside the data.
    """
    decoded: list[Message] = []
    error = refusal(lambda: decoded.append(decode(data)))
    if error is None:
        assert encode(decoded[0]) == data
        return decoded[0]
    points_inside(error, data, protocol=protocol)
    return None


def points_inside(error: WireError, data: bytes, *, protocol: str | tuple[str, ...]) -> None:
    """What every refusal of `data` says: whose it is, which field, and a place in the data or its end."""
    assert error.protocol in ((protocol,) if isinstance(protocol, str) else protocol)
    assert error.field
    assert 0 <= error.offset <= len(data), f"{error} points outside {len(data)} bytes"
    assert str(error).startswith(f"{error.protocol}: {error.field} at byte {error.offset}")


def read_to_the_end(
    packets_of: Callable[[Callable[[int], bytes]], Iterator[Message]], data: bytes
) -> tuple[list[Message], WireError | None]:
    """What a reader of files yields of `data`, and the `WireError` it ended with, if it did not end well."""
    found: list[Message] = []
    return found, refusal(lambda: found.extend(packets_of(BytesIO(data).read)))


def fits(message: object, **bits: int) -> None:
    """Each of these fields is a number of no more than so many bits."""
    for name, width in bits.items():
        assert 0 <= getattr(message, name) < 1 << width, f"{name} of {message} has over {width} bits"


def hostile(valid: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Random bytes, and valid messages with bytes changed, removed, inserted or appended."""
    return st.one_of(st.binary(max_size=200), st.builds(_mutate, st.sampled_from(valid), _EDITS))


_EDITS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6
)


def _mutate(valid: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    data = bytearray(valid)
    for kind, where, byte in edits:
        at = where % (len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] = byte
        elif kind == 1:
            del data[at : at + 1 + byte % 8]
        elif kind == 2:
            data.insert(at, byte)
        else:
            data += bytes((byte,)) * (byte % 5)
    return bytes(data)
