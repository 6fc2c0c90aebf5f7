"""Turns of a probe in virtual time: weeks, cafés, tunnels, stops, clocks that jump, a full disk."""

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.support.collector import report_id_of
from tests.support.probe import (
    CAFE,
    HOME,
    OFFLINE,
    RUN_BYTES,
    SECRET,
    START_S,
    VPN,
    Life,
    report_of,
    setup_of,
)
from voipwatch.model.instants import iso
from voipwatch.model.measurement import Interruption
from voipwatch.model.results import Report
from voipwatch.model.vocabulary import Access, Failure
from voipwatch.probe.agent import LOOK_AGAIN_S, Agent, Run, RunOutcome
from voipwatch.probe.pseudonym import deletion_hash, network_mark, pseudonym
from voipwatch.probe.queue import Queue
from voipwatch.probe.schedule import Due, Turn
from voipwatch.probe.state import Halt, write_state

DAY_S = 86_400.0


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # years of it would take minutes
    return Life(tmp_path)


def kept(life: Life) -> list[dict[str, object]]:
    return [msgspec.json.decode(body)["probe"] for body in life.books.kept.values()]


def test_a_week_brings_about_four_reports_a_day_two_apps_each_in_turn(life: Life) -> None:
    life.live(7 * DAY_S)
    assert 20 <= len(life.runs) <= 36, "28 on average; seed 1"
    assert len(life.books.kept) == len(life.runs) == life.state.submitted
    assert [run.apps for run in life.runs[:3]] == [
        ("whatsapp", "sip"),
        ("webrtc", "whatsapp"),
        ("sip", "webrtc"),
    ]
    gaps = [b - a for a, b in zip(life.ran_at, life.ran_at[1:], strict=False)]
    assert min(gaps) >= life.setup.rhythm.least_s
    assert max(gaps) <= life.setup.rhythm.most_s
    assert {run.reflectors for run in life.runs} == {life.runs[0].reflectors}, "the same few"
    assert len(life.runs[0].reflectors) == 2
    assert {run.stand_ins for run in life.runs} == {life.runs[0].stand_ins}, "and the same one beside them"
    assert len({*life.runs[0].reflectors, *life.runs[0].stand_ins}) == 3
    assert Queue(life.folder).names() == []


def test_what_a_probe_says_of_itself(life: Life) -> None:
    life.live(2 * DAY_S)
    word = kept(life)[0]
    mine = pseudonym(SECRET, HOME.name, "2026-11")
    assert (word["kind"], word["pseudonym"], word["month"]) == ("scheduled", mine, "2026-11")
    assert word["access_from"] == "system"
    assert word["enrolment"]
    assert life.books.enrolled == [(mine, "2026-11")], "once a month and network"
    receipts = list(Queue(life.folder).kept())
    hashes = {deletion_hash(bytes.fromhex(each.deletion_key)) for each in receipts}
    assert hashes == {each["deletion_hash"] for each in kept(life)}
    assert b"02:00:00" not in b"".join(p.read_bytes() for p in life.folder.rglob("*") if p.is_file())


def test_a_canary_says_that_it_is_one(life: Life, tmp_path: Path) -> None:
    life = Life(tmp_path, setup_of(canary=True))
    life.live(2 * DAY_S)
    assert {word["kind"] for word in kept(life)} == {"canary"}


def test_another_month_is_another_pseudonym_and_another_enrolment(life: Life) -> None:
    life.live(27 * DAY_S)
    assert {word["month"] for word in kept(life)} == {"2026-11", "2026-12"}
    assert len({word["pseudonym"] for word in kept(life)}) == 2
    assert len(life.books.enrolled) == 2


def test_offline_for_a_week_nothing_is_measured_and_nothing_is_made_up_for(life: Life) -> None:
    life.live(DAY_S)
    before = len(life.runs)
    life.network = OFFLINE
    told = life.live(7 * DAY_S)
    assert len(life.runs) == before
    assert life.way.tries == len(life.books.requests), "nothing was tried either"
    assert {report.run.outcome for report in told if report.run} == {RunOutcome.OFFLINE}
    life.network = HOME
    life.live(DAY_S)
    assert len(life.runs) - before <= 12, "no bunch of runs afterwards"


