"""`voipwatch probe run`: set up, measured, sent over TLS, acknowledged; and each way to fail."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.cli.probe_life import CliProbe, living
from tests.support.probe import CAFE, HOME, VPN
from voipwatch.model.measurement import Interruption
from voipwatch.probe.files import locked
from voipwatch.probe.queue import Queue
from voipwatch.probe.schedule import LATE_S
from voipwatch.probe.spending import day_of


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliProbe]:
    yield from living(tmp_path, monkeypatch)


@pytest.fixture
def ready(probe: CliProbe) -> CliProbe:
    """Set up, its first time drawn, which has now come."""
    assert probe.setup("--yes").status == 0
    assert probe("run", "--once").status == 0
    probe.now_s = probe.due()
    return probe


def test_from_the_set_up_to_a_receipt(ready: CliProbe) -> None:
    ran = ready("run", "--once")
    assert (ran.status, ran.out) == (0, "")
    assert "whatsapp, sip: measured; the report is in the queue" in ran.err
    assert "Reports that the collector has: 1." in ran.err
    ((body,),) = [list(ready.collector.books.kept.values())]
    sent = msgspec.json.decode(body)
    assert sent["schema"] == "voipwatch.submission/1"
    assert sent["report"]["check"]["results"][0]["app"] == "whatsapp"
    assert sent["report"]["lang"] == "en"
    assert sent["probe"]["kind"] == "scheduled"
    assert sent["probe"]["enrolment"]
    request = ready.measured.requests[0]
    assert (request.apps, request.providers, request.through, request.video) == (
        ("whatsapp", "sip"),
        False,
        None,
        False,
    )
    assert request.tickets == ready.folder / "tickets"
    (kept,) = Queue(ready.folder).kept()
    assert kept.receipt.collector == ready.collector.books.public == ready.state.collector_key


def test_a_report_says_nothing_in_the_owners_language(ready: CliProbe) -> None:
    ready("run", "--once", lang="ar")
    (body,) = ready.collector.books.kept.values()
    assert "A sentence in en" in body.decode()


def test_once_never_measures_because_it_is_asked(probe: CliProbe) -> None:
    probe.setup("--yes")
    for _ in range(3):
        ran = probe("run", "--once")
        assert ran.status == 0
        assert "Next run: 2026-11-0" in ran.err
    assert probe.measured.requests == []


def test_now_measures_once_as_manual_and_the_schedule_stays(probe: CliProbe) -> None:
    probe.setup("--yes")
    ran = probe("run", "--now")
    assert (ran.status, ran.out) == (0, "")
    assert "sent as manual" in ran.err
    assert "Reports that the collector has: 1." in ran.err
    assert "Next run" not in ran.err, "no time was drawn yet"
    probe("run", "--once")
    due = probe.due()
    probe.now_s += 60
    assert "Next run" in probe("run", "--now").err
    assert probe.due() == due
    kinds = [msgspec.json.decode(body)["probe"]["kind"] for body in probe.collector.books.kept.values()]
    assert kinds == ["manual", "manual"]


def test_a_run_missed_by_more_than_minutes_is_not_made_up_for(ready: CliProbe) -> None:
    ready.now_s += LATE_S + 1
    ran = ready("run", "--once")
    assert "missed" in ran.err
    assert ready.measured.requests == []


def test_the_loop_goes_on_until_sigterm(ready: CliProbe) -> None:
    def enough() -> None:
        if len(ready.measured.requests) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    ready.waiting = enough
    before = signal.getsignal(signal.SIGTERM)
    ran = ready("run")
    assert ran.status == 0
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(ready.collector.books.kept) == 3
    assert max(ready.waits) <= 60, "the clock is looked at every minute"


def test_ctrl_c_during_a_check_ends_the_probe_and_keeps_nothing(ready: CliProbe) -> None:
    ready.measured.change = lambda m: setattr(m, "interrupted", Interruption("user", 3.0))
    ran = ready("run")
    assert ran.status == 130
    assert [note.outcome for note in ready.state.runs] == ["failed"]
    assert Queue(ready.folder).names() == []


def test_a_fault_of_ours_in_a_check_is_no_report_and_no_traceback(ready: CliProbe) -> None:
    ready.measured.raises = RuntimeError("boom 192.0.2.9")
    ran = ready("run", "--once")
    assert ran.status == 0
    assert "ended early or failed" in ran.err
    assert "Traceback" not in ran.err
    assert ready.collector.books.requests == []


def test_through_a_vpn_nothing_happens_and_it_says_so(ready: CliProbe) -> None:
    ready.network = VPN
    ran = ready("run", "--once")
    assert "the way out was a tunnel" in ran.err
    assert ready.measured.requests == []


def test_a_report_of_home_waits_in_the_cafe(ready: CliProbe) -> None:
    ready.collector.books.interfere = lambda _: (503, {"retry-after": "30"}, b"")
    ran = ready("run", "--once")
    assert "Nothing can be sent now (the collector takes no more just now)" in ran.err
    ready.collector.books.interfere = lambda _: None
    ready.now_s += 600
    ready.network = CAFE
    ready("run", "--once")
    assert ready.collector.books.kept == {}
    ready.network = HOME
    ready("run", "--once")
    assert len(ready.collector.books.kept) == 1


def test_a_redirect_is_not_followed(ready: CliProbe) -> None:
    ready.collector.books.interfere = lambda _: (302, {"location": "https://elsewhere.example/"}, b"")
    ran = ready("run", "--once")
    assert "Nothing can be sent now (HTTP 302)" in ran.err
    assert len(Queue(ready.folder).names()) == 1
    assert len(ready.collector.books.requests) == 1


def test_another_certificate_gets_no_byte(probe: CliProbe) -> None:
    probe(
        "setup",
        "--reflector",
        "r.example",
        "--collector",
        probe.collector.url,
        "--collector-pin",
        "ab" * 32,
        "--yes",
    )
    probe("run", "--once")
    probe.now_s = probe.due()
    ran = probe("run", "--once")
    assert "its certificate is not the one of the pin" in ran.err
    assert probe.collector.books.requests == []


def test_without_a_set_up_it_says_how(probe: CliProbe) -> None:
    ran = probe("run")
    assert ran.status == 64
    assert "voipwatch probe setup" in ran.err
    assert not probe.folder.exists()


def test_an_edited_set_up_is_not_covered_by_the_consent(ready: CliProbe) -> None:
    path = ready.folder / "setup.json"
    document = msgspec.json.decode(path.read_bytes())
    document["apps"].append("viber")
    path.write_bytes(msgspec.json.encode(document))
    ran = ready("run", "--once")
    assert ran.status == 64
    assert "does not cover" in ran.err


@pytest.mark.parametrize("name", ["setup.json", "secret"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"schema":"x"}'])
def test_a_damaged_file_is_one_line(ready: CliProbe, name: str, content: bytes) -> None:
    (ready.folder / name).write_bytes(content)
    for command in (("run", "--once"), ("delete", "ab" * 16)):
        ran = ready(*command)
        assert ran.status == 70
        assert f"{name} is damaged" in " ".join(ran.err.split())
        assert len(ran.err.strip().splitlines()) == 1
    assert ready("status").status == 0
    assert ready("wipe", "--yes").status == 0


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"schema":"x"}'])
def test_a_damaged_state_is_set_aside_and_today_is_over(ready: CliProbe, content: bytes) -> None:
    (ready.folder / "state.json").write_bytes(content)
    ran = ready("run", "--once")
    assert ran.status == 0
    assert "was set aside" in ran.err
    assert (ready.folder / "state.json.damaged").read_bytes() == content
    today = day_of(ready.now_s)
    ready.now_s = ready.due()
    assert day_of(ready.now_s) == today, "by the seed of the dice"
    ran = ready("run", "--once")
    assert "not enough was left of the day's data" in ran.err, "nobody knows what was spent today"
    assert ready.measured.requests == []


def test_damaged_reports_in_the_queue_are_set_aside(ready: CliProbe) -> None:
    ready.collector.books.interfere = lambda _: (503, {}, b"")
    ready("run", "--once")
    (name,) = Queue(ready.folder).names()
    path = ready.folder / "queue" / name
    path.write_bytes(path.read_bytes()[:-20])
    ready.collector.books.interfere = lambda _: None
    ready.now_s += 600
    ran = ready("run", "--once")
    assert "could not be read and were set aside: 1" in ran.err
    assert ready.document()["queue"] == {
        "waiting": 0, "bytes": 0, "of_other_networks": 0, "dropped": 0, "refused": ["damaged"],
    }  # fmt: skip


def test_while_another_takes_its_turn_nothing_is_done(ready: CliProbe) -> None:
    with locked(ready.folder) as got:
        assert got
        ran = ready("run", "--once")
    assert ran.status == 0
    assert "Another voipwatch" in ran.err
    assert ready.measured.requests == []


def test_a_folder_that_cannot_be_written_is_one_line(
    ready: CliProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = ready("run", "--once")
    assert ran.status == 70
    assert "No space left on device" in ran.err
    assert ready.measured.requests == []
