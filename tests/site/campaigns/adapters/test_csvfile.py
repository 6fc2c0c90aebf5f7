"""CSV files as people have them."""

from pathlib import Path

import pytest

from tests.support.observations import day
from voipwatch.civic.observations import ObservationError, encode_csv
from voipwatch.site.campaigns.adapters import csvfile
from voipwatch.site.campaigns.adapters.csvfile import read_csv


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    rows = [day(0, 5), day(1, 4, 6)]
    path.write_text("\ufeff" + encode_csv(rows), "utf-8")
    assert read_csv(path) == rows


def test_a_file_that_is_not_utf_8_tells_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"# one\n# two \xe9\n")
    with pytest.raises(ObservationError) as caught:
        read_csv(path)
    assert (caught.value.line, caught.value.field) == (2, "file")


def test_a_file_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "FILE_MAX_BYTES", 10)
    path = tmp_path / "a.csv"
    path.write_bytes(b"#" * 11)
    with pytest.raises(ObservationError, match="above"):
        read_csv(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_csv(tmp_path)
