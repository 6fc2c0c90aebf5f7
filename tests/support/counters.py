"""Counters for tests: one for every state, and one whose every text is hostile."""

from datetime import UTC, datetime

import msgspec

from tests.support.incidents import HOSTILE, incident, measured, morocco, phase, row
from voipwatch.civic.daycount import Bracket, CountState, DayZero, Measuring
from voipwatch.model.incidents import Incident, IncidentKind, IncidentStatus, PhaseKind, SeriesName
from voipwatch.model.instants import iso
from voipwatch.site.counter.subjects import CounterSubject

BASE = "https://voip.example"
DAY_S = 86_400


def at(text: str) -> float:
    """Unix seconds of `2016-01-05T14:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def subject(
    found: Incident | None,
    *,
    as_of: str = "2016-03-01T06:00",
    name: str | None = None,
    unmeasured_since: str | None = None,
    country: str = "MA",
    zero: DayZero | None = None,
    instance: str = "",
    through: bool | None = None,
) -> CounterSubject:
    """A counter, valid for two days after `as_of`; `through`: whether all of its series get through."""
    until_s = None if unmeasured_since is None else at(unmeasured_since)
    measuring = (
        {SeriesName("Operator A", "4g", "whatsapp"): Measuring(until_s is None, until_s)}
        if found is None
        else measured(found, until_s)
    )
    measuring = {each: msgspec.structs.replace(of, through=through) for each, of in measuring.items()}
    return CounterSubject(
        id=name or (country if found is None else found.id),
        country=country,
        incident=found,
        as_of=iso(at(as_of)),
        valid_until=iso(at(as_of) + 2 * DAY_S),
        instance=instance or ("" if found is None else found.instance),
        measuring=measuring,
        zero=zero,
    )


def standing(name: str = "MA-2016-01-a", status: IncidentStatus = IncidentStatus.DETECTED) -> Incident:
    """Two apps since 2 or 3 January 2016."""
    rows = [row("2016-01-02T12", "2016-01-04T00", app=app) for app in ("whatsapp", "imo")]
    return incident(*rows, name=name, status=status)


def every_state() -> dict[str, CounterSubject]:
    """A name for the case -> a counter; every state, both kinds of incident."""
    one, over = row("2016-01-02T12", "2016-01-04T00"), ("2016-02-01T00", "2016-02-02T12")
    evenings = phase(PhaseKind.INTERMITTENT, "2016-01-02T12", "2016-01-04T00", [one.series])
    line = incident(row(None, "2016-01-04T00", app="line"), kind=IncidentKind.DOWN)
    cases = {
        "none": subject(None),
        "active": subject(standing()),
        "partial": subject(incident(one, row("2016-01-02T12", "2016-01-04T00", over, app="imo"))),
        "intermittent": subject(incident(one, phases=[evenings])),
        "ended": subject(morocco(status=IncidentStatus.REVIEWED), as_of="2016-12-28T06:00"),
        "ended-silent": subject(
            morocco(status=IncidentStatus.REVIEWED),
            as_of="2016-12-28T06:00",
            unmeasured_since="2016-11-10T00:00",
        ),
        "disputed": subject(standing(status=IncidentStatus.DISPUTED)),
        "unmeasured": subject(standing(), unmeasured_since="2016-02-10T00:00"),
        "unmeasured-never": subject(msgspec.structs.replace(standing(), phases=(), spread=())),
        "unmeasured-country": subject(None, unmeasured_since="2016-02-10T00:00"),
        "unestablished": subject(None, through=False),
        "passing": subject(standing(), through=True),
        "again": subject(morocco(status=IncidentStatus.REVIEWED), as_of="2016-12-28T06:00", through=False),
        "down-passing": subject(line, through=True),
        "down-again": subject(
            incident(row("2016-01-02T12", "2016-01-04T00", over, app="line"), kind=IncidentKind.DOWN),
            through=False,
        ),
        "withdrawn": subject(standing(status=IncidentStatus.WITHDRAWN)),
        "down": subject(line),
        "down-ended": subject(
            incident(row("2016-01-02T12", "2016-01-04T00", over, app="line"), kind=IncidentKind.DOWN)
        ),
        "down-unmeasured": subject(line, unmeasured_since="2016-02-10T00:00"),
        "claim": subject(
            standing(),
            zero=DayZero(
                bracket=Bracket(
                    datetime(2015, 12, 31, tzinfo=UTC).date(), datetime(2016, 1, 5, tzinfo=UTC).date()
                ),
                source="Un journal",
                claim="x/y",
                title="Un article",
                url="https://press.example/1",
            ),
        ),
    }
    unseen = measured(standing())
    unseen = {series: Measuring(False) for series in unseen}
    cases["unmeasured-unseen"] = msgspec.structs.replace(cases["active"], measuring=unseen)
    return cases


def hostile() -> CounterSubject:
    """Every text that a stranger may write is hostile."""
    series = row("2016-01-02T12", "2016-01-04T00", operator=HOSTILE, access=HOSTILE, app=HOSTILE)
    found = msgspec.structs.replace(
        incident(series, name="MA-2016-01-a", country=HOSTILE), instance=HOSTILE, reason=HOSTILE
    )
    zero = DayZero(
        bracket=Bracket(None, datetime(2016, 1, 5, tzinfo=UTC).date()),
        source=HOSTILE,
        claim=HOSTILE,
        title=HOSTILE,
        url="javascript:alert(1)",
    )
    return subject(found, country=HOSTILE, zero=zero)


STATES = tuple(CountState)
