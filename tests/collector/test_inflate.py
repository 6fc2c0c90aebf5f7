import contextlib
import gzip
import resource
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.collector.inflate import (
    ENCODINGS,
    WINDOW_MAX,
    InflateError,
    inflate,
    quick_inflate,
    split_frames,
)

PLAIN = b"hello, " * 300
MOST = 10_000


def streamed(plain: bytes) -> bytes:
    """A zstd frame that does not say its size."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(plain) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "zstd streamed": ("zstd", streamed),
}


@pytest.mark.parametrize("name", PACKERS)
def test_what_was_packed_comes_back(name: str) -> None:
    encoding, pack = PACKERS[name]
    assert inflate(pack(PLAIN), encoding, MOST) == PLAIN
    assert inflate(pack(PLAIN), encoding, len(PLAIN)) == PLAIN
    assert inflate(PLAIN, "identity", MOST) == PLAIN


@pytest.mark.parametrize("name", PACKERS)
def test_one_byte_above_the_bound_is_too_large(name: str) -> None:
    encoding, pack = PACKERS[name]
    for body, how in ((pack(PLAIN), encoding), (PLAIN, "identity")):
        with pytest.raises(InflateError) as caught:
            inflate(body, how, len(PLAIN) - 1)
        assert caught.value.too_large


@pytest.mark.parametrize("name", PACKERS)
def test_cut_off_anywhere_or_with_something_behind_it_is_an_error(name: str) -> None:
    encoding, pack = PACKERS[name]
    body = pack(PLAIN)
    spoilt = [body[:length] for length in range(len(body))] + [body + b"x", body + body]
    for each in spoilt:
        with pytest.raises(InflateError) as caught:
            inflate(each, encoding, MOST)
        assert not caught.value.too_large


def test_a_bomb_costs_its_bound() -> None:
    zeros = bytes(200 << 20)
    deflater = zlib.compressobj(9, wbits=31)
    gzipped = deflater.compress(zeros) + deflater.flush()
    bombs = [("gzip", gzipped), ("zstd", zstandard.compress(zeros)), ("zstd", streamed(zeros))]
    # One whose header lies about its size.
    lying = bytearray(zstandard.compress(zeros))
    lying[5:9] = (1000).to_bytes(4, "little")
    del zeros
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for encoding, bomb in (*bombs, ("zstd", bytes(lying))):
        with pytest.raises(InflateError):
            inflate(bomb, encoding, 1 << 20)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10  # KiB


def test_a_window_beyond_the_standards_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = packer.compress(PLAIN) + packer.flush()
    assert WINDOW_MAX < 1 << 27
    with pytest.raises(InflateError):
        inflate(body, "zstd", MOST)


def test_an_unknown_encoding_is_a_lookup_error() -> None:
    assert "br" not in ENCODINGS
    with pytest.raises(LookupError):
        inflate(PLAIN, "br", MOST)


@given(st.binary(max_size=200), st.sampled_from(ENCODINGS))
def test_any_bytes_inflate_or_are_an_error(data: bytes, encoding: str) -> None:
    with contextlib.suppress(InflateError):
        assert len(inflate(data, encoding, 1000)) <= 1000


def frame(plain: bytes, *, checked: bool, sized: bool) -> bytes:
    packer = zstandard.ZstdCompressor(level=1, write_checksum=checked, write_content_size=sized)
    return packer.compress(plain)


@given(st.lists(st.tuples(st.binary(max_size=400), st.booleans(), st.booleans()), min_size=1, max_size=8))
@example([(bytes(300_000), True, True), (bytes(range(256)) * 1200, False, False)])
def test_frames_are_told_apart_as_they_were_joined(parts: list[tuple[bytes, bool, bool]]) -> None:
    frames = [frame(plain, checked=checked, sized=sized) for plain, checked, sized in parts]
    assert split_frames(b"".join(frames), 8) == frames
    with pytest.raises(InflateError):
        split_frames(b"".join(frames), len(frames) - 1)


@given(st.data())
def test_every_cut_or_spoilt_frame_is_an_error_or_frames_of_the_same_bytes(data: st.DataObject) -> None:
    whole = bytearray(frame(b"one" * 99, checked=True, sized=True) + frame(b"two", checked=False, sized=True))
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    body = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(InflateError):
        assert b"".join(split_frames(body, 8)) == body


def test_a_frame_of_nothing_but_blocks_ends() -> None:
    head = frame(b"", checked=False, sized=False)[:-3]
    assert split_frames(head + bytes(3) * 1000 + b"\1\0\0", 1)
    with pytest.raises(InflateError):
        split_frames(head + bytes(3) * 2000 + b"\1\0\0", 1)


@given(st.binary(max_size=3000), st.integers(0, 9))
def test_what_is_inflated_quickly_is_what_zlib_would(plain: bytes, level: int) -> None:
    stream = zlib.compress(plain, level)
    assert quick_inflate(stream) in (plain, None)
    if len(plain) <= len(stream):
        assert quick_inflate(stream) == plain
    assert quick_inflate(stream + b"\0") is None  # something follows it: for zlib to say
    assert quick_inflate(stream[:-1]) is None


@given(st.binary(max_size=100))
def test_what_is_no_stream_is_not_inflated_quickly(stream: bytes) -> None:
    try:
        plain = zlib.decompress(stream)
    except zlib.error:
        assert quick_inflate(stream) is None
    else:
        assert quick_inflate(stream) in (plain, None)


def test_what_grows_too_much_is_left_to_zlib() -> None:
    assert quick_inflate(zlib.compress(bytes(1_000_000))) is None
    assert quick_inflate(b"") is None
