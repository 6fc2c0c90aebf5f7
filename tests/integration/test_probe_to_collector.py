"""The probe's own sender against a collector that really runs: from the queue to the spool, and back out."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.support.collecting import Collecting, certificate_of, collecting
from tests.support.probe import HOME, Life, setup_of
from tests.support.reports import REFLECTOR, submission_of
from voipwatch.collector.records import Erased
from voipwatch.collector.spool import Stored, list_segments, read_segment
from voipwatch.collector.stopword import say_stop
from voipwatch.model.results import Report
from voipwatch.model.submission import Intake
from voipwatch.model.vocabulary import Access, Failure
from voipwatch.probe.agent import Run, RunOutcome, TurnReport
from voipwatch.probe.collectors import Asks, delete
from voipwatch.probe.network import Network
from voipwatch.probe.queue import RECEIPT_DAYS, WAITING_DAYS, Queue
from voipwatch.probe.schedule import Due, Turn
from voipwatch.probe.settings import Collector
from voipwatch.probe.state import read_state, write_state
from voipwatch.probe.upload import ways_to
from voipwatch.reflector.certificate import Certificate
from voipwatch.wire.receipt import verify_document

HOST = "127.68.0.1"
DAY_S = 86_400.0


class Volunteer(Life):
    """Its checks are signed by a reflector that the collector trusts, and its sender is the real one.

    Its clock stands at the collector's, which is the machine's, and goes on only where a test moves it.
    """

    reflector_ahead_s = 0.0

    def check(self, run: Run) -> Report:
        self.runs.append(run)
        # dated by the reflector, whose clock is right, unless a test says otherwise
        at_s = datetime.now(tz=UTC).timestamp() + self.reflector_ahead_s
        return submission_of("port-drop", 10_000 * self.seed + len(self.runs), at_s).report

    def ways(self, collector: Collector) -> Asks | Failure:
        return ways_to(collector)

    def run_now(self) -> TurnReport:
        """A run is due at this moment."""
        state = read_state(self.folder)
        state.due = Due(self.now_s, self.now_s - 3600.0)
        write_state(self.folder, state)
        return self.turn()

    @property
    def queue(self) -> Queue:
        return Queue(self.folder)


def volunteer(folder: Path, place: Collector, seed: int = 1) -> Volunteer:
    folder.mkdir()
    now_s = datetime.now(tz=UTC).timestamp()
    return Volunteer(folder, setup_of(collector=place), now_s=now_s, seed=seed)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return certificate_of(tmp_path)


def kept_by(running: Collecting) -> list[Intake | Erased]:
    """The reports in its spool, and the places of those that were deleted."""
    found = []
    for segment in list_segments(running.data / "spool"):
        for item in read_segment(segment.path):
            if isinstance(item, Stored):
                record = item.record
                if isinstance(record, Intake | Erased):
                    found.append(record)
    return found


def test_queued_sent_receipted_deleted_and_forgotten(tmp_path: Path, certificate: Certificate) -> None:
    with collecting(tmp_path / "data", reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        probe = volunteer(tmp_path / "probe", running.place)
        told = probe.run_now()
        assert told.run is not None
        assert (told.turn, told.run.outcome, told.sent, told.trouble) == (Turn.RUN, RunOutcome.QUEUED, 1, "")
        assert probe.queue.names() == []
        (kept,) = probe.queue.kept()
        assert kept.receipt.collector == running.place.key
        (stored,) = kept_by(running)
        assert isinstance(stored, Intake)
        assert stored.enrolled, "the token was asked for first"
        assert (stored.report_id, stored.body_sha256) == (kept.receipt.report_id, kept.receipt.body_sha256)

        way = ways_to(running.place)
        assert not isinstance(way, Failure)
        wrong = delete(way, "", kept.receipt.report_id, "00" * 32)
        assert (wrong.done, wrong.reason) == (False, "HTTP 403")
        assert isinstance(kept_by(running)[0], Intake)
        assert delete(way, "", kept.receipt.report_id, kept.deletion_key).done
        assert [type(each) for each in kept_by(running)] == [Erased]

        probe.run_now()
        assert len(list(probe.queue.kept())) == 2
        probe.now_s += RECEIPT_DAYS * DAY_S + 1
        probe.network = Network("", Access.UNKNOWN, tunnel=None, connected=False)
        probe.turn()
        assert list(probe.queue.kept()) == [], "nobody can tell any more what this device sent"


def test_killed_between_answer_and_receipt_it_is_one_report(
    tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut: the collector has it, the probe does not know."""
    with collecting(tmp_path / "data", reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        probe = volunteer(tmp_path / "probe", running.place)
        with monkeypatch.context() as cut:
            cut.setattr(Queue, "acknowledge", _power_cut)
            with pytest.raises(PowerCutError):
                probe.run_now()
        assert len(probe.queue.names()) == 1
        assert list(probe.queue.kept()) == []
        probe.now_s += 600.0
        told = probe.turn()
        assert (told.sent, told.trouble) == (1, "")
        (kept,) = probe.queue.kept()
        (stored,) = kept_by(running)
        assert isinstance(stored, Intake)
        assert stored.body_sha256 == kept.receipt.body_sha256, "of the first try, which is on disk"


class PowerCutError(BaseException):
    """Nothing after it is done."""


def _power_cut(*_: object) -> None:
    raise PowerCutError


def test_a_collector_that_is_away_then_says_stop_is_waited_for_and_obeyed(
    tmp_path: Path, certificate: Certificate
) -> None:
    data = tmp_path / "data"
    with collecting(data, reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        place = running.place
        assert running.stop() == 0
    probe = volunteer(tmp_path / "probe", place)
    told = probe.run_now()
    assert (told.sent, told.trouble) == (0, Failure.CONNECTION_REFUSED.value)
    first = probe.state.backoff
    assert first.not_before_s > probe.now_s
    assert probe.turn().trouble == "", "not tried again at once"
    assert probe.state.backoff == first

    say_stop(data, probe.now_s + 3 * DAY_S, "The courts have asked us to.")
    with collecting(
        data, reflector=REFLECTOR, certificate=certificate, host=HOST, port=place.port
    ) as running:
        assert running.place.key == place.key
        probe.now_s = first.not_before_s
        told = probe.turn()
        assert (told.sent, told.trouble) == (1, ""), "what waited is still taken"
        halt = probe.state.halt
        assert halt is not None
        assert halt.reason == "The courts have asked us to."
        before = len(probe.runs)
        told = probe.run_now()
        assert told.run is not None
        assert (told.run.outcome, len(probe.runs)) == (RunOutcome.STOPPED, before), "nothing is measured"
        probe.now_s = halt.until_s
        told = probe.run_now()
        assert told.run is not None
        assert told.run.outcome == RunOutcome.QUEUED, "and then it goes on by itself"


@pytest.mark.parametrize("wrong_days", [366, -366, 10, -10])
def test_a_probe_whose_clock_is_off_is_heard_once_it_is_set_right(
    tmp_path: Path, certificate: Certificate, wrong_days: int
) -> None:
    with collecting(tmp_path / "data", reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        probe = volunteer(tmp_path / "probe", running.place)
        true_s = probe.now_s
        probe.now_s = true_s + wrong_days * DAY_S
        told = probe.run_now()
        assert (told.sent, told.refused) == (0, 0)
        assert told.trouble in {"HTTP 422", "clock"}, "no token for such a month, or no such time"
        assert kept_by(running) == []
        assert len(probe.queue.names()) == 1, "it is not given up"

        probe.now_s = true_s + 900.0
        told = probe.run_now()
        assert told.run is not None
        assert (told.run.outcome, told.trouble) == (RunOutcome.QUEUED, "")
        # dated a year off it is over, and counted; a few days off it is taken now that the clock is right
        lost = abs(wrong_days) > WAITING_DAYS
        assert (told.dropped, told.sent) == ((1, 1) if lost else (0, 2))
        assert len(kept_by(running)) == told.sent


def test_a_reflector_in_the_future_keeps_back_its_own_report_and_no_other(
    tmp_path: Path, certificate: Certificate
) -> None:
    with collecting(tmp_path / "data", reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        probe = volunteer(tmp_path / "probe", running.place)
        probe.reflector_ahead_s = 3 * DAY_S
        told = probe.run_now()
        assert (told.sent, told.refused, told.trouble) == (0, 1, "")
        assert ["in the future" in reason for reason in probe.queue.reasons()] == [True]
        probe.reflector_ahead_s = 0.0
        assert probe.run_now().sent == 1


def test_too_many_households_behind_one_prefix_wait_as_they_are_told(
    tmp_path: Path, certificate: Certificate
) -> None:
    """429: eight new pseudonyms a day and prefix, and the ninth is told when."""
    with collecting(tmp_path / "data", reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        probe = volunteer(tmp_path / "probe", running.place)
        probe.setup = setup_of(collector=running.place, day_bytes=200_000_000)
        for number in range(8):
            probe.network = Network(f"router {number}", Access.WIFI, tunnel=False, connected=True)
            assert probe.run_now().sent == 1
        probe.network = HOME
        told = probe.run_now()
        assert (told.sent, told.trouble) == (0, "HTTP 429")
        assert probe.state.backoff.not_before_s - probe.now_s > 9_000, "a day's eight: one in three hours"
        assert told.next_at_s <= probe.state.backoff.not_before_s
        assert len(probe.queue.names()) == 1
        assert len(kept_by(running)) == 8


def test_a_collector_whose_disk_fails_keeps_nothing_and_says_when(
    tmp_path: Path, certificate: Certificate
) -> None:
    """503: nothing is acknowledged, and what waits is sent once there is a disk again."""
    with collecting(tmp_path / "data", reflector=REFLECTOR, certificate=certificate, host=HOST) as running:
        spool = running.data / "spool"
        spool.rename(running.data / "aside")
        spool.write_bytes(b"no folder")
        probe = volunteer(tmp_path / "probe", running.place)
        told = probe.run_now()
        assert (told.sent, told.trouble) == (0, "HTTP 503")
        waits_s = probe.state.backoff.not_before_s - probe.now_s
        assert 285 <= waits_s <= 315, "Retry-After, within its jitter"
        assert (len(probe.queue.names()), list(probe.queue.kept())) == (1, [])
        spool.unlink()
        (running.data / "aside").rename(spool)
        probe.now_s += waits_s
        assert probe.turn().sent == 1
        (kept,) = probe.queue.kept()
        assert verify_document(msgspec.to_builtins(kept.receipt), running.place.key or "")
