"""From the store's changepoints to the log, once in effect; and what is asked before anybody is named."""

from pathlib import Path

import msgspec
import pytest

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.chronicle.log import complete_lines
from voipwatch.inference.detection.panel import PanelState
from voipwatch.inference.detection.regime import Cycles, Spell
from voipwatch.inference.detection.state import State
from voipwatch.model.acts import Closing, EntryKind, KeyRole, Withdrawal
from voipwatch.model.incidents import AttributionReason, IncidentStatus, PhaseKind
from voipwatch.model.series import ChangeKind, Changepoint
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline.chronicling import Chronicling, canary_losses_of, findings_of, schedules_of
from voipwatch.pipeline.detecting import CountryMemory, Found, record_of
from voipwatch.store.store import Store

DAY = 86_400
START = HOUR + 5 * DAY


def found(
    kind: ChangeKind = ChangeKind.ONSET,
    at_s: float = START,
    *,
    operator: str = "AS36925",
    app: str = "whatsapp",
    country: str = "MA",
    instance: str = "",
) -> Found:
    change = Changepoint(kind, at_s - 3600, at_s, at_s + 7200, 0.02, 0.97, 9)
    return Found(instance, country, f"{operator}\0004g\0{app}", change, 467_520.0, 9e5, 12, 1, 2)


def put(store: Store, *changes: Found) -> None:
    store.save_changepoints([record_of(each) for each in changes])


def vote(number: int, verdict: Verdict = Verdict.BLOCKED, *, at_s: int = START, **changes: object) -> Vote:
    return make_vote(
        number, verdict, observed_at_ms=at_s * 1000, received_at_ms=(at_s + 60) * 1000, **changes
    )


def arrive(store: Store, votes: list[Vote], segment: str = "s") -> None:
    store.insert_segment(segment, rows_of(votes))
    store.refresh_cells()


@pytest.fixture
def seen(store: Store) -> Store:
    """Two operators blocked a day apart, with votes that say how."""
    arrive(store, [vote(n) for n in range(5)] + [vote(9, Verdict.OK, app="signal")])
    put(store, found(), found(at_s=START + DAY, operator="AS6713"))
    return store


def test_changepoints_of_a_store_become_one_incident(seen: Store, tmp_path: Path) -> None:
    chronicling = Chronicling(seen, tmp_path)
    assert chronicling.turn() == 1
    ((name, incident),) = chronicling.folder().state().newest.items()
    assert name == "MA-2016-01-a"
    assert incident.status is IncidentStatus.DETECTED
    assert [row.series.operator for row in incident.spread] == ["AS36925", "AS6713"]
    assert [row.rank for row in incident.spread] == [1, 2]
    assert incident.mechanisms == ("stun.drop.cookie",)
    assert (incident.quality.probes, incident.quality.probes_both_sides) == (12, 9)
    assert incident.as_of == "2016-01-06T01:00:00Z", "no second of an arrival"
    assert incident.attribution.reasons == (AttributionReason.CANARY_SILENT,)
    assert chronicling.turn() == 0, "nothing new says nothing new"


def test_a_canary_that_reached_the_reflector_attributes(seen: Store, tmp_path: Path) -> None:
    arrive(seen, [vote(50, Verdict.OK, kind=RunKind.CANARY, operator="AS900")], "c")
    chronicling = Chronicling(seen, tmp_path)
    chronicling.turn()
    (incident,) = chronicling.folder().state().newest.values()
    assert incident.attribution.reasons == (AttributionReason.CANARY_REACHED,)
    assert incident.named == (), "attributed is not yet named"
    assert chronicling.losses == canary_losses_of(seen, instance="", at_s=START) == []
    arrive(seen, [vote(60, at_s=START + 3 * DAY)], "later")
    assert chronicling.turn() == 1
    (incident,) = chronicling.folder().state().newest.values()
    assert incident.attribution.canary_silent_since == "2016-01-06T00:00:00Z"
    assert [loss.since_s for loss in chronicling.losses] == [START], "the canary's loss is a finding itself"


def test_an_onset_of_the_same_app_elsewhere_speaks_against_blame(seen: Store, tmp_path: Path) -> None:
    arrive(seen, [vote(50, Verdict.OK, kind=RunKind.CANARY, operator="AS900")], "c")
    put(seen, found(at_s=START + DAY, country="FR", operator="AS3215"))
    chronicling = Chronicling(seen, tmp_path)
    chronicling.turn()
    known = chronicling.folder().state().newest
    assert set(known) == {"MA-2016-01-a", "FR-2016-01-a"}
    assert AttributionReason.ELSEWHERE_SAME in known["MA-2016-01-a"].attribution.reasons


@pytest.mark.parametrize("kept_lines", [0, 1, 2, 3])
def test_killed_anywhere_and_run_again_the_log_is_the_same(
    seen: Store, tmp_path: Path, kept_lines: int
) -> None:
    put(seen, found(at_s=START + 20 * DAY, app="viber", operator="AS8"))
    smooth = Chronicling(seen, tmp_path / "smooth")
    smooth.turn()
    whole = smooth.folder().log.read_bytes()
    killed = Chronicling(seen, tmp_path / "killed")
    keys = smooth.folder().path / "keys.json"
    killed.folder().path.mkdir(parents=True)
    (killed.folder().path / "keys.json").write_bytes(keys.read_bytes())
    lines = complete_lines(whole)[0]
    assert len(lines) == 3
    torn = b"".join(line + b"\n" for line in lines[:kept_lines])
    rest = lines[kept_lines][:40] if kept_lines < 3 else b""
    killed.folder().log.write_bytes(torn + rest)
    killed.turn()
    assert killed.folder().log.read_bytes() == whole


