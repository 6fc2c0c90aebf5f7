import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.collector.body import Limits
from voipwatch.collector.opening import UnreadableError, _lines, open_body, split_batch
from voipwatch.collector.schema import SchemaError

LIMITS = Limits(inflated_bytes=5000, items=3)


def packed(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(plain)


def test_a_batch_is_split_as_it_was_written() -> None:
    items = split_batch(b' [ {"a": 1} , 2,[3] ]', 3)
    assert items is not None
    assert [bytes(item) for item in items] == [b'{"a": 1}', b"2", b"[3]"]
    assert split_batch(b'{"a": 1}', 3) is None
    for body, code in ((b"[]", "items"), (b"[1,2,3,4]", "items"), (b"[1", "json"), (b"[" * 100_000, "json")):
        with pytest.raises(SchemaError) as caught:
            split_batch(body, 3)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("encode", "encoding"), [(bytes, "identity"), (gzip.compress, "gzip"), (packed, "zstd")]
)
def test_one_or_several_come_out_as_they_went_in(encode: object, encoding: str) -> None:
    assert callable(encode)
    one = open_body(encode(b'{"a": 1}'), encoding, LIMITS)
    assert (list(one.items), one.single) == ([b'{"a": 1}'], True)
    several = open_body(encode(b"[1, 2]"), encoding, LIMITS)
    assert (list(several.items), several.single, list(several.packed)) == ([b"1", b"2"], False, [None, None])


def test_the_sender_s_own_frame_is_kept_where_it_is_the_smaller() -> None:
    plain = b'{"a": "' + b"x" * 900 + b'"}'
    frame = packed(plain)
    assert open_body(frame, "zstd", LIMITS).packed == [frame]
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(plain)
    assert open_body(streamed, "zstd", LIMITS).packed == [None]  # readers would make room for the most
    assert open_body(gzip.compress(plain), "gzip", LIMITS).packed == [None]
    assert open_body(plain, "identity", LIMITS).packed == [None]
    assert open_body(packed(b"{}"), "zstd", LIMITS).packed == [None]  # larger than what is in it


@pytest.mark.parametrize(
    ("content", "encoding", "status", "code"),
    [
        (b"x", "zstd", 400, "encoding"),
        (packed(b"{}") + b"x", "zstd", 400, "encoding"),
        (packed(b" " * 5001), "zstd", 413, "large"),
        (b" " * 5001, "identity", 413, "large"),
        (b"[1", "identity", 400, "json"),
        (b"[]", "identity", 400, "items"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, encoding: str, status: int, code: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        open_body(content, encoding, LIMITS)
    assert (caught.value.status, caught.value.code) == (status, code)


def line(number: int) -> bytes:
    return b'{"a": "%s%d"}\n' % (b"x" * 90, number)


@pytest.mark.parametrize(
    ("encode", "encoding"), [(bytes, "identity"), (gzip.compress, "gzip"), (packed, "zstd")]
)
def test_lines_are_submissions_with_their_ends(encode: object, encoding: str) -> None:
    assert callable(encode)
    for text in (line(1) + line(2), line(1) + line(2)[:-1], b"\n \n" + line(1) + b"\r\n" + line(2) + b"\n"):
        opened = open_body(encode(text), encoding, LIMITS, lines=True)
        assert (list(opened.items), opened.single) == ([line(1), line(2)], False)
        assert list(opened.packed) == [None, None]


def test_a_line_that_came_in_its_own_frame_keeps_it() -> None:
    frames = [packed(line(1)), packed(line(2) + line(3))]
    opened = open_body(b"".join(frames), "zstd", LIMITS, lines=True)
    assert list(opened.items) == [line(1), line(2), line(3)]
    assert list(opened.packed) == [frames[0], None, None]
    # The receipt's digest is of the line with its end, so a frame without it is packed again.
    assert open_body(packed(line(1)[:-1]), "zstd", LIMITS, lines=True).packed == [None]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "encoding"),
        (packed(b"\n"), 400, "items"),
        (packed(line(1) * 4), 400, "items"),
        (packed(line(1)) * 4, 400, "encoding"),
        (packed(line(1)) + b"x", 400, "encoding"),
        (packed(line(1)) + packed(line(2))[:-1], 400, "encoding"),
        (packed(b" " * 2000 + b"\n") * 3, 413, "large"),
        (b"\x50\x2a\x4d\x18\4\0\0\0skip" + packed(line(1)), 400, "encoding"),
    ],
)
def test_lines_that_cannot_be_read_say_why(content: bytes, status: int, code: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        open_body(content, "zstd", LIMITS, lines=True)
    assert (caught.value.status, caught.value.code) == (status, code)


@given(
    st.lists(st.sampled_from([b"\n", b" ", b"\t", b"\r", b"a", b"\x0b", b"[1]"]), max_size=40).map(b"".join)
)
def test_lines_are_what_a_split_of_the_whole_would_find(plain: bytes) -> None:
    whole = [line + b"\n" for line in plain.split(b"\n") if line.strip(b" \t\r")]
    assert list(_lines(plain)) == whole


@given(
    st.lists(st.sampled_from([b"1", b'"a,]"', b"{}", b"[[1,2],3]", b" null "]), max_size=6), st.integers(1, 6)
)
def test_an_array_is_split_as_a_decoder_of_lists_would(items: list[bytes], most: int) -> None:
    body = b"[" + b",".join(items) + b"]"
    if 0 < len(items) <= most:
        found = split_batch(body, most)
        assert found is not None
        assert [bytes(item) for item in found] == [item.strip() for item in items]
        return
    with pytest.raises(SchemaError) as caught:
        split_batch(body, most)
    assert caught.value.code == "items"


def test_what_was_inflated_is_told() -> None:
    assert open_body(packed(b"[1,     2]"), "zstd", LIMITS).inflated_bytes == 10
    assert open_body(packed(b"{}   "), "zstd", LIMITS).inflated_bytes == 5
    assert open_body(packed(line(1)) + packed(line(2)), "zstd", LIMITS, lines=True).inflated_bytes == 2 * len(
        line(1)
    )
