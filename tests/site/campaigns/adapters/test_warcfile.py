"""WARC files: counts with the payload's hash, and files that are none."""

import contextlib
import gzip
from base64 import b32encode
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voipwatch.civic.observations import Precision, Quantity
from voipwatch.site.campaigns.adapters.warcfile import PAYLOAD_MAX_BYTES, WarcError, read_warc

PAGE = b'<html><span id="PagesLikesCountDOMID"><span>2,447,123 <b>likes</b></span></span></html>'
URL = "https://www.facebook.com/maroctelecom"


def record(kind: str, block: bytes, *, digest: bytes | None, url: str, at: str) -> bytes:
    """One record, written from ISO 28500 and not by the library that reads it."""
    told = sha1(digest or b"", usedforsecurity=False).digest()
    head = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:00000000-0000-4000-8000-000000000000>",
        "WARC-Date": at,
        "WARC-Target-URI": url,
        "WARC-Payload-Digest": f"sha1:{b32encode(told).decode()}",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    }
    if digest is None:
        del head["WARC-Payload-Digest"]
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def warc(*records: dict[str, Any], compressed: bool = True) -> bytes:
    """A file of responses, each a record of 12:00 on 28 February 2016 unless it says otherwise."""
    parts = []
    for each in records:
        body = each.get("body", PAGE)
        headers = "".join(f"{name}: {value}\r\n" for name, value in each.get("headers", []))
        block = f"HTTP/1.1 {each.get('status', '200 OK')}\r\n{headers}\r\n".encode() + body
        parts.append(
            record(
                each.get("type", "response"), block, digest=each.get("digest", body),
                url=each.get("url", URL), at=each.get("at", "2016-02-28T12:00:00Z"),
            )
        )  # fmt: skip
    return b"".join(gzip.compress(part, mtime=0) if compressed else part for part in parts)


def put(folder: Path, content: bytes) -> Path:
    path = folder / "a.warc.gz"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("compressed", [True, False])
def test_a_count_with_the_hash_of_its_payload(tmp_path: Path, compressed: bool) -> None:
    reading = read_warc(put(tmp_path, warc({}, compressed=compressed)))
    (each,) = reading.observations
    assert (each.page, each.low, each.high) == ("facebook:maroctelecom", 2_447_123, 2_447_123)
    assert (each.quantity, each.precision) == (Quantity.LIKES, Precision.EXACT)
    assert (each.at, each.source, each.method) == ("2016-02-28T12:00:00Z", URL, "warc.facebook-2014")
    assert each.capture == sha256(PAGE).hexdigest()
    assert (reading.records, reading.pages) == (1, 1)


def test_coded_bodies_are_decoded_before_they_are_hashed(tmp_path: Path) -> None:
    packed = {"headers": [("Content-Encoding", "gzip")], "body": gzip.compress(PAGE)}
    chunks = f"{len(PAGE):x}\r\n".encode() + PAGE + b"\r\n0\r\n\r\n"
    chunked = {"headers": [("Transfer-Encoding", "chunked")], "body": chunks, "at": "2016-02-29T12:00:00Z"}
    reading = read_warc(put(tmp_path, warc(packed, chunked)))
    assert [each.capture for each in reading.observations] == [sha256(PAGE).hexdigest()] * 2


def test_what_is_no_page_of_a_layout_is_passed_over(tmp_path: Path) -> None:
    reading = read_warc(
        put(
            tmp_path,
            warc(
                {"url": "https://example.org/"},
                {"status": "404 Not Found"},
                {"at": "2021-02-28T12:00:00Z"},
                {"type": "resource"},
                {"url": "https://www.facebook.com/inwi", "body": b"<html>log in</html>"},
            ),
        )
    )
    assert reading.observations == []
    assert (reading.pages, reading.countless) == (1, ["https://www.facebook.com/inwi"])


def test_a_record_whose_digest_does_not_hold_is_not_read(tmp_path: Path) -> None:
    content = warc({}, compressed=False).replace(b"2,447,123", b"2,447,124")
    reading = read_warc(put(tmp_path, content))
    assert (reading.observations, reading.damaged) == ([], [URL])


def test_a_body_that_is_not_what_it_says_or_too_long(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * (PAYLOAD_MAX_BYTES + 10))
    reading = read_warc(put(tmp_path, warc({"headers": [("Content-Encoding", "gzip")], "body": bomb})))
    assert (reading.observations, reading.damaged) == ([], [URL])


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x1f\x8b", gzip.compress(b"hello", mtime=0), b"PK\x03\x04" + bytes(50), b"WARC/",
     b"\x89PNG\r\n\x1a\n", gzip.compress(b"", mtime=0), b"WARC/1.0\r\n\r\n"],
)  # fmt: skip
def test_a_file_that_is_no_warc(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(WarcError) as caught:
        read_warc(put(tmp_path, content))
    assert caught.value.reason == "no-warc"


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(WarcError) as caught:
            read_warc(path)
        assert caught.value.reason == "unreadable"


def test_a_file_that_ends_to_be_one(tmp_path: Path) -> None:
    content = warc({}, {}, compressed=False)
    with pytest.raises(WarcError) as caught:
        read_warc(put(tmp_path, content + b"\r\nrubbish rubbish\r\n" * 30))
    assert caught.value.reason == "torn"
    assert caught.value.records >= 2


def test_a_record_that_is_cut_off_gives_no_count(tmp_path: Path) -> None:
    whole = warc({}, {"digest": None, "at": "2016-02-29T12:00:00Z"}, compressed=False)
    reading = read_warc(put(tmp_path, whole))
    assert len(reading.observations) == 2
    reading = read_warc(put(tmp_path, whole[:-10]))
    assert (len(reading.observations), reading.damaged) == (1, [URL])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_no_damage_raises_anything_else(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(warc({}, {"url": "https://twitter.com/inwi"}, compressed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    with contextlib.suppress(WarcError):
        read_warc(put(tmp_path, bytes(content[:cut])))


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[int] = []
    read_warc(put(tmp_path, warc(*({} for _ in range(100)))), step=steps.append)
    assert len(steps) == 1