def test_emulated_changepoints_have_a_chronicle_of_their_own(seen: Store, tmp_path: Path) -> None:
    put(seen, found(instance="morocco-2016", operator="Operator A"))
    chronicling = Chronicling(seen, tmp_path)
    assert chronicling.turn() == 2
    assert list(chronicling.folder().state().newest) == ["MA-2016-01-a"]
    emulated = chronicling.folder("morocco-2016")
    assert list(emulated.state().newest) == ["LAB-MA-2016-01-a"]
    assert emulated.log.parent.parent.name == "emulated"


def test_an_empty_store_says_nothing(store: Store, tmp_path: Path) -> None:
    assert Chronicling(store, tmp_path).turn() == 0
    put(store, found())
    assert Chronicling(store, tmp_path).turn() == 0, "no report, no time"
    assert not (tmp_path / "chronicle").exists()


def test_schedules_are_read_from_the_detectors_memory(seen: Store, tmp_path: Path) -> None:
    spells = [Spell(START - 3600, START + day * DAY, START + day * DAY + 7200) for day in (0, 2, 4)]
    midnight = START // DAY * DAY + DAY
    arrive(
        seen,
        [
            vote(
                100 + 24 * day + hour,
                Verdict.BLOCKED if hour in {19, 20} else Verdict.OK,
                at_s=midnight + day * DAY + hour * 3600,
            )
            for day in range(5)
            for hour in range(24)
        ],
        "hours",
    )
    cycles = Cycles(spells=spells, declared_s=START + 4 * DAY)
    memory = CountryMemory(panel=PanelState(series={"AS36925\0004g\0whatsapp": State(cycles=cycles)}))
    seen.save_detector("detecting::MA", msgspec.json.encode(memory).decode())
    (schedule,) = schedules_of(seen, instance="", country="MA")
    assert (schedule.series.app, schedule.ended_s) == ("whatsapp", None)
    assert (schedule.hour_hits[19], schedule.hour_votes[19]) == (5.0, 5.0)
    assert (sum(schedule.hour_hits), sum(schedule.hour_votes)) == (10.0 + 5.0, 120.0 + 5.0)
    chronicling = Chronicling(seen, tmp_path)
    chronicling.turn()
    (incident,) = chronicling.folder().state().newest.values()
    (phase,) = [each for each in incident.phases if each.kind is PhaseKind.INTERMITTENT]
    assert phase.blocked_hours == (0, 19, 20), "the first votes were of midnight"
    assert [each.operator for each in phase.series] == ["AS36925"]


def test_findings_carry_what_the_changepoint_knows(seen: Store) -> None:
    first, second = findings_of(seen, instance="", country="MA")
    assert first.series.operator == "AS36925"
    assert (first.kind, first.earliest_s, first.latest_s) == ("onset", START - 3600, START)
    assert (first.probes, first.joined, first.left, first.arl_votes) == (12, 1, 2, 9e5)
    assert second.changepoint != first.changepoint
    assert schedules_of(seen, instance="", country="MA") == []


def test_what_two_probes_saw_is_no_mechanism_that_is_told(seen: Store, tmp_path: Path) -> None:
    few = [vote(30 + n, mechanism="udp.drop", pseudonym=f"few{n % 2}") for n in range(4)]
    arrive(seen, few, "few")
    chronicling = Chronicling(seen, tmp_path)
    chronicling.turn()
    (incident,) = chronicling.folder().state().newest.values()
    assert incident.mechanisms == ("stun.drop.cookie",)
    arrive(seen, [vote(40, mechanism="udp.drop", pseudonym="third")], "third")
    chronicling.turn()
    (incident,) = chronicling.folder().state().newest.values()
    assert set(incident.mechanisms) == {"stun.drop.cookie", "udp.drop"}


def test_no_line_of_the_log_tells_the_second_of_an_arrival(seen: Store, tmp_path: Path) -> None:
    chronicling = Chronicling(seen, tmp_path)
    chronicling.turn()
    assert {entry.at for entry in chronicling.folder().entries()} == {"2016-01-06T01:00:00Z"}


def test_evidence_withdrawn_after_the_end_still_falls_and_nothing_newer_is_told(
    seen: Store, tmp_path: Path
) -> None:
    arrive(seen, [vote(70, at_s=START + DAY + 3 * 3600)], "second")
    chronicling = Chronicling(seen, tmp_path)
    chronicling.turn()
    folder = chronicling.folder()
    ((name, before),) = folder.state().newest.items()
    folder.add([(EntryKind.FINAL, Closing("the money is spent"))], at=before.as_of, role=KeyRole.INSTANCE)
    put(seen, found(at_s=START + 2 * DAY, operator="AS36884"))
    arrive(seen, [vote(60, at_s=START + 3 * DAY)], "late")
    assert chronicling.turn() == 0
    gone = next(row for row in before.spread if row.series.operator == "AS6713")
    withdrawn = tuple(
        each.changepoint for each in findings_of(seen, instance="") if each.series == gone.series
    )
    folder.add(
        [(EntryKind.WITHDRAWAL, Withdrawal("a bug", changepoints=withdrawn))],
        at="2016-02-01T00:00:00Z",
        role=KeyRole.EDITOR,
    )
    assert chronicling.turn() == 1
    after = folder.state().newest[name]
    assert [row.series.operator for row in after.spread] == ["AS36925"]
    assert (after.revision, after.as_of) == (before.revision + 1, before.as_of)
    assert chronicling.turn() == 0
