import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.collector.submissions import ABOUT, NOW, RULES, Maker
from tests.collector.test_spool import Counter
from voipwatch.collector.desk import Committer, Desk, DeskFullError
from voipwatch.collector.index import Index
from voipwatch.collector.intake import Accepted, Submitted, take
from voipwatch.collector.keys import Signer
from voipwatch.collector.records import Erased
from voipwatch.collector.spool import SpoolError, SpoolWriter, Stored, list_segments, read_segment
from voipwatch.lab.resign import deletion_key
from voipwatch.model.submission import Deletion, Intake, ReportResult, ResultStatus
from voipwatch.wire.receipt import verify_document


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


def open_desk(folder: Path) -> Desk:
    """As a process does at its start."""
    spool = SpoolWriter(folder / "spool", Counter())
    spool.recover()
    index = Index(folder)
    index.catch_up(folder / "spool")
    made = Desk(spool, index, Signer(bytes(32)))
    made.finish_deletions()
    return made


def taken(body: bytes, now_s: float = NOW) -> Accepted:
    found = take(Submitted(body, ABOUT, now_s), RULES)
    assert isinstance(found, Accepted), found
    return found


def commit(desk: Desk, items: list[Accepted], now_s: float) -> list[ReportResult]:
    """As one request."""
    (answers,) = desk.commit([items], now_s)
    return answers


def on_disk(folder: Path) -> list[str]:
    """Names of the reports in the spool, in order."""
    return [
        item.record.report_id
        for segment in list_segments(folder / "spool")
        for item in read_segment(segment.path)
        if isinstance(item, Stored) and isinstance(item.record, Intake)
    ]


def test_each_gets_its_answer_in_order_and_is_on_disk(tmp_path: Path, desk: Desk, maker: Maker) -> None:
    group = [taken(maker.body(number)) for number in (3, 1, 2)]
    results = commit(desk, group, NOW)
    assert [result.report_id for result in results] == [item.intake.report_id for item in group]
    assert {result.status for result in results} == {ResultStatus.ACCEPTED}
    assert on_disk(tmp_path) == [item.intake.report_id for item in group]
    receipt = results[0].receipt
    assert receipt is not None
    assert (receipt.body_sha256, receipt.received_at) == (group[0].intake.body_sha256, "2026-11-22T00:00:00Z")


def statuses(results: list[ReportResult]) -> list[tuple[str, str, bool]]:
    return [(result.status.value, result.code, result.receipt is not None) for result in results]


AGAIN = [
    ({}, ("accepted", "", True)),
    ({"sent_at": "2026-11-22T00:05:00Z"}, ("duplicate", "", True)),
    ({"deletion_hash": "ab" * 32}, ("refused", "duplicate", False)),
    ({"deletion_hash": "ab" * 32, "pseudonym": "cd" * 16}, ("refused", "duplicate", False)),
]


@pytest.mark.parametrize(("word", "answer"), AGAIN, ids=["same bytes", "sent later", "rewrapped", "another"])
@pytest.mark.parametrize("when", ["in one group", "later", "after a restart"])
def test_the_same_session_again(
    tmp_path: Path, maker: Maker, word: dict[str, Any], answer: tuple[str, str, bool], when: str
) -> None:
    desk = open_desk(tmp_path)
    first, second = taken(maker.body(1)), taken(maker.body(1, **word))
    if when == "in one group":
        results = commit(desk, [first, second], NOW)[1:]
    else:
        commit(desk, [first], NOW)
        if when == "after a restart":
            desk.close()
            desk = open_desk(tmp_path)
        results = commit(desk, [second], NOW + 60)
    assert statuses(results) == [answer]
    assert len(on_disk(tmp_path)) == 1
    if answer[2]:
        assert results[0].receipt is not None
        assert (
            results[0].receipt.body_sha256 == first.intake.body_sha256
        )  # what is on disk, not what was sent


def test_another_combination_of_known_sessions_is_a_duplicate(desk: Desk, maker: Maker) -> None:
    one, two = taken(maker.body(1)), taken(maker.body(2))
    commit(desk, [one], NOW)
    both = Accepted(
        type(one.intake)(
            **{
                **{name: getattr(two.intake, name) for name in two.intake.__struct_fields__},
                "sessions": [*one.intake.sessions, *two.intake.sessions],
                "report_id": "ab" * 16,
            }
        ),
        two.deletion_hash,
    )
    assert statuses(commit(desk, [both, two], NOW)) == [
        ("refused", "duplicate", False),
        ("accepted", "", True),
    ]


def test_who_shows_the_key_deletes(tmp_path: Path, desk: Desk, maker: Maker) -> None:
    items = [taken(maker.body(number)) for number in (1, 2)]
    commit(desk, items, NOW)
    name = items[0].intake.report_id
    assert desk.delete("ff" * 16, deletion_key(1), NOW) is None
    assert desk.delete(name, deletion_key(2), NOW) is False
    assert on_disk(tmp_path) == [item.intake.report_id for item in items]
    assert desk.delete(name, deletion_key(1), NOW) is True
    assert desk.delete(name, deletion_key(1), NOW) is True  # the answer was lost: asked again
    (segment,) = list_segments(tmp_path / "spool")
    records = [item.record for item in read_segment(segment.path) if isinstance(item, Stored)]
    assert isinstance(records[0], Erased)
    assert records[1:] == [items[1].intake, Deletion(name, NOW)]
    assert items[0].intake.body not in segment.path.read_bytes()
    assert statuses(commit(desk, [items[0]], NOW)) == [("refused", "deleted", False)]


