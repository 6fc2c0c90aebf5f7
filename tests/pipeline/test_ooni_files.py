"""OONI's files in every shape they come in, and what is wrong with them told by line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from voipwatch.pipeline.ooni_files import TOLD_EVERY, Other, Refused, read_ooni
from voipwatch.wire.ooni import SIZE_MAX, OoniMeasurement


def measurement(day: int, **changes: Any) -> dict[str, Any]:
    return {
        "test_name": "signal",
        "test_version": "0.2.5",
        "measurement_start_time": f"2024-03-{day:02} 00:00:00",
        "probe_cc": "MA",
        "probe_asn": "AS6713",
        "report_id": f"r{day}",
        "test_keys": {"signal_backend_status": "ok"},
    } | changes


DAYS = [measurement(day) for day in (1, 2, 3)]


def lines(documents: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


def ids(path: Path) -> list[str]:
    return [each.report_id for each in read_ooni(path) if isinstance(each, OoniMeasurement)]


@pytest.mark.parametrize(
    "content",
    [
        lines(DAYS),
        lines(DAYS).rstrip(b"\n"),
        lines(DAYS).replace(b"\n", b"\r\n\r\n"),
        gzip.compress(lines(DAYS)),
        json.dumps(DAYS).encode(),
        json.dumps(DAYS, indent=2).encode(),
        gzip.compress(json.dumps(DAYS, indent=2).encode()),
    ],
    ids=["lines", "no last newline", "empty lines", "gzip", "array", "array over lines", "array in gzip"],
)
def test_every_shape_gives_the_same_measurements(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert ids(path) == ["r1", "r2", "r3"]
    assert all(isinstance(each, OoniMeasurement) for each in read_ooni(path))


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_one_measurement(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(DAYS[0], indent=indent))
    assert ids(path) == ["r1"]


def test_what_cannot_be_read_is_told_by_line_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    other = measurement(4, test_name="web_connectivity")
    path.write_bytes(lines([DAYS[0]]) + b'{"cut": \n' + lines([other, DAYS[1]]))
    found = list(read_ooni(path))
    assert [type(each) for each in found] == [OoniMeasurement, Refused, Other, OoniMeasurement]
    assert isinstance(found[1], Refused)
    assert found[1].line == 2
    assert found[2] == Other(3, "web_connectivity")


def test_a_line_of_impossible_length_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(lines([DAYS[0]]) + b"x" * (SIZE_MAX + 10) + b"\n" + lines([DAYS[1]]))
    first, long, last = read_ooni(path)
    assert isinstance(long, Refused)
    assert f"at most {SIZE_MAX}" in long.reason
    assert [each.report_id for each in (first, last) if isinstance(each, OoniMeasurement)] == ["r1", "r2"]


def test_a_compressed_file_that_breaks_off_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    whole = gzip.compress(lines(DAYS))
    path.write_bytes(whole[:-12])
    *_, last = read_ooni(path)
    assert isinstance(last, Refused)
    assert "damaged" in last.reason


def test_how_far_it_is_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(lines([measurement(1, report_id=f"r{n}") for n in range(400)]), 0))
    told: list[int] = []
    assert len(list(read_ooni(path, told=told.append))) == 400
    assert len(told) == 400 // TOLD_EVERY
    assert told == sorted(told)
    assert 0 < told[-1] <= path.stat().st_size


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_holds_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert ids(path) == []


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" * 40, b"[[[[[", b"hello"])
def test_a_file_that_is_no_measurement_is_one_refusal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    (only,) = read_ooni(path)
    assert isinstance(only, Refused)
