import errno
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.reportfile import (
    content_digest,
    decode_report,
    encode_report,
    read_file,
    require_writable,
    write_file,
)


def test_a_report_survives_the_file(report_bytes: bytes) -> None:
    report, whole = decode_report(report_bytes, name="r")
    assert whole
    assert encode_report(report) == report_bytes
    assert report.measurement.reflectors[0].log is not None


def test_the_digest_covers_everything_but_itself(report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    digest = document["content_digest"]
    assert content_digest(document) == digest
    assert content_digest({**document, "content_digest": "x"}) == digest
    assert content_digest({**document, "unknown": 1}) != digest
    assert content_digest(dict(reversed(document.items()))) == digest


ANY_JSON = st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists).map(
    lambda value: json.dumps(value).encode()
)


@given(st.binary(max_size=60) | ANY_JSON)
def test_what_is_no_report_is_refused_whatever_the_bytes(content: bytes) -> None:
    with pytest.raises(Misuse):
        decode_report(content, name="r")


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "error.report_not_json"),
        (b"\xff\xfe", "error.report_not_json"),
        (b"[" * 100_000, "error.report_not_json"),
        (b"[]", "error.report_schema"),
        (b"{}", "error.report_schema"),
        (b'{"schema":"voipwatch.report/2"}', "error.report_schema"),
        (b'{"schema":"voipwatch.check/1"}', "error.report_schema"),
        (b'{"schema":"voipwatch.report/1"}', "error.report_field"),
        (b'{"schema":"voipwatch.report/1","check":7}', "error.report_field"),
    ],
)
def test_each_refusal_says_why(content: bytes, key: str) -> None:
    with pytest.raises(Misuse) as refused:
        decode_report(content, name="r.json")
    assert refused.value.key == key
    assert refused.value.values["path"] == "r.json"


def test_truncated_at_every_hundredth_byte(report_bytes: bytes) -> None:
    for end in range(0, len(report_bytes) - 2, 100):
        with pytest.raises(Misuse):
            decode_report(report_bytes[:end], name="r")


def test_a_file_is_written_for_its_owner_alone_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "r.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Trouble, match=r"error\.out_failed"):
        write_file(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_hold_a_report(tmp_path: Path) -> None:
    for path, key in (
        (tmp_path, "error.out_is_folder"),
        (tmp_path / "no" / "r.json", "error.out_no_folder"),
        (tmp_path / ("x" * 300), "error.out_name"),
        (tmp_path / "a\0b", "error.out_name"),
    ):
        with pytest.raises(Misuse) as refused:
            require_writable(path)
        assert refused.value.key == key
    require_writable(tmp_path / "r.json")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, key in (
        (tmp_path, "error.file_is_folder"),
        (tmp_path / "none", "error.file_missing"),
        (tmp_path / "a\0b", "error.file_unreadable"),
        (tmp_path / ("x" * 300), "error.file_unreadable"),
    ):
        with pytest.raises(Misuse) as refused:
            read_file(path)
        assert refused.value.key == key


def test_a_file_larger_than_any_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voipwatch.cli.reportfile.SIZE_MAX", 10)
    path = tmp_path / "r"
    path.write_bytes(b"x" * 11)
    with pytest.raises(Misuse, match=r"error\.file_too_large"):
        read_file(path)
    path.write_bytes(b"x" * 10)
    assert len(read_file(path)) == 10