def test_a_collector_that_is_gone_for_a_week_gets_everything_afterwards_in_order(life: Life) -> None:
    life.way.cut = Failure.CONNECTION_REFUSED
    told = life.live(7 * DAY_S)
    runs = len(life.runs)
    assert life.books.kept == {}
    assert len(Queue(life.folder).names()) == runs
    assert life.way.tries <= 7 * 4 + 12, "exponential back-off: at most every six hours in the end"
    assert life.state.trouble == "connection_refused"
    assert any(report.trouble for report in told)
    life.way.cut = None
    life.live(DAY_S)
    assert len(life.books.kept) == len(life.runs)
    sent = [word["queued_at"] for word in kept(life)]
    assert sent == sorted(sent)  # type: ignore[type-var]  # texts, all of them
    assert life.state.trouble == ""


def test_retry_after_is_honoured(life: Life) -> None:
    life.books.interfere = lambda _: (503, {"retry-after": "7200"}, b"")
    life.live(DAY_S)
    first = life.way.tries
    assert first >= 1
    assert life.state.backoff.not_before_s >= life.now_s - DAY_S
    before_s = life.state.backoff.not_before_s
    life.now_s = before_s - 1
    life.turn()
    assert life.way.tries == first
    assert first <= 24 / 2 + 1


def test_a_report_leaves_only_from_the_network_where_it_was_measured(life: Life) -> None:
    life.way.cut = Failure.CONNECT_TIMEOUT
    life.live(DAY_S)
    at_home = len(Queue(life.folder).names())
    assert at_home
    life.way.cut = None
    life.network = CAFE
    life.live(DAY_S)
    assert len(Queue(life.folder).names()) == at_home, "they wait for their network"
    assert {word["pseudonym"] for word in kept(life)} == {pseudonym(SECRET, CAFE.name, "2026-11")}
    life.network = HOME
    life.live(DAY_S)
    assert Queue(life.folder).names() == []
    assert len({word["pseudonym"] for word in kept(life)}) == 2


def test_nothing_is_measured_or_sent_through_a_tunnel(life: Life) -> None:
    life.way.cut = Failure.CONNECT_TIMEOUT
    life.live(DAY_S)
    life.way.cut = None
    runs, tries = len(life.runs), life.way.tries
    life.network = VPN
    told = life.live(2 * DAY_S)
    assert (len(life.runs), life.way.tries) == (runs, tries)
    assert {report.run.outcome for report in told if report.run} == {RunOutcome.TUNNEL}


def test_a_network_that_changes_during_the_check_spoils_the_report(life: Life) -> None:
    def check(run: Run) -> Report:
        life.network = CAFE
        return report_of(1, run.apps)

    life.world = replace(life.world, check=check)
    told = life.live(DAY_S)
    assert RunOutcome.MOVED in {report.run.outcome for report in told if report.run}
    assert len(life.books.kept) < len([r for r in told if r.run])


def test_what_was_declared_holds_at_home_and_nowhere_else(life: Life, tmp_path: Path) -> None:
    mark = network_mark(SECRET, HOME.name)
    life = Life(tmp_path, setup_of(access=Access.ADSL, operator="Maroc Telecom", mark=mark))
    life.live(DAY_S)
    assert {(r.line.access, r.line.operator_declared) for r in life.runs} == {("adsl", "Maroc Telecom")}
    assert {word["access_from"] for word in kept(life)} == {"declared"}
    there = len(life.runs)
    life.network = CAFE
    life.live(DAY_S)
    assert {(r.line.access, r.line.operator_declared) for r in life.runs[there:]} == {("wifi", None)}


def test_the_daily_cap_counts_runs_and_uploads_and_is_never_passed(life: Life, tmp_path: Path) -> None:
    life = Life(tmp_path, setup_of(day_bytes=6_000_000))
    told = life.live(10 * DAY_S)
    outcomes = [report.run.outcome for report in told if report.run]
    assert outcomes.count(RunOutcome.CAP) > 0
    spending = life.state.spending.by_day
    assert spending
    assert max(spending.values()) <= 6_000_000
    assert max(spending.values()) > 2 * RUN_BYTES


def test_a_run_that_is_killed_has_cost_the_most_that_it_could(life: Life) -> None:
    def check(run: Run) -> Report:
        raise KeyboardInterrupt

    life.world = replace(life.world, check=check)
    life.turn()
    life.now_s = life.turn().due_at_s
    with pytest.raises(KeyboardInterrupt):
        life.turn()
    assert list(life.state.spending.by_day.values()) == [life.setup.run_bytes]
    assert life.state.due is not None
    assert life.state.due.next_at_s > life.now_s, "it is not tried again at once"


