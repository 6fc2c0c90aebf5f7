"""The incident beside the truth: each way in which a chronicle can be wrong is seen."""

import msgspec
import pytest

from tests.lab.scenarios.stories import SCENARIO, right_incident
from voipwatch.lab.scenarios.story import Story, judge_story
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind

FULL = SCENARIO.sizes["full"]


def judged(*incidents: Incident) -> Story:
    return judge_story(SCENARIO, FULL, incidents)


def with_phases(change: "dict[PhaseKind, Phase | None]") -> Incident:
    incident = right_incident()
    phases = [change.get(phase.kind, phase) for phase in incident.phases]
    return msgspec.structs.replace(incident, phases=tuple(phase for phase in phases if phase is not None))


def phase_of(kind: PhaseKind) -> Phase:
    return next(phase for phase in right_incident().phases if phase.kind is kind)


def test_a_perfect_chronicle_is_right() -> None:
    story = judged(right_incident())
    assert story.right
    assert [each.phase for each in story.phases] == [
        "mobile", "intermittence", "intermittence over", "everywhere", "end",
    ]  # fmt: skip
    # Series reached a day or more apart: A before B before C on mobile, all before fixed lines, and so on.
    assert (story.pairs, story.untold, story.reversed) == (1548, 0, 0)
    assert [(each.operator, each.found, each.series, each.of) for each in story.hours] == [
        (name, tuple(range(6, 22)), 6, 6) for name in ("Operator A", "Operator B", "Operator C")
    ]


def test_nothing_told_is_not_right() -> None:
    story = judged()
    assert not story.one
    assert not story.right
    assert not any(each.right for each in story.phases)


def test_two_incidents_are_not_one_and_a_tombstone_is_none() -> None:
    second = msgspec.structs.replace(right_incident(), id="LAB-MA-2016-01-b", phases=(), spread=())
    assert not judged(right_incident(), second).one
    grave = msgspec.structs.replace(second, status=IncidentStatus.WITHDRAWN, phases=right_incident().phases)
    assert judged(right_incident(), grave).right


@pytest.mark.parametrize("kind", [phase.kind for phase in right_incident().phases])
def test_a_phase_that_is_not_told_is_missed(kind: PhaseKind) -> None:
    story = judged(with_phases({kind: None}))
    assert [each.right for each in story.phases].count(False) == 1
    assert not story.right


def test_a_phase_beside_its_time_or_of_other_lines_is_strange_and_missed() -> None:
    end = phase_of(PhaseKind.END)
    early = msgspec.structs.replace(end, latest="2016-11-04T10:00:00Z")
    for wrong in (early, msgspec.structs.replace(end, series=end.series[6:])):
        story = judged(with_phases({PhaseKind.END: wrong}))
        assert story.strange == (wrong,)
        assert [each.phase for each in story.phases if not each.right] == ["end"]


def test_series_that_are_told_roughly_have_a_phase_of_their_own() -> None:
    onset = phase_of(PhaseKind.ONSET)
    fine = msgspec.structs.replace(onset, series=onset.series[6:])
    rough = msgspec.structs.replace(
        onset, series=onset.series[:6], earliest="2015-12-07T00:00:00Z", latest="2016-01-04T00:00:00Z"
    )
    incident = right_incident()
    rest = [phase for phase in incident.phases if phase.kind is not PhaseKind.ONSET]
    story = judged(msgspec.structs.replace(incident, phases=(rough, fine, *rest)))
    assert story.right
    assert story.phases[0].found == fine, "what most series say is shown"
    late = msgspec.structs.replace(rough, earliest="2016-01-04T00:00:00Z", latest="2016-02-01T00:00:00Z")
    story = judged(msgspec.structs.replace(incident, phases=(late, fine, *rest)))
    assert not story.right, "a rough interval must hold what was planted too"


def test_what_is_told_too_widely_too_thinly_or_not_at_all_is_not_right() -> None:
    incident = right_incident()
    wide = [
        msgspec.structs.replace(phase, earliest=None, latest="2017-01-01T00:00:00Z")
        for phase in incident.phases
    ]
    assert not any(each.right for each in judged(msgspec.structs.replace(incident, phases=wide)).phases)
    thin = [
        msgspec.structs.replace(phase, series=tuple(each for each in phase.series if each.app == "imo"))
        for phase in incident.phases
    ]
    assert not any(each.right for each in judged(msgspec.structs.replace(incident, phases=thin)).phases)
    nothing = judged(msgspec.structs.replace(incident, spread=()))
    assert (nothing.pairs, nothing.untold) == (1548, 1548)
    early = [
        msgspec.structs.replace(
            row, ended_earliest="2016-01-01T00:00:00Z", ended_latest="2016-01-02T00:00:00Z"
        )
        for row in incident.spread
    ]
    story = judged(msgspec.structs.replace(incident, spread=tuple(early)))
    assert (story.ends_wrong, story.order_right) == (72, False)
    standing = [
        msgspec.structs.replace(row, ended_earliest=None, ended_latest=None) for row in incident.spread
    ]
    assert judged(msgspec.structs.replace(incident, spread=tuple(standing))).ends_wrong == 72


