"""The incident of `morocco-2016` as a perfect chronicle would tell it, made from the truth."""

from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.table import Scenario
from voipwatch.lab.scenarios.truth import HOUR_S, TruePhase, planted, true_phases
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind, SeriesName, Spread
from voipwatch.model.instants import iso

SCENARIO = load_scenario("morocco-2016")
HOURS = tuple(range(6, 22))
KINDS = {
    "mobile": PhaseKind.ONSET,
    "intermittence": PhaseKind.INTERMITTENT,
    "everywhere": PhaseKind.EXTENSION,
    "end": PhaseKind.END,
}


def names(scenario: Scenario, phase: TruePhase) -> tuple[SeriesName, ...]:
    lines = [(operator, access.value) for operator, access, _ in phase.lines]
    return tuple(SeriesName(operator, access, app) for operator, access in lines for app in scenario.apps)


def right_phases(scenario: Scenario) -> list[Phase]:
    """Each an hour wider than what was planted."""
    found = []
    for phase in true_phases(scenario):
        kind = KINDS[phase.name]
        hours = HOURS if kind is PhaseKind.INTERMITTENT else ()
        since, until = iso(phase.since_s - HOUR_S), iso(phase.latest_s)
        found.append(Phase(kind, since, until, names(scenario, phase), blocked_hours=hours))
        if hours:
            over = "2016-01-29T10:00:00Z", "2016-01-30T10:00:00Z"
            found.append(Phase(PhaseKind.RELIEF, *over, names(scenario, phase)))
    return found


def right_spread(scenario: Scenario) -> list[Spread]:
    truths = sorted(planted(scenario), key=lambda truth: truth.spells[0].since_s)
    starts = [truth.spells[0].since_s for truth in truths]
    return [
        Spread(
            SeriesName(truth.series.operator, truth.series.access.value, truth.series.app),
            iso(at_s - HOUR_S),
            iso(at_s),
            1 + sum(other < at_s for other in starts),
            iso(truth.spells[-1].until_s - HOUR_S),
            iso(truth.spells[-1].until_s),
        )
        for truth, at_s in zip(truths, starts, strict=True)
    ]


def right_incident(scenario: Scenario = SCENARIO) -> Incident:
    """All of it."""
    return Incident(
        id="LAB-MA-2016-01-a",
        revision=1,
        country="MA",
        status=IncidentStatus.DETECTED,
        as_of="2016-12-31T23:00:00Z",
        instance="morocco-2016",
        phases=tuple(right_phases(scenario)),
        spread=tuple(right_spread(scenario)),
    )