def test_a_stop_is_obeyed_until_its_date_and_no_longer(life: Life) -> None:
    life.books.stop = {"reason": "maintenance\x1b[2J", "until": iso(START_S + 5 * DAY_S)}
    life.live(3 * DAY_S)
    assert len(life.books.kept) == 1, "the answer to the first one said stop"
    assert life.state.halt == Halt("maintenance\N{REPLACEMENT CHARACTER}[2J", START_S + 5 * DAY_S)
    runs = len(life.runs)
    assert runs == 1
    life.books.stop = None
    life.live(4 * DAY_S)
    assert len(life.runs) > runs
    assert min(life.ran_at[1:]) >= START_S + 5 * DAY_S


def test_a_clock_that_jumps_a_year_ahead_and_back_neither_bunches_nor_stops_runs(life: Life) -> None:
    life.live(2 * DAY_S)
    runs = len(life.runs)
    life.now_s += 365 * DAY_S
    assert life.turn().turn is Turn.MISSED
    life.live(DAY_S)
    life.now_s -= 366 * DAY_S
    told = life.turn()
    assert told.turn is Turn.CLOCK_BACK
    assert told.due_at_s - life.now_s <= life.setup.rhythm.most_s
    life.live(2 * DAY_S)
    assert runs + 4 <= len(life.runs) <= runs + 24
    assert life.state.trouble == ""


def test_reports_that_nobody_signed_or_that_were_cut_short_are_not_kept(life: Life) -> None:
    seen: list[Run] = []

    def check(run: Run) -> Report:
        report = report_of(len(seen), run.apps)
        if len(seen) % 3 == 0:
            report.measurement.reflectors[0].log = None
        elif len(seen) % 3 == 1:
            report.measurement.interrupted = Interruption("user", 1.0)
        else:
            report.measurement.line = msgspec.structs.replace(report.measurement.line, tunnel=True)
        seen.append(run)
        return report

    life.world = replace(life.world, check=check)
    told = life.live(2 * DAY_S)
    outcomes = {report.run.outcome for report in told if report.run}
    assert outcomes == {RunOutcome.UNSIGNED, RunOutcome.FAILED, RunOutcome.DROPPED}
    assert life.books.requests == []


def test_a_full_disk_costs_the_report_and_says_so(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    life.turn()
    life.now_s = life.turn().due_at_s
    real = os.fsync

    def full(handle: int) -> None:
        if os.fstat(handle).st_size > 400 and "queue" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    told = life.turn()
    assert told.run is not None
    assert told.run.outcome is RunOutcome.DISK
    assert told.problems == ["No space left on device"]
    assert list((life.folder / "queue").iterdir()) == [], "nothing half written is left"
    monkeypatch.undo()
    life.live(DAY_S)
    assert life.books.kept


def test_a_disk_that_keeps_nothing_at_all_sends_nothing(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    life.way.cut = Failure.CONNECT_TIMEOUT
    life.live(DAY_S)
    life.way.cut = None
    tries = life.way.tries
    state = life.state
    life.now_s = state.backoff.not_before_s + 1
    state.due = Due(life.now_s + 3_600, life.now_s)  # nothing is to be measured now
    write_state(life.folder, state)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            life.turn()
    assert life.way.tries == tries, "the same report would be sent for ever"


def test_a_turn_asks_to_be_woken_in_time(life: Life) -> None:
    told = life.turn()
    assert told.turn is Turn.FIRST
    assert life.now_s < told.next_at_s <= life.now_s + LOOK_AGAIN_S
    assert told.next_at_s <= told.due_at_s


def test_times_are_written_in_utc() -> None:
    assert iso(START_S) == "2026-11-05T12:00:00Z"
    assert datetime.fromtimestamp(START_S, tz=UTC).hour == 12


def test_the_books_of_the_test_tell_sessions_apart() -> None:
    one, other = (msgspec.to_builtins(report_of(n)) for n in (1, 2))
    assert report_id_of({"report": one}) != report_id_of({"report": other})


@pytest.mark.parametrize("canary", [False, True])
def test_a_run_that_is_asked_for_is_manual_and_leaves_the_schedule_alone(
    tmp_path: Path, canary: bool
) -> None:
    life = Life(tmp_path, setup_of(canary=canary))
    life.turn()
    before = life.state
    life.now_s += 60
    told = Agent(life.folder, life.setup, SECRET, life.world).run_now(life.state)
    assert told.run is not None
    assert (told.run.outcome, told.sent) == (RunOutcome.QUEUED, 1)
    assert [word["kind"] for word in kept(life)] == ["manual"]
    assert (life.state.due, life.state.turn) == (before.due, before.turn)
    assert life.state.spending != before.spending
    life.network = VPN
    told = Agent(life.folder, life.setup, SECRET, life.world).run_now(life.state)
    assert told.run is not None
    assert (told.run.outcome, len(life.runs)) == (RunOutcome.TUNNEL, 1)
