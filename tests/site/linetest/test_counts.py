"""How many a caller brought today, counted by processes that do not know each other."""

import subprocess
import sys
from pathlib import Path

import pytest

from voipwatch.site.linetest.counts import HEAD_BYTES, PLACES, DayCounts

NAME = b"\x05" * 8
TAKING = """
import sys
from pathlib import Path
from voipwatch.site.linetest.counts import DayCounts
counts = DayCounts(Path(sys.argv[1]))
print(sum(counts.take(b"\\x05" * 8, 9, 24) for _ in range(40)))
"""


def test_so_many_a_day_and_anew_the_next(tmp_path: Path) -> None:
    counts = DayCounts(tmp_path / "counts")
    assert [counts.take(NAME, 7, 2) for _ in range(3)] == [True, True, False]
    assert counts.take(b"another\0", 7, 2)
    assert [DayCounts(tmp_path / "counts").take(NAME, 8, 1) for _ in range(2)] == [True, False]


def test_processes_at_once_count_together(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TAKING, str(tmp_path / "counts")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert sum(int(each.communicate()[0]) for each in running) == 24


def test_the_file_is_ours_alone_and_never_grows(tmp_path: Path) -> None:
    counts = DayCounts(tmp_path / "counts")
    for number in range(300):
        assert counts.take(number.to_bytes(8, "little"), 7, 255)
    status = (tmp_path / "counts").stat()
    assert (status.st_size, status.st_mode & 0o777) == (HEAD_BYTES + PLACES, 0o600)
    assert status.st_blocks * 512 < 1 << 20, "sparse"


@pytest.mark.parametrize("most", [0, 256])
def test_more_than_a_byte_counts_is_an_error(tmp_path: Path, most: int) -> None:
    with pytest.raises(ValueError, match="255"):
        DayCounts(tmp_path / "counts").take(NAME, 7, most)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        DayCounts(tmp_path / "none/counts").take(NAME, 7, 1)
