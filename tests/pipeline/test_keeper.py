"""The keeper: a store that is down for an hour loses nothing; a newer one ends it; what it says of itself."""

from pathlib import Path

import msgspec
import pytest

from tests.support.clickhouse_server import clickhouse_server
from tests.support.reports import START, intake_of, submission_of
from voipwatch.collector.spool import SpoolWriter
from voipwatch.pipeline.duties import STATUS_FILE
from voipwatch.pipeline.keeper import PAUSE_MOST_S, Keeper, oldest_kept
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.store import Store


class Outage:
    """Opens the store, but for one hour of virtual time; and breaks what is open when it begins."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_s, self.down_s = folder, 0.0, (600.0, 4200.0)
        self.opened = 0

    def open(self) -> Store:
        if self.down_s[0] <= self.now_s < self.down_s[1]:
            raise StoreError("unreachable", "connection refused")
        self.opened += 1
        store = open_store(f"chdb://{self.folder}", create=True)
        real = store.segments, store.insert_segment

        def insert(*arguments: object, **named: object) -> object:
            if self.down_s[0] <= self.now_s < self.down_s[1]:
                raise StoreError("unreachable", "connection reset")
            return real[1](*arguments, **named)  # type: ignore[arg-type]  # passed on

        store.insert_segment = insert  # type: ignore[method-assign,assignment]  # a store that fails
        return store


def status_of(folder: Path) -> dict[str, object]:
    found = msgspec.json.decode((folder / STATUS_FILE).read_bytes())
    assert isinstance(found, dict)
    return found


def test_a_store_that_is_down_for_an_hour_loses_nothing(tmp_path: Path, spool: SpoolWriter) -> None:
    outage = Outage(tmp_path / "store")
    said: list[str] = []
    keeper = Keeper(outage.open, source=tmp_path / "spool", data=tmp_path, say=said.append)
    number, states = 0, set()
    while outage.now_s < 4800:
        while number * 240 <= outage.now_s:  # a report every four minutes, acknowledged all the time
            at_s = START + 240 * number
            spool.append(
                [intake_of(submission_of("port-drop", number, at_s, instance=""), number, at_s)], START
            )
            number += 1
        more = keeper.turn(START + outage.now_s)
        states.add(status_of(tmp_path)["store"])
        assert keeper.pause_s <= PAUSE_MOST_S
        outage.now_s += keeper.pause_s or (1.0 if more else 60.0)
    assert states == {"ok", "unreachable"}
    assert outage.opened == 2
    assert 59 <= len(said) <= 75  # once a minute after the first few
    assert "kept in the spool" in said[0]
    keeper.turn(START + outage.now_s)
    keeper.close()
    with open_store(f"chdb://{tmp_path}/store") as store:
        rows = store.select("SELECT count() AS n, uniqExact(report_id) AS u FROM reports").to_pylist()
    assert rows == [{"n": number, "u": number}]


def test_a_keeper_of_a_server_makes_the_cells_of_an_embedded_one(tmp_path: Path, spool: SpoolWriter) -> None:
    intakes = [
        intake_of(submission_of("port-drop", n, START + n, instance=""), n, START + n) for n in range(3)
    ]
    spool.append(intakes, START)

    def kept(url: str, data: Path) -> tuple[object, ...]:
        data.mkdir()
        keeper = Keeper(lambda: open_store(url, create=True), source=tmp_path / "spool", data=data)
        while keeper.turn(START + 60):
            pass
        keeper.close()
        status = status_of(data)
        with open_store(url, read_only=True) as store:
            cells = store.cells(country="MA", since=START - 3600, until=START + 7200).to_pylist()
            return cells, status["store"], status["reports"], status["observations"], status["votes"]

    embedded = kept(f"chdb://{tmp_path}/store", tmp_path / "a")
    with clickhouse_server(tmp_path / "engine") as server:
        assert kept(server.url(), tmp_path / "b") == embedded
    assert embedded[1:3] == ("ok", 3)


@pytest.mark.parametrize("reason", ["newer", "missing-engine", "locked", "bad-url"])
def test_what_no_second_try_cures_ends_it(tmp_path: Path, reason: str) -> None:
    def refuse() -> Store:
        raise StoreError(reason, "99")

    with pytest.raises(StoreError):
        Keeper(refuse, source=tmp_path / "spool", data=tmp_path).turn(START)


def test_a_lease_that_ran_out_is_taken_again_by_opening_the_store_again(
    tmp_path: Path, spool: SpoolWriter
) -> None:
    spool.append([intake_of(submission_of("port-drop", 1, START, instance=""), 1, START)], START)
    opened: list[Store] = []

    def open_it() -> Store:
        store = open_store(f"chdb://{tmp_path}/store", create=True)
        if not opened:

            def lost(*_: object, **__: object) -> object:
                raise StoreError("lost")

            store.insert_segment = lost  # type: ignore[method-assign,assignment]  # a store that is not ours
        opened.append(store)
        return store

    keeper = Keeper(open_it, source=tmp_path / "spool", data=tmp_path)
    assert not keeper.turn(START)
    assert status_of(tmp_path)["store"] == "lost"
    keeper.turn(START + keeper.pause_s)
    status = status_of(tmp_path)
    keeper.close()
    assert (len(opened), status["store"], status["reports"]) == (2, "ok", 1)


def test_a_full_disk_is_told_and_waited_for(tmp_path: Path) -> None:
    def refuse() -> Store:
        raise OSError(28, "No space left on device")

    keeper = Keeper(refuse, source=tmp_path / "spool", data=tmp_path)
    pauses = []
    for _ in range(8):
        assert keeper.turn(START) is False
        pauses.append(keeper.pause_s)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert status_of(tmp_path)["store"] == "full"


@pytest.mark.parametrize(
    ("now_s", "months", "wanted"),
    [
        (START, 13, "2025-10"),
        (START - 1, 13, "2025-09"),
        (START, 0, "2026-11"),
        (START + 92 * 86_400, 2, "2026-12"),
    ],
)
def test_months_that_are_kept(now_s: float, months: int, wanted: str) -> None:
    assert oldest_kept(now_s, months) == wanted
