import errno
import json
import os
import stat
import threading
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


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    link, target = tmp_path / "r.json", tmp_path / "kept" / "target.json"
    link.symlink_to(target)
    for content in (b"first", b"second"):  # a link to nothing yet, then to a file
        require_writable(link)
        write_file(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert list((tmp_path / "kept").iterdir()) == [target]


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    loop, lost = tmp_path / "loop", tmp_path / "lost"
    loop.symlink_to(loop)
    lost.symlink_to(tmp_path / "no" / "r.json")
    for path, key in ((loop, "error.out_name"), (lost, "error.out_no_folder")):
        with pytest.raises(Misuse) as refused:
            require_writable(path)
        assert refused.value.key == key
        with pytest.raises(Trouble, match=r"error\.out_failed"):
            write_file(path, b"new")
        assert path.is_symlink()


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b"x" * 300_000  # more than a pipe holds
    got: list[bytes] = []
    # Opened for both, a pipe never waits; the thread reads as much as was written, and ends.
    handle = os.open(pipe, os.O_RDWR)

    def read() -> None:
        while sum(map(len, got)) < len(content):
            got.append(os.read(handle, 65_536))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    require_writable(pipe)
    write_file(pipe, content)
    reader.join(timeout=60)
    os.close(handle)
    assert b"".join(got) == content
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_that_nobody_reads_is_an_error_and_no_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Trouble, match=r"error\.out_failed"):
        write_file(tmp_path / "pipe", b"new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_full_device_says_so_and_nothing_is_renamed_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("a device would be replaced")

    monkeypatch.setattr("voipwatch.cli.reportfile.tempfile.NamedTemporaryFile", never)
    monkeypatch.setattr(Path, "replace", never)
    link = tmp_path / "link"
    link.symlink_to("/dev/full")
    for path in (Path("/dev/full"), link):
        require_writable(path)
        with pytest.raises(Trouble) as trouble:
            write_file(path, b"new")
        assert trouble.value.status == 70
        assert trouble.value.values["reason"] == os.strerror(errno.ENOSPC)
    write_file(Path("/dev/null"), b"new")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # without a writer: to open it would wait for ever
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(Misuse, match=r"error\.file_special"):
            read_file(path)


def test_each_kind_of_file_has_its_own_longest(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b"x" * 11)
    assert len(read_file(path, most_bytes=11)) == 11
    with pytest.raises(Misuse, match=r"error\.file_too_large"):
        read_file(path, most_bytes=10)