def test_silence_is_no_claim_and_any_other_phase_too_many_is() -> None:
    incident = right_incident()
    quiet = msgspec.structs.replace(phase_of(PhaseKind.END), kind=PhaseKind.SILENCE)
    assert judged(msgspec.structs.replace(incident, phases=(*incident.phases, quiet))).right
    again = phase_of(PhaseKind.EXTENSION)
    story = judged(msgspec.structs.replace(incident, phases=(*incident.phases, again)))
    assert story.strange == (again,)
    assert not story.right


def test_the_end_of_what_comes_and_goes_may_miss_its_last_beat() -> None:
    relief = phase_of(PhaseKind.RELIEF)
    before = msgspec.structs.replace(relief, earliest="2016-01-29T00:00:00Z", latest="2016-01-29T23:00:00Z")
    assert judged(with_phases({PhaseKind.RELIEF: before})).right
    days_before = msgspec.structs.replace(before, latest="2016-01-28T23:00:00Z")
    assert not judged(with_phases({PhaseKind.RELIEF: days_before})).right


def test_the_order_must_be_told_and_not_the_wrong_way_round() -> None:
    incident = right_incident()
    tied = tuple(msgspec.structs.replace(row, rank=1) for row in incident.spread)
    story = judged(msgspec.structs.replace(incident, spread=tied))
    assert (story.untold, story.reversed, story.order_right) == (1548, 0, False)
    first, last = incident.spread[0], incident.spread[-1]
    swapped = (
        msgspec.structs.replace(first, rank=last.rank),
        *incident.spread[1:-1],
        msgspec.structs.replace(last, rank=first.rank),
    )
    story = judged(msgspec.structs.replace(incident, spread=swapped))
    assert story.reversed > 0
    assert not story.right
    late = msgspec.structs.replace(first, earliest="2016-03-01T00:00:00Z", latest="2016-03-02T00:00:00Z")
    story = judged(msgspec.structs.replace(incident, spread=(late, *incident.spread[1:])))
    assert story.reversed > 0, "what the intervals say counts, whatever the ranks"
    rough = msgspec.structs.replace(FULL, order_h=72.0)
    assert judge_story(SCENARIO, rough, [right_incident()]).pairs < 1548, "fewer need be told from few votes"


def test_a_quarter_of_the_series_may_be_known_roughly_and_have_no_order() -> None:
    incident = right_incident()
    wide = {"earliest": "2016-01-01T00:00:00Z", "latest": "2016-03-07T00:00:00Z"}

    def with_rough(count: int) -> Story:
        spread = (
            *(msgspec.structs.replace(row, **wide) for row in incident.spread[:count]),
            *incident.spread[count:],
        )
        return judged(msgspec.structs.replace(incident, spread=spread))

    assert (with_rough(18).untold, with_rough(18).order_right) == (0, True)
    assert with_rough(18).pairs < judged(incident).pairs
    assert with_rough(19).untold > 0
    assert not with_rough(19).right


@pytest.mark.parametrize(
    ("hours", "right"),
    [
        (range(6, 22), True),
        (range(7, 21), True),
        (range(5, 23), True),
        (range(8, 20), False),
        (range(24), False),
        ([], False),
    ],
)
def test_a_schedule_is_named_within_an_hour(hours: "list[int] | range", right: bool) -> None:
    phase = msgspec.structs.replace(phase_of(PhaseKind.INTERMITTENT), blocked_hours=tuple(hours))
    assert judged(with_phases({PhaseKind.INTERMITTENT: phase})).right is right


def test_a_schedule_needs_most_series_of_the_line() -> None:
    phase = phase_of(PhaseKind.INTERMITTENT)
    some = msgspec.structs.replace(phase, series=phase.series[3:])
    story = judged(with_phases({PhaseKind.INTERMITTENT: some}))
    assert [each.right for each in story.hours] == [False, True, True]
