"""`probe delete` and `probe wipe`: what can be taken back, and what is said of the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.probe_life import CliProbe, living
from tests.support.probe import HOME, VPN
from voipwatch.probe.files import locked
from voipwatch.probe.queue import Queue


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliProbe]:
    """With two reports submitted."""
    for made in living(tmp_path, monkeypatch):
        assert made.setup("--yes").status == 0
        made("run", "--once")
        for _ in range(2):
            made.now_s = made.due()
            made("run", "--once")
        assert len(made.collector.books.kept) == 2
        yield made


def test_a_report_is_deleted_by_its_key(probe: CliProbe) -> None:
    first, second = probe.collector.books.kept
    ran = probe("delete", first)
    assert (ran.status, ran.err.strip()) == (0, f"{first}: deleted.")
    assert probe.collector.books.deleted == [first]
    assert [kept.receipt.report_id for kept in Queue(probe.folder).kept()] == [second]
    again = probe("delete", first)
    assert again.status == 64
    assert "no receipt" in again.err


def test_a_collector_that_cannot_be_asked_keeps_the_key(probe: CliProbe) -> None:
    (first, _) = probe.collector.books.kept
    probe.collector.books.interfere = lambda _: (503, {}, b"")
    ran = probe("delete", first)
    assert ran.status == 2
    assert "not deleted" in ran.err
    assert len(list(Queue(probe.folder).kept())) == 2


def test_nothing_is_deleted_through_a_tunnel(probe: CliProbe) -> None:
    probe.network = VPN
    requests = len(probe.collector.books.requests)
    ran = probe("delete", next(iter(probe.collector.books.kept)))
    assert ran.status == 70
    assert "tunnel" in ran.err
    assert len(probe.collector.books.requests) == requests


@pytest.mark.parametrize("name", ["", "zz", "../../x", "ab" * 17])
def test_what_is_no_report_is_refused(probe: CliProbe, name: str) -> None:
    assert probe("delete", name).status == 64


def test_a_wipe_leaves_nothing_and_says_what_it_cannot_take_back(probe: CliProbe) -> None:
    ran = probe("wipe", answers="n\ny\n")
    assert ran.status == 0
    assert "receipts with deletion keys: 2;" in ran.err
    assert "cannot be taken back" in ran.err
    assert [path.name for path in (probe.home / "voipwatch").iterdir()] == []
    assert probe.collector.books.deleted == []
    again = probe("wipe")
    assert again.status == 0
    assert "nothing to wipe" in again.err


def test_a_wipe_offers_to_delete_first(probe: CliProbe) -> None:
    assert probe("wipe", answers="y\ny\n").status == 0
    assert sorted(probe.collector.books.deleted) == sorted(probe.collector.books.kept)
    assert not probe.folder.exists()


def test_where_a_report_cannot_be_deleted_nothing_is_wiped(probe: CliProbe) -> None:
    probe.collector.books.interfere = lambda _: (404, {}, b"")
    ran = probe("wipe", "--delete-reports", "--yes")
    assert ran.status == 2
    assert "nothing was wiped" in ran.err
    assert len(list(Queue(probe.folder).kept())) == 2
    assert probe("wipe", "--yes").status == 0
    assert not probe.folder.exists()


@pytest.mark.parametrize("answers", ["n\nn\n", "n\n", "", "y\nn\n"])
def test_without_a_yes_nothing_goes(probe: CliProbe, answers: str) -> None:
    ran = probe("wipe", answers=answers)
    assert ran.status == 130
    assert (probe.folder / "secret").exists()
    assert probe.collector.books.deleted == [], "asked for, and then not agreed to"


def test_without_a_terminal_yes_must_be_said(probe: CliProbe) -> None:
    ran = probe("wipe")
    assert ran.status == 64
    assert "--delete-reports" in ran.err


def test_while_a_turn_is_taken_nothing_is_wiped(probe: CliProbe) -> None:
    with locked(probe.folder) as got:
        assert got
        for command in (("wipe", "--yes"), ("delete", next(iter(probe.collector.books.kept))), ("setup",)):
            ran = probe.setup("--yes") if command == ("setup",) else probe(*command)
            assert ran.status == 70
            assert "takes its turn" in ran.err
    assert probe.folder.exists()


def test_a_probe_that_was_wiped_while_it_waits_ends_in_one_line(probe: CliProbe) -> None:
    def gone() -> None:
        if probe.folder.exists():
            assert probe("wipe", "--yes").status == 0

    probe.waiting = gone
    ran = probe("run")
    assert ran.status == 64
    assert "voipwatch probe setup" in ran.err
    assert probe.network == HOME
