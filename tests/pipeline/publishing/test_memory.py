from pathlib import Path

import pytest

from tests.pipeline.publishing.rows import row
from tests.pipeline.publishing.support import MONDAY
from voipwatch.pipeline.publishing.memory import MEMORY_FILE, Memory, MemoryDamagedError, month_of
from voipwatch.pipeline.publishing.world import World

WORLD = World("", MONDAY)


def test_rows_are_kept_by_month(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "")
    assert memory.empty
    memory.add([row(0), row(40)], world=WORLD)
    memory.kept.until = MONDAY
    memory.keep()
    again = Memory(tmp_path, "")
    assert again.all_rows() == [row(0), row(40)]
    assert sorted(again.rows) == ["2016-01", "2016-02"]
    assert not again.empty
    assert set(again.files()) == {f"tables/cells/2016-0{n}.{s}" for n in (1, 2) for s in ("csv", "parquet")}


def test_a_cut_before_the_small_half_forgets_no_row(tmp_path: Path) -> None:
    Memory(tmp_path, "").add([row(0)], world=WORLD)
    again = Memory(tmp_path, "")
    assert (again.all_rows(), again.kept.until) == ([row(0)], 0)


@pytest.mark.parametrize("damage", ["gone", "month", "small", "world"])
def test_a_memory_that_cannot_be_read_stops_everything(tmp_path: Path, damage: str) -> None:
    memory = Memory(tmp_path, "")
    memory.add([row(0)], world=WORLD)
    memory.keep()
    month = tmp_path / "2016-01.parquet"
    if damage == "gone":
        month.unlink()
    elif damage == "month":
        month.write_bytes(b"x")
    elif damage == "small":
        (tmp_path / MEMORY_FILE).write_bytes(b"{")
    with pytest.raises(MemoryDamagedError):
        Memory(tmp_path, "lab" if damage == "world" else "")


def test_the_last_bundle_stands_in_for_a_lost_memory(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "a", "")
    memory.add([row(0)], world=WORLD)
    other = Memory(tmp_path / "b", "")
    other.adopt({"2016-01": (tmp_path / "a/2016-01.parquet").read_bytes()}, MONDAY + 9)
    other.add([], world=WORLD)
    other.keep()
    again = Memory(tmp_path / "b", "")
    assert (again.all_rows(), again.kept.until) == ([row(0)], MONDAY + 9)


def test_months_are_utc() -> None:
    assert (month_of(MONDAY), month_of(1_454_284_799), month_of(1_454_284_800)) == (
        "2016-01", "2016-01", "2016-02",
    )  # fmt: skip
