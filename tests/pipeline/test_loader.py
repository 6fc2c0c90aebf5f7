"""The loader: once in effect whatever fails, deletions, damage, duplicates; and what a vote may weigh."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.reports import START, Sender, intake_of, submission_of
from voipwatch.collector.records import Erased
from voipwatch.collector.spool import SpoolWriter, list_segments
from voipwatch.model.submission import Deletion, Intake
from voipwatch.pipeline.ballots import votes_of
from voipwatch.pipeline.loader import Loader, judge_one
from voipwatch.store.errors import StoreError
from voipwatch.store.store import Store


def record(number: int, world: str = "port-drop", **word: Any) -> Intake:
    at_s = START + 60 * number
    submission = submission_of(world, number, at_s, instance="", **word)
    return intake_of(submission, number, at_s + 90, Sender(prefix=f"{number:016x}"))


def counted(store: Store, table: str) -> dict[str, int]:
    rows = store.select(f"SELECT report_id, count() AS n FROM {table} GROUP BY report_id").to_pylist()
    return {row["report_id"]: row["n"] for row in rows}


def everything(store: Store) -> list[Any]:
    said = [
        store.select(f"SELECT * EXCEPT segment FROM {name} ORDER BY ALL").to_pylist()
        for name in ("reports", "observations", "votes")
    ]
    return [*said, store.cells(country="MA", since=START - 3600, until=START + 86_400).to_pylist()]


def whole(loader: Loader) -> None:
    loader.load()
    loader.vote()
    loader.refresh()


def test_three_houses_make_a_cell(store: Store, spool: SpoolWriter, tmp_path: Path) -> None:
    spool.append([record(n) for n in range(3)], START)
    loader = Loader(store, tmp_path / "spool")
    whole(loader)
    cells = store.cells(country="MA", since=START, until=START + 3600).to_pylist()
    states = {(cell["app"], cell["stage"]): (cell["state"], cell["probes"]) for cell in cells}
    assert states["whatsapp", "call"] == ("blocked", 3)
    assert states["line", "call"] == ("ok", 3)
    before = everything(store)
    whole(loader)
    whole(Loader(store, tmp_path / "spool"))
    assert everything(store) == before
    assert loader.tally.reports == 3


class Flaky:
    """A store whose writing calls fail at the n-th step, inside the engine."""

    def __init__(self, store: Store, fails_at: int) -> None:
        self.steps, self.fails_at = 0, fails_at
        engine = store._engine
        self._real = engine.insert, engine.command
        self._engine: Any = engine
        engine.insert = self._watched(self._real[0])  # type: ignore[method-assign]
        engine.command = self._watched(self._real[1])  # type: ignore[method-assign]

    def _watched(self, call: Callable[..., None]) -> Callable[..., None]:
        def watched(*arguments: Any) -> None:
            self.steps += 1
            if self.steps == self.fails_at:
                raise StoreError("unreachable", "planted, before")
            call(*arguments)
            if self.steps == -self.fails_at:
                raise StoreError("unreachable", "planted, after")

        return watched

    def heal(self) -> None:
        self._engine.insert, self._engine.command = self._real


def test_a_store_that_fails_at_any_step_loses_and_doubles_nothing(
    store: Store, spool: SpoolWriter, tmp_path: Path
) -> None:
    records = [record(n) for n in range(2)]
    spool.append([*records, Deletion(records[0].report_id, START + 500)], START)
    spool.append([record(2), record(1)], START)
    once = {each.report_id: judge_one(each) for each in [*records, record(2)]}

    def judges(intakes: Any) -> Any:
        return (once[intake.report_id] for intake in intakes)

    step = 1
    while True:
        for sign in (1, -1):
            flaky = Flaky(store, sign * step)
            loader = Loader(store, tmp_path / "spool", judges=judges, piece_bytes=30_000)
            failed = False
            for _ in range(3):
                try:
                    whole(loader)
                except StoreError:
                    failed = True
                    flaky.heal()
                    if sign < 0:  # once as a new process, once as the same one
                        loader = Loader(store, tmp_path / "spool", judges=judges, piece_bytes=30_000)
            flaky.heal()
            assert set(counted(store, "reports")) == {records[1].report_id, record(2).report_id}
            assert set(counted(store, "reports").values()) == {1}
            assert set(counted(store, "votes")) == set(counted(store, "reports"))
            assert len(set(counted(store, "observations").values())) == 1
            if not failed:
                return
            for table in ("reports", "observations", "votes", "deletions", "segments", "cells"):
                store._engine.command(f"TRUNCATE TABLE {table}")
        step += 3


def test_flipped_and_torn_records_are_counted_and_told_and_the_rest_is_loaded(
    store: Store, spool: SpoolWriter, tmp_path: Path
) -> None:
    places = spool.append([record(n) for n in range(3)], START)
    spool.seal()
    (segment,) = list_segments(tmp_path / "spool")
    content = bytearray(segment.path.read_bytes())
    content[places[1].offset + 50] ^= 0x40
    segment.path.write_bytes(content + b"\0\0\1\0torn")
    told: list[str] = []
    loader = Loader(store, tmp_path / "spool", say=told.append)
    whole(loader)
    assert set(counted(store, "reports")) == {record(0).report_id, record(2).report_id}
    assert (loader.tally.damaged, loader.tally.damaged_bytes) == (2, places[1].length + 8 + 8)
    assert [line.rpartition(": ")[2] for line in told] == ["wrong checksum", "no whole record"]


def test_a_deletion_before_the_judge_leaves_no_vote(store: Store, spool: SpoolWriter, tmp_path: Path) -> None:
    records = [record(n) for n in range(2)]
    spool.append(records, START)
    loader = Loader(store, tmp_path / "spool")
    loader.load()
    spool.append([Deletion(records[0].report_id, START + 500)], START)
    loader.load()
    loader.vote()
    assert set(counted(store, "votes")) == {records[1].report_id}
    again = Loader(store, tmp_path / "spool")
    spool.append([records[0]], START)  # it comes back
    whole(again)
    assert set(counted(store, "reports")) == {records[1].report_id}
    assert again.tally.repeated == 1


def test_what_was_erased_is_passed_over(store: Store, spool: SpoolWriter, tmp_path: Path) -> None:
    spool.append([record(0), Erased(300), record(1)], START)
    loader = Loader(store, tmp_path / "spool")
    loader.load()
    assert (loader.tally.reports, loader.tally.damaged) == (2, 0)


def test_a_growing_segment_comes_in_pieces_and_votes_once(
    store: Store, spool: SpoolWriter, tmp_path: Path
) -> None:
    loader = Loader(store, tmp_path / "spool")
    for number in range(3):
        spool.append([record(number)], START)
        whole(loader)
    spool.seal()
    whole(loader)
    whole(Loader(store, tmp_path / "spool"))
    assert set(counted(store, "reports").values()) == {1}
    assert len(counted(store, "reports")) == 3
    assert len(set(counted(store, "votes").values())) == 1


def test_a_segment_that_is_gone_before_its_votes_gives_none(
    store: Store, spool: SpoolWriter, tmp_path: Path
) -> None:
    spool.append([record(0)], START)
    loader = Loader(store, tmp_path / "spool")
    loader.load()
    (segment,) = list_segments(tmp_path / "spool")
    segment.path.unlink()
    assert (loader.vote(), loader.ledger.unvoted) == (1, [])
    assert counted(store, "votes") == {}


def test_one_report_that_breaks_the_judge_does_not_stop_the_others(
    store: Store, spool: SpoolWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voipwatch.pipeline import loader as module  # noqa: PLC0415 -- to be broken

    honest = votes_of

    def breaking(intake: Intake) -> Any:
        if intake.report_id == record(0).report_id:
            raise ZeroDivisionError
        return honest(intake)

    monkeypatch.setattr(module, "votes_of", breaking)
    spool.append([record(0), record(1)], START)
    told: list[str] = []
    loader = Loader(store, tmp_path / "spool", say=told.append)
    whole(loader)
    assert set(counted(store, "votes")) == {record(1).report_id}
    assert loader.tally.unjudged == 1
    assert record(0).report_id in told[0]
    assert judge_one(record(0)) is None


def test_one_lying_probe_and_a_hundred_pseudonyms_behind_one_house_do_not_move_a_cell(
    store: Store, spool: SpoolWriter, tmp_path: Path
) -> None:
    """Nine houses that measure a clean line; one that tells of a dropped port under a hundred names."""
    honest = [record(n, "clean") for n in range(9)]
    names = [
        intake_of(
            submission_of("port-drop", 100 + n, START, instance="", pseudonym=f"{100 + n:032x}"),
            100 + n,
            START + 90,
            Sender(prefix="f" * 16),
        )
        for n in range(100)
    ]
    lie = names[0]
    judged = [judge_one(lie)] * 100  # the same evidence a hundred times: judged once
    spool.append([*honest, *names], START)

    def judges(intakes: Any) -> Any:
        for intake in intakes:
            if intake.prefix != "f" * 16:
                yield judge_one(intake)
                continue
            number = names.index(intake)
            word = f"{100 + number:032x}"
            yield [
                msgspec.structs.replace(vote, report_id=intake.report_id, pseudonym=word)
                for vote in judged[number] or []
            ]

    loader = Loader(store, tmp_path / "spool", judges=judges)
    whole(loader)
    cells = store.cells(country="MA", since=START, until=START + 3600).to_pylist()
    (call,) = [cell for cell in cells if (cell["app"], cell["stage"]) == ("whatsapp", "call")]
    assert (call["state"], call["probes"], call["reports"]) == ("ok", 109, 109)
    assert (call["ok_micro"], call["blocked_micro"]) == (9_000_000, 1_000_000)