def test_a_deletion_that_a_kill_cut_short_is_finished(
    tmp_path: Path, desk: Desk, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = taken(maker.body(1))
    commit(desk, [item], NOW)

    def killed(*_: object) -> bool:
        raise OSError("killed here")

    monkeypatch.setattr(SpoolWriter, "erase", killed)
    with pytest.raises(OSError, match="killed here"):
        desk.delete(item.intake.report_id, deletion_key(1), NOW)
    monkeypatch.undo()
    again = open_desk(tmp_path)
    assert on_disk(tmp_path) == []
    assert again.delete(item.intake.report_id, deletion_key(1), NOW) is True


def test_an_index_without_room_loses_nothing(
    tmp_path: Path, desk: Desk, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "add", full)
    first = taken(maker.body(1))
    assert statuses(commit(desk, [first], NOW)) == [("accepted", "", True)]
    assert statuses(commit(desk, [first], NOW)) == [("accepted", "", True)]
    rewrapped = taken(maker.body(1, deletion_hash="ab" * 32))
    assert statuses(commit(desk, [rewrapped], NOW)) == [("refused", "duplicate", False)]
    monkeypatch.undo()
    commit(desk, [taken(maker.body(2))], NOW)
    assert statuses(commit(desk, [first], NOW)) == [("accepted", "", True)]
    assert len(on_disk(tmp_path)) == 2


def test_requests_that_come_meanwhile_share_a_group(desk: Desk, maker: Maker) -> None:
    groups: list[int] = []
    real = desk.commit

    def counted(requests: list[list[Accepted]], now_s: float) -> list[list[ReportResult]]:
        groups.append(len(requests))
        return real(requests, now_s)

    desk.commit = counted  # type: ignore[assignment, method-assign]  # to see how they come

    async def main() -> list[list[ReportResult]]:
        committer = Committer(desk, lambda: NOW, waiting_max=100)
        many = [committer.submit([taken(maker.body(number))]) for number in range(8)]
        results = await asyncio.gather(*many)
        await committer.drain()
        return results

    results = asyncio.run(main())
    names = [taken(maker.body(number)).intake.report_id for number in range(8)]
    assert [result.report_id for (result,) in results] == names
    assert sum(groups) == 8
    assert len(groups) < 8


def test_the_receipts_of_a_request_are_signed_together_and_no_others(desk: Desk, maker: Maker) -> None:
    requests = [[taken(maker.body(1)), taken(maker.body(2))], [taken(maker.body(3))], []]
    both, alone, none = desk.commit(requests, NOW)
    receipts = [one.receipt for one in (*both, *alone)]
    assert none == []
    signatures = [receipt.signature.split(".") for receipt in receipts if receipt is not None]
    assert [len(parts) for parts in signatures] == [4, 4, 1]
    assert signatures[0][0] == signatures[1][0] != signatures[2][0]
    assert all(
        receipt is not None and verify_document(msgspec.to_builtins(receipt), receipt.collector)
        for receipt in receipts
    )


def test_a_disk_that_fails_fails_the_group_and_nothing_else(
    desk: Desk, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        committer = Committer(desk, lambda: NOW, waiting_max=100)

        def full(*_: object) -> list[ReportResult]:
            raise SpoolError("No space left on device", full=True)

        monkeypatch.setattr(desk, "commit", full)
        with pytest.raises(SpoolError):
            await committer.submit([taken(maker.body(1))])
        monkeypatch.undo()
        (result,) = await committer.submit([taken(maker.body(1))])
        assert result.status is ResultStatus.ACCEPTED
        assert committer.held == 0
        await committer.drain()

    asyncio.run(main())


def test_more_than_is_held_is_turned_away(desk: Desk, maker: Maker) -> None:
    async def main() -> None:
        committer = Committer(desk, lambda: NOW, waiting_max=2)
        one, two = taken(maker.body(1)), taken(maker.body(2))
        first = asyncio.ensure_future(committer.submit([one, two]))
        await asyncio.sleep(0)
        with pytest.raises(DeskFullError):
            await committer.submit([taken(maker.body(3))])
        assert len(await first) == 2
        await committer.drain()

    asyncio.run(main())


def test_a_sender_who_goes_away_takes_nothing_with_him(tmp_path: Path, desk: Desk, maker: Maker) -> None:
    async def main() -> None:
        committer = Committer(desk, lambda: NOW, waiting_max=10)
        gone = asyncio.ensure_future(committer.submit([taken(maker.body(1))]))
        stays = asyncio.ensure_future(committer.submit([taken(maker.body(2))]))
        await asyncio.sleep(0)
        gone.cancel()
        assert len(await stays) == 1
        await committer.drain()

    asyncio.run(main())
    assert len(on_disk(tmp_path)) == 2
