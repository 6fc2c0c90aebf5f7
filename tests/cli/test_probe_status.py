"""`voipwatch probe status`: all of it, for people and machines, and nothing sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.probe_life import CliProbe, living
from tests.support.probe import CAFE
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.model.instants import iso
from voipwatch.probe.agent import RunOutcome
from voipwatch.probe.queue import Queue


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliProbe]:
    yield from living(tmp_path, monkeypatch)


def run_twice(probe: CliProbe) -> None:
    """One report sent, one waiting."""
    assert probe.setup("--yes", "--access", "fibre").status == 0
    probe("run", "--once")
    for cut in (False, True):
        if cut:
            probe.collector.books.interfere = lambda _: (503, {"retry-after": "600"}, b"")
        probe.now_s = probe.due()
        probe("run", "--once")


def test_before_the_set_up(probe: CliProbe) -> None:
    ran = probe("status")
    assert ran.status == 0
    assert "not set up" in ran.out
    document = probe.document()
    assert (document["schema"], document["set_up"], document["consent"]) == (
        "voipwatch.probe-status/1",
        False,
        None,
    )
    assert not probe.folder.exists()


def test_everything_for_a_machine(probe: CliProbe) -> None:
    run_twice(probe)
    requests = len(probe.collector.books.requests)
    document = probe.document()
    assert len(probe.collector.books.requests) == requests
    assert document["next_run_at"] == iso(probe.due())
    assert [run["outcome"] for run in document["runs"]] == ["queued", "queued"]  # type: ignore[attr-defined]  # a list
    queue = document["queue"]
    assert isinstance(queue, dict)
    assert (queue["waiting"], queue["of_other_networks"], queue["dropped"], queue["refused"]) == (1, 0, 0, [])
    assert queue["bytes"] == Queue(probe.folder).size_bytes()
    receipts = document["receipts"]
    assert isinstance(receipts, list)
    (receipt,) = receipts
    assert receipt["report_id"] in probe.collector.books.kept
    assert document["submitted"] == 1
    assert document["trouble"] == "HTTP 503"
    assert str(document["next_try_at"]) > iso(probe.now_s)
    spent = document["spent_today_bytes"]
    assert isinstance(spent, int)
    assert spent > 800_000
    assert document["day_bytes"] == 20_000_000
    assert document["pseudonym_month"] == "2026-11"
    assert document["declared_here"] is True
    assert document["stop"] is None
    consent = document["consent"]
    assert isinstance(consent, dict)
    assert consent["holds"] is True
    probe.network = CAFE
    document = probe.document()
    assert document["declared_here"] is False
    assert document["queue"]["of_other_networks"] == 1  # type: ignore[index]  # an object


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_for_people(probe: CliProbe, lang: str) -> None:
    run_twice(probe)
    ran = probe("status", lang=lang, width=120)
    assert ran.status == 0
    (receipt,) = Queue(probe.folder).kept()
    for words in (iso(probe.due()), receipt.receipt.report_id, probe.collector.url, "2026-11"):
        assert words in ran.out
    assert str(probe.network.name) not in ran.out


def test_a_stop_is_shown_first(probe: CliProbe) -> None:
    probe.collector.books.stop = {"reason": "court order", "until": "2027-01-01T00:00:00Z"}
    run_twice(probe)
    assert probe.document()["stop"] == {"reason": "court order", "until": "2027-01-01T00:00:00Z"}
    first = probe("status").out.splitlines()[0]
    assert "2027-01-01T00:00:00Z: court order" in first


def test_a_consent_that_no_longer_covers_is_said(probe: CliProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    run_twice(probe)
    monkeypatch.setattr("voipwatch.cli.probe_place.TEXT_VERSION", 99)
    assert "does not cover this set-up any more" in probe("status").out
    assert probe("run", "--once").status == 64


def test_damaged_files_are_named(probe: CliProbe) -> None:
    run_twice(probe)
    (probe.folder / "state.json").write_bytes(b"{")
    ran = probe("status")
    assert ran.status == 0
    assert "Damaged: state.json." in ran.out
    (probe.folder / "setup.json").write_bytes(b"")
    assert "not set up" in probe("status").out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_outcome_has_its_words(probe: CliProbe, lang: str) -> None:
    assert [each for each in RunOutcome if not texts(lang).has(f"probe.outcome.{each}")] == []
