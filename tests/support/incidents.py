"""Incidents for tests of what shows them: short to write, hostile on request."""

from collections.abc import Sequence

import msgspec

from voipwatch.civic.daycount import Measuring
from voipwatch.model.incidents import (
    Incident,
    IncidentKind,
    IncidentStatus,
    Phase,
    PhaseKind,
    SeriesName,
    Spread,
)

HOSTILE = "\"'><script>alert(1)</script>\u202e&\x00]]>{{7*7}}"
"""For every place that a stranger may write into."""


def row(
    earliest: str | None,
    latest: str,
    ended: tuple[str, str] | None = None,
    *,
    operator: str = "Operator A",
    access: str = "4g",
    app: str = "whatsapp",
    rank: int = 1,
) -> Spread:
    """One series of an incident; times such as `2016-01-05T00`."""
    low, high = (None, None) if ended is None else (_full(ended[0]), _full(ended[1]))
    return Spread(
        series=SeriesName(operator, access, app),
        earliest=None if earliest is None else _full(earliest),
        latest=_full(latest),
        rank=rank,
        ended_earliest=low,
        ended_latest=high,
    )


def phase(
    kind: PhaseKind,
    earliest: str | None,
    latest: str,
    series: Sequence[SeriesName],
    *,
    until: str | None = None,
) -> Phase:
    """One phase; times as `row` has them."""
    return Phase(
        kind=kind,
        earliest=None if earliest is None else _full(earliest),
        latest=_full(latest),
        series=tuple(series),
        until=None if until is None else _full(until),
    )


def incident(
    *rows: Spread,
    name: str = "MA-2016-01-a",
    country: str = "MA",
    phases: Sequence[Phase] | None = None,
    status: IncidentStatus = IncidentStatus.DETECTED,
    as_of: str = "2016-12-28T05",
    kind: IncidentKind = IncidentKind.CALLS,
    instance: str = "",
) -> Incident:
    """One of these series; its onset is that of all of them together unless `phases` says else."""
    if phases is None and rows:
        earliest = (
            None if any(each.earliest is None for each in rows) else min(e.earliest or "" for e in rows)
        )
        phases = [
            Phase(
                kind=PhaseKind.ONSET,
                earliest=earliest,
                latest=max(each.latest for each in rows),
                series=tuple(each.series for each in rows),
            )
        ]
    return Incident(
        id=name,
        revision=3,
        country=country,
        status=status,
        as_of=_full(as_of),
        kind=kind,
        instance=instance,
        phases=tuple(phases or ()),
        spread=rows,
        reviewed_revision=2 if status is not IncidentStatus.DETECTED else 0,
    )


def measured(found: Incident, until_s: float | None = None) -> dict[SeriesName, Measuring]:
    """All of its series: measured, or not since `until_s`."""
    return {each.series: Measuring(until_s is None, until_s) for each in found.spread}


def morocco(*, standing: bool = False, instance: str = "morocco-2016", status: IncidentStatus) -> Incident:
    """The year as the press has it: 31 December or 5 January, over on 4 November."""
    end = None if standing else ("2016-11-04T00", "2016-11-05T00")
    rows = [
        row("2015-12-31T00", "2016-01-06T00", end, operator=operator, app=app)
        for operator in ("Operator A", "Operator B", "Operator C")
        for app in ("whatsapp", "viber", "skype", "messenger", "facetime", "imo")
    ]
    found = incident(*rows, instance=instance, status=status)
    return msgspec.structs.replace(found, id="LAB-MA-2016-01-a" if instance else found.id)


def _full(text: str) -> str:
    return f"{text}:00:00Z"
